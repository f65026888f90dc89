"""The second pure half of a call: what the server sent -> result or error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import attrs
import orjson

from ..codec.conversion import Mismatch
from ..codec.json_codec import loads
from ..codec.redaction import find_secrets, redact
from ..errors import AlloyAsyncError, DecodeError, error_from_status
from ..operation.operation import Operation
from ..ratelimit.headers import parse_retry_after
from .request import compile_operation

T = TypeVar("T")

REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray")
MAX_MESSAGE = 300
"""Characters of the server's own words that go into an error's message."""


@attrs.frozen(eq=False)
class Answer(Generic[T]):
    """A typed result with what came along with it.

    Attributes:
        result: what the method returns.
        status: HTTP status.
        headers: headers of the answer; names in lower case.
        request_id: the server's id of the request, where it sent one.
        attempts: requests put on the wire for this call.
        elapsed: seconds from the call to the result, waits included.
    """

    result: T
    status: int
    headers: Mapping[str, str]
    request_id: str | None
    attempts: int
    elapsed: float


def decode_error(
    operation: Operation[Any],
    reason: Mismatch,
    status: int,
    headers: Mapping[str, str],
    raw: bytes,
    secrets: Iterable[str],
) -> DecodeError:
    """Create the error for a 2xx answer that is not what the operation promises; arguments as for `error_from_response`.

    It has no body where the answer should have held a secret: nobody knows where in the body that is.
    """
    kind = "an answer that does not fit" if raw else "an empty body"
    raw, headers = redact(raw, headers, [*secrets, *find_secrets(operation)])
    return DecodeError(
        f"the server did it, but sent {kind}: {reason}",
        operation=operation.name,
        status=status,
        headers=headers,
        request_id=find_request_id(headers),
        body=None if compile_operation(operation).answers_secret else parse_body(raw),
    )


def error_from_response(
    operation: Operation[Any],
    status: int,
    headers: Mapping[str, str],
    raw: bytes,
    secrets: Iterable[str],
    now: float,
) -> AlloyAsyncError:
    """Create the error for an answer with a status other than 2xx.

    Args:
        headers: of the answer; names in lower case.
        secrets: texts that must not show, should the server echo them.
        now: the wall clock, in seconds since 1970: Retry-After may be a date.
    """
    raw, headers = redact(raw, headers, [*secrets, *find_secrets(operation)])
    plain = parse_body(raw)
    body: Any = plain
    model = operation.errors.get(status, operation.errors.get("default"))
    if model is not None:
        try:
            body = loads(model, raw)
        except Mismatch:
            body = plain
    return error_from_status(
        status,
        _find_message(plain),
        parse_retry_after(headers.get("retry-after"), now),
        operation=operation.name,
        headers=headers,
        request_id=find_request_id(headers),
        body=body,
    )


def parse_body(raw: bytes) -> Any:
    """Parse a body as JSON data where it is JSON, else as text; None where it is empty."""
    if not raw:
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")


def _find_message(body: Any) -> str | None:
    """Find the words for a person in an error body, wherever the services put them."""
    if isinstance(body, dict):
        for name in ("message", "error_message", "error_description", "detail", "error", "description"):
            found = body.get(name)
            if isinstance(found, dict):
                found = _find_message(found)
            if isinstance(found, str) and found:
                return found[:MAX_MESSAGE]
    if isinstance(body, str) and not body.lstrip().startswith("<"):
        return body.strip()[:MAX_MESSAGE] or None
    return None


def find_request_id(headers: Mapping[str, str]) -> str | None:
    """Find the server's id of the request, by any of the usual headers."""
    return next((headers[name] for name in REQUEST_ID_HEADERS if name in headers), None)


def lowercase_names(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}
