"""One attempt on the wire, through aiohttp, and what its failure says about the effect."""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any

import aiohttp
import attrs
from yarl import URL

from ..errors import (
    AlloyAsyncError,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    Effect,
    RequestTimeout,
)
from ..messages.multipart import Multipart
from ..messages.upload import SourceFailed
from ..validation import validate_positive
from .loop_sessions import LoopSessions
from .timeouts import Deadline


class RawResponse:
    """Status, headers and body of an answer; instead of the body, the open response of one that is streamed."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes | aiohttp.ClientResponse) -> None:
        self.status = status
        self.headers = headers
        self.body = body


TOTAL_MARGIN = 0.01
"""Seconds by which a connection attempt ends before the deadline, so that its failure is known to be before any writing."""


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
        """As aiohttp takes it, for an attempt that may last so many seconds; that as a whole is bounded by a Deadline."""
        return aiohttp.ClientTimeout(
            total=None,
            connect=min(self.pool + self.connect, max(seconds - TOTAL_MARGIN, seconds / 2)),
            sock_connect=self.connect,
            sock_read=self.read,
            ceil_threshold=float("inf"),
        )


class ConnectionBroken(Exception):
    """A connection error after writing began, in a shape that aiohttp does not retry by itself."""


async def prevent_hidden_retry(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """aiohttp sends an idempotent request again where a kept connection breaks; our attempts are counted, so it must not."""
    try:
        return await handler(request)  # type: ignore[no-any-return]
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError, aiohttp.ServerFingerprintMismatch):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionBroken(_describe_error(error)) from None


class _Upload(aiohttp.AsyncIterablePayload):
    """A body that is sent in pieces, with its length where that is known."""

    def __init__(self, body: Multipart) -> None:
        super().__init__(body.pieces(), content_type=body.content_type)
        self._whole = body.size

    @property
    def size(self) -> int | None:
        return self._whole


class Transport:
    """The way to one service.

    Args:
        base: its address.
        max_connections: open at once, for each event loop.
        proxy: URL of an HTTP proxy; None takes HTTP(S)_PROXY and NO_PROXY from the environment.
        tls: a context, or the path of a file with the certificate authorities to trust; None takes the system's.
        session: an own session to send through; it is never closed here.
    """

    def __init__(
        self,
        base: URL,
        *,
        max_connections: int,
        proxy: str | None,
        tls: ssl.SSLContext | str | None,
        session: aiohttp.ClientSession | None,
    ) -> None:
        self._proxy = proxy if proxy is not None else find_proxy(base)
        self._middlewares = None if session is None else (prevent_hidden_retry, *session._middlewares)
        self._sessions = LoopSessions(base, max_connections, tls, session)

    async def attempt(
        self,
        verb: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | Multipart | None,
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
            ConnectError, RequestTimeout, ConnectionLost, DeadlineExceeded: with the effect that is known.
        """
        loop_session, status = self._sessions.get(), None
        scheduler = loop_session.scheduler
        began = scheduler.now()
        try:
            with Deadline(scheduler, began + seconds):
                response = await loop_session.session.request(
                    verb,
                    url,
                    headers=headers,
                    data=_Upload(body) if isinstance(body, Multipart) else body,
                    timeout=timeout,
                    allow_redirects=False,
                    proxy=self._proxy,
                    middlewares=self._middlewares,
                )
                status = response.status
                if streamed and 200 <= status < 300:
                    return RawResponse(status, response.headers, response)
                return RawResponse(status, response.headers, await response.read())
        except (TimeoutError, aiohttp.ClientError, ConnectionBroken, OSError) as error:
            failure = _classify_error(error, timeout, seconds, scheduler.now() - began, status)
            if isinstance(error.__cause__, SourceFailed):
                failure.__cause__ = error.__cause__
        # Raised outside of the handler: aiohttp's error would bring the URL, and with it query values, into the traceback.
        raise failure

    async def aclose(self) -> None:
        """Close all connections, on whichever loop they are."""
        await self._sessions.aclose()


def _classify_error(
    error: BaseException, timeout: aiohttp.ClientTimeout, seconds: float, elapsed: float, status: int | None
) -> AlloyAsyncError:
    """The error of ours for an error of aiohttp's; `status` is set once the head of the answer had arrived."""
    effect: Effect = "applied" if status is not None and 200 <= status < 300 else "unknown"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        if elapsed >= seconds - 2 * TOTAL_MARGIN:
            return DeadlineExceeded(
                f"no connection within the deadline ({elapsed:.1f} s); nothing was sent", effect="none"
            )
        phase = "pool" if elapsed >= (timeout.connect or seconds) - TOTAL_MARGIN else "connect"
        what = "no connection became free" if phase == "pool" else "no connection"
        return RequestTimeout(f"{what} within {elapsed:.1f} s; nothing was sent", phase=phase, effect="none")
    if isinstance(error, aiohttp.SocketTimeoutError):
        reason = f"the server sent nothing for {timeout.sock_read:g} s"
        return RequestTimeout(reason, phase="read", effect=effect, status=status)
    if (isinstance(error, TimeoutError) and not isinstance(error, OSError | aiohttp.ClientError)) or type(
        error
    ) is TimeoutError:
        what = "no answer began within" if status is None else "the answer was not complete after"
        return DeadlineExceeded(f"{what} {elapsed:.1f} s", effect=effect, status=status)
    before_writing = (
        aiohttp.ClientConnectorError,
        aiohttp.ServerFingerprintMismatch,
        aiohttp.ClientHttpProxyError,
        aiohttp.InvalidURL,
        aiohttp.NonHttpUrlClientError,
    )
    if isinstance(error, before_writing):
        return ConnectError(f"no connection: {_describe_error(error)}; nothing was sent")
    if status is not None:
        reason = f"the answer ({status}) broke off: {_describe_error(error)}"
        return ConnectionLost(reason, effect=effect, status=status)
    return ConnectionLost(f"the connection was lost after sending began: {_describe_error(error)}")


def _describe_error(error: BaseException) -> str:
    """What happened, without a URL."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port}: {getattr(error, 'certificate_error', None) or error.os_error}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed it"
    if isinstance(error, aiohttp.ClientOSError):  # its text may be aiohttp's own, with the URL
        return os.strerror(error.errno) if error.errno else "it broke while the body was being written"
    if isinstance(error, ConnectionBroken | aiohttp.ClientPayloadError | OSError):
        return str(error) or type(error).__name__
    if isinstance(error.__cause__, SourceFailed):
        return str(error.__cause__)
    return type(error).__name__


def find_proxy(base: URL) -> str | None:
    if urllib.request.proxy_bypass(base.host or ""):
        return None
    return urllib.request.getproxies().get(base.scheme)
