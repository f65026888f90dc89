"""Time in which a benchmark, or the system, kept the event loop from a call that shares it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEDULING = Path("/proc/thread-self/schedstat")
KEPT = 4096
"""Stretches that are remembered; more than there are within one call."""


def read_stolen_time() -> float:
    """Seconds that this thread was kept from running, though it was ready; 0.0 where the system does not tell."""
    try:
        return int(SCHEDULING.read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


class HeldTime:
    """The stretches in which a benchmark's own work held the loop, without what `read_stolen_time` counts already.

    Args:
        now: monotonic seconds.
        work: seconds that this thread has worked.
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, work: Callable[[], float] = time.thread_time
    ) -> None:
        self._now, self._work = now, work
        self._stretches: deque[tuple[float, float, float]] = deque(maxlen=KEPT)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Remember how long the block takes; it awaits nothing."""
        began, worked = self._now(), self._work()
        try:
            yield
        finally:
            self._stretches.append((began, self._now(), self._work() - worked))

    def count_seconds(self, since: float, until: float) -> float:
        """Count the seconds of work between two moments."""
        return sum(
            work * (min(end, until) - max(start, since)) / (end - start)
            for start, end, work in self._stretches
            if start < until and end > since and end > start
        )
