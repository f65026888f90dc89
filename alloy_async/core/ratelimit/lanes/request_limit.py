"""What limits the requests of one operation, or of several together: a budget, and a number of them in flight.

How many may be in flight is learned as TCP does it: after a refusal one request asks, and with each answer there may be
one more. A server that limits requests in flight refuses only above a number; the number is told from a rate by the
levels at which requests are accepted and refused.
"""

from __future__ import annotations

import math

from ..budget_interface import RequestBudget
from ..rising_limit import DoublingLimit

# Seconds; assumed until the first answer has told.
FIRST_ROUND_TRIP = 0.02
# A question without an answer for so many seconds may be a slow operation: another request asks, too.
PATIENCE = 1.0
# Nobody is in a hurry after a pause of so many round trips, and seconds; unless calls that were refused are still to come
# back, which they do within so many seconds.
REST_ROUND_TRIPS, REST, RETURN = 4.0, 0.05, 5.0
SHORTEST_WAIT = 0.001
# Seconds after which a budget kept elsewhere is asked again, and a caller that nobody has called looks for itself.
LOOK_AGAIN, LOOK_IN_FLIGHT = 0.01, 1.0
# In flight after a refusal; from ENOUGH on it limits nobody.
FIRST_IN_FLIGHT, ENOUGH = 1.0, 4096.0
# Seconds until a learned limit of requests in flight has doubled; and requests until then at the least, as each round ends with
# a refusal.
DOUBLING, QUIET = 8.0, 40.0
# A refused request was one too many in flight if its level is so far above what is accepted: levels, and mean deviations;
# twice as many of these where refusals at usual levels have shown a rate.
TOO_MANY, DEVIATIONS = 0.8, 2.0


