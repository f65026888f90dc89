"""A limiter that knows the server: the floor of what any other can reach.

It knows no more before the first refusal than anybody (nothing is paced before a server has shown a limit), and everything from
then on: the rate, and when the server takes the next request. It waits for what the server asked.
"""

from __future__ import annotations

import math

from alloy_async.core.ratelimit.budget_interface import RequestBudget

from .limited_servers import Server

# Requests overtake one another on their way: paced this much below the rate, none comes too early.
HEADROOM = 0.99


class OracleBudget(RequestBudget):
    """The budget of an oracle.

    Args:
        server: which it knows.
        per_second: its rate; infinite where its refusals are of no rate, and only the refused call waits.
    """

    def __init__(self, server: Server, per_second: float) -> None:
        self._server, self._per_second = server, per_second * HEADROOM
        self._spent = self._opens = -math.inf

    def reserve(self, now: float) -> float:
        if self._spent == -math.inf:
            return now
        moment = max(self._spent, now)
        self._spent = moment + 1 / self._per_second
        return moment

    def give_back(self) -> None:
        self._spent -= 1 / self._per_second

    def rate(self) -> float:
        return math.inf if self._spent == -math.inf else self._per_second

    def opens_at(self) -> float:
        return self._opens

    def get_told_opening(self) -> float:
        return self._opens

    def note_accepted(self, now: float, sent: float) -> None:
        pass

    def note_refused(
        self, now: float, sent: float, asked: float | None, chance: float, crowded: bool
    ) -> bool:
        if self._spent > -math.inf or self._per_second == math.inf:
            return False
        self._opens = max(self._server.find_opening(now), now + (asked or 0.0))
        self._spent = self._opens
        return True

    def note_idle(self, now: float) -> None:
        pass
