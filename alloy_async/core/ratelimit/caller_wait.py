"""Wait for a permit on an event loop, until it is granted or the deadline is near."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from ..errors import DeadlineExceeded
from .permit import Permit

MINUTE = 60.0


async def wait_for_permit(
    permit: Permit,
    count_seconds_left: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    check: Callable[[], None] | None = None,
    wall: Callable[[], float] = time.time,
) -> None:
    """Wait until a permit is granted.

    Args:
        permit: that has to wait.
        count_seconds_left: gives the seconds until the caller's deadline.
        sleep: as asyncio.sleep.
        check: called now and then; what it raises ends the wait.
        wall: seconds since 1970, to tell a moment.

    Raises:
        DeadlineExceeded: at once where the limit surely holds the call for longer than the deadline leaves, with that time as
            `retry_after`; else when the deadline has come, or leaves too little for an answer. Effect: none.
    """
    waker = _WakeableSleep()
    permit.update_wait(waker.wake)
    while permit.wait:
        if check is not None:
            check()
        left = count_seconds_left()
        # Now, and not when the time is over: the caller can still do something with it.
        if permit.hold >= left or left <= 0:
            raise _create_deadline_error(permit, left, wall)
        await waker.sleep(min(permit.wait, left), sleep)
        permit.update_wait(waker.wake)
    left = count_seconds_left()
    if left < permit.expected_round_trip:
        # Sent in the last moment, its fate would be unknown, for nothing but our own queue.
        raise _create_deadline_error(permit, left, wall)


def _create_deadline_error(permit: Permit, left: float, wall: Callable[[], float]) -> DeadlineExceeded:
    wait = max(permit.hold, permit.wait)
    if permit.hold > 0:
        held = f"the rate limit holds it for {_format_wait(permit.hold, wall())}"
    else:
        held = "the rate limit did not let it go in time"
    reason = f"{held}, the deadline leaves {max(left, 0.0):.1f} s; it was not sent"
    return DeadlineExceeded(reason, effect="none", retry_after=wait)


def _format_wait(seconds: float, now: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    try:
        moment = datetime.fromtimestamp(now + seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s"
    return f"{seconds:.0f} s, until {moment:%Y-%m-%d %H:%M:%S} UTC"


class _WakeableSleep:
    """A sleep that another thread can end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._scope: asyncio.Timeout | None = None

    def wake(self) -> None:
        """End the sleep, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, and with it the call
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if self._scope is not None:
            self._scope.reschedule(self._loop.time())
            self._scope = None

    async def sleep(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Sleep for so many seconds, or until woken."""
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scope = scope
                try:
                    await sleep(seconds)
                finally:
                    self._scope = None
        except TimeoutError:
            if not scope.expired():
                raise
