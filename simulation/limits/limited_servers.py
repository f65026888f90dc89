"""Servers with rate limits of the usual kinds, for virtual time."""

from __future__ import annotations

import math
import random
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Protocol

import attrs

EPOCH = 1_700_000_000.0  # the wall clock when the virtual clock shows 0
Answer = tuple[int, Mapping[str, str]]
OK: Answer = (200, {})
REFUSED: Answer = (429, {})


class Server(Protocol):
    """Decides about a request at the moment it arrives."""

    def answer(self, now: float, operation: str) -> Answer: ...

    def finish(self, now: float) -> None:
        """The answer to an accepted request leaves."""

    def allowed(self, seconds: float) -> float:
        """Requests that it would accept from its start at most."""
        ...

    def find_opening(self, now: float) -> float:
        """The moment from which it has room again, where it has none now."""
        ...


@attrs.define
class Free(Server):
    """Accepts everything."""

    def answer(self, now: float, operation: str) -> Answer:
        return OK

    def finish(self, now: float) -> None:
        pass

    def allowed(self, seconds: float) -> float:
        return math.inf

    def find_opening(self, now: float) -> float:
        return now


@attrs.define
class TokenBucket(Free):
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

    def answer(self, now: float, operation: str) -> Answer:
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
class FixedWindow(Free):
    """`rate` requests in each window of `window` seconds; `phase` is how much of the first one is already over."""

    rate: float
    retry_after: bool = False
    quota_headers: str | None = None  # "epoch" or "delta"
    change: tuple[float, float] | None = None
    phase: float = 0.0
    window: float = 1.0
    _number: int = attrs.field(default=0, init=False)
    _used: int = attrs.field(default=0, init=False)

    def answer(self, now: float, operation: str) -> Answer:
        if self.change and now >= self.change[0]:
            self.rate, self.change = self.change[1], None
        number = math.floor(now / self.window + self.phase)
        if number != self._number:
            self._number, self._used = number, 0
        accepted = self._used < self.rate
        self._used += accepted
        end = (number + 1 - self.phase) * self.window
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
        return self.rate * (seconds / self.window + self.phase)

    def find_opening(self, now: float) -> float:
        return (math.floor(now / self.window + self.phase) + 1 - self.phase) * self.window


@attrs.define
class SlidingWindow(Free):
    """At most `limit` accepted requests in any `window` seconds."""

    limit: int
    window: float = 1.0
    retry_after: bool = False
    _accepted: deque[float] = attrs.field(factory=deque, init=False)

    def answer(self, now: float, operation: str) -> Answer:
        while self._accepted and self._accepted[0] <= now - self.window:
            self._accepted.popleft()
        if len(self._accepted) < self.limit:
            self._accepted.append(now)
            return OK
        if not self.retry_after:
            return 429, {}
        return 429, {"retry-after": str(math.ceil(self._accepted[0] + self.window - now))}

    def allowed(self, seconds: float) -> float:
        return self.limit * math.ceil(seconds / self.window)

    def find_opening(self, now: float) -> float:
        return self._accepted[-1] + self.window  # paced from there on, it is never full again


@attrs.define
class Concurrency(Free):
    """At most `most` requests in service at once, each for `service` seconds."""

    most: int
    service: float
    retry_after: bool = False
    _in_service: int = attrs.field(default=0, init=False)

    def answer(self, now: float, operation: str) -> Answer:
        if self._in_service < self.most:
            self._in_service += 1
            return OK
        return 429, {"retry-after": "1"} if self.retry_after else {}

    def finish(self, now: float) -> None:
        self._in_service -= 1

    def allowed(self, seconds: float) -> float:
        return self.most * seconds / self.service


@attrs.define
class Families(Free):
    """Limits families of operations by a server each, and no operation that is in none.

    Args:
        servers: of the families, by name.
        family_of: the family of each operation that is limited.
        naming: the header that names the family of a limit that was met; None where nothing tells it.
    """

    servers: dict[str, Server]
    family_of: dict[str, str]
    naming: str | None = None
    accepted: dict[str, int] = attrs.field(factory=lambda: defaultdict(int), init=False)

    def answer(self, now: float, operation: str) -> Answer:
        family = self.family_of.get(operation)
        if family is None:
            return OK
        status, headers = self.servers[family].answer(now, operation)
        self.accepted[family] += status == 200
        if self.naming is not None:
            headers = {**headers, self.naming: family}
        return status, headers

    def allowed(self, seconds: float) -> float:
        return sum(server.allowed(seconds) for server in self.servers.values())

    def compute_shares(self, seconds: float) -> dict[str, float]:
        """What each family got of what it is allowed."""
        return {name: self.accepted[name] / server.allowed(seconds) for name, server in self.servers.items()}


def limit_single_operation(operation: str, server: Server) -> Families:
    """Limit one operation by a server, and no other."""
    return Families({operation: server}, {operation: operation})


@attrs.define
class Refusing(Free):
    """Refuses so many requests in a row from each of some moments on, for no load at all."""

    moments: list[float]
    times: int
    retry_after: float | None
    _left: int = attrs.field(default=0, init=False)

    def answer(self, now: float, operation: str) -> Answer:
        if self.moments and now >= self.moments[0]:
            del self.moments[0]
            self._left = self.times
        if not self._left:
            return OK
        self._left -= 1
        return 429, {} if self.retry_after is None else {"retry-after": f"{self.retry_after:g}"}


@attrs.define
class Moody(Free):
    """Refuses a share of all requests at random, whatever the load is."""

    share: float
    retry_after: str | None = None
    _random: random.Random = attrs.field(factory=lambda: random.Random(5), init=False)

    def answer(self, now: float, operation: str) -> Answer:
        if self._random.random() >= self.share:
            return OK
        return 429, {} if self.retry_after is None else {"retry-after": self.retry_after}
