"""A crowd of callers at a rate-limited server in virtual time: minutes pass in a fraction of a second.

Each caller acquires a permit, waits, sends, gets the answer after a random latency and notes it on the permit; a refused
call waits as the client's retry policy does and keeps its ticket. A call that is refused too often, or has to wait past its
deadline, is an error.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable

import attrs

from alloy_async.core.ratelimit.budget_interface import RequestBudget
from alloy_async.core.ratelimit.configured_rate import Rate
from alloy_async.core.ratelimit.limiter import Limiter
from alloy_async.core.ratelimit.permit import Permit
from alloy_async.core.retry import Retry

from .limited_servers import EPOCH, REFUSED, Answer, Refusing, Server


@attrs.define
class Call:
    """One call of one caller."""

    caller: int
    operation: str
    began: float
    attempts: int = 0
    outrun: int = 0
    refused: Permit | None = None
    backoff: float = 0.0  # seconds that it waited for no word of the server's
    until: float = 0.0  # the last moment that the server told to anybody before it was done


@attrs.define
class Outcome:
    """When each request was accepted, when each was refused, and how the calls ended."""

    accepted: list[float] = attrs.field(factory=list)
    refused: list[float] = attrs.field(factory=list)
    calls: list[tuple[Call, float]] = attrs.field(factory=list)
    errors: list[tuple[float, str]] = attrs.field(factory=list)

    def accepted_between(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.accepted)

    def refused_share(self, since: float = 0.0) -> float:
        refused = sum(at >= since for at in self.refused)
        return refused / max(1, refused + sum(at >= since for at in self.accepted))

    def by_caller(self) -> dict[int, int]:
        counts: dict[int, int] = {}
        for call, _ in self.calls:
            counts[call.caller] = counts.get(call.caller, 0) + 1
        return counts

    def fairness(self, callers: int) -> float:
        """Jain's index: 1 where all callers got the same, 1 / callers where one got all."""
        counts = [self.by_caller().get(caller, 0) for caller in range(callers)]
        return sum(counts) ** 2 / (callers * sum(count**2 for count in counts) or 1)

    def worst_wait(self) -> float:
        return max((ended - call.began for call, ended in self.calls), default=0.0)


