"""A clock whose time passes faster than the real one."""

from __future__ import annotations

import asyncio
import random
import time


class AcceleratedClock:
    """A clock of core whose time passes faster than the real one.

    Args:
        speed: how many times.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._real, self._wall = time.monotonic(), time.time()

    def monotonic(self) -> float:
        """Give seconds since whenever."""
        return time.monotonic() * self._speed

    def wall(self) -> float:
        """Give seconds since 1970."""
        return self._wall + (time.monotonic() - self._real) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait that long, on this clock."""
        await asyncio.sleep(seconds / self._speed)

    def random(self) -> float:
        """Give a number from 0 to 1."""
        return random.random()
