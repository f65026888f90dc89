"""aiohttp: one attempt on the wire, and one session for each event loop.

A session lives in an async generator that its event loop knows. So it is closed with the loop (asyncio.run shuts its
generators down), or when the client is dropped (the loop finishes collected generators), and nobody has to say `async with`.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import urllib.request
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

import aiohttp
import attrs
from yarl import URL

from .errors import (
    AlloyAsyncError,
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    Effect,
    RequestTimeout,
)
from .multipart import Multipart
from .upload import SourceFailed

Wire: TypeAlias = tuple[int, Mapping[str, str], bytes | aiohttp.ClientResponse]
"""Status, headers and body of an answer; instead of the body, the open response of one that is streamed."""

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

    connect: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    read: float = attrs.field(default=30.0, validator=attrs.validators.gt(0))
    pool: float = attrs.field(default=30.0, validator=attrs.validators.gt(0))

    def within(self, seconds: float) -> aiohttp.ClientTimeout:
        """As aiohttp takes it, for an attempt that may last so many seconds."""
        return aiohttp.ClientTimeout(
            total=seconds,
            connect=min(self.pool + self.connect, max(seconds - TOTAL_MARGIN, seconds / 2)),
            sock_connect=self.connect,
            sock_read=self.read,
            ceil_threshold=float("inf"),
        )


class _Upload(aiohttp.AsyncIterablePayload):
    """A body that is sent in pieces, with its length where that is known."""

    def __init__(self, body: Multipart) -> None:
        super().__init__(body.pieces(), content_type=body.content_type)
        self._whole = body.size

    @property
    def size(self) -> int | None:
        return self._whole


class _Lost(Exception):
    """A connection error after writing began, in a shape that aiohttp does not retry by itself."""


async def _no_hidden_retry(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
    """aiohttp sends an idempotent request again where a kept connection breaks; our attempts are counted, so it must not."""
    try:
        return await handler(request)  # type: ignore[no-any-return]
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError, aiohttp.ServerFingerprintMismatch):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Lost(str(error) or type(error).__name__) from None


class Transport:
    """The connections of one client and its copies.

    Args:
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
        self._max_connections = max_connections
        self._proxy = proxy if proxy is not None else _proxy_from_environment(base)
        self._tls = _context(tls)
        self._own = session
        self._middlewares = None if session is None else (_no_hidden_retry, *session._middlewares)
        self._last: tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession] | None = None
        self._keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Keeper] = WeakKeyDictionary()
        self.closed = False
        _transports.add(self)

    async def attempt(
        self,
        verb: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | Multipart | None,
        timeout: aiohttp.ClientTimeout,
        elapsed: Callable[[], float],
        streamed: bool = False,
    ) -> Wire:
        """Send one request and read its answer, whole unless it is to be streamed.

        Args:
            elapsed: seconds since the attempt began.
            streamed: leave the body of a 2xx answer unread, and the response open.

        Raises:
            ConnectError, RequestTimeout, ConnectionLost, DeadlineExceeded: with the effect that is known.
        """
        status = None
        try:
            session = self._session_here()
            response = await session.request(
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
                return status, response.headers, response
            return status, response.headers, await response.read()
        except (TimeoutError, aiohttp.ClientError, _Lost, OSError) as error:
            failure = _classified(error, timeout, elapsed(), status)
            if isinstance(error.__cause__, SourceFailed):
                failure.__cause__ = error.__cause__
        # Raised outside of the handler: aiohttp's error would bring the URL, and with it query values, into the traceback.
        raise failure

    def _session_here(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._own is not None:
            return self._own
        last = self._last
        if last is not None and last[0] is loop and not last[1].closed:
            return last[1]
        if self.closed:
            raise ConfigurationError("this client is closed; make a new one")
        keeper = self._keepers.get(loop)
        if keeper is None or keeper.session.closed:
            for other in [other for other in self._keepers if other.is_closed()]:
                self._keepers.pop(other).abandon()
            keeper = self._keepers[loop] = _Keeper(self._new_session())
        self._last = loop, keeper.session
        return keeper.session

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._max_connections,
            limit_per_host=self._max_connections,
            ssl=self._tls if self._tls is not None else True,
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_no_hidden_retry,)
        )

    async def aclose(self) -> None:
        """Close all connections, on whichever loop they are."""
        self.closed = True
        keepers = dict(self._keepers)
        self._keepers.clear()
        self._last = None
        here = asyncio.get_running_loop()
        for loop, keeper in keepers.items():
            if loop is here:
                await keeper.aclose()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(keeper.aclose(), loop))
            else:
                keeper.abandon()

    def forget(self) -> None:
        """In a forked child: let go of the parent's connections without a word on the wire."""
        keepers = list(self._keepers.values())
        self._keepers = WeakKeyDictionary()
        self._last = None
        for keeper in keepers:
            keeper.abandon()


def _drop(transport: Any) -> None:
    """Close a transport's socket without its loop, and without the warning that its collection would give."""
    if transport is None:
        return
    inner = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    if inner is not None:
        transport._closed = True
        _drop(inner)
    sock = getattr(transport, "_sock", None)
    if sock is not None:
        sock.close()
        transport._sock = None


