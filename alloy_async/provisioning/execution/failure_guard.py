"""When a run gives up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...core.errors import (
    AlloyAsyncError,
    ConfigurationError,
    CredentialError,
    Forbidden,
    Redirected,
    Unauthorized,
)

HOPELESS = (Unauthorized, Forbidden, Redirected, CredentialError, ConfigurationError)
"""Errors that every further call would meet too."""
PATIENCE = 30
"""Calls in a row that fail before the run gives up."""


class Patience:
    """What is known of the system in a run, and whether to go on.

    Args:
        tell: told the reason when the run gives up, unless nothing can have happened yet: then the caller gets the error.
    """

    def __init__(self, tell: Callable[[str], Awaitable[None]]) -> None:
        self.stopped: str | None = None
        """Why the run gave up."""
        self.error: AlloyAsyncError | None = None
        """What made it give up."""
        self.answered = False
        """Whether any call was answered, so that address and credential work."""
        self._sent = False
        self._lost_in_a_row = 0
        self._tell = tell

    @property
    def never_began(self) -> bool:
        """Whether the run gave up before anything can have happened."""
        return self.error is not None and not self.answered and not self._sent

    def answer(self) -> None:
        """A call was answered."""
        self.answered, self._lost_in_a_row = True, 0

    async def sent_in_vain(self) -> None:
        """A call was sent, and its answer lost."""
        self._sent = True
        await self._lost()

    async def failed(self, error: AlloyAsyncError, *, hopeless: bool = False) -> None:
        """A call failed without effect; `hopeless` where it is so for another reason than the error's kind."""
        if hopeless or isinstance(error, HOPELESS):
            self.error = self.error or error
            await self.give_up(str(error))
        else:
            await self._lost()

    async def give_up(self, reason: str) -> None:
        """Send no more; the first reason counts."""
        if self.stopped is None:
            self.stopped = reason
            if not self.never_began:
                await self._tell(reason)

    async def _lost(self) -> None:
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= PATIENCE:
            await self.give_up(f"{PATIENCE} calls in a row failed")
