"""Ctrl-C and other signals that end a command: the first one lets what is on its way finish."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Each where the system has it: SIGHUP when a terminal closes, SIGBREAK on Windows."""


def treat_other_signals_as_ctrl_c() -> None:
    """Have every signal that asks this process to end do what Ctrl-C does, so that no half-written file stays behind.

    Signals that are ignored, as SIGHUP under `nohup`, stay ignored. Only the main thread may set that; in others it is left.
    """
    if threading.current_thread() is threading.main_thread():
        for name in NAMES:
            if hasattr(signal, name) and signal.getsignal(number := getattr(signal, name)) is signal.SIG_DFL:
                signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A running event loop has a handler of its own for Ctrl-C. Shells have it ignored of what runs in the background.
    then = signal.getsignal(signal.SIGINT)
    (then if callable(then) else signal.default_int_handler)(number, frame)


@contextmanager
def handle_interrupts(
    stop: asyncio.Event, is_begun: Callable[[], bool], print_line: Callable[[str], None]
) -> Iterator[None]:
    """Stop what the current task does at the first signal that asks the process to end, and cancel it at the second.

    Signals that are ignored, as SIGHUP under `nohup`, stay ignored. Where a stop was asked for, one more signal that comes when
    all has ended is ignored too: what it would hasten is over, and what became of it is still to be told. It must be entered on
    the main thread.

    Args:
        stop: set to let what is on its way finish.
        is_begun: whether anything may be on its way; where nothing is, the first signal cancels.
        print_line: tells the user.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        if stop.is_set() or not is_begun():
            task.cancel()
        else:
            stop.set()
            print_line("Stopping: what is on its way is finished; Ctrl-C again cuts it off.")

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
            is_handled = handler is not signal.SIG_IGN
            signal.signal(
                number,
                _create_handler_that_ignores_once(handler) if stop.is_set() and is_handled else handler,
            )


def _create_handler_that_ignores_once(then: Any) -> Callable[[int, FrameType | None], None]:
    """Create a handler that ignores one signal, and leaves the next one to another handler."""

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(number, then)

    return handle