def _abort(transport: Any) -> None:
    if transport is not None:
        transport.abort()


class _Keeper:
    """Holds one session open, inside an async generator of its event loop."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self._generator = _kept_open(session)
        # Runs to the `yield`, which needs no waiting, and makes the generator known to the loop.
        _finish(self._generator.__anext__())
        # A finalizer, since __del__ comes too late for a client that is garbage in a cycle, or lives until the exit.
        self._dropped = weakref.finalize(self, _let_go, asyncio.get_running_loop(), session, self._generator)

    async def aclose(self) -> None:
        self._dropped.detach()
        await self._generator.aclose()

    def abandon(self) -> None:
        """Close the sockets where their loop can no longer do it: it was closed without ceremony, or is the parent's."""
        if self._dropped.detach():
            _discard(self.session, self._generator, _drop)


def _let_go(
    loop: asyncio.AbstractEventLoop, session: aiohttp.ClientSession, generator: AsyncGenerator[None, None]
) -> None:
    """The client was dropped. Closed at once, since the loop may have few turns left; but not from another thread."""
    if loop.is_closed():
        _discard(session, generator, _drop)
    elif not loop.is_running() or loop is asyncio._get_running_loop():
        _discard(session, generator, _abort)


def _discard(
    session: aiohttp.ClientSession, generator: AsyncGenerator[None, None], drop: Callable[[Any], None]
) -> None:
    """Close a session without waiting."""
    connector = session.connector
    if connector is not None:
        kept = [protocol for waiting in connector._conns.values() for protocol, _ in waiting]
        for protocol in [*kept, *connector._acquired]:
            drop(getattr(protocol, "transport", None))
        connector._closed = True
    # Nothing is left to wait for; a generator collected unfinished would call into its loop.
    _finish(generator.aclose())


def _finish(step: Any) -> None:
    """Run a coroutine that does not wait."""
    try:
        step.send(None)
    except StopIteration:
        return
    raise RuntimeError("the step had to wait")


async def _kept_open(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


_transports: WeakSet[Transport] = WeakSet()


def _after_fork() -> None:
    for transport in list(_transports):
        transport.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _classified(
    error: BaseException, timeout: aiohttp.ClientTimeout, elapsed: float, status: int | None
) -> AlloyAsyncError:
    """The error of ours for an error of aiohttp's; `status` is set once the head of the answer had arrived."""
    total = timeout.total or float("inf")
    effect: Effect = "applied" if status is not None and 200 <= status < 300 else "unknown"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        if elapsed >= total - 2 * TOTAL_MARGIN:
            return DeadlineExceeded(
                f"no connection within the deadline ({elapsed:.1f} s); nothing was sent", effect="none"
            )
        phase = "pool" if elapsed >= (timeout.connect or total) - TOTAL_MARGIN else "connect"
        what = "no connection became free" if phase == "pool" else "no connection"
        return RequestTimeout(f"{what} within {elapsed:.1f} s; nothing was sent", phase=phase, effect="none")
    if isinstance(error, aiohttp.SocketTimeoutError):
        reason = f"the server sent nothing for {timeout.sock_read:g} s"
        return RequestTimeout(reason, phase="read", effect=effect, status=status)
    if (isinstance(error, TimeoutError) and not isinstance(error, OSError | aiohttp.ClientError)) or type(
        error
    ) is TimeoutError:
        return DeadlineExceeded(
            f"the answer was not complete after {elapsed:.1f} s", effect=effect, status=status
        )
    before_writing = (
        aiohttp.ClientConnectorError,
        aiohttp.ServerFingerprintMismatch,
        aiohttp.ClientHttpProxyError,
        aiohttp.InvalidURL,
        aiohttp.NonHttpUrlClientError,
    )
    if isinstance(error, before_writing):
        return ConnectError(f"no connection: {_cause(error)}; nothing was sent")
    if status is not None:
        reason = f"the answer ({status}) broke off: {_cause(error)}"
        return ConnectionLost(reason, effect=effect, status=status)
    return ConnectionLost(f"the connection was lost after sending began: {_cause(error)}")


def _cause(error: BaseException) -> str:
    """What happened, without a URL."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port}: {getattr(error, 'certificate_error', None) or error.os_error}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, _Lost | aiohttp.ClientPayloadError | OSError):
        return str(error) or type(error).__name__
    if isinstance(error.__cause__, SourceFailed):
        return str(error.__cause__)
    return type(error).__name__


def _context(tls: ssl.SSLContext | str | None) -> ssl.SSLContext | None:
    if not isinstance(tls, str):
        return tls
    try:
        return ssl.create_default_context(cafile=tls)
    except OSError as error:
        raise ConfigurationError(f"ssl: cannot read certificate authorities from {tls!r}: {error}") from None


def _proxy_from_environment(base: URL) -> str | None:
    if urllib.request.proxy_bypass(base.host or ""):
        return None
    return urllib.request.getproxies().get(base.scheme)
