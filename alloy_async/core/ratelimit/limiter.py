"""Decides when a request may be sent: the limit that the user told, the quota in the server's headers, and what 429s taught.

A caller acquires a permit, waits while it says so, sends, and settles it with the answer:

    permit = limiter.acquire()
    try:
        while permit.wait:
            sleep(permit.wait)
            permit.renew()
        status, headers = send()
        permit.settle(status, headers)
    finally:
        permit.release()

Waiting callers go in the order in which they came. All clients of the process with one host and credential share a
limiter, across threads and event loops; its lock is held for microseconds and never while anybody waits.
"""

from __future__ import annotations

import math
import random as chance
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from threading import Lock

import attrs
from attrs.validators import optional

from ..validation import validate_count, validate_positive
from .adaptive import Adaptive
from .headers import QuotaWindow, parse_quota, parse_retry_after, tells_quota

# A told rate is kept this much below: the server's clock and windows are not ours.
HEADROOM = 0.995
# Seconds that a timer or a busy event loop may be late: what could have been sent meanwhile is caught up.
LATENESS = 0.02
# A wait longer than this many seconds is slept half and asked again, so that a rate that rises is used at once.
NAP = 0.1
# Seconds; assumed until the first answer has told.
FIRST_ROUND_TRIP = 0.02
# So many at once were accepted without a refusal (that is, 4096 in all) when counting ends.
IDLE_IN_FLIGHT = 256
# Seconds; the shortest wait for an answer to somebody else's request.
SHORTEST_WAIT = 0.001


@attrs.frozen
class Rate:
    """A rate limit that the user knows.

    Args:
        per_second: requests per second. `math.inf` switches pacing off.
        burst: requests that may go at once after a quiet time; in any t seconds at most per_second * t + burst are
            sent. Default: they go evenly, except that up to 20 ms of lateness are caught up.
    """

    per_second: float = attrs.field(validator=validate_positive)
    burst: int | None = attrs.field(default=None, validator=optional(validate_count))

    @property
    def capacity(self) -> float:
        """Requests that may be saved up."""
        return float(self.burst or max(1.0, self.per_second * LATENESS))


class Permit:
    """One caller's place in the queue, then its request under way.

    Attributes:
        wait: seconds to wait before `renew`; 0.0 means send now.
    """

    __slots__ = ("_limiter", "_number", "_sent", "_state", "wait")

    _limiter: Limiter
    _number: int
    _sent: float
    _state: int
    wait: float

    def renew(self) -> None:
        """Ask again after waiting: `wait` is 0.0, or what is to be waited still."""
        self._limiter._renew(self)

    def settle(self, status: int, headers: Mapping[str, str]) -> None:
        """Tell the server's answer.

        Args:
            status: HTTP status.
            headers: of the answer; names in lower case, or a mapping that does not mind.
        """
        self._limiter._settle(self, status, headers)

    def release(self) -> None:
        """Give the permit up, whether it waits or its request failed without an answer; nothing after `answered`."""
        if self._state != DONE:
            self._limiter._release(self)


class UnlimitedPermit(Permit):
    """The permit of everybody while the limiter is idle: nothing is counted, only a sign of a limit is passed on."""

    __slots__ = ()

    def __init__(self, limiter: Limiter) -> None:
        self._limiter, self._state, self.wait = limiter, DONE, 0.0

    def settle(self, status: int, headers: Mapping[str, str]) -> None:
        if status == 429 or tells_quota(headers):
            self._limiter._wake(status, headers)


WAITING, SENT, DONE = range(3)


