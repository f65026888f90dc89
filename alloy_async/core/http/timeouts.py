"""Deadlines and read timeouts, all of them on one timer of their event loop.

Nearly every timeout is dropped again unmet, and a timer for each would cost as much as a tenth of a small call. So a `Watch`
knows all the moments at which something is due, and its timer rings at the earliest of them that there was.
"""

from __future__ import annotations

import asyncio
import math
import time
from asyncio import current_task
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from aiohttp.client_proto import ResponseHandler

NEVER = math.inf
PIECE = 1 << 16
"""Bytes that are read at once at the most."""
REST, REST_EACH = 0.001, 2e-6
"""Seconds between two rings, and so many more for each thing watched: to look at all of them takes a tenth of that."""


class Watched(Protocol):
    """Something that may fall due."""

    due: float
    """When, by the watch's `now`; it may be put off while it is watched."""

    def expire(self) -> None:
        """It is due, and no longer watched."""
        ...


class Watch:
    """Expires what is due on one event loop.

    Args:
        loop: whose timer it is.
        now: monotonic seconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float] = time.monotonic) -> None:
        self.loop = loop
        self.now = now
        self._watched: set[Watched] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._rings = NEVER

    def add(self, one: Watched) -> None:
        """Watch something, or take note that its `due` was moved."""
        self._watched.add(one)
        if one.due < self._rings:
            self._ring_at(one.due)

    def discard(self, one: Watched) -> None:
        """Watch it no longer; the timer is left as it is, since the next one will be due later."""
        self._watched.discard(one)

    def _ring_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings = moment
        self._timer = self.loop.call_later(moment - self.now(), self._ring)

    def _ring(self) -> None:
        self._timer, self._rings = None, NEVER
        now = self.now()
        watched = list(self._watched)  # at once: a finalizer in another thread may discard one meanwhile
        due = [one for one in watched if one.due <= now]
        self._watched.difference_update(due)
        earliest = min((one.due for one in watched if one.due > now), default=NEVER)
        if earliest < NEVER:
            self._ring_at(max(earliest, now + REST + REST_EACH * len(watched)))
        for one in due:
            one.expire()

    def rest(self) -> None:
        """Give the timer up, if nothing is watched."""
        if self._timer is not None and not self._watched:
            self._timer.cancel()
            self._timer, self._rings = None, NEVER


class Deadline:
    """`with Deadline(watch, due):` as asyncio.timeout_at: what is awaited within ends in TimeoutError once it is due."""

    __slots__ = ("_cancelling", "_expired", "_task", "_watch", "due")

    def __init__(self, watch: Watch, due: float) -> None:
        self._watch = watch
        self.due = due
        self._expired = False

    def __enter__(self) -> None:
        task = current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._watch.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.discard(self)
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        self._expired = True
        self._task.cancel()


class WatchedConnection(ResponseHandler):
    """aiohttp's side of one connection, whose read timeout is on the watch instead of on a timer for each piece of data."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch.loop)
        self.due = NEVER
        self._watch = watch

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read in smaller pieces than asyncio, whose 256 KiB are so large that malloc may map them anew for each answer."""
        super().connection_made(transport)
        of_asyncio: Any = transport
        if hasattr(of_asyncio, "max_size"):
            of_asyncio.max_size = PIECE

    def expire(self) -> None:
        """The server was silent for too long."""
        self._on_read_timeout()

    # aiohttp's own names; should they change one day, its own timers are in force again.

    def _reschedule_timeout(self) -> None:
        seconds = self._read_timeout
        if seconds:
            self.due = self._watch.now() + seconds
            self._watch.add(self)
        else:
            self._watch.discard(self)

    def _drop_timeout(self) -> None:
        self._watch.discard(self)


def watched_connections(connector: Any, watch: Watch) -> None:
    """Let a connector of aiohttp make watched connections."""
    connector._factory = lambda: WatchedConnection(watch)
