"""The second pure half of a call: what the server sent -> result or error.

Errors are returned here, and raised by the caller: a traceback that prints local variables then holds no frame in which
bodies, headers or secrets stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from ..codec.conversion import Mismatch, get_decoder
from ..codec.redaction import Redactor, Secret, collect_secrets
from ..errors import AlloyAsyncError, DecodeError, error_from_status
from ..operation.operation import Operation
from ..ratelimit.signals.refusals import parse_refusal, parse_retry_after
from .request import compile_operation
from .result_decoder import ErrorUnderSuccess
from .unexpected_body import decode_text, find_message, format_line, parse_body

T = TypeVar("T")

LIST_HEADERS = frozenset({"link", "ratelimit", "ratelimit-policy", "set-cookie", "vary", "via", "warning"})
"""Headers whose lines add up to one list (RFC 9110, 5.3)."""
PARTIAL, NOT_READ = 206, b"..."
BYTE_RANGE = r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)"
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray")


def decode_answer_leniently(
    operation: Operation[Any],
    status: int,
    headers: Mapping[str, str],
    raw: bytes,
    mismatch: Mismatch,
    credential: Secret | None,
) -> Any:
    """Read a 2xx answer that does not fit at first sight: in its own encoding, or as nothing where nothing is needed.

    Args:
        headers: of the answer; names in lower case.
        mismatch: what was wrong with it.
        credential: what was sent to be let in; it must not show, should the server echo it.

    Returns:
        The result, or a DecodeError.
    """
    compiled = compile_operation(operation)
    if operation.verb == "DELETE" and (not raw.strip() or status in (202, 204)):
        return compiled.create_empty_result()
    text = decode_text(raw, headers)
    if raw and text.encode() != raw:
        try:
            return compiled.decode(text.encode(), headers)
        except Mismatch as other:
            mismatch = other
    return create_decode_error(operation, mismatch, status, headers, raw, credential)


def error_from_part(
    operation: Operation[Any], headers: Mapping[str, str], credential: Secret | None
) -> DecodeError | None:
    """Create the error for an answer with status 206 of which bytes are missing; None where none are.

    A cache or a proxy sends it that took the request for one of a range. Lists that come page by page may have the status,
    too, with a range of rows: only one of bytes tells that some are missing.

    Args:
        headers: of the answer.
        credential: what was sent to be let in; it must not show, should the server echo it.
    """
    headers = lowercase_header_names(headers)
    found = re.fullmatch(BYTE_RANGE, headers.get("content-range", "").strip(), re.ASCII | re.IGNORECASE)
    if not found or (int(found[1]) == 0 and found[3] == str(int(found[2]) + 1)):
        return None
    reason = Mismatch(f"only a part of it, bytes {found[1]} to {found[2]} of {found[3]}")
    return create_decode_error(operation, reason, PARTIAL, headers, NOT_READ, credential)


def create_decode_error(
    operation: Operation[Any],
    reason: Mismatch,
    status: int,
    headers: Mapping[str, str],
    raw: bytes,
    credential: Secret | None,
) -> DecodeError:
    """Create the error for a 2xx answer that is not what the operation promises; arguments as for `decode_answer_leniently`.

    It has no body where the answer should have held a secret: nobody knows where in the body that is.
    """
    kind = "an answer that does not fit" if raw else "an empty body"
    is_failure = isinstance(reason, ErrorUnderSuccess)
    what = f"the status is {status}, but" if is_failure else f"the server did it, but sent {kind}:"
    redactor = _create_redactor(operation, credential)
    headers = redactor.redact_headers(headers)
    holds_secret = compile_operation(operation).may_return_secret
    return DecodeError(
        f"{what} {format_line(redactor.redact_text(str(reason)))}",
        operation=operation.name,
        status=status,
        effect="unknown" if is_failure else "applied",
        headers=headers,
        request_id=find_request_id(headers),
        body=None if holds_secret else parse_body(raw, headers, redactor),
    )


def error_from_response(
    operation: Operation[Any],
    status: int,
    headers: Mapping[str, str],
    raw: bytes,
    credential: Secret | None,
    now: float,
) -> AlloyAsyncError:
    """Create the error for an answer with a status other than 2xx.

    Args:
        headers: of the answer; names in lower case.
        credential: what was sent to be let in; it must not show, should the server echo it.
        now: the wall clock, in seconds since 1970: Retry-After may be a date.
    """
    refusal = parse_refusal(status, headers, raw, now)
    retry_after = parse_retry_after(headers, now) if refusal is None else refusal.retry_after
    redactor = _create_redactor(operation, credential)
    plain = parse_body(raw, headers, redactor)
    headers = redactor.redact_headers(headers)
    return error_from_status(
        status,
        find_message(plain),
        retry_after,
        limited=refusal is not None,
        operation=operation.name,
        headers=headers,
        request_id=find_request_id(headers),
        body=_decode_documented_error_body(operation, status, plain),
    )


def _decode_documented_error_body(operation: Operation[Any], status: int, plain: Any) -> Any:
    """Decode an error's JSON data to the model that the operation documents for the status, where it fits."""
    model = operation.errors.get(status, operation.errors.get("default"))
    if model is None or not isinstance(plain, dict | list):
        return plain
    try:
        return get_decoder(model)(plain, model)
    except (Mismatch, RecursionError):
        return plain


def _create_redactor(operation: Operation[Any], credential: Secret | None) -> Redactor:
    """Create the redactor of a call's secrets: those of its arguments, the credential, and the key in it without its scheme."""
    secrets = collect_secrets(operation)
    if credential is not None:
        secrets += [credential.reveal(), *credential.reveal().split()[1:]]
    return Redactor(secrets)


def find_request_id(headers: Mapping[str, str]) -> str | None:
    """Find the server's id of the request, by any of the usual headers."""
    return next((format_line(headers[name]) for name in REQUEST_ID_HEADERS if name in headers), None)


def lowercase_header_names(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with their names in lower case; of one that came twice the first value, or all where they are a list."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower not in found:
            found[lower] = value
        elif lower in LIST_HEADERS:
            found[lower] = f"{found[lower]}, {value}"
    return found
