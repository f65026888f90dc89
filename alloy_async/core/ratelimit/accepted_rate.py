"""Measure how fast a server accepts requests."""

from __future__ import annotations

import math

# A part of a stretch that is measured by itself takes so many seconds, and so many requests.
PART_SECONDS, PART_REQUESTS = 1.0, 20.0
# Servers count in windows of so many seconds, or of several times as many.
ROUND_SECONDS = (3600.0, 900.0, 300.0, 60.0, 30.0, 10.0, 5.0, 1.0)
# Accepted requests from which a first rate is measured, or a window; fewer may be chance.
FEW = 3.0
# Seconds after the end of a usual window until a question.
ASK_AFTER = 0.05


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
        self.start(math.nan)

    def start(self, now: float) -> None:
        """Measure from now on."""
        self.marked_at: float = now
        self.part_at: float = now
        self.marked_accepted: float = self.accepted
        self.part_accepted: float = self.accepted
        self.best: float = 0.0

    def add_accepted(self, now: float, rate: float, period: float) -> None:
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


class WindowMeter:
    """Measure a window that was used up: from one opening to the next the server accepted just what it allows.

    When it opened is only known to be between a refused question and an accepted one. But servers count in whole seconds and
    minutes: the roundest duration that both openings allow is the window's.

    Attributes:
        opened: the middle of the time in which it opened last; not a number where that is not known.
        unsure: seconds that it may have been earlier or later.
        accepted: requests in all before that.
    """

    __slots__ = ("accepted", "opened", "unsure")

    def __init__(self) -> None:
        self.accepted: float = 0.0
        self.unsure: float = 0.0
        self.stop()

    def stop(self) -> None:
        """Measure nothing until the next opening."""
        self.opened: float = math.nan

    def begin(self, refused: float, now: float, accepted: float) -> None:
        """Note that the server has opened since a question was refused, with so many requests accepted before."""
        self.opened, self.unsure, self.accepted = (refused + now) / 2, (now - refused) / 2, accepted

    def measure(self, refused: float, now: float, accepted: float, tolerance: float) -> float:
        """The rate in requests per second by the window that ends with this opening; 0.0 where none is recognized.

        Args:
            tolerance: seconds that answers may be late.
        """
        count, seconds = accepted - self.accepted, (refused + now) / 2 - self.opened
        slack = (now - refused) / 2 + self.unsure + tolerance
        if count < FEW or not slack < seconds / 2:  # it could be anything
            return 0.0
        for unit in ROUND_SECONDS:
            window = math.ceil((seconds - slack) / unit) * unit
            if window <= seconds + slack:
                return count / window
        return 0.0


def shorten_pause_to_window_end(pause: float, elapsed: float) -> float:
    """Shorten a pause, in seconds, where a window of a usual duration would end meanwhile; so much has elapsed before it."""
    ends = (end - elapsed for end in ROUND_SECONDS)
    return min((end + ASK_AFTER for end in ends if 0 < end < pause), default=pause)
