"""Finds the rate limit of a server that does not tell it. Arithmetic only: the limiter brings clock and lock.

At first requests are limited in number, not in rate, so that the first overshoot stays small. The first 429 shuts the
gate: after a pause one request at a time asks whether the server accepts again. When it does, what was accepted since
the last mark, divided by the time, is the server's rate: exactly so for a token bucket, which was empty both times,
and nearly for counters in fixed windows. From then on the rate starts a little below this estimate, stays near it, and
climbs ever faster while no 429 comes, as TCP's CUBIC does: a limit that has doubled is found in seconds.

Answers to requests that left before the last 429 was seen tell nothing new, so a volley of 429s counts as one.
"""

from __future__ import annotations

import math

# In flight at the start: TCP's initial window (RFC 6928). Afterwards a sixteenth of what was accepted, because about
# that many are refused when the limit is met: the first overshoot costs some 6 % of the requests before it.
FIRST_IN_FLIGHT = 10.0
IN_FLIGHT_SHARE = 1 / 16
# The pause before the first question: long enough for 8 requests to fit again, so that a token bucket says yes. While
# nothing is known it is what people do not notice. Half as much longer after each no: the end is missed by a third of
# the time at most, and a minute costs 14 questions.
FIRST_PAUSE = 0.08
PAUSE_REQUESTS = 8
PAUSE_GROWTH = 1.5
LONGEST_PAUSE = 60.0
# Share of a pause by which processes that were refused together ask apart.
JITTER = 0.1
# A question without an answer for so long may be a slow operation: another request asks, too.
PATIENCE = 1.0
# Retry-After is in whole seconds, rounded up: the truth lies somewhere in its last second.
RETRY_AFTER_PRECISION = 1.0
# Servers that count in windows count by the second or longer.
SHORTEST_WINDOW = 1.0
# The rate is measured over the last one to two of these.
MEASURE = 1.0
# Fewer accepted requests than this measure nothing: then the rate is halved.
FEW = 10
# A refused rate up to so much above the measured one is the limit just touched, not a search far off.
NEAR = 1.2
# How far below the estimate to start: lets a bucket refill a little, and costs a window less than 1 %.
DIP = 0.02
# Seconds from there back to the estimate: short while the estimate is rough; then so long that the price of a round, the
# requests refused in it, is this share of all.
ROUGH, SETTLE_LEAST, SETTLE_MOST = 0.75, 1.5, 5.0
PRICE = 0.004
# Odd, so that the curve dips before and climbs after; 5 finds a doubled limit in 3.3 settling times (CUBIC's 3: 4.7).
POWER = 5
# After a search that overshot, climb so steeply that the refused rate is reached again in 2.4 settling times.
RETURN = 1 / 6
# Per second; below it nothing would be learned any more.
LEAST_RATE = 0.1


