"""Keep one aiohttp session for each event loop, and bring each to its end.

A session lives in an async generator that its event loop knows. So it is closed with the loop (asyncio.run shuts its
generators down), or when the client is dropped (the loop finishes collected generators), and nobody has to say `async with`.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict
from yarl import URL

from ..errors import ConfigurationError
from .aiohttp_internals.custom_connection import (
    abandon_connector,
    abort_transport,
    break_connections,
    close_socket,
)
from .aiohttp_internals.uses import USES, is_available
from .content_encoding import ACCEPT_ENCODING
from .direct_sender import DirectSender, Sender, can_send_directly
from .outgoing_request import RequestHead
from .proxies import Proxy
from .session_sender import SessionSender, check_session_loop, check_session_type
from .shared_connections import find_current_pool
from .timeouts import TimeoutScheduler

MAX_CONNECTIONS = 100
"""Open at once, for each event loop, unless the user says otherwise."""


class LoopSession:
    """What one event loop sends with: a session, the ways of sending, and the scheduler of the timeouts.

    Args:
        session: aiohttp's; the direct way uses its connector alone.
        scheduler: of the loop.
        through_session: the way that always works.
        direct: the usual way, where aiohttp has what it needs.
    """

    __slots__ = (
        "__weakref__",
        "_direct",
        "_is_unpatched",
        "_through_session",
        "is_closed",
        "loop",
        "scheduler",
        "session",
    )

    def __init__(
        self,
        session: aiohttp.ClientSession,
        scheduler: TimeoutScheduler,
        through_session: Sender,
        direct: Sender | None,
    ) -> None:
        self.session: aiohttp.ClientSession = session
        self.scheduler: TimeoutScheduler = scheduler
        self.loop: asyncio.AbstractEventLoop = scheduler.loop
        self.is_closed: bool = False
        self._is_unpatched = USES["unpatched"].probe
        self._through_session = through_session
        self._direct = direct

    @property
    def sender(self) -> Sender:
        """The way that the next request takes. Asked each time: mocks come and go while a client lives."""
        if self._direct is None or not self._is_unpatched(None):
            return self._through_session
        return self._direct


class LoopSessions:
    """The sessions of one client and its copies.

    Args:
        base: where all requests go.
        max_connections: open at once, for each event loop.
        tls: None takes the system's certificate authorities.
        proxy: through which all requests go.
        own: the user's own session, which is used instead and never closed here.
    """

    def __init__(
        self,
        base: URL,
        max_connections: int,
        tls: ssl.SSLContext | None,
        proxy: Proxy | None,
        own: aiohttp.ClientSession | None,
    ) -> None:
        if own is not None:
            check_session_type(own)
        self._base = base
        self._max_connections = max_connections
        self._tls = tls
        self._proxy = proxy
        self._own = own
        self._may_share = tls is None and max_connections == MAX_CONNECTIONS
        self._last: LoopSession | None = None
        self._keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, _SessionKeeper] = WeakKeyDictionary()
        self._closed = False
        _all_sessions.add(self)

    @property
    def _has_forwarding_proxy(self) -> bool:
        """Whether a proxy takes whole requests; TLS goes through a tunnel instead."""
        return self._proxy is not None and self._base.scheme == "http"

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closed if self._own is None else self._own.closed

    def prepare_head(self, verb: str, headers: Mapping[str, str]) -> RequestHead:
        """Return the head of an operation's requests."""
        path = self._base.raw_path.rstrip("/")
        if self._own is not None:  # it has headers of its own
            return RequestHead(verb, path, headers)
        whole = CIMultiDict(headers)
        whole.setdefault(hdrs.HOST, self._base.host_port_subcomponent or "")
        whole.setdefault(hdrs.ACCEPT_ENCODING, ACCEPT_ENCODING)
        if self._has_forwarding_proxy:
            return RequestHead(verb, f"{self._base.origin()}{path}", whole, self._proxy)
        return RequestHead(verb, path, whole)

    def get_or_create(self) -> LoopSession:
        """Return the session of the running event loop, made on first use."""
        loop = asyncio.get_running_loop()
        last = self._last
        if last is not None and last.loop is loop and not last.is_closed:
            return last
        self._last = loop_session = self._find_or_create_loop_session(loop)
        return loop_session

    def _find_or_create_loop_session(self, loop: asyncio.AbstractEventLoop) -> LoopSession:
        if self._own is not None:
            check_session_loop(self._own, loop)
            scheduler = TimeoutScheduler(loop)
            return LoopSession(self._own, scheduler, self._create_session_sender(self._own, scheduler), None)
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one")
        if self._may_share and (pool := find_current_pool(loop)) is not None:
            shared = self._wrap_in_loop_session(pool.session, pool.scheduler, direct=pool.sends_directly)
            pool.users.add(shared)
            return shared
        keeper = self._keepers.get(loop)
        if keeper is None or keeper.loop_session.is_closed:
            for other in [other for other in self._keepers if other.is_closed()]:
                self._keepers.pop(other).abandon()
            keeper = self._keepers[loop] = _SessionKeeper(self._create_own_session(loop))
        return keeper.loop_session

    def _create_own_session(self, loop: asyncio.AbstractEventLoop) -> LoopSession:
        connector = aiohttp.TCPConnector(
            limit=self._max_connections,
            ssl=self._tls if self._tls is not None else True,
        )
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        direct = can_send_directly(session, connector)
        return self._wrap_in_loop_session(session, TimeoutScheduler(loop), direct=direct)

    def _wrap_in_loop_session(
        self, session: aiohttp.ClientSession, scheduler: TimeoutScheduler, *, direct: bool
    ) -> LoopSession:
        sender = self._create_direct_sender(session.connector, scheduler) if direct else None
        return LoopSession(session, scheduler, self._create_session_sender(session, scheduler), sender)

    def _create_direct_sender(self, connector: Any, scheduler: TimeoutScheduler) -> DirectSender:
        proxy = None if self._proxy is None else self._proxy.url
        if proxy is not None and self._has_forwarding_proxy:
            return DirectSender(connector, scheduler, proxy, None)
        return DirectSender(connector, scheduler, self._base, proxy)

    def _create_session_sender(
        self, session: aiohttp.ClientSession, scheduler: TimeoutScheduler
    ) -> SessionSender:
        return SessionSender(session, str(self._base).rstrip("/"), scheduler, self._proxy)

    async def aclose(self) -> None:
        """Close all connections, on whichever loop they are."""
        self._closed = True
        keepers, last = dict(self._keepers), self._last
        self._keepers.clear()
        self._last = None
        here = asyncio.get_running_loop()
        if self._own is not None and last is not None and last.scheduler.loop is here:
            last.scheduler.stop_if_idle()
        for loop, keeper in keepers.items():
            if loop is here:
                await keeper.aclose()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(keeper.aclose(), loop))
            else:
                keeper.abandon()

    def abandon_after_fork(self) -> None:
        """Let go of the parent's connections, in a forked child, without a word on the wire."""
        keepers = list(self._keepers.values())
        self._keepers = WeakKeyDictionary()
        self._last = None
        for keeper in keepers:
            keeper.abandon()