@attrs.define
class Simulation:
    """Callers, with unlimited demand unless `pause` says else, against `server` for `seconds` of virtual time.

    Args:
        operations: of the callers, in turn.
        pause: seconds between the calls of a caller.
        processes: so many limiters share the callers, and `budget`.
        killed: (when, processes that end then, with all they hold).
        calls: each caller makes so many; None: until the end.
    """

    server: Server
    seed: int
    rate: Rate | None = None
    workers: int = 64
    seconds: float = 20.0
    latency: tuple[float, float] = (0.005, 0.020)
    service: float = 0.0
    operations: tuple[str, ...] = ("get_a_user",)
    pause: float = 0.0
    processes: int = 1
    budget: RequestBudget | None = None
    killed: tuple[float, int] = (math.inf, 0)
    calls: int | None = None
    deadline: float = 60.0
    retry: Retry = attrs.field(factory=Retry)
    poison: int | None = None  # all calls of this caller are refused, whatever the load is
    open_calls: bool = (
        False  # callers do not wait for their own last call: each call comes `pause` after the one before
    )
    now: float = 0.0
    outcome: Outcome = attrs.field(factory=Outcome)
    limiters: list[Limiter] = attrs.field(init=False)
    _told: float = 0.0
    _random: random.Random = attrs.field(init=False)
    _agenda: list[tuple[float, int, Callable[[], None]]] = attrs.field(factory=list, init=False)
    _scheduled: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.seed)
        chance = random.Random(self.seed + 1)
        self.limiters = [
            Limiter(
                self.rate if self.budget is None else self.budget,
                clock=lambda: self.now,
                random=chance.random,
                wall=lambda: EPOCH + self.now,
            )
            for _ in range(self.processes)
        ]

    def run(self) -> Outcome:
        for caller in range(self.workers):
            self._after(0.0, lambda caller=caller: self._start(caller, self.calls))  # type: ignore[misc]
        while self._agenda and self._agenda[0][0] < self.seconds:
            self.now, _, step = heapq.heappop(self._agenda)
            step()
        return self.outcome

    def _after(self, delay: float, step: Callable[[], None]) -> None:
        self._scheduled += 1
        heapq.heappush(self._agenda, (self.now + delay, self._scheduled, step))

    def _start(self, caller: int, calls: int | None) -> None:
        if calls == 0:
            return
        operation = self.operations[caller % len(self.operations)]
        left = None if calls is None else calls - 1
        if self.open_calls:
            self._after(self.pause, lambda: self._start(caller, left))
        self._attempt(Call(caller, operation, self.now), left)

    def _end(self, call: Call, left: int | None, error: str | None = None) -> None:
        if error is None:
            self.outcome.calls.append((call, self.now))
        else:
            self.outcome.errors.append((self.now, error))
        if not self.open_calls:
            self._after(self.pause or (0.05 if error else 0.0), lambda: self._start(call.caller, left))

    def _attempt(self, call: Call, left: int | None) -> None:
        process = call.caller % self.processes
        if self.now >= self.killed[0] and process < self.killed[1]:
            return
        permit = self.limiters[process].acquire(call.operation, call.attempts, call.refused)
        self._go_or_wait(permit, call, left)

    def _go_or_wait(self, permit: Permit, call: Call, left: int | None) -> None:
        if not permit.wait:
            call.attempts += 1
            latency = self._random.uniform(*self.latency)
            self._after(latency / 2, lambda: self._arrive(permit, call, left, latency / 2))
            return
        remaining = call.began + self.deadline - self.now
        if permit.hold >= remaining or remaining <= 0:
            permit.release()
            self._end(call, left, "DeadlineExceeded")
            return
        woken = [False]

        def renew() -> None:
            if not woken[0]:
                woken[0] = True
                self._renew(permit, call, left)

        permit.update_wait(lambda: self._after(self._random.uniform(0, 0.001), renew))
        if not permit.wait:  # granted meanwhile
            renew()
            return
        late = self._random.uniform(0, 0.001)  # a timer never fires early
        self._after(min(permit.wait, remaining) + late, renew)

    def _renew(self, permit: Permit, call: Call, left: int | None) -> None:
        process = call.caller % self.processes
        if self.now >= self.killed[0] and process < self.killed[1]:
            return
        permit.update_wait()
        self._go_or_wait(permit, call, left)

    def _arrive(self, permit: Permit, call: Call, left: int | None, way_back: float) -> None:
        is_poisoned = self.poison is not None and call.caller == self.poison
        answer = REFUSED if is_poisoned else self.server.answer(self.now, call.operation)
        accepted = answer[0] == 200
        (self.outcome.accepted if accepted else self.outcome.refused).append(self.now)
        if accepted and self.service:
            served = self.service * self._random.uniform(0.8, 1.2)
            self._after(served, lambda: self._leave(permit, call, left, answer, way_back))
        else:
            if accepted:
                self.server.finish(self.now)
            self._after(way_back, lambda: self._receive(permit, call, left, answer))

    def _leave(self, permit: Permit, call: Call, left: int | None, answer: Answer, way_back: float) -> None:
        self.server.finish(self.now)
        self._after(way_back, lambda: self._receive(permit, call, left, answer))

    def _receive(self, permit: Permit, call: Call, left: int | None, answer: Answer) -> None:
        status, headers = answer
        permit.note_answer(status, headers)
        if status == 200:
            call.until = self._told
            self._end(call, left)
            return
        asked = float(headers["retry-after"]) if "retry-after" in headers else None
        self._told = max(self._told, self.now + (asked or 0))
        call.outrun += permit.was_outrun
        call.refused = permit
        if permit.is_singled_out:
            self._end(call, left, "singled out")
            return
        wait = self.retry.wait(call.attempts, asked, self._random.random)
        remaining = call.began + self.deadline - self.now
        if asked is not None and asked < remaining <= wait:
            wait = (asked + remaining) / 2
        if max(1, call.attempts - call.outrun) >= self.retry.attempts or wait >= remaining:
            self._end(call, left, "RateLimited")
            return
        call.backoff += wait if asked is None else 0.0
        self._after(wait, lambda: self._attempt(call, left))


def wait_at_low_traffic(every: float, times: int, retry_after: float | None, seed: int = 1) -> float:
    """The longest that a call waits after what the server said, and its own backoff: one call each `every` seconds.

    The server refuses so many requests in a row, without any load, three times and some minutes apart.
    """
    apart = max(120.0, every * 10, 10 * times * (retry_after or 0))
    moments = [apart * number + every / 2 for number in (1, 2, 3)]
    simulation = Simulation(
        Refusing(moments, times, retry_after),
        seed,
        workers=1,
        calls=int(4 * apart / every),
        pause=every,
        open_calls=True,
        seconds=4 * apart + 500,
        retry=Retry(attempts=8),
        deadline=500.0,
    )
    outcome = simulation.run()
    assert len(outcome.calls) == int(4 * apart / every)
    return max(
        ended - max(call.began, min(call.until, ended)) - call.backoff for call, ended in outcome.calls
    )
