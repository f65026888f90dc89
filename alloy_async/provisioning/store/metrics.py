"""What happens in each second of a run, for the charts of its report."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable

from ...core.errors import RateLimited
from ...core.events import RetryEvent

_ADD = """
INSERT INTO seconds (second, rows, calls, p50, p95, slowest, limited, retries, waited) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (second) DO UPDATE SET
    rows = rows + excluded.rows, calls = calls + excluded.calls, p50 = max(p50, excluded.p50), p95 = max(p95, excluded.p95),
    slowest = max(slowest, excluded.slowest), limited = limited + excluded.limited, retries = retries + excluded.retries,
    waited = waited + excluded.waited"""

Second = tuple[int, int, int, float, float, float, int, int, float]


class Pulse:
    """Counts what happens and gives it out second by second.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._finished: list[Second] = []
        self.retries = 0
        self.waited = 0.0
        self._begin(int(clock()))

    def settled(self, rows: int) -> None:
        """Rows got their outcome."""
        self._roll()
        self._rows += rows

    def answered(self, seconds: float) -> None:
        """A call took so long."""
        self._roll()
        self._latencies.append(seconds)

    def retried(self, event: RetryEvent) -> None:
        """An attempt will be made again."""
        self._roll()
        self._limited += isinstance(event.error, RateLimited)
        self._retries += 1
        self._waited += event.wait
        self.retries += 1
        self.waited += event.wait

    def take(self, *, last: bool = False) -> list[Second]:
        """The seconds that are over, each once; with `last`, the one under way too."""
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
            self._finished.append((self._second, self._rows, *facts))
        self._begin(now)


def write(database: sqlite3.Connection, seconds: Iterable[Second]) -> None:
    """Add seconds to the job file."""
    database.executemany(_ADD, seconds)


def note(database: sqlite3.Connection, kind: str, text: str) -> None:
    """Add a note to the job file."""
    database.execute("INSERT INTO notes VALUES (?, ?, ?)", (time.time(), kind, text))
