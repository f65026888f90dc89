"""Rate limits: who may send how much, and what the answers say about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal

from .emulated_service import Clock
from .messages import ApiError


@dataclass(frozen=True)
class Limit:
    """A rate limit for each credential.

    Args:
        rate: requests a second on average.
        burst: requests that may come at once.
        window: "bucket" refills steadily; "fixed" allows `burst` requests in every `burst / rate`
            seconds.
        retry_after: how a 429 says when to come back: in seconds, as a date, or not at all.
        headers: the family of headers on every answer: "x-ratelimit" (`X-RateLimit-*`, reset as
            seconds since the epoch), "ratelimit" (`RateLimit-*`, reset as seconds from now), or none.
    """

    rate: float
    burst: int = 1
    window: Literal["bucket", "fixed"] = "bucket"
    retry_after: Literal["seconds", "date"] | None = "seconds"
    headers: Literal["x-ratelimit", "ratelimit"] | None = None

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.burst < 1:
            raise ValueError(f"A limit needs a rate above 0 and a burst of at least 1, not {self}.")


@dataclass
class _Account:
    """What one credential has left, and since when."""

    left: float
    since: float


class LimitEnforcer:
    """Admits or refuses requests by the present limit, and counts both.

    Assigning `limit` takes effect with the next request and gives every credential its full burst.
    """

    def __init__(self, limit: Limit | None, clock: Clock) -> None:
        self.accepted: int = 0
        self.refused: int = 0
        self._clock = clock
        self.limit = limit

    @property
    def limit(self) -> Limit | None:
        return self._limit

    @limit.setter
    def limit(self, limit: Limit | None) -> None:
        self._limit = limit
        self._accounts: dict[str, _Account] = {}

    def admit_or_refuse(self, credential: str) -> Mapping[str, str]:
        """Count one request; the headers that its answer carries.

        Raises:
            ApiError: 429, when the credential has used up its share.
        """
        limit = self._limit
        if limit is None:
            self.accepted += 1
            return {}
        now = self._clock()
        account = self._accounts.setdefault(credential, _Account(limit.burst, now))
        self._refill(limit, account, now)
        admitted = account.left > 1 - 1e-9  # a refill may fall short by a rounding error
        if admitted:
            account.left -= 1
        headers = self._create_headers(limit, account, now)
        if admitted:
            self.accepted += 1
            return headers
        self.refused += 1
        wait = self._compute_wait(limit, account, now)
        if limit.retry_after == "seconds":
            headers["Retry-After"] = str(math.ceil(wait))
        elif limit.retry_after == "date":
            headers["Retry-After"] = formatdate(math.ceil(now + wait), usegmt=True)
        raise ApiError(429, "Too many requests.", headers)

    def _refill(self, limit: Limit, account: _Account, now: float) -> None:
        elapsed = now - account.since
        if limit.window == "bucket":
            account.left = min(limit.burst, account.left + elapsed * limit.rate)
            account.since = now
        else:
            windows = math.floor(elapsed * limit.rate / limit.burst + 1e-9)  # as above
            if windows > 0:
                account.left = limit.burst
                account.since += windows * limit.burst / limit.rate

    def _compute_wait(self, limit: Limit, account: _Account, now: float) -> float:
        """Seconds until one more request would be admitted."""
        if limit.window == "bucket":
            return max(0.0, (1 - account.left) / limit.rate)
        return account.since + limit.burst / limit.rate - now

    def _create_headers(self, limit: Limit, account: _Account, now: float) -> dict[str, str]:
        if limit.headers is None:
            return {}
        prefix = "X-RateLimit-" if limit.headers == "x-ratelimit" else "RateLimit-"
        full = (
            (limit.burst - account.left) / limit.rate
            if limit.window == "bucket"
            else self._compute_wait(limit, account, now)
        )
        reset = now + full if limit.headers == "x-ratelimit" else full
        return {
            f"{prefix}Limit": str(limit.burst),
            f"{prefix}Remaining": str(int(account.left)),
            f"{prefix}Reset": str(math.ceil(reset)),
        }
