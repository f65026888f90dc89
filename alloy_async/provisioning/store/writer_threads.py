"""The few threads in which all job writers of a process work, however many there are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

MOST_THREADS = 4
"""Several, so that a disk or a database that makes one job wait does not make all of them wait."""


class WriterThreads:
    """Runs the work of writers in the order in which it comes; each thread takes what is next.

    A process has as many threads as it has writers, but at most so many.

    Args:
        most: threads at a time.
    """

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._writers = 0
        self._running = 0

    def add_writer(self) -> None:
        """Begin to serve one more writer."""
        with self._lock:
            self._writers += 1
            if self._running < min(self._writers, self._most):
                self._running += 1
                threading.Thread(target=self._run, name=f"job-writer-{self._running}").start()

    def remove_writer(self) -> None:
        """Stop serving a writer, once all of its work is done."""
        with self._lock:
            self._writers -= 1
            if self._running > self._writers:
                self._running -= 1
                self._work.put(None)

    def submit(self, work: Callable[[], None]) -> None:
        """Have a thread do some work, which must not raise; what one writer submits next comes after what others wait for."""
        self._work.put(work)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


_threads = WriterThreads()


def get_writer_threads() -> WriterThreads:
    """Return the threads of this process."""
    return _threads


def _forget_threads() -> None:
    """Begin anew in a forked child, which has none of its parent's threads."""
    global _threads
    _threads = WriterThreads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
