"""What an answer's headers say about rate limits: Retry-After, RateLimit, RateLimit-*, X-RateLimit-*."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import attrs

# Okta and a few others write X-Rate-Limit-.
PREFIXES = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
# A reset as large as this many seconds ahead is a moment instead: 2001 in seconds, or in milliseconds.
EPOCH_SECONDS, EPOCH_MILLISECONDS = 1e9, 1e12
# `limit=100, remaining=7, reset=3` of the early drafts, `"default";r=7;t=3` of the later ones.
MEMBER = re.compile(r"(?:^|[,;\s])(limit|remaining|reset|r|t)\s*=\s*\"?(\d+(?:\.\d+)?)")
NUMBER = re.compile(r"\s*(\d{1,20}(?:\.\d+)?)")


@attrs.frozen
class Quota:
    """What is left of the server's quota.

    Args:
        limit: requests in a whole window; None where the server does not say.
        remaining: requests that may still be sent before the reset.
        reset: seconds until the quota is full again.
    """

    limit: float | None
    remaining: float
    reset: float


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After header.

    Args:
        value: the header: seconds, or an HTTP date (RFC 9110, section 10.2.3).
        now: the wall clock, in seconds since 1970; a date is taken relative to it.

    Returns:
        Seconds, 0.0 for the past; None for a value that is neither, and for no value.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
            if date.tzinfo is None:  # "-0000", which is UTC without a claim about the place
                date = date.replace(tzinfo=UTC)
            seconds = date.timestamp() - now
        except (ValueError, OverflowError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def tells_quota(headers: Mapping[str, str]) -> bool:
    """Whether there may be a quota in the headers: the quick question that every answer is asked."""
    return (
        "x-ratelimit-remaining" in headers
        or "ratelimit" in headers
        or "ratelimit-remaining" in headers
        or "x-rate-limit-remaining" in headers
    )


def parse_quota(headers: Mapping[str, str], now: float) -> Quota | None:
    """The quota that the headers tell, if they tell what remains and until when.

    Args:
        headers: of an answer; names in lower case.
        now: the wall clock, in seconds since 1970; a reset given as a moment is taken relative to it.
    """
    for prefix in PREFIXES:
        remaining = _number(headers.get(prefix + "remaining"))
        reset = _number(headers.get(prefix + "reset"))
        if remaining is not None and reset is not None:
            return Quota(_number(headers.get(prefix + "limit")), remaining, _delta(reset, now))
    members = dict(MEMBER.findall(headers.get("ratelimit", "")))
    remaining = _number(members.get("remaining", members.get("r")))
    reset = _number(members.get("reset", members.get("t")))
    if remaining is None or reset is None:
        return None
    return Quota(_number(members.get("limit")), remaining, _delta(reset, now))


def _number(text: str | None) -> float | None:
    """The number that a value starts with: `100, 100;w=60` is a limit of 100."""
    match = NUMBER.match(text) if text else None
    return float(match[1]) if match else None


def _delta(reset: float, now: float) -> float:
    if reset >= EPOCH_MILLISECONDS:
        reset /= 1000
    return max(0.0, reset - now) if reset >= EPOCH_SECONDS else reset


class QuotaWindow:
    """Follows a quota from answer to answer. Moments are on the limiter's clock.

    Attributes:
        reset_at: moment when the quota is full again.
        refills: whether it fills up all the time, as a token bucket; then `reset_at` means little.
    """

    def __init__(self) -> None:
        self.reset_at = -math.inf
        self.refills = False
        self._began = -math.inf
        self._left = self._limit = math.inf
        self._answers = 0

    def update(self, quota: Quota, now: float, sent: float, under_way: int) -> None:
        """An answer, to a request sent then, told the quota; so many requests are still without answer."""
        if sent < self._began or (sent < self.reset_at <= now):
            return  # of the window before
        self._limit = math.inf if quota.limit is None else quota.limit
        if now >= self.reset_at:
            self._began, self._answers = sent, 0
            self.reset_at, self._left = now + quota.reset, quota.remaining
        else:
            # Whole seconds, rounded up: the earliest end told in a window is the nearest to the truth.
            self.reset_at = min(self.reset_at, now + quota.reset)
            # Answers overtake each other: the lowest count is the newest.
            self._left = quota.remaining if self.refills else min(self._left, quota.remaining)
        self._answers += 1
        if self._answers > self._limit + under_way:
            self.refills = True

    def left(self, now: float) -> float:
        """Requests that may be under way: what the answers left, and the whole limit after the reset."""
        return self._limit if now >= self.reset_at else self._left
