"""Connections that many clients share: those of one service go from one client to the next instead of being made anew."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Protocol, Self
from weakref import WeakSet

import aiohttp

from .direct_sender import can_send_directly
from .timeouts import TimeoutScheduler


class PoolUser(Protocol):
    """What a client sends with; once closed, it finds itself other connections."""

    is_closed: bool


class SharedConnectionsScope:
    """One pool of connections for all clients that are used within it; an async context manager.

    A client takes part where it was made with the usual settings: a number of connections, a session or TLS settings of its own
    keep it on its own connections. A connection carries nothing of a client from one request to the next: the credential is in
    each request. So many are open as there are calls in flight: who uses the pool bounds these.
    """

    def __init__(self) -> None:
        self._token: Token[SharedConnectionsScope | None] | None = None

    async def __aenter__(self) -> Self:
        self.connector: aiohttp.TCPConnector = aiohttp.TCPConnector(limit=0, ssl=True)
        self.session: aiohttp.ClientSession = aiohttp.ClientSession(
            connector=self.connector, cookie_jar=aiohttp.DummyCookieJar()
        )
        self.sends_directly: bool = can_send_directly(self.session, self.connector)
        self.scheduler: TimeoutScheduler = TimeoutScheduler(asyncio.get_running_loop())
        self.users: WeakSet[PoolUser] = WeakSet()
        self._token = _current_pool.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current_pool.reset(self._token)
        for user in self.users:
            user.is_closed = True
        await self.session.close()
        self.scheduler.stop_if_idle()


_current_pool: ContextVar[SharedConnectionsScope | None] = ContextVar("shared_connections", default=None)


def find_current_pool(loop: asyncio.AbstractEventLoop) -> SharedConnectionsScope | None:
    """Find the pool within which this is called, if it is of this loop."""
    pool = _current_pool.get()
    return pool if pool is not None and pool.scheduler.loop is loop and not pool.session.closed else None
