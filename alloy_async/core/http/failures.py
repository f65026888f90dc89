"""What can go wrong on the wire, and what each failure says about the effect."""

from __future__ import annotations

import os
from typing import Any

import aiohttp

from ..errors import (
    AlloyAsyncError,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    DecodeError,
    Effect,
    RequestTimeout,
    UploadSourceFailed,
)
from .aiohttp_internals.custom_connection import ClientClosedDuringAnswer
from .aiohttp_internals.uses import HttpProcessingError


class ConnectionBroken(Exception):
    """The connection broke after writing began, told in a shape that aiohttp does not answer with a second request."""


CLOSED_HERE = "the client was closed"


class BytesOnNewConnection(Exception):
    """A new connection held bytes before anything was asked on it: they cannot be the answer."""


class BodyUnreadable(Exception):
    """The body is not what its Content-Encoding says, or nothing here can read that."""


class BodyTruncated(Exception):
    """The body ended before what is compressed in it did."""


class BodyTooLarge(Exception):
    """The body is larger than is allowed."""


BROKEN = (
    TimeoutError,
    OSError,
    aiohttp.ClientError,
    HttpProcessingError,
    UploadSourceFailed,
    ConnectionBroken,
    BytesOnNewConnection,
    BodyUnreadable,
    BodyTruncated,
    BodyTooLarge,
)
"""All that a request or the reading of its answer may fail with; anything else is a fault of the program."""

BEFORE_WRITING = (
    aiohttp.ClientConnectorError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    BytesOnNewConnection,
)
MARGIN = 0.02
"""Seconds by which a wait may miss its time and still be the one that ended."""


def error_from_connect_timeout(elapsed: float, seconds: float, patience: float) -> AlloyAsyncError:
    """Create the error for a connection that did not come in time.

    Args:
        elapsed: seconds that the attempt lasted.
        seconds: that it might last.
        patience: seconds that pool and connecting together were given.
    """
    if elapsed >= seconds - MARGIN:
        waited = f"no connection within the deadline ({elapsed:.1f} s)"
        return DeadlineExceeded(f"{waited}; nothing was sent", effect="none")
    phase = "pool" if elapsed >= patience - MARGIN / 2 else "connect"
    what = "no connection became free" if phase == "pool" else "no connection"
    return RequestTimeout(f"{what} within {elapsed:.1f} s; nothing was sent", phase=phase, effect="none")


def error_from_failure(
    error: BaseException, *, written: bool, status: int | None, elapsed: float, read_timeout: float | None
) -> AlloyAsyncError:
    """Create the error of ours for a failed attempt, without any text that may hold a URL or a header.

    Args:
        error: one of BROKEN; a TimeoutError of no other class is the deadline's.
        written: whether anything may have been written.
        status: of the answer, once its head had arrived.
        elapsed: seconds that the attempt lasted.
        read_timeout: seconds that the server may be silent.
    """
    if status is not None:
        return error_from_body_failure(error, status, elapsed, read_timeout)
    if isinstance(error, BEFORE_WRITING) or not written:
        return _error_before_writing(error, elapsed)
    if isinstance(error, aiohttp.SocketTimeoutError):
        return RequestTimeout(f"the server sent nothing for {read_timeout:g} s", phase="read")
    if type(error) is TimeoutError:
        return DeadlineExceeded(f"no answer began within {elapsed:.1f} s", effect="unknown")
    return ConnectionLost(f"the connection was lost after sending began: {describe_cause(error)}")


def _error_before_writing(error: BaseException, elapsed: float) -> AlloyAsyncError:
    if type(error) is TimeoutError:
        waited = f"no connection within the deadline ({elapsed:.1f} s)"
        return DeadlineExceeded(f"{waited}; nothing was sent", effect="none")
    return ConnectError(
        f"no connection: {describe_cause(error)}; nothing was sent", hopeless=_is_hopeless(error)
    )


def _is_hopeless(error: BaseException) -> bool:
    """Tell whether the next attempt would fail in the same way: somebody has to change something first."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return 400 <= error.status < 500 and error.status not in (408, 425, 429)
    return isinstance(
        error,
        aiohttp.ClientConnectorCertificateError
        | aiohttp.ServerFingerprintMismatch
        | aiohttp.InvalidURL
        | aiohttp.NonHttpUrlClientError,
    )


def error_from_body_failure(
    error: BaseException, status: int, elapsed: float = 0, read_timeout: float | None = None
) -> AlloyAsyncError:
    """Create the error for a body that did not come as a whole; `error_from_failure` has the arguments."""
    effect: Effect = "applied" if 200 <= status < 300 else "unknown"
    facts: dict[str, Any] = {"status": status, "effect": effect}
    if isinstance(error, BodyTooLarge | BodyUnreadable):
        return DecodeError(f"the answer cannot be read: {error}", **facts)
    if isinstance(error, aiohttp.SocketTimeoutError):
        silence = "" if read_timeout is None else f" for {read_timeout:g} s"
        return RequestTimeout(
            f"the server sent nothing{silence} in the middle of the answer", phase="read", **facts
        )
    if type(error) is TimeoutError:
        return DeadlineExceeded(f"the answer was not complete after {elapsed:.1f} s", **facts)
    return ConnectionLost(f"the answer ({status}) broke off: {describe_cause(error)}", **facts)


def describe_cause(error: BaseException) -> str:
    """Return what happened, in words that hold nothing of the request."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port}: {getattr(error, 'certificate_error', None) or error.os_error}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, ClientClosedDuringAnswer):
        return CLOSED_HERE
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed it"
    if isinstance(error, HttpProcessingError | aiohttp.ClientResponseError):
        return _describe_parser_error(error)
    if isinstance(error, aiohttp.ClientPayloadError):
        return _describe_payload_error(error)
    if isinstance(error, aiohttp.ClientOSError):  # its text may be aiohttp's own, with the URL
        return os.strerror(error.errno) if error.errno else "it broke while the body was being written"
    if isinstance(error, aiohttp.InvalidURL):
        return "its address is not a URL"
    if isinstance(error.__cause__, UploadSourceFailed):
        return str(error.__cause__)
    if isinstance(error, aiohttp.ClientError):
        return type(error).__name__
    return str(error) or type(error).__name__


def _describe_parser_error(error: BaseException) -> str:
    """Describe what the parser could not read. Its message ends with what the server sent: that is cut off."""
    cause = error
    while isinstance(cause.__cause__, HttpProcessingError):
        cause = cause.__cause__
    text = str(getattr(cause, "message", ""))
    told = " ".join(text.split("\n\n")[0].split()).split("b'")[0].split('b"')[0].strip(" :")
    return f"the server did not keep to HTTP: {told or type(cause).__name__}"


def _describe_payload_error(error: BaseException) -> str:
    """Describe why the body is not whole; the parser's reasons hold numbers, but nothing of the body."""
    if isinstance(error.__cause__, HttpProcessingError):
        return str(error.__cause__.message)
    return "it ended too soon"
