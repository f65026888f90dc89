"""A learned limit of the rate or of requests in flight: refusals lower it, and it rises while callers wait for it."""

from __future__ import annotations

# The curve is flat around the limit that was found and steep after: most time is spent close below it, and a limit that
# has doubled is found after one doubling time. TCP's CUBIC has 3 here.
POWER = 5


class DoublingLimit:
    """A value that doubles within a doubling time, of which only the time counts in which somebody had to wait for it.

    Args:
        base: where it begins.
        doubling: seconds until it has doubled.
    """

    __slots__ = ("age", "base", "doubling")

    def __init__(self, base: float, doubling: float) -> None:
        self.base: float = base
        self.doubling: float = doubling
        self.age: float = 0.0

    @property
    def value(self) -> float:
        """The limit now."""
        rounds = self.age / self.doubling
        return float(self.base * 2.0 ** (rounds**POWER if rounds < 1 else min(rounds, 64.0)))