class Adaptive:
    """What the answers have taught about the limit. `now` and `sent` are moments on the limiter's clock, in seconds.

    Attributes:
        in_flight: most requests under way at once; infinite once a rate is known.
        estimate: requests per second that the server was found to accept; None before the first 429.
        gate: the moment before which nothing may be sent.
        probing: whether requests go one by one, to ask if the server accepts again.
        asked: whether such a request is under way.
    """

    def __init__(self) -> None:
        self.in_flight = FIRST_IN_FLIGHT
        self.estimate: float | None = None
        self.gate = -math.inf
        self.probing = False
        self.asked = False
        self._accepted = 0
        # Moment and count where measuring starts, and where it will start next.
        self._mark: tuple[float, int] | None = None
        self._next_mark = (0.0, 0)
        self._pause = FIRST_PAUSE
        self._cut = -math.inf  # what was sent before belongs to a volley already counted
        self._last_refused = 0.0  # when the last request that was refused had been sent
        self._refused_probe = False
        self._refused_rate = math.inf
        self._climbing = False
        self._refusals = 0
        self._resumed = 0.0
        self._settle = ROUGH
        self._climb = 0.0

    def rate(self, now: float) -> float:
        """Requests per second to send now; infinite while no limit is known."""
        if self.estimate is None:
            return math.inf
        progress = (now - self._resumed) / self._settle - 1
        return self.estimate + (DIP * self.estimate if progress < 0 else self._climb) * progress**POWER

    def note_grant(self, now: float) -> None:
        """A request is about to be sent."""
        if self._mark is None:
            self._mark = self._next_mark = (now, self._accepted)
        if self.probing:
            self.asked = True
            self.gate = now + max(self._pause, PATIENCE)

    def demand_is_low(self, now: float) -> None:
        """Fewer requests come than could be sent: what is accepted does not measure the server now."""
        self._mark = self._next_mark = (now, self._accepted)

    def accepted(self, now: float, sent: float) -> float | None:
        """The server took a request.

        Returns:
            Requests that the server still has room for when this answer reopens the gate; else None.
        """
        self._accepted += 1
        if self.probing:
            return self._resume(now, sent) if sent >= self._cut else None
        if self.estimate is None:
            self.in_flight = max(FIRST_IN_FLIGHT, self._accepted * IN_FLIGHT_SHARE)
        age = now - self._next_mark[0]
        if age > MEASURE:
            here = (now, self._accepted)
            self._mark = self._next_mark if age < 2 * MEASURE else here
            self._next_mark = here
        return None

    def refused(self, now: float, sent: float, retry_after: float | None, chance: float) -> None:
        """The server refused a request with 429.

        Args:
            retry_after: seconds that the server asked to wait, None if it did not.
            chance: between 0 and 1; keeps several processes from asking at the same moment.
        """
        self._refusals += 1
        if sent < self._cut:
            return
        first_pause = FIRST_PAUSE
        if self.estimate is not None:
            first_pause = min(PAUSE_REQUESTS / self.estimate, LONGEST_PAUSE)
        if self.probing:
            self._pause *= PAUSE_GROWTH
        else:
            self._pause = first_pause
            self._refused_rate = self.rate(now)
            self._climbing = now - self._resumed > self._settle
            self._refusals = 1
        self._refused_probe = self.probing
        self.probing, self.asked = True, False
        self._cut, self._last_refused = now, sent
        wait = self._pause
        if retry_after is not None:
            wait = max(min(wait, max(retry_after, first_pause)), retry_after - RETRY_AFTER_PRECISION)
        self.gate = now + min(wait, LONGEST_PAUSE) * (1 + JITTER * chance)

    def unanswered(self, now: float, sent: float) -> None:
        """A request ended without an answer: if it was the question, another may ask."""
        if self.asked and sent >= self._cut:
            self.asked = False
            self.gate = now

    def _resume(self, now: float, sent: float) -> float:
        """The server accepts again: estimate its rate and start a round below it."""
        estimate, rough = self._measure(now)
        if rough:
            self._settle = ROUGH if self.estimate is None else SETTLE_LEAST
        else:
            self._settle = min(max(self._refusals / (PRICE * estimate), SETTLE_LEAST), SETTLE_MOST)
        self._climb = DIP * estimate
        if math.isfinite(self._refused_rate):
            self._climb = max(self._climb, (self._refused_rate - estimate) * RETURN)
        self.estimate = estimate
        self.in_flight = math.inf
        self.probing = self.asked = False
        self.gate, self._resumed = now, now
        self._mark = self._next_mark = (now, self._accepted)
        if not self._refused_probe:
            return 0.0  # a bucket, maybe a small one: what it holds is not known
        # A window began at some time since the last refusal: half of this ago, on the average.
        return estimate * min(sent - self._last_refused, SHORTEST_WINDOW) / 2

    def _measure(self, now: float) -> tuple[float, bool]:
        """The estimated rate, and whether it is rough."""
        assert self._mark is not None
        since, count = self._mark[0], self._accepted - self._mark[1]
        if self.estimate is None:
            # Refused a question, so it counts in windows: take the shortest window that fits what was seen.
            if self._refused_probe:
                now = max(self._last_refused, since + SHORTEST_WINDOW)
            return max(count / (now - since), LEAST_RATE), True
        refused_rate = self._refused_rate
        if count < FEW:
            return max(refused_rate / 2, LEAST_RATE), True
        measured = min(count / (now - since), refused_rate)
        near = refused_rate < NEAR * measured
        if near or self._climbing:
            # Measured while the rate was rising, it is too low; what was refused is too high.
            return min((measured + refused_rate) / 2, NEAR * NEAR * measured), not near
        return max(measured, LEAST_RATE), True
