"""Keep one aiohttp session for each event loop, and bring each to its end.

A session lives in an async generator that its event loop knows. So it is closed with the loop (asyncio.run shuts its
generators down), or when the client is dropped (the loop finishes collected generators), and nobody has to say `async with`.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import aiohttp
from aiohttp import hdrs
from yarl import URL

from ..errors import ConfigurationError
from ..validation import check_count
from .timeouts import TimeoutScheduler, use_timed_connections


class LoopSession:
    """The session of one event loop, and the scheduler of its timeouts."""

    __slots__ = ("scheduler", "session")

    def __init__(self, session: aiohttp.ClientSession, scheduler: TimeoutScheduler) -> None:
        self.session = session
        self.scheduler = scheduler


class PreparedRequest(aiohttp.ClientRequest):
    """A request that takes the headers as they are: those of the session and of the call hold all that aiohttp would add."""

    def update_headers(self, headers: Any) -> None:
        self.headers = headers

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        pass


class LoopSessions:
    """The sessions of one client and its copies.

    Args:
        base: where all requests go.
        max_connections: open at once, for each event loop.
        tls: a context, or the path of a file with the certificate authorities to trust; None takes the system's.
        given: the user's own session, which is used instead and never closed here.
    """

    def __init__(
        self,
        base: URL,
        max_connections: int,
        tls: ssl.SSLContext | str | None,
        given: aiohttp.ClientSession | None = None,
    ) -> None:
        check_count("max_connections", max_connections)
        self._headers = {
            hdrs.HOST: base.host_port_subcomponent or "",
            hdrs.ACCEPT_ENCODING: aiohttp.ClientRequest.DEFAULT_HEADERS[hdrs.ACCEPT_ENCODING],
        }
        self._max_connections = max_connections
        self._tls = _create_ssl_context(tls)
        self._given = given
        self._last: LoopSession | None = None
        self._keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Keeper] = WeakKeyDictionary()
        self._closed = False
        _all_sessions.add(self)

    def get(self) -> LoopSession:
        """Return the session of the running event loop, made on first use."""
        loop = asyncio.get_running_loop()
        last = self._last
        if last is not None and last.scheduler.loop is loop and not last.session.closed:
            return last
        self._last = loop_session = self._find_loop_session(loop)
        return loop_session

    def _find_loop_session(self, loop: asyncio.AbstractEventLoop) -> LoopSession:
        if self._given is not None:
            return LoopSession(self._given, TimeoutScheduler(loop))
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one")
        keeper = self._keepers.get(loop)
        if keeper is None or keeper.loop_session.session.closed:
            for other in [other for other in self._keepers if other.is_closed()]:
                self._keepers.pop(other).abandon()
            keeper = self._keepers[loop] = _Keeper(self._create_loop_session(loop))
        return keeper.loop_session

    def _create_loop_session(self, loop: asyncio.AbstractEventLoop) -> LoopSession:
        scheduler = TimeoutScheduler(loop)
        connector = aiohttp.TCPConnector(
            limit=self._max_connections,
            ssl=self._tls if self._tls is not None else True,
        )
        use_timed_connections(connector, scheduler)
        session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=PreparedRequest,
        )
        session._retry_connection = False  # as `prevent_hidden_retry` of the transport, which costs more
        return LoopSession(session, scheduler)

    async def aclose(self) -> None:
        """Close all connections, on whichever loop they are."""
        self._closed = True
        keepers, last = dict(self._keepers), self._last
        self._keepers.clear()
        self._last = None
        here = asyncio.get_running_loop()
        if self._given is not None and last is not None and last.scheduler.loop is here:
            last.scheduler.stop_if_idle()
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

    def __init__(self, loop_session: LoopSession) -> None:
        self.loop_session = loop_session
        self._generator = _keep_open(loop_session.session)
        # Runs to the `yield`, which needs no waiting, and makes the generator known to the loop.
        _finish(self._generator.__anext__())
        # A finalizer, since __del__ comes too late for a client that is garbage in a cycle, or lives until the exit.
        self._dropped = weakref.finalize(
            self, _let_go, asyncio.get_running_loop(), loop_session.session, self._generator
        )

    async def aclose(self) -> None:
        self._dropped.detach()
        await self._generator.aclose()
        self.loop_session.scheduler.stop_if_idle()

    def abandon(self) -> None:
        """Close the sockets where their loop can no longer do it: it was closed without ceremony, or is the parent's."""
        if self._dropped.detach():
            _discard(self.loop_session.session, self._generator, _drop)


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


async def _keep_open(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


_all_sessions: WeakSet[LoopSessions] = WeakSet()


def _after_fork() -> None:
    for sessions in list(_all_sessions):
        sessions.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _create_ssl_context(tls: ssl.SSLContext | str | None) -> ssl.SSLContext | None:
    if not isinstance(tls, str):
        return tls
    try:
        return ssl.create_default_context(cafile=tls)
    except OSError as error:
        raise ConfigurationError(f"ssl: cannot read certificate authorities from {tls!r}: {error}") from None
