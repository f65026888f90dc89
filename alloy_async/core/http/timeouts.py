"""Deadlines and read timeouts, all of them on one timer of their event loop.

Nearly every timeout is dropped again unmet, and a timer for each would cost as much as a tenth of a small call. So a
`TimeoutScheduler` knows all the moments at which something is due, and its timer is set to the earliest of them.
"""

from __future__ import annotations

import asyncio
import math
import time
from asyncio import current_task
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

NEVER = math.inf
REST, REST_EACH = 0.001, 2e-6
"""Seconds between two looks at what is due, and so many more for each thing: to look at all takes a tenth of that."""


class Expirable(Protocol):
    """Something that may fall due."""

    due: float
    """When, by the scheduler's `now`; it may be put off while it is scheduled."""

    def expire(self) -> None:
        """Do what is to be done when it is due; it is no longer scheduled."""
        ...


class TimeoutScheduler:
    """Expire what is due on one event loop.

    Args:
        loop: whose timer it is.
        now: monotonic seconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float] = time.monotonic) -> None:
        self.loop = loop
        self.now = now
        self.expiring: set[Expirable] = set()
        self.discard: Callable[[Expirable], None] = self.expiring.discard
        """Forget something. The timer is left as it is: most often the next thing is due later, and moving it costs."""
        self._timer: asyncio.TimerHandle | None = None
        self.next_look: float = NEVER
        """When the timer goes off."""

    def schedule(self, one: Expirable) -> None:
        """Schedule something, or take note that its `due` was moved."""
        self.expiring.add(one)
        if one.due < self.next_look:
            self._set_timer(one.due)

    def _set_timer(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.next_look = moment
        self._timer = self.loop.call_later(moment - self.now(), self._expire_due)

    def _expire_due(self) -> None:
        self._timer, self.next_look = None, NEVER
        now = self.now()
        # Copied in one step: a finalizer in another thread may discard one meanwhile.
        scheduled = list(self.expiring)
        due = [one for one in scheduled if one.due <= now]
        self.expiring.difference_update(due)
        earliest = min((one.due for one in scheduled if one.due > now), default=NEVER)
        if earliest < NEVER:
            self._set_timer(max(earliest, now + REST + REST_EACH * len(scheduled)))
        # Last, since what expires may schedule something new.
        for one in due:
            one.expire()

    def stop_if_idle(self) -> None:
        """Give the timer up where nothing is scheduled, so that a closed client leaves none in the loop."""
        if self._timer is not None and not self.expiring:
            self._timer.cancel()
            self._timer, self.next_look = None, NEVER


class DeadlineScope:
    """End what is awaited within `with DeadlineScope(scheduler, due):` in TimeoutError once it is due, as timeout_at."""

    __slots__ = ("_cancelling", "_expired", "_scheduler", "_task", "due")

    def __init__(self, scheduler: TimeoutScheduler, due: float) -> None:
        self._scheduler = scheduler
        self.due: float = due
        self._expired = False

    def __enter__(self) -> None:
        task = current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._scheduler.schedule(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scheduler.discard(self)
        # A cancellation by the caller stays one, also where the deadline passed at the same time: then the task was
        # cancelled twice, and uncancel() leaves one of the two.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        self._expired = True
        self._task.cancel()
