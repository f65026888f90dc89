"""Ctrl-C and other signals that end a command: the first one lets what is on its way finish."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Each where the system has it: SIGHUP when a terminal closes, SIGBREAK on Windows."""


@contextmanager
def handle_interrupts(interrupt: Callable[[], None]) -> Iterator[None]:
    """Call a function on the event loop at each signal that asks the process to end.

    Signals that are ignored, as SIGHUP under `nohup`, stay ignored. It must be entered on the main thread.
    """
    loop = asyncio.get_running_loop()

    def handle(_: int, __: FrameType | None) -> None:
        # The way of all platforms: Windows has no loop.add_signal_handler.
        loop.call_soon_threadsafe(interrupt)

    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
