"""Decide when a run gives up."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal, TypeAlias

from ...core.errors import AlloyAsyncError, DeadlineExceeded, RateLimited
from ...directory.error_policy import ends_work
from ..errors import JobError

MOST_FAILURES = 30
"""Calls in a row that fail before the run gives up."""
_LONG_WAIT = 60.0
"""Seconds; a limit that holds longer ends the run, which says when to come back."""
_LONGEST_WAIT = 10 * 365 * 86400.0
"""Seconds; servers say more, and no calendar goes that far."""

Contact: TypeAlias = Literal["none", "sent", "answered", "given up", "never began"]
"""What a run knows of the system: nothing was sent; something was, and its answer lost; a call was answered, so that address
and credential work; the run sends no more; it gave up before anything can have happened."""


class FailureGuard:
    """Decides whether a run goes on.

    Args:
        tell: told the reason when the run gives up, unless nothing can have happened yet: then the caller gets the error.
        clock: seconds since 1970.
    """

    def __init__(
        self, tell: Callable[[str], Awaitable[None]], clock: Callable[[], float] = time.time
    ) -> None:
        self.contact: Contact = "none"
        self.stopped: str | None = None
        """Why the run gave up."""
        self.error: AlloyAsyncError | None = None
        """What made it give up."""
        self._failures = 0
        self._tell = tell
        self._clock = clock
        self._limited = False

    @property
    def never_began(self) -> bool:
        """Whether the run gave up before anything can have happened."""
        return self.contact == "never began"

    @property
    def is_next_still_unsent(self) -> bool:
        """Whether what was just about to be sent is as planned as before: the run never began, or a limit ended it."""
        return self.never_began or self._limited

    def note_answer(self) -> None:
        """Take note that a call was answered."""
        self._failures = 0
        if self.contact in ("none", "sent"):
            self.contact = "answered"

    async def note_lost_answer(self, reason: str | None) -> None:
        """Take note that a call was sent, and its answer lost, for this reason."""
        if self.contact == "none":
            self.contact = "sent"
        await self._add_failure(reason or "its answer was lost")

    async def note_failure(self, error: AlloyAsyncError, *, tolerated: bool = False) -> None:
        """Take note that a call failed without effect.

        Args:
            error: what it raised.
            tolerated: the run may go on though no call was answered yet; without, the first one has to show that address and
                credential work.
        """
        if isinstance(error, JobError):  # not of the call: the job is not this worker's any more
            raise error
        if (moment := self._find_end_of_rate_limit(error)) is not None and self.contact == "answered":
            self._limited = True
            await self.stop_sending(
                f"the limit of the system lets nothing through before {moment}; resume the job then"
            )
            return
        unproven = self.contact in ("none", "sent") and not tolerated
        if unproven or ends_work("run", error):
            self.error = self.error or error
            await self.stop_sending(str(error))
        else:
            await self._add_failure(str(error))

    async def stop_sending(self, reason: str) -> None:
        """Send no more; the first reason counts."""
        if self.stopped is None:
            self.stopped = reason
            self.contact = "never began" if self.contact == "none" and self.error else "given up"
            if not self.never_began:
                await self._tell(reason)

    def _find_end_of_rate_limit(self, error: AlloyAsyncError) -> str | None:
        """Find the moment before which every further call would be refused; None where waiting is the call's own business."""
        wait = error.retry_after if isinstance(error, RateLimited | DeadlineExceeded) else None
        if wait is None or wait < _LONG_WAIT:
            return None
        moment = datetime.fromtimestamp(self._clock() + min(wait, _LONGEST_WAIT)).astimezone()
        return f"{moment:%Y-%m-%d %H:%M} ({moment.tzname()})"

    async def _add_failure(self, reason: str) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            await self.stop_sending(f"{MOST_FAILURES} calls in a row failed; the last one: {reason}")
