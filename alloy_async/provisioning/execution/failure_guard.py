"""When a run gives up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from ...core.errors import AlloyAsyncError
from ...directory.error_policy import ends

MOST_FAILURES = 30
"""Calls in a row that fail before the run gives up."""

Contact: TypeAlias = Literal["none", "sent", "answered", "given up", "never began"]
"""What a run knows of the system: nothing was sent; something was, and its answer lost; a call was answered, so that address
and credential work; the run sends no more; it gave up before anything can have happened."""


class FailureGuard:
    """Decides whether a run goes on.

    Args:
        tell: told the reason when the run gives up, unless nothing can have happened yet: then the caller gets the error.
    """

    def __init__(self, tell: Callable[[str], Awaitable[None]]) -> None:
        self.contact: Contact = "none"
        self.stopped: str | None = None
        """Why the run gave up."""
        self.error: AlloyAsyncError | None = None
        """What made it give up."""
        self._failures = 0
        self._tell = tell

    @property
    def never_began(self) -> bool:
        """Whether the run gave up before anything can have happened."""
        return self.contact == "never began"

    def note_answer(self) -> None:
        """Take note that a call was answered."""
        self._failures = 0
        if self.contact in ("none", "sent"):
            self.contact = "answered"

    async def note_loss(self) -> None:
        """Take note that a call was sent, and its answer lost."""
        if self.contact == "none":
            self.contact = "sent"
        await self._count_failure()

    async def note_failure(self, error: AlloyAsyncError, *, tolerated: bool = False) -> None:
        """Take note that a call failed without effect.

        Args:
            error: what it raised.
            tolerated: the run may go on though no call was answered yet; without, the first one has to show that address and
                credential work.
        """
        unproven = self.contact in ("none", "sent") and not tolerated
        if unproven or ends("run", error):
            self.error = self.error or error
            await self.give_up(str(error))
        else:
            await self._count_failure()

    async def give_up(self, reason: str) -> None:
        """Send no more; the first reason counts."""
        if self.stopped is None:
            self.stopped = reason
            self.contact = "never began" if self.contact == "none" and self.error else "given up"
            if not self.never_began:
                await self._tell(reason)

    async def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            await self.give_up(f"{MOST_FAILURES} calls in a row failed")
