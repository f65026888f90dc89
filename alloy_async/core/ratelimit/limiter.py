"""Decide when a request may be sent, by the rate that the user gave, by what the server's answers say, and by its refusals.

A caller acquires a permit, waits while it says so, sends, and notes the answer on it:

    permit = limiter.acquire("create_a_user")
    try:
        while permit.wait:
            sleep(permit.wait)
            permit.update_wait()
        status, headers, body = send()
        permit.note_answer(status, headers, body)
    finally:
        permit.release()

As long as the server has shown no limit, nothing is counted; at the most it is paced, by the rate that the user told. Waiting
callers go in the order in which they came, each operation in a lane of its own, held by three limits: its own, that of its
group (see lanes/operation_group.py), and that which the user told for all. All clients of the process with one host and
credential share a limiter, across threads and event loops; its lock is held for microseconds and never while anybody waits.
"""

from __future__ import annotations

import math
import random as chance
import time
from collections.abc import Callable, Mapping
from itertools import count
from threading import Lock

from .adaptive_budget import ASK_AGAIN, AdaptiveBudget
from .budget_interface import RequestBudget
from .configured_rate import Rate
from .lanes.operation_lane import LAST
from .lanes.operation_lanes import OperationLanes
from .lanes.request_limit import RequestLimit
from .permit import DONE, SAMPLE, SENT, WAITING, NoLimitSeenPermit, Permit
from .signals.quota_headers import may_tell_quota, parse_scope
from .signals.quotas import Quotas
from .signals.refusals import LIMIT_STATUSES, Refusal, parse_refusal

# Seconds after the last refusal until what refusals taught is forgotten.
MEMORY = 600.0
# Places in the queue that a call gives up with each refusal, so that one call is not refused each time the server is asked.
PLACES = 8


