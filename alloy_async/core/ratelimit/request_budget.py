"""How fast requests may be sent: one number, "spent up to", that each request moves, and the rate that moves it.

The rate is what the user told, or what refusals have taught, whichever is lower. It is learned under pressure only: of a
server that refuses now and then, while nobody is in a hurry, nothing is to be learned but when to come back. Where calls
follow one another from one refusal to the next, the server's limit was used up at both ends, so what it accepted lately,
divided by the time, is its rate. From there the rate rises again, for as long as somebody has to wait for it.
"""

from __future__ import annotations

import math
from typing import Protocol

from .ceiling import Ceiling
from .rate import Rate

# A told rate is kept this much below: the server's clock and windows are not ours.
HEADROOM = 0.995
# Seconds over which the rate is measured, the last one to two of these; longer where fewer requests than ENOUGH come.
MEASURE, ENOUGH = 1.0, 40
# Fewer accepted requests between two refusals measure nothing.
FEW = 3
# Of a measured rate so much is used at first, and at least so much of the rate before.
DIP, DROP = 0.98, 0.8
# A rate that was refused so far above the last one was a search, on whose way less was asked for than the server has: it
# is taken to be that much higher than measured.
SEARCH, RAISE = 1.2, 1.15
# A measured rate that differs from the last one by more than this factor is rough.
ROUGHLY = 1.5
# Seconds until a learned rate has doubled; so long that the refusals at the end of a round are PRICE of its requests. While
# the rate is rough it is the time that some requests and answers take.
DOUBLING_LEAST, DOUBLING_MOST, PRICE = 5.0, 60.0, 0.022
ROUGH_DOUBLING, ROUGH_ROUND_TRIPS = 0.5, 4.0
# Seconds after a refusal that tells no time until the first question, and how much longer after each further no.
FIRST_PAUSE, PAUSE_GROWTH, LONGEST_PAUSE = 0.15, 1.5, 60.0
# Where questions were in vain for a while, the next first one comes after half as long, and at the most after so many seconds.
FIRST_PAUSE_MOST = 2.0
# A told wait of one second is one that was rounded up. Once a rate is known, it tells better when the next request fits.
COARSE = 1.0
# Share of a told wait by which processes that were refused together come back apart, and its bounds in seconds.
JITTER, JITTER_LEAST, JITTER_MOST = 0.1, 0.05, 1.0
# Seconds after which one request asks again, whatever wait the server told: it may be a mistake.
ASK_AGAIN = 3600.0
LEAST_RATE = 1e-3
# Refusals are of no rate if so many in a row come soon after one another, in seconds, though each lowers the rate, and so many
# times as much is accepted; then nothing is learned from them for a while, unless they come more often.
STREAK, SOON, RARE, UNRELATED = 5, 1.5, 10.0, 30.0
LOWERED = 0.45


class RequestBudget(Protocol):
    """A budget of requests, kept in this process or elsewhere. Moments are seconds on the limiter's clock.

    It is called under the limiter's lock, from any thread, and must not wait for a network: one that is kept on another
    host leases some requests ahead, in the background.
    """

    def take(self, now: float) -> float | None:
        """Take one request: the moment from which it may be sent, or None while that is not known: ask again soon."""
        ...

    def give_back(self) -> None:
        """Return a request that was taken and not sent."""
        ...

    def rate(self) -> float:
        """Requests per second; infinite while no limit is known."""
        ...

    def gate(self) -> float:
        """The moment before which no request may be sent, since the server refused one."""
        ...

    def until(self) -> float:
        """The moment that the server told; later than the gate where that is too late to be believed without asking."""
        ...

    def accept(self, now: float, sent: float) -> None:
        """Note that the server took a request that was sent then."""
        ...

    def refuse(self, now: float, sent: float, asked: float | None, chance: float, crowded: bool) -> bool:
        """Note that the server refused a request for a limit.

        Args:
            sent: when the request was sent; of those that left before the last refusal was seen, none tells anything new.
            asked: seconds that the server asked to wait, None where it told no time.
            chance: between 0 and 1; keeps several processes from coming back at the same moment.
            crowded: whether the number of requests in flight explains it, so that the rate is not to blame.

        Returns:
            Whether it is news.
        """
        ...

    def rest(self, now: float) -> None:
        """Note that nobody is in a hurry: what is accepted now does not measure the server."""
        ...


