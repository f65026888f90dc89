"""How the body of a 2xx answer becomes a result, by the type that the operation promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, get_args

from ..codec.conversion import Mismatch
from ..codec.typed_json import create_json_parser
from .unexpected_body import describe_other_media

ANYTHING: Any = Any | None
"""JSON data of any kind, and None for an empty body."""
NO_HEADERS: Mapping[str, str] = {}


def create_result_decoder(result: Any, accept: str) -> Callable[..., Any]:
    """Create the function that makes a result of a 2xx answer's body and headers; it raises Mismatch."""
    if result is None or result is NoneType:
        return _decode_nothing
    if result is bytes:
        return (
            (lambda raw, _=NO_HEADERS: raw) if accept.startswith("application/json") else _require_file_bytes
        )
    decode = create_json_parser(result)
    if NoneType in get_args(result):
        return lambda raw, _=NO_HEADERS: decode(raw or b"null")
    return decode


def _decode_nothing(raw: bytes, headers: Mapping[str, str] = NO_HEADERS) -> None:
    """Take any answer as done but a page, which is a proxy's that wants somebody to sign in."""
    if raw and (other := describe_other_media(headers, raw)) == "an HTML page":
        raise Mismatch(f"expected no body or JSON, got {other}")


def _require_file_bytes(raw: bytes, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
    """Take any answer as the file but what is surely something else."""
    if (other := describe_other_media(headers, raw)) is not None:
        raise Mismatch(f"expected a file, got {other}")
    return raw