class Limiter:
    """Rate limit of one host and credential.

    Args:
        rate: the limit if the user knows it, or a budget that is kept elsewhere.
        clock: monotonic seconds.
        random: a number between 0 and 1.
        wall: seconds since 1970, for headers that tell a moment.
    """

    def __init__(
        self,
        rate: Rate | RequestBudget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.clock: Callable[[], float] = clock
        self._random, self._wall = random, wall
        self._lock, self._tickets = Lock(), count(1)
        self._unlimited: dict[str, NoLimitSeenPermit] = {}
        self._lanes, self._common = OperationLanes(), RequestLimit()
        self._waiting = 0  # permits in the queues of all lanes
        self.rate: Rate | RequestBudget | None = None
        self._quotas = Quotas()
        self._forget_at = math.inf
        if rate is not None:
            self.set_rate(rate)

    def set_rate(
        self, rate: Rate | RequestBudget, share: Callable[[Rate], RequestBudget] | None = None
    ) -> None:
        """Set or change the limit that the user knows; who waits for another one goes by the new one.

        Args:
            rate: the limit, or a budget that is kept elsewhere.
            share: opens the budget of a rate that is shared.
        """
        with self._lock:
            if rate == self.rate:
                return
            if not isinstance(rate, Rate):
                budget: RequestBudget | None = rate
            elif rate.shared and share is not None:
                budget = share(rate)
            else:
                budget = AdaptiveBudget(rate, self.clock()) if rate.per_second < math.inf else None
            self._common.put_back()
            self._common.budget, self.rate = budget, rate
            self._unlimited = {}
            self._lanes.wake_all()

    def wake_first(self) -> None:
        """Wake who is first in each queue, from any thread, as a budget that is kept elsewhere knows more."""
        with self._lock:
            self._lanes.wake_first()

    def acquire(self, operation: str, refusals: int = 0, before: Permit | None = None) -> Permit:
        """Join the queue. The permit's `wait` is 0.0 where the request may go at once.

        Args:
            operation: its name; operations are limited apart, or in groups.
            refusals: how often the call was refused before.
            before: the permit with which it was refused last.
        """
        permit = self._unlimited.get(operation)
        if permit is not None and (self._common.budget is None or self._try_take_at_once()):
            return permit
        return self._create_permit(operation, refusals, before)

    @property
    def _has_seen_limit(self) -> bool:
        return bool(self._quotas) or self._forget_at < math.inf

    def _try_take_at_once(self) -> bool:
        """Take a request of the rate that the user told, where nobody waits and there is one to spare; tell whether."""
        with self._lock:
            if is_due := not self._waiting and self._common.get_delay(self.clock()) <= 0:
                self._common.drawn = None
            return is_due

    def _create_permit(self, operation: str, refusals: int, before: Permit | None) -> Permit:
        with self._lock:
            now = self.clock()
            if now > self._forget_at and not self._waiting:
                self._forget_old_refusals()
            if not self._has_seen_limit and not self._is_shared_with_others:
                unlimited = self._unlimited.setdefault(operation, NoLimitSeenPermit(self, operation))
                if self._common.budget is None:
                    return unlimited
            lane = self._lanes.get_or_create_lane(operation)
            permit = Permit(self, lane, next(self._tickets) + PLACES * refusals, now, before)
            if not lane.waiting:
                for limit in (lane, lane.group.limit, self._common):
                    limit.note_unhurried_call(now)
            if not self._waiting and lane.may_go(self._common, self._quotas, now):
                self._grant_permit(permit, now)
                return permit
            lane.enqueue(permit)
            self._waiting += 1
            self._grant_due_permits(now)
            self._set_permit_wait(permit, now)
            return permit

    def _grant_due_and_set_wait(self, permit: Permit, wake: Callable[[], None] | None) -> None:
        with self._lock:
            now = self.clock()
            permit._wake = None  # it is awake
            if permit._state == WAITING:
                self._grant_due_permits(now)
                permit._wake = wake
            self._set_permit_wait(permit, now)
            self._lanes.wake_next(permit._lane, self._common, self._quotas, now)

    def _grant_due_permits(self, now: float) -> None:
        """Grant as many permits as may go now, in the order in which their callers came."""
        while (lane := self._lanes.find_due_lane(self._common, self._quotas, now)) is not None:
            self._waiting -= 1
            self._grant_permit(lane.waiting.pop(0), now)

    def _grant_permit(self, permit: Permit, now: float) -> None:
        permit._state, permit._sent, permit.wait, permit.hold = SENT, now, 0.0, 0.0
        lane = permit._lane
        if self._quotas:
            permit._quotas = self._quotas.find_windows_of_operation(lane)
            for quota in permit._quotas:
                quota.note_sent(now)
        permit._limits = (lane, lane.group.limit, self._common)
        for limit in permit._limits:
            limit.note_sent(now)
        permit._levels = tuple(limit.under_way for limit in permit._limits)
        permit.wake()

    def _set_permit_wait(self, permit: Permit, now: float) -> None:
        """Set how long the permit has to wait."""
        if permit._state != WAITING:
            permit.wait = permit.hold = 0.0
            return
        lane, common = permit._lane, self._common
        permit.wait = self._lanes.forecast_wait(permit, common, self._quotas, now)
        permit.looks_at = now + permit.wait
        permit.hold = self._lanes.get_hold(lane, common, self._quotas, now)
        if self.rate is not None and common.refused_at == -math.inf:  # what the user told is sure
            permit.hold = max(permit.hold, common.forecast_wait(now, self._lanes.count_before(permit)))

    def _note_answer(self, permit: Permit, status: int, headers: Mapping[str, str], body: object) -> None:
        with self._lock:
            if permit._state != SENT:
                return
            now, lane, permit._state = self.clock(), permit._lane, DONE
            refusal = parse_refusal(status, headers, body, self._wall()) if status in LIMIT_STATUSES else None
            lane.answers += 1
            if (lane.quotas or lane.answers % SAMPLE == 1) and may_tell_quota(headers):
                self._quotas.note_answer(lane, headers, self._wall(), now, permit._sent, refusal is None)
            for quota in permit._quotas:
                quota.note_request_end(now, permit._sent, refusal is None)
            if refusal is None:
                lane.accepted += 1
                lane.refused_share -= lane.refused_share / LAST
                if lane.group.told_wait is not None:
                    self._lanes.note_accepted_during_wait(lane, lane.group.told_wait, now, permit._sent)
                for limit, level in zip(permit._limits, permit._levels, strict=True):
                    limit.note_accepted(now, permit._sent, level)
            else:
                self._note_refusal(permit, refusal, headers, now)
            if self._waiting:
                self._grant_due_permits(now)
                self._lanes.wake_next(lane, self._common, self._quotas, now)

    def _note_uncounted_answer(
        self, permit: NoLimitSeenPermit, status: int, headers: Mapping[str, str], body: object
    ) -> None:
        """Take a sign of a limit from an answer that was not counted, and count from now on."""
        refusal = parse_refusal(status, headers, body, self._wall()) if status in LIMIT_STATUSES else None
        with self._lock:
            now, lane = self.clock(), self._lanes.get_or_create_lane(permit.operation)
            late = permit.is_late
            if may_tell_quota(headers) and (refusal is not None or not late):
                self._quotas.note_answer(lane, headers, self._wall(), now, now, refusal is None)
            if refusal is not None:
                # Those that were handed out before the first refusal was seen tell nothing new.
                counted = Permit(self, lane, 0, now)
                counted._sent = -math.inf if late and lane.refused_at > -math.inf else now
                self._note_refusal(counted, refusal, headers, now, 0 if late else permit.answers)
            elif late and lane.budget is not None:
                lane.accepted += 1
                lane.refused_share -= lane.refused_share / LAST
                lane.budget.note_accepted(now, -math.inf)
            if self._has_seen_limit:
                for unlimited in self._unlimited.values():
                    unlimited.is_late = True
                self._unlimited = {}

    def _note_refusal(
        self, permit: Permit, refusal: Refusal, headers: Mapping[str, str], now: float, answers: int = 0
    ) -> None:
        """Hold the operation that was refused, or its group, where another one of it was refused a short while ago."""
        lane, asked = permit._lane, refusal.retry_after
        self._lanes.set_scope(lane, parse_scope(headers) or lane.scope)
        # A used-up quota explains it, and holds.
        if lane.note_call_refusal(permit, now) and self._quotas.get_delay(lane, now) <= (asked or 0.0):
            self._forget_at = now + min(asked or 0.0, ASK_AGAIN) + MEMORY
            rate = self.rate if isinstance(self.rate, Rate) and self.rate.per_second < math.inf else None
            limit: RequestLimit = self._common
            if not self._is_shared_with_others:
                limit = self._lanes.find_refusing_limit(lane, now, asked)
            limit.budget = limit.budget or AdaptiveBudget(rate, now, answers if limit is lane else 0.0)
            level = dict(zip(permit._limits, permit._levels, strict=True)).get(limit, 0)
            is_news = limit.note_refused(now, permit._sent, level, asked, self._random())
            lane.refused_at = now
            if is_news and limit is lane.group.limit:
                self._lanes.note_group_refusal(lane, now)
        for one in permit._limits:
            one.note_end(now)

    @property
    def _is_shared_with_others(self) -> bool:
        """Whether other processes draw from the budget, which has to know of every answer."""
        return type(self._common.budget) not in (AdaptiveBudget, type(None))

    def _release(self, permit: Permit) -> None:
        with self._lock:
            now, lane = self.clock(), permit._lane
            if permit._state == WAITING:
                lane.dequeue(permit)
                self._waiting -= 1
                self._lanes.put_back(lane.group)
                if not self._waiting:
                    self._common.put_back()
            elif permit._state == SENT:
                for quota in permit._quotas:
                    quota.under_way -= 1
                for limit in permit._limits:
                    limit.note_end(now)
            permit._state = DONE
            if self._waiting:
                self._grant_due_permits(now)
                self._lanes.wake_next(lane, self._common, self._quotas, now)

    def _forget_old_refusals(self) -> None:
        """Drop what refusals of long ago have taught, while nobody waits; requests under way keep their lanes."""
        self._forget_at, self._lanes = math.inf, OperationLanes()
        if self.rate is None:
            self._common = RequestLimit()
        self._quotas.drop_lapsed(self.clock())

    def forget_requests_under_way(self) -> None:
        """Forget, in a forked child, what was under way or waiting: it stayed with the parent, which may have held the lock."""
        self._lock, self._waiting = Lock(), 0
        self._lanes.forget_requests_under_way()
        self._common.forget_requests_under_way()
        self._quotas.forget_requests_under_way()
