"""What happens in each second of a run, for the charts of its report."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.hook_events import RetryEvent
from ..store.job_store import Second


class PerSecondStats:
    """Counts what happens and gives it out second by second.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._finished: list[Second] = []
        self.retries: int = 0
        self.waited: float = 0.0
        self._begin(int(clock()))

    def add_rows(self, rows: int) -> None:
        """Count rows that got their outcome."""
        self._roll()
        self._rows += rows

    def add_call(self, seconds: float) -> None:
        """Count a call that took so long."""
        self._roll()
        self._latencies.append(seconds)

    def add_retry(self, event: RetryEvent) -> None:
        """Count an attempt that will be made again."""
        self._roll()
        self._retries += 1
        self._waited += event.wait
        self.retries += 1
        self.waited += event.wait

    def add_refusal(self) -> None:
        """Count an attempt that was refused for a rate limit, whether it is made again or not."""
        self._roll()
        self._limited += 1

    def take(self, *, last: bool = False) -> list[Second]:
        """Take the seconds that are over, each once; with `last`, the one under way too."""
        self._roll(over=last)
        taken, self._finished = self._finished, []
        return taken

    def _begin(self, second: int) -> None:
        self._second = second
        self._rows = self._limited = self._retries = 0
        self._waited = 0.0
        self._latencies: list[float] = []

    def _roll(self, *, over: bool = False) -> None:
        now = int(self._clock())
        if now == self._second and not over:
            return
        if self._rows or self._latencies or self._retries:
            times = sorted(self._latencies) or [0.0]
            p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
            facts = (len(self._latencies), p50, p95, times[-1], self._limited, self._retries, self._waited)
            self._finished.append(Second(self._second, self._rows, *facts))
        self._begin(now)
