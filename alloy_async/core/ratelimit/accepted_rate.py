"""Measure how fast a server accepts requests."""

from __future__ import annotations

import math

# A part of a stretch that is measured by itself takes so many seconds, and so many requests.
PART_SECONDS, PART_REQUESTS = 1.0, 20.0


class RateMeter:
    """Count accepted requests from a mark on, and find the best part since.

    Attributes:
        accepted: in all.
        marked_at: the moment of the mark; not a number while nothing is measured.
        best: requests per second in the best part since the mark; 0.0 before the first part is over.
    """

    __slots__ = ("accepted", "best", "marked_accepted", "marked_at", "part_accepted", "part_at")

    def __init__(self) -> None:
        self.accepted: float = 0.0
        self.stop()

    def stop(self) -> None:
        """Measure nothing until the next mark."""
        self.mark(math.nan)

    def mark(self, now: float) -> None:
        """Measure from now on."""
        self.marked_at: float = now
        self.part_at: float = now
        self.marked_accepted: float = self.accepted
        self.part_accepted: float = self.accepted
        self.best: float = 0.0

    def count(self, now: float, rate: float, period: float) -> None:
        """Count an accepted request.

        Args:
            rate: requests per second that are expected.
            period: seconds of the server's window; a part of less says nothing.
        """
        self.accepted += 1
        seconds = now - self.part_at
        if seconds > PART_SECONDS and seconds > max(period, PART_REQUESTS / rate):
            self.best = max(self.best, (self.accepted - self.part_accepted) / seconds)
            self.part_at, self.part_accepted = now, self.accepted
