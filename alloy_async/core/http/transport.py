"""Make one attempt to send a request to a service, and say what its failure means for the effect."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping

import aiohttp
import attrs
from yarl import URL

from ..argument_errors import improve_argument_errors
from ..errors import AlloyAsyncError, ConfigurationError, UploadSourceFailed
from ..validation import check_count, describe_value, validate_positive
from .failures import BROKEN, CLOSED_HERE, ConnectionBroken, error_from_connect_timeout, error_from_failure
from .loop_sessions import MAX_CONNECTIONS, LoopSessions
from .open_response import OpenResponse, RawResponse
from .outgoing_request import OutgoingRequest, RequestHead
from .proxies import find_proxy

MAX_RESPONSE_SIZE = 512 << 20
"""Bytes of an answer that are read unless the user says otherwise: the whole list of a million users is smaller."""
TOTAL_MARGIN = 0.01
"""Seconds by which connecting ends before the deadline, so that its failure is told as such."""


@improve_argument_errors
@attrs.frozen
class Timeout:
    """Longest waits of one attempt, in seconds.

    Args:
        connect: for DNS, TCP and TLS. Default 5.
        read: between two pieces of the answer, and for its first one. Default 30.
        pool: for a free connection when all are in use. Default 30.
    """

    connect: float = attrs.field(default=5.0, validator=validate_positive)
    read: float = attrs.field(default=30.0, validator=validate_positive)
    pool: float = attrs.field(default=30.0, validator=validate_positive)

    def to_aiohttp(self, seconds: float) -> aiohttp.ClientTimeout:
        """Return it as aiohttp takes it, for an attempt that may last so many seconds; a DeadlineScope bounds it as a whole."""
        return aiohttp.ClientTimeout(
            total=None,
            connect=min(self.pool + self.connect, max(seconds - TOTAL_MARGIN, seconds / 2)),
            sock_connect=self.connect,
            sock_read=self.read,
            ceil_threshold=float("inf"),
        )


class Transport:
    """Send requests to one service.

    Args:
        base: its address.
        max_connections: open at once, for each event loop.
        max_response_size: most bytes of an answer, decompressed; a streamed one has no bound.
        proxy: URL of an HTTP proxy; None takes the environment's HTTP(S)_PROXY, ALL_PROXY and NO_PROXY, "" none.
        tls: a context, or the path of a file with the certificate authorities to trust; None takes the system's.
        session: an own session to send through; it is never closed here.

    Raises:
        ConfigurationError: an option cannot be.
    """

    def __init__(
        self,
        base: URL,
        *,
        max_connections: int = MAX_CONNECTIONS,
        max_response_size: int = MAX_RESPONSE_SIZE,
        proxy: str | None = None,
        tls: ssl.SSLContext | str | os.PathLike[str] | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        check_count("max_connections", max_connections)
        check_count("max_response_size", max_response_size)
        self._limit = max_response_size
        self._sessions = LoopSessions(
            base, max_connections, _create_ssl_context(tls), find_proxy(base, proxy), session
        )

    def prepare_head(self, verb: str, headers: Mapping[str, str]) -> RequestHead:
        """Return the head of an operation's requests; made once for an operation and a credential, not for each call.

        Raises:
            ConfigurationError: a header cannot be sent.
        """
        return self._sessions.prepare_head(verb, headers)

    async def attempt(
        self,
        request: OutgoingRequest,
        timeout: aiohttp.ClientTimeout,
        seconds: float,
        streamed: bool = False,
    ) -> RawResponse:
        """Send one request and read its answer, whole unless it is to be streamed.

        Args:
            timeout: see `Timeout.to_aiohttp`.
            seconds: the attempt may last; where the answer is streamed, until it begins.
            streamed: leave the body of a 2xx answer unread, and the response open.

        Raises:
            ConnectError, RequestTimeout, ConnectionLost, DeadlineExceeded, DecodeError: with the effect that is known.
        """
        session = self._sessions.get_or_create()
        scheduler = session.scheduler
        began = scheduler.now()
        response: OpenResponse | None = None
        try:
            response = await session.sender.send(request, timeout, began + seconds)
            if streamed and response.ok:
                response.lift_deadline()
                return RawResponse(response.status, response.headers, response)
            body = response.take_body_if_complete(self._limit)
            if body is None:
                body = await response.read(self._limit)
            return RawResponse(response.status, response.headers, body)
        except asyncio.CancelledError:
            if not self._was_cancelled_by_closing_pool():
                raise
            cause: BaseException = ConnectionBroken(CLOSED_HERE)
        except RuntimeError as error:
            # asyncio's own: no thread can look a name up any more, since the interpreter exits, or the loop was closed.
            if request.written:
                raise
            cause = ConnectionBroken(str(error))
        except BROKEN as error:
            # However much of its body came: the status says what happened.
            if response is not None and not response.ok:
                return RawResponse(response.status, response.headers, response.body_so_far)
            closed = self._sessions.is_closed and not isinstance(error, TimeoutError)
            cause = ConnectionBroken(CLOSED_HERE) if closed else error
        failure = _create_attempt_error(cause, request, response, timeout, seconds, scheduler.now() - began)
        failure.hopeless |= isinstance(cause, ConnectionBroken) and self._is_lost_for_good(request)
        # Outside of the handler, and in no local variable: aiohttp's error shows the URL, its query, and a proxy's password.
        del cause
        raise failure

    def _was_cancelled_by_closing_pool(self) -> bool:
        """Tell whether this call is cancelled since its pool was closed: aiohttp then cancels who waits for a connection."""
        task = asyncio.current_task()
        return self._sessions.is_closed and task is not None and not task.cancelling()

    def _is_lost_for_good(self, request: OutgoingRequest) -> bool:
        """Tell whether a request whose connection broke would meet the same again."""
        return self._sessions.is_closed or not request.written

    async def aclose(self) -> None:
        """Close all connections, on whichever loop they are."""
        await self._sessions.aclose()


def _create_attempt_error(
    error: BaseException,
    request: OutgoingRequest,
    response: OpenResponse | None,
    timeout: aiohttp.ClientTimeout,
    seconds: float,
    elapsed: float,
) -> AlloyAsyncError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return error_from_connect_timeout(elapsed, seconds, timeout.connect or seconds)
    failure = error_from_failure(
        error,
        written=request.written,
        status=None if response is None else response.status,
        elapsed=elapsed,
        read_timeout=timeout.sock_read,
    )
    source = error if isinstance(error, UploadSourceFailed) else error.__cause__
    if isinstance(source, UploadSourceFailed):
        failure.__cause__ = source
    return failure


def _create_ssl_context(tls: ssl.SSLContext | str | os.PathLike[str] | None) -> ssl.SSLContext | None:
    if tls is None or isinstance(tls, ssl.SSLContext):
        return tls
    if not isinstance(tls, str | os.PathLike):
        raise ConfigurationError(
            "ssl takes an SSLContext, or the path of a file with the certificate authorities to trust; got"
            f" {describe_value(tls)}"
        )
    try:
        return ssl.create_default_context(cafile=tls)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"ssl: cannot read certificate authorities from {tls!r}: {error}") from None
