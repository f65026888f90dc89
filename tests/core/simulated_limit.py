"""A rate-limited server and its crowd of workers in virtual time: twenty seconds pass in a fraction of one.

Each worker reserves a permit, waits, sends, gets the answer after a random latency and tells the limiter; a refused item
waits its jittered Retry-After (or a backoff) and is sent again, as the client's retry policy does.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Mapping
from typing import Protocol

import attrs

from alloy_async.core.ratelimit.limiter import Limiter, Permit, Rate

EPOCH = 1_700_000_000.0  # the wall clock when the virtual clock shows 0
Answer = tuple[int, Mapping[str, str]]


class Server(Protocol):
    """Decides about a request at the moment it arrives."""

    def answer(self, now: float) -> Answer: ...

    def allowed(self, seconds: float) -> float:
        """Requests that it would accept from its start at most."""
        ...


@attrs.define
class TokenBucket:
    """Refills evenly; `change` is (when, new rate)."""

    rate: float
    burst: float
    retry_after: bool = False
    quota_headers: bool = False
    change: tuple[float, float] | None = None
    _tokens: float = attrs.field(init=False)
    _at: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens = self.burst

    def answer(self, now: float) -> Answer:
        if self.change and now >= self.change[0]:
            self.rate, self.change = self.change[1], None
        self._tokens = min(self.burst, self._tokens + self.rate * (now - self._at))
        self._at = now
        accepted = self._tokens >= 1
        self._tokens -= accepted
        headers: dict[str, str] = {}
        if self.quota_headers:
            refill = math.ceil((self.burst - self._tokens) / self.rate)
            headers = {
                "ratelimit-limit": f"{self.burst:.0f}",
                "ratelimit-remaining": str(int(self._tokens)),
                "ratelimit-reset": str(refill),
            }
        if accepted:
            return 200, headers
        if self.retry_after:
            headers["retry-after"] = str(math.ceil((1 - self._tokens) / self.rate))
        return 429, headers

    def allowed(self, seconds: float) -> float:
        return self.rate * seconds + self.burst


@attrs.define
class FixedWindow:
    """`rate` requests in each second; `phase` is how much of the first second is already over."""

    rate: float
    retry_after: bool = False
    quota_headers: str | None = None  # "epoch" or "delta"
    change: tuple[float, float] | None = None
    phase: float = 0.0
    _window: int = attrs.field(default=0, init=False)
    _used: int = attrs.field(default=0, init=False)

    def answer(self, now: float) -> Answer:
        if self.change and now >= self.change[0]:
            self.rate, self.change = self.change[1], None
        window = math.floor(now + self.phase)
        if window != self._window:
            self._window, self._used = window, 0
        accepted = self._used < self.rate
        self._used += accepted
        end = window + 1 - self.phase
        headers: dict[str, str] = {}
        if self.quota_headers:
            reset = EPOCH + end if self.quota_headers == "epoch" else end - now
            headers = {
                "x-ratelimit-limit": f"{self.rate:.0f}",
                "x-ratelimit-remaining": f"{self.rate - self._used:.0f}",
                "x-ratelimit-reset": str(math.ceil(reset)),
            }
        if accepted:
            return 200, headers
        if self.retry_after:
            headers["retry-after"] = str(math.ceil(end - now))
        return 429, headers

    def allowed(self, seconds: float) -> float:
        return self.rate * (seconds + self.phase)


@attrs.define
class Outcome:
    """When each request was accepted, when each was refused."""

    accepted: list[float] = attrs.field(factory=list)
    refused: list[float] = attrs.field(factory=list)

    def accepted_between(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.accepted)

    def refused_share(self) -> float:
        return len(self.refused) / max(1, len(self.refused) + len(self.accepted))


@attrs.define
class Simulation:
    """`workers` with unlimited demand against `server` for `seconds` of virtual time."""

    server: Server
    seed: int
    rate: Rate | None = None
    workers: int = 64
    seconds: float = 20.0
    latency: tuple[float, float] = (0.005, 0.020)
    now: float = 0.0
    outcome: Outcome = attrs.field(factory=Outcome)
    limiter: Limiter = attrs.field(init=False)
    _random: random.Random = attrs.field(init=False)
    _agenda: list[tuple[float, int, Callable[[], None]]] = attrs.field(factory=list, init=False)
    _scheduled: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.limiter = Limiter(
            self.rate,
            clock=lambda: self.now,
            random=random.Random(self.seed + 1).random,
            wall=lambda: EPOCH + self.now,
        )

    def run(self) -> Outcome:
        for _ in range(self.workers):
            self._after(0.0, self._begin)
        while self._agenda and self._agenda[0][0] < self.seconds:
            self.now, _, step = heapq.heappop(self._agenda)
            step()
        return self.outcome

    def _after(self, delay: float, step: Callable[[], None]) -> None:
        self._scheduled += 1
        heapq.heappush(self._agenda, (self.now + delay, self._scheduled, step))

    def _begin(self, attempt: int = 0) -> None:
        self._go_or_wait(self.limiter.acquire(), attempt)

    def _renew(self, permit: Permit, attempt: int) -> None:
        permit.renew()
        self._go_or_wait(permit, attempt)

    def _go_or_wait(self, permit: Permit, attempt: int) -> None:
        if permit.wait:
            late = self._random.uniform(0, 0.001)  # a timer never fires early
            self._after(permit.wait + late, lambda: self._renew(permit, attempt))
            return
        latency = self._random.uniform(*self.latency)
        self._after(latency / 2, lambda: self._arrive(permit, attempt, latency / 2))

    def _arrive(self, permit: Permit, attempt: int, way_back: float) -> None:
        answer = self.server.answer(self.now)
        (self.outcome.accepted if answer[0] == 200 else self.outcome.refused).append(self.now)
        self._after(way_back, lambda: self._receive(permit, attempt, answer))

    def _receive(self, permit: Permit, attempt: int, answer: Answer) -> None:
        status, headers = answer
        permit.settle(status, headers)
        if status == 200:
            self._begin()
            return
        if "retry-after" in headers:
            delay = float(headers["retry-after"]) * self._random.uniform(1.0, 1.5)
        else:
            delay = self._random.uniform(0, min(20.0, 0.5 * 2**attempt))
        self._after(delay, lambda: self._begin(attempt + 1))
