"""The second pure half of a call: answer -> result or error."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import attrs
import orjson

from ..codec.conversion import Mismatch
from ..codec.json_codec import loads
from ..codec.redaction import scrubbed, secret_texts
from ..errors import AlloyAsyncError, DecodeError, status_error
from ..operation.operation import Operation
from ..ratelimit.headers import parse_retry_after
from .request import plan_of

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


def undecodable(
    operation: Operation[Any],
    reason: Mismatch,
    status: int,
    headers: Mapping[str, str],
    raw: bytes,
    secrets: Iterable[str],
) -> DecodeError:
    """The error for a 2xx answer that is not what the operation promises; arguments as for `failed`.

    It has no body where the answer should have held a secret: nobody knows where in the body that is.
    """
    kind = "an answer that does not fit" if raw else "an empty body"
    raw, headers = scrubbed(raw, headers, [*secrets, *secret_texts(operation)])
    return DecodeError(
        f"the server did it, but sent {kind}: {reason}",
        operation=operation.name,
        status=status,
        headers=headers,
        request_id=request_id_in(headers),
        body=None if plan_of(operation).answers_secret else readable(raw),
    )


def failed(
    operation: Operation[Any], status: int, headers: Mapping[str, str], raw: bytes, secrets: Iterable[str]
) -> AlloyAsyncError:
    """The error for an answer with a status other than 2xx.

    Args:
        headers: of the answer; names in lower case.
        secrets: texts that must not show, should the server echo them.
    """
    raw, headers = scrubbed(raw, headers, [*secrets, *secret_texts(operation)])
    plain = readable(raw)
    body: Any = plain
    model = operation.errors.get(status, operation.errors.get("default"))
    if model is not None:
        try:
            body = loads(model, raw)
        except Mismatch:
            body = plain
    return status_error(
        status,
        _message_in(plain),
        parse_retry_after(headers.get("retry-after"), time.time()),
        operation=operation.name,
        headers=headers,
        request_id=request_id_in(headers),
        body=body,
    )


def readable(raw: bytes) -> Any:
    """JSON data where the body is JSON, else text; None where it is empty."""
    if not raw:
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")


def _message_in(body: Any) -> str | None:
    """The words for a person in an error body, wherever the services put them."""
    if isinstance(body, dict):
        for name in ("message", "error_message", "error_description", "detail", "error", "description"):
            found = body.get(name)
            if isinstance(found, dict):
                found = _message_in(found)
            if isinstance(found, str) and found:
                return found[:MAX_MESSAGE]
    if isinstance(body, str) and not body.lstrip().startswith("<"):
        return body.strip()[:MAX_MESSAGE] or None
    return None


def request_id_in(headers: Mapping[str, str]) -> str | None:
    """The server's id of the request, by any of the usual headers."""
    return next((headers[name] for name in REQUEST_ID_HEADERS if name in headers), None)


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}
