"""How a thread waits for what runs in another one: by an eventfd where the system has them, else by a lock.

Who sets an eventfd lets go of the interpreter meanwhile, so that the thread which it wakes finds that free. A lock is released
with the interpreter in hand: the thread wakes, has to wait for it, and sleeps again, at the cost of two more switches a call.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Protocol


class ThreadSignal(Protocol):
    """Something that one thread waits for and another one sets, once for each wait."""

    def set(self, _: object = None) -> None:
        """Wake the thread that waits, or the one that will."""
        ...

    def wait(self) -> None:
        """Wait until it is set. In the main thread, what a signal handler raises ends the wait."""
        ...


class LockSignal:
    """A lock that is released to wake; green threads know how to wait for it, too."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lock.acquire()

    def set(self, _: object = None) -> None:
        self._lock.release()

    def wait(self) -> None:
        self._lock.acquire()


class EventfdSignal:
    """A counter in the kernel.

    Raises:
        OSError: the process has too many files open.
    """

    def __init__(self) -> None:
        self._fd: int = os.eventfd(0, os.EFD_CLOEXEC)

    def set(self, _: object = None) -> None:
        os.eventfd_write(self._fd, 1)

    def wait(self) -> None:
        os.eventfd_read(self._fd)

    def __del__(self) -> None:
        if hasattr(self, "_fd"):
            os.close(self._fd)


class ThreadSignalPool:
    """The signals of those who wait for one loop, used again and again.

    Args:
        locks: take locks in any case.
    """

    def __init__(self, locks: bool) -> None:
        self._locks = locks or not hasattr(os, "eventfd")
        self._free: list[ThreadSignal] = []

    def take_from_pool(self) -> ThreadSignal:
        """Return one that is not set, and that nobody else has."""
        try:
            return self._free.pop()
        except IndexError:
            return self._create()

    def return_to_pool(self, signal: ThreadSignal) -> None:
        """Take one back after a wait that was not broken off: else nobody knows whether it is set."""
        self._free.append(signal)

    def _create(self) -> ThreadSignal:
        if not self._locks:
            try:
                return EventfdSignal()
            except OSError:
                pass  # too many files are open; a lock does as well
        return LockSignal()
