"""A clock that never waits, for tests of code that retries: `AsyncAlloy(..., clock=FakeClock())`."""

from __future__ import annotations

import asyncio
import time


class FakeClock:
    """Real time, plus all that was asked to be slept, which passes at once.

    Attributes:
        sleeps: every wait that was asked for, in seconds.
        chance: what `random` gives, from 0 to 1: the part of a jitter.
    """

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        self.chance: float = 0.5
        self._slept = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self._slept += seconds
        await asyncio.sleep(0)

    def random(self) -> float:
        return self.chance