class RequestLimit:
    """What limits requests, of one operation or of several together.

    Args:
        budget: what the requests are drawn from; None where no rate limits them.

    Attributes:
        refused_at: when a refusal was last seen.
        accepted_at: when a request was last accepted.
        drawn: the moment that the budget gave to the first in the queue.
        round_trip: seconds that an answer takes, smoothed.
    """

    def __init__(self, budget: RequestBudget | None = None) -> None:
        self.budget: RequestBudget | None = budget
        self.under_way: int = 0
        self.round_trip: float = FIRST_ROUND_TRIP
        self.refused_at: float = -math.inf
        self.accepted_at: float = -math.inf
        self.drawn: float | None = None
        self._slow_start = math.inf
        self._most: DoublingLimit | None = None
        self._crowded_since = math.inf
        self._level, self._spread = (
            1.0,
            0.0,
        )  # in flight when requests that were accepted left: mean and mean deviation
        self._rate_refusals = 0
        self._is_moment_unknown = False  # the budget was asked, and is kept elsewhere
        self._returning = 0  # calls that were refused and have not come back
        self._last_sent = self._last_ended = -math.inf

    def put_back(self) -> None:
        """Return what was drawn from the budget, since nobody comes for it."""
        if self.drawn is not None and self.budget is not None:
            self.budget.give_back()
        self.drawn = None

    def get_delay(self, now: float) -> float:
        """Count the seconds until one more request may be sent; 0.0: now. Draw from the budget where nothing else delays."""
        if self.budget is None:
            return 0.0
        if self.refused_at > -math.inf:
            wait = self._compute_in_flight_delay(now)
            if wait > 0:
                return wait
        wait = self.budget.opens_at() - now
        if wait > 0:
            self.put_back()  # the gate was shut meanwhile, by another process perhaps
            return wait
        if self.drawn is None:
            self.drawn = self.budget.reserve(now)
            self._is_moment_unknown = self.drawn is None
            if self.drawn is None:
                return LOOK_AGAIN
        return max(0.0, self.drawn - now)

    def forecast_wait(self, now: float, before: int) -> float:
        """Forecast the seconds that a caller with so many before it will wait, as far as can be told."""
        wait = 0.0
        if self.budget is not None:
            wait = max(0.0, self.budget.opens_at() - now, (self.drawn or now) - now)
            if self._is_moment_unknown:
                wait = max(wait, LOOK_AGAIN)
            rate = self.budget.rate()
            if rate < math.inf:
                wait += before / rate
        if self.under_way + 1 > min(self._most_in_flight, self._slow_start):
            wait = max(wait, LOOK_IN_FLIGHT)
        return wait

    def get_hold(self, now: float) -> float:
        """Count the seconds for which the server surely wants no request."""
        return max(0.0, self.budget.get_told_opening() - now) if self.budget is not None else 0.0

    def note_sent(self, now: float) -> None:
        """Note that a request leaves."""
        self.drawn = None
        self.under_way += 1
        self._last_sent = now

    def note_unhurried_call(self, now: float) -> None:
        """Note that a call comes and meets nobody: after a pause, nobody is in a hurry."""
        if self.budget is None or self.refused_at == -math.inf:
            return
        pause = now - max(self._last_ended, self.budget.opens_at())
        if self._returning and pause < RETURN:
            self._returning -= 1
        elif not self.under_way and pause > REST_ROUND_TRIPS * self.round_trip + REST:
            self._returning = 0
            self.budget.note_idle(now)

    def note_accepted(self, now: float, sent: float, level: int) -> None:
        """Note that the server took a request, of which it had been the `level`-th in flight."""
        if self.under_way:  # as `note_end` does, whose call every request would pay
            self.under_way -= 1
        self._last_ended = self.accepted_at = now
        self.round_trip += (now - sent - self.round_trip) / 8  # smoothed as TCP's is
        if self.budget is None:
            return
        if self.refused_at == -math.inf:
            self.budget.note_accepted(now, sent)
            return
        self._spread += (abs(level - self._level) - self._spread) / 8
        self._level += (level - self._level) / 8
        if self.refused_at <= sent and self._slow_start < ENOUGH:
            self._slow_start += 1
        self.budget.note_accepted(now, sent)

    def note_refused(self, now: float, sent: float, level: int, asked: float | None, chance: float) -> bool:
        """Note that the server refused a request for a limit, and tell whether that is news; see RequestBudget.note_refused."""
        self._returning += 1
        assert self.budget is not None
        doubt = 2.0 if self._rate_refusals > 1 else 1.0
        usual = self._level + max(TOO_MANY, doubt * DEVIATIONS * self._spread)
        crowded = self.refused_at > -math.inf and level > 1 and level >= usual
        if not self.budget.note_refused(now, sent, asked, chance, crowded):
            if crowded and self._most is not None and level - 1 < self._most.base:
                self._most.base = level - 1.0
            return False
        self.refused_at = now
        self.drawn = None  # it was for the time before
        if crowded:
            self._rate_refusals = 0
            doubling = max(DOUBLING, QUIET * self.round_trip / (level - 1))
            self._most = DoublingLimit(level - 1.0, doubling)
        else:
            self._rate_refusals += 1
            self._most = None
            rate = self.budget.rate()
            self._slow_start = max(FIRST_IN_FLIGHT, rate * self.round_trip / 2 if rate < math.inf else 0.0)
        return True

    def note_end(self, now: float) -> None:
        """Note that a request is no longer in flight."""
        self.under_way = max(0, self.under_way - 1)
        self._last_ended = now

    def forget_requests_under_way(self) -> None:
        """Forget, in a forked child, what was under way: it stayed with the parent."""
        self.under_way = 0
        self.drawn = None

    @property
    def is_of_requests_in_flight(self) -> bool:
        """Whether it was learned that it limits the number of requests in flight."""
        return self._most is not None

    @property
    def _most_in_flight(self) -> float:
        return self._most.value if self._most is not None else math.inf

    def _compute_in_flight_delay(self, now: float) -> float:
        """Count the seconds to wait for an answer, where enough requests are in flight."""
        most = self._most_in_flight
        if self.under_way + 1 <= min(most, self._slow_start):
            self._crowded_since = math.inf
            return 0.0
        if self._slow_start < most:
            return max(0.0, self._last_sent + max(PATIENCE, 2 * self.round_trip) - now)
        if self._most is not None:
            self._most.age += max(0.0, now - self._crowded_since)
        self._crowded_since = now
        return LOOK_IN_FLIGHT