class _SessionKeeper:
    """Holds one session open, inside an async generator of its event loop."""

    def __init__(self, loop_session: LoopSession) -> None:
        self.loop_session = loop_session
        self._generator = _close_at_end_of_loop(loop_session)
        # Runs to the `yield`, which needs no waiting, and makes the generator known to the loop.
        _run_without_waiting(self._generator.__anext__())
        # A finalizer, since __del__ comes too late for a client that is garbage in a cycle, or lives until the exit.
        self._dropped = weakref.finalize(
            self, _close_dropped, asyncio.get_running_loop(), loop_session.session, self._generator
        )

    async def aclose(self) -> None:
        self._dropped.detach()
        connector = self.loop_session.session.connector
        if connector is not None and is_available("pool", connector):
            break_connections(connector)
        await self._generator.aclose()
        self.loop_session.scheduler.stop_if_idle()

    def abandon(self) -> None:
        """Close the sockets where their loop can no longer do it: it was closed without ceremony, or is the parent's."""
        if self._dropped.detach():
            _close_without_waiting(self.loop_session.session, self._generator, close_socket)


def _close_dropped(
    loop: asyncio.AbstractEventLoop, session: aiohttp.ClientSession, generator: AsyncGenerator[None, None]
) -> None:
    """Close what a dropped client had: at once, since the loop may have few turns left; but not from another thread."""
    if loop.is_closed():
        _close_without_waiting(session, generator, close_socket)
    elif not loop.is_running() or loop is asyncio._get_running_loop():
        _close_without_waiting(session, generator, abort_transport)


def _close_without_waiting(
    session: aiohttp.ClientSession, generator: AsyncGenerator[None, None], drop: Callable[[Any], None]
) -> None:
    """Close a session without waiting."""
    connector = session.connector
    if connector is None:
        pass
    elif is_available("pool", connector):
        abandon_connector(connector, drop)
    else:
        session.detach()
    # Nothing is left to wait for; a generator collected unfinished would call into its loop.
    _run_without_waiting(generator.aclose())


def _run_without_waiting(step: Any) -> None:
    """Run a coroutine that does not wait."""
    try:
        step.send(None)
    except StopIteration:
        return
    raise RuntimeError("the step had to wait")


async def _close_at_end_of_loop(loop_session: LoopSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        loop_session.is_closed = True
        await loop_session.session.close()


_all_sessions: WeakSet[LoopSessions] = WeakSet()


def _reset_after_fork() -> None:
    for sessions in list(_all_sessions):
        sessions.abandon_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
