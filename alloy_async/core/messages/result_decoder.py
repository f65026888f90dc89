"""How the body of a 2xx answer becomes a result, by the type that the operation promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, get_args

from ..codec.conversion import Mismatch
from ..codec.fields import ModelBase, get_fields
from ..codec.typed_json import create_json_parser
from .unexpected_body import describe_other_media, find_message

ANYTHING: Any = Any | None
"""JSON data of any kind, and None for an empty body."""
ERRORS = (
    "error",
    "errors",
    "fault",
    "error_message",
    "errorMessage",
    "error_description",
    "errorCode",
    "error_code",
)
FAILURES = ("error", "fail", "failed", "failure")
"""Members, and values of `status`, by which a body is known as an error where it holds nothing that was promised."""
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
    if isinstance(result, type) and issubclass(result, ModelBase):

        def decode_model(raw: bytes, headers: Mapping[str, str] = NO_HEADERS) -> Any:
            model = decode(raw, headers)
            if model._extra:
                _refuse_error_under_success(model)
            return model

        return decode_model
    return decode


class ErrorUnderSuccess(Mismatch):
    """An answer whose status says success, and whose body is an error."""


def _refuse_error_under_success(model: ModelBase) -> None:
    """Refuse an answer of which nothing is what was promised, and which says that it is an error."""
    members = model._extra or {}
    is_error = (
        any(members.get(name) for name in ERRORS)
        or members.get("success", members.get("ok")) is False
        or members.get("status") in FAILURES
    )
    if is_error and all(getattr(model, field.name) is None for field in get_fields(type(model))):
        words = find_message(members)
        raise ErrorUnderSuccess(f"it says that it failed{f': {words}' if words else ''}")


def _decode_nothing(raw: bytes, headers: Mapping[str, str] = NO_HEADERS) -> None:
    """Take any answer as done but a page, which is a proxy's that wants somebody to sign in."""
    if raw and (other := describe_other_media(headers, raw)) == "an HTML page":
        raise Mismatch(f"expected no body or JSON, got {other}")


def _require_file_bytes(raw: bytes, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
    """Take any answer as the file but what is surely something else."""
    if (other := describe_other_media(headers, raw)) is not None:
        raise Mismatch(f"expected a file, got {other}")
    return raw