class AdaptiveBudget:
    """The budget of one process.

    Args:
        told: the rate that the user knows.
        now: the moment from which it is saved up.
    """

    cut: float
    reopened: float
    accepted: float
    mark: float
    next_mark: float
    mark_accepted: float
    next_accepted: float
    round_trip: float
    opens: float
    told_until: float
    pause: float
    first_pause: float
    streak: float
    streak_refusals: float
    streak_accepted: float
    streak_base: float
    unrelated_until: float

    def __init__(self, told: Rate | None = None, now: float = -math.inf) -> None:
        known = told is not None and told.per_second < math.inf
        self.told = told
        self._known = told.per_second * HEADROOM if told is not None and known else math.inf
        # Requests that are saved up, beside the one that is due.
        self._saved = told.capacity - 1 if told is not None and known else 0.0
        self.ceiling: Ceiling = Ceiling(math.inf, DOUBLING_LEAST)
        self.spent: float = now  # the moment up to which the budget is used
        if told is not None and told.burst:
            # One is kept back: requests take different times to arrive, the server may see them closer.
            self.spent -= max(0.0, told.burst - 2) / told.per_second
        self.opens = self.told_until = -math.inf
        self.cut = -math.inf  # what was sent before belongs to refusals already counted
        self.refusals: float = 0.0  # since the cut
        # Refusals that came soon after one another, how many, and what was accepted before them.
        self.streak = self.streak_refusals = self.streak_accepted = 0.0
        self.streak_base = math.inf  # the rate before them
        self.unrelated_until = -math.inf
        self.reopened = 1.0  # whether a request was accepted that was sent after the cut
        self.pause = self.first_pause = 0.0
        self.closed_at: float = 0.0  # the first refusal since something was accepted
        self.accepted = 0.0
        # Moments and counts from which the rate is measured, and will be next; not a number while there is no pressure.
        self.mark = self.next_mark = math.nan
        self.mark_accepted = self.next_accepted = 0.0
        self.rough: float = 0.0
        self.round_trip = 0.0

    def take(self, now: float) -> float:
        rate = self.rate()
        if rate == math.inf:
            return now
        moment = max(self.spent, now - self._saved / rate)
        self.spent = moment + 1 / rate
        if moment > now:
            self.ceiling.age += 1 / rate  # somebody has to wait for the rate
        return moment

    def give_back(self) -> None:
        rate = self.rate()
        if rate < math.inf:
            self.spent -= 1 / rate

    def rate(self) -> float:
        ceiling = self.ceiling
        return self._known if ceiling.base == math.inf else min(ceiling.value, self._known)

    def gate(self) -> float:
        return self.opens

    def until(self) -> float:
        return self.told_until

    def accept(self, now: float, sent: float) -> None:
        self.accepted += 1
        self.round_trip += (now - sent - self.round_trip) / 8
        if not self.reopened and sent >= self.cut:
            self.reopened = 1.0
            self.told_until = min(self.told_until, now)
            asked_for = self.cut - self.closed_at
            self.first_pause = min(asked_for / 2, FIRST_PAUSE_MOST) if asked_for > 0 else self.first_pause / 2
        self._move_marks(now)

    def rest(self, now: float) -> None:
        self.mark = self.next_mark = math.nan
        self.first_pause = 0.0

    def refuse(self, now: float, sent: float, asked: float | None, chance: float, crowded: bool) -> bool:
        if sent < self.cut:
            self.refusals += 1
            self._slow_rise()
            if asked is not None and asked > COARSE:
                self._close_gate(now, asked)
            return False
        if not asked and self._is_rate_irrelevant(now):  # one that asks to wait has a reason
            self.cut, self.refusals = now, 1
            return False
        self.refusals = 1
        if not self.reopened:
            self.pause = min(self.pause * PAUSE_GROWTH, LONGEST_PAUSE)
        else:
            self.closed_at = now
            if not crowded or self.ceiling.base == math.inf:
                self._learn_rate(now)
            rate = self.rate()
            self.pause = max(self.first_pause, FIRST_PAUSE if rate == math.inf else 1 / rate)
        self.opens = self.told_until = -math.inf
        self._close_gate(now, self._choose_wait(now, asked, chance))
        self.cut, self.reopened = now, 0.0
        return True

    def _is_rate_irrelevant(self, now: float) -> bool:
        """Whether refusals go on as rarely and as often, however much the rate is lowered: then they are of no rate."""
        soon = now - self.cut < SOON
        self.streak = self.streak + 1 if soon else 0.0
        self.streak_refusals = self.streak_refusals + self.refusals if soon else 0.0
        if not soon:
            self.streak_accepted, self.streak_base = self.accepted, self.ceiling.base
        if self.streak_base == math.inf:
            self.streak_base = self.ceiling.base
        rare = self.accepted - self.streak_accepted >= RARE * self.streak_refusals
        if now < self.unrelated_until:
            if rare or self.streak < STREAK:
                return True
            self.unrelated_until = -math.inf
            self.streak = 0.0
        if self.streak < STREAK or not rare or self.ceiling.base > LOWERED * self.streak_base:
            return False
        self.streak, self.unrelated_until = 0.0, now + UNRELATED
        self.ceiling = Ceiling(math.inf, DOUBLING_LEAST)
        return True

    def _close_gate(self, now: float, wait: float) -> None:
        self.told_until = max(self.told_until, now + wait)
        self.opens = max(self.opens, now + min(wait, ASK_AGAIN))

    def _choose_wait(self, now: float, asked: float | None, chance: float) -> float:
        """Seconds until the gate opens: what the server asked, else the pause."""
        if not asked or (asked <= COARSE and self.rate() < math.inf):
            return self.pause * (1 + JITTER * chance)
        wait = asked + chance * min(max(JITTER * asked, JITTER_LEAST), JITTER_MOST)
        if self.mark == now and asked <= COARSE:
            self.mark += 0.9 * wait  # most of it was rounded up, and measures nothing
        return wait

    def _learn_rate(self, now: float) -> None:
        """Learn the rate from what was accepted since the last refusal, or lately."""
        accepted, seconds = self.accepted - self.mark_accepted, now - self.mark
        pressed = not math.isnan(self.mark)
        if not pressed or accepted >= FEW:
            self.mark = self.next_mark = now
            self.mark_accepted = self.next_accepted = self.accepted
        if not pressed or accepted < FEW or seconds <= 0:
            return
        measured, before, refused = accepted / seconds, self.ceiling.base, self.rate()
        self.rough = float(not before / ROUGHLY < measured < before * ROUGHLY)
        if SEARCH * before < refused < math.inf:
            measured = min(math.sqrt(measured * refused), RAISE * measured)
        least = before * DROP if before < math.inf else LEAST_RATE
        base = max(min(measured, refused), least) * DIP
        rough_doubling = max(ROUGH_DOUBLING, FEW / base, ROUGH_ROUND_TRIPS * self.round_trip)
        self.ceiling = Ceiling(base, rough_doubling if self.rough else DOUBLING_LEAST)
        self.spent = max(self.spent, now)
        self._slow_rise()

    def _slow_rise(self) -> None:
        """Let the rate rise the slower, the more was refused."""
        ceiling = self.ceiling
        if ceiling.base < math.inf and not self.rough:
            ceiling.doubling = max(
                ceiling.doubling, min(self.refusals / (PRICE * ceiling.base), DOUBLING_MOST)
            )

    def _move_marks(self, now: float) -> None:
        """Measure over the last one to two spans, once a rate is known."""
        base = self.ceiling.base
        age = now - self.next_mark
        span = max(MEASURE, ENOUGH / base)
        if base == math.inf or not age > span:
            return
        if age < 2 * span:
            self.mark, self.mark_accepted = self.next_mark, self.next_accepted
        else:
            self.mark, self.mark_accepted = now, self.accepted
        self.next_mark, self.next_accepted = now, self.accepted