class Limiter:
    """Rate limit of one host and credential.

    Args:
        rate: the limit if the user knows it; else it is learned.
        clock: monotonic seconds.
        random: a number between 0 and 1.
        wall: seconds since 1970, for headers that tell a moment.

    Attributes:
        idle: whether thousands of requests have met no limit, so that they are no longer counted.
    """

    def __init__(
        self,
        rate: Rate | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._clock, self._random, self._wall = clock, random, wall
        self._lock = Lock()
        self.idle = False
        self._free = UnlimitedPermit(self)
        self._told: Rate | None = None
        self._adaptive = Adaptive()
        self._quota: QuotaWindow | None = None
        self._tokens = 0.0
        self._refilled = clock()
        self._numbers = 0
        self._waiting: list[int] = []  # permits' numbers, rising
        self._unclaimed = 0.0  # tokens that the first in the queue was too late to take
        self._under_way = 0
        self._round_trip = FIRST_ROUND_TRIP
        if rate is not None:
            self.tell(rate)

    def tell(self, rate: Rate) -> None:
        """Set or change the limit that the user knows."""
        with self._lock:
            if rate != self._told:
                self._told = rate
                # One is kept back: requests take different times to arrive, the server may see them closer.
                self._tokens = max(1.0, rate.capacity - 1) if rate.burst else 1.0
                self.idle = rate.per_second == math.inf

    def acquire(self) -> Permit:
        """Join the queue. The permit's `wait` is 0.0 where the request may go at once."""
        if self.idle:
            return self._free
        permit = Permit()
        permit._limiter = self
        with self._lock:
            permit._number = self._numbers = self._numbers + 1
            adaptive = self._adaptive
            if (
                adaptive.estimate is None
                and self._told is None
                and self._quota is None
                and not adaptive.probing
                and not self._waiting
                and self._under_way < adaptive.in_flight
            ):
                self._grant(permit, self._clock())  # the usual way: nothing known, nothing to compute
            else:
                permit._state = WAITING
                self._waiting.append(permit._number)
                self._decide(permit)
        return permit

    def _renew(self, permit: Permit) -> None:
        with self._lock:
            if permit._state == WAITING:
                self._decide(permit)

    def _settle(self, permit: Permit, status: int, headers: Mapping[str, str]) -> None:
        with self._lock:
            if permit._state != SENT:
                return
            permit._state = DONE
            now = self._clock()
            self._under_way -= 1
            self._round_trip += (now - permit._sent - self._round_trip) / 8  # smoothed as TCP's is
            if tells_quota(headers):
                self._follow_quota(headers, now, permit._sent)
            if status == 429:
                self._refused(headers, now, permit._sent)
                return
            room = self._adaptive.accepted(now, permit._sent)
            if self._told is None:
                if room is not None:
                    self._tokens = room
                elif IDLE_IN_FLIGHT <= self._adaptive.in_flight < math.inf and self._quota is None:
                    self.idle = True

    def _wake(self, status: int, headers: Mapping[str, str]) -> None:
        """A request that was not counted met a limit: start to learn, from the beginning."""
        with self._lock:
            now = self._clock()
            if tells_quota(headers):
                self._follow_quota(headers, now, now)
            if status == 429 and self.idle:
                self._adaptive = Adaptive()
                self._adaptive.note_grant(now)
                self._refused(headers, now, now)
            self.idle = False

    def _refused(self, headers: Mapping[str, str], now: float, sent: float) -> None:
        quota = self._quota
        if quota is not None and not quota.refills and quota.left(now) < 1:
            return  # used up, and known when it will be full again: there is nothing to find out
        asked = parse_retry_after(headers.get("retry-after"), self._wall())
        self._adaptive.refused(now, sent, asked, self._random())
        self._tokens = 0.0

    def _release(self, permit: Permit) -> None:
        with self._lock:
            if permit._state == WAITING:
                del self._waiting[bisect_left(self._waiting, permit._number)]
            elif permit._state == SENT:
                self._under_way -= 1
                self._adaptive.unanswered(self._clock(), permit._sent)
            permit._state = DONE

    def _follow_quota(self, headers: Mapping[str, str], now: float, sent: float) -> None:
        quota = parse_quota(headers, self._wall())
        if quota is not None:
            if self._quota is None:
                self._quota = QuotaWindow()
            self._quota.update(quota, now, sent, self._under_way)

    def _grant(self, permit: Permit, now: float) -> None:
        permit._state = SENT
        permit._sent = now
        permit.wait = 0.0
        self._under_way += 1
        self._adaptive.note_grant(now)

    def _decide(self, permit: Permit) -> None:
        """Grant the permit, or say how long it has to wait."""
        now = self._clock()
        position = bisect_left(self._waiting, permit._number)
        rate = self._refill(now)
        wait = max(self._shut(now), self._crowded(position, now))
        if rate < math.inf:
            ahead = max(0.0, position - self._unclaimed)
            wait = max(wait, (ahead + 1 - self._tokens) / rate, wait + ahead / rate if wait > 0 else 0.0)
        if wait > 1e-9:
            permit.wait = wait if wait < NAP else max(NAP, wait / 2)
            return
        del self._waiting[position]
        if position == 0:
            self._unclaimed = 0.0
        if rate < math.inf:
            self._tokens -= 1
        self._grant(permit, now)

    def _refill(self, now: float) -> float:
        """Add the tokens of the time since the last call; the rate is returned, infinite where none holds."""
        rate = self._adaptive.rate(now)
        if self._told is None:
            # What a new window has room for is more than lateness explains, and kept.
            capacity = max(self._tokens, 2.0, rate * LATENESS)
        else:
            rate = min(rate, self._told.per_second * HEADROOM)
            capacity = self._told.capacity
        if rate < math.inf:
            tokens = self._tokens + rate * (now - self._refilled)
            if tokens > capacity:
                if len(self._waiting) == 1:
                    self._adaptive.demand_is_low(now)
                self._unclaimed += tokens - capacity
            self._tokens = min(tokens, capacity)
        self._refilled = now
        return rate

    def _shut(self, now: float) -> float:
        """Seconds until the gate opens; while the server is being asked, until the answer should be there."""
        wait = self._adaptive.gate - now
        return min(wait, self._round_trip) if self._adaptive.asked else wait

    def _crowded(self, position: int, now: float) -> float:
        """Seconds until fewer requests should be under way; 0.0 if this one more may."""
        most = self._adaptive.in_flight if self._told is None else math.inf
        if self._quota is not None:
            left = self._quota.left(now)
            if left < 1 and not self._under_way:
                if not self._quota.refills:
                    return self._quota.reset_at - now + self._random() * LATENESS
                left = 1.0  # one request asks how much there is again
            most = min(most, left)
        over = position + 1 + self._under_way - most
        return max(SHORTEST_WAIT, over * self._round_trip / max(most, 1.0)) if over > 0 else 0.0

    def after_fork(self) -> None:
        """In a forked child: what was under way or waiting stayed with the parent, which may have held the lock."""
        self._lock = Lock()
        self._waiting.clear()
        self._under_way = 0
