"""The queue and the limits of one operation, or of all together: a budget of requests, and a number of them in flight.

How many may be in flight is learned as TCP does it: after a refusal one request asks, and with each answer there may be
one more. A server that limits requests in flight refuses only above a number; the number is told from a rate by the
levels at which requests are accepted and refused.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from operator import attrgetter
from typing import TYPE_CHECKING

from .budget_interface import RequestBudget
from .rising_limit import DoublingLimit
from .signals.quota_window import QuotaWindow
from .signals.quotas import Quotas

if TYPE_CHECKING:
    from .permit import Permit

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

# Two operations refused within so many seconds share a limit.
TOGETHER = 60.0

_ticket = attrgetter("ticket")


class OperationLane:
    """The limits of one operation, and its queue.

    Args:
        budget: what its requests are drawn from; None where no rate limits them.

    Attributes:
        waiting: by ticket.
        quotas: of the server, that its answers tell; None before the first one.
        refused_at: when a refusal was last seen.
        accepted_at: when a request was last accepted.
        drawn: the moment that the budget gave to the first in the queue.
        round_trip: seconds that an answer takes, smoothed.
    """

    def __init__(self, budget: RequestBudget | None = None) -> None:
        self.budget: RequestBudget | None = budget
        self.waiting: list[Permit] = []
        self.quotas: tuple[QuotaWindow, ...] | None = None
        self.answers = 0
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
        self._returning = 0  # calls that were refused and have not come back
        self._last_sent = self._last_ended = -math.inf

    @property
    def first_ticket(self) -> int:
        """The ticket of the caller who came first; only where somebody waits."""
        return self.waiting[0].ticket

    def enqueue(self, permit: Permit) -> None:
        """Put a caller into the queue."""
        insort(self.waiting, permit, key=_ticket)

    def count_before(self, permit: Permit) -> int:
        """Count those in the queue who came before."""
        return bisect_left(self.waiting, permit.ticket, key=_ticket)

    def dequeue(self, permit: Permit) -> None:
        """Take a caller out of the queue."""
        del self.waiting[self.count_before(permit)]
        if not self.waiting:
            self.put_back()

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
            return wait
        if self.drawn is None:
            self.drawn = self.budget.reserve(now)
            if self.drawn is None:
                return LOOK_AGAIN
        return max(0.0, self.drawn - now)

    def forecast_wait(self, now: float, before: int) -> float:
        """Forecast the seconds that a caller with so many before it will wait, as far as can be told."""
        wait = 0.0
        if self.budget is not None:
            wait = max(0.0, self.budget.opens_at() - now, (self.drawn or now) - now)
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

    def note_refused(self, now: float, sent: float, level: int, asked: float | None, chance: float) -> None:
        """Note that the server refused a request for a limit; see RequestBudget.note_refused."""
        self._returning += 1
        assert self.budget is not None
        doubt = 2.0 if self._rate_refusals > 1 else 1.0
        usual = self._level + max(TOO_MANY, doubt * DEVIATIONS * self._spread)
        crowded = self.refused_at > -math.inf and level > 1 and level >= usual
        if not self.budget.note_refused(now, sent, asked, chance, crowded):
            if crowded and self._most is not None and level - 1 < self._most.base:
                self._most.base = level - 1.0
            return
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

    def note_end(self, now: float) -> None:
        """Note that a request is no longer in flight."""
        self.under_way = max(0, self.under_way - 1)
        self._last_ended = now

    def forget_requests_under_way(self) -> None:
        """Forget, in a forked child, what was under way or waiting: it stayed with the parent."""
        self.waiting.clear()
        self.under_way = 0
        self.drawn = None

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


class OperationLanes(dict[str, OperationLane]):
    """The lanes of all operations, by name; apart until a second operation is refused."""

    def __init__(self) -> None:
        super().__init__()
        self._are_shared = False

    def get_or_create_lane(self, operation: str) -> OperationLane:
        """Get the lane of an operation; make it if there is none."""
        lane = self.get(operation)
        if lane is None:
            lane = self[operation] = OperationLane()
        return lane

    def count_before(self, permit: Permit) -> int:
        """Count those in all queues who came before."""
        return sum(lane.count_before(permit) for lane in self.values() if lane.waiting)

    def forecast_wait(self, permit: Permit, common: OperationLane, quotas: Quotas, now: float) -> float:
        """Forecast the seconds that a caller will wait: for its operation's limits, for those of all, and for the quotas."""
        lane = permit._lane
        together = common.forecast_wait(now, self.count_before(permit))
        alone = lane.forecast_wait(now, lane.count_before(permit))
        return max(alone, together, quotas.get_delay(lane, now), SHORTEST_WAIT)

    def wake_next(self, lane: OperationLane, common: OperationLane, quotas: Quotas, now: float) -> None:
        """Wake who has come to the front, of a lane or of all, where that one would look later than it may go.

        It has forecast its wait by the rate and by the callers before it; the rate may have risen, and those may have left.
        """
        waiting = [one for one in self.values() if one.waiting]
        first = min(waiting, key=lambda one: one.first_ticket, default=lane)
        for permit in {one.waiting[0] for one in (lane, first) if one.waiting}:
            if permit.looks_at > now + self.forecast_wait(permit, common, quotas, now) + SHORTEST_WAIT:
                permit.looks_at = now  # once is enough
                permit.wake()

    def detect_shared_limit(self, lane: OperationLane, now: float) -> bool:
        """Tell whether the limit that refuses a lane's requests now is one that all operations share."""
        others = [other for other in self.values() if other is not lane and now - other.refused_at < TOGETHER]
        if others and not self._are_shared:
            self._are_shared = True
            for limited in (lane, *others):
                if limited.budget is not None and limited.budget.opens_at() <= now:
                    limited.budget = None
        return self._are_shared
