"""Wait for what a test is about to see, instead of for so long: a busy machine is slower than any guess."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds, after which it will not come any more."""


async def wait_until(holds: Callable[[], bool]) -> None:
    """Let the event loop run until something holds.

    Raises:
        TimeoutError: it did not come to that.
    """
    give_up = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > give_up:
            raise TimeoutError(f"waited for {PATIENCE:.0f} s in vain")
        await asyncio.sleep(0.001)
