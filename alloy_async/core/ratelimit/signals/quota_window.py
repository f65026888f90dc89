"""Follow one quota of the server from answer to answer. Moments are on the limiter's clock."""

from __future__ import annotations

import math

from .quota_headers import Quota

# Seconds after which one request asks again, whatever a quota with nothing left says: headers may be wrong.
ASK_AGAIN = 60.0
# A quota that holds this share of its limit again was reset, earlier than told; one that rose so often by less is a bucket.
FULL, RISES = 0.5, 3
# Told wrongly is an end that was so many seconds too late; less is rounding, and the way of an answer.
WRONG = 5.0
# Seconds until somebody looks for himself whether an answer has come.
LOOK = 1.0


class QuotaWindow:
    """What is left of a quota.

    Attributes:
        reset_at: moment when the quota is full again.
        refills: whether it fills up all the time, as a token bucket, or its end was told wrongly; then `reset_at` means little.
        under_way: requests without an answer yet.
    """

    def __init__(self) -> None:
        self.reset_at: float = -math.inf
        self.refills: bool = False
        self.under_way: int = 0
        self._began = -math.inf
        self._left = self._limit = math.inf
        self._lowest_at = math.inf
        self._rises = 0
        self._told_at = -math.inf
        self._sent = -math.inf

    def note_request_end(self, now: float, sent: float, accepted: bool) -> None:
        """Note that a request was answered; accepted, by an answer that tells nothing, it shows that there was some left."""
        self.under_way -= 1
        if accepted and self._left < 1 and self._told_at < now and self._lowest_at < sent < self.reset_at:
            self._note_early_reset(now)
            self.reset_at = now

    def _note_early_reset(self, now: float) -> None:
        """Note that the quota was reset earlier than told.

        A server's clock may be minutes off, and its answers without a `Date`: then its word tells nothing, and refusals teach.
        """
        self.refills = self.refills or (self._left < 1 and self.reset_at - now > WRONG)

    def update(self, quota: Quota, now: float, sent: float, accepted: bool = True) -> None:
        """Take in what the answer to a request sent then told."""
        self._told_at = now
        if sent < self._began or (sent < self.reset_at <= now):
            return  # of the window before
        self._limit = math.inf if quota.limit is None else quota.limit
        self.refills = self.refills or quota.refills
        # More than there was, though this request took one. (A question after a minute, that is refused, took none.)
        same = not accepted and sent - self._lowest_at > ASK_AGAIN / 2
        more = sent > self._lowest_at and quota.remaining >= self._left + same
        if now >= self.reset_at or (more and quota.remaining >= FULL * self._limit):
            self._note_early_reset(now)
            self._began, self._lowest_at, self._rises = sent, now, 0
            self.reset_at, self._left = now + quota.reset, quota.remaining
        else:
            self._rises += more
            self.refills = self.refills or self._rises >= RISES
            # Whole seconds, rounded up: the earliest end told in a window is the nearest to the truth.
            self.reset_at = min(self.reset_at, now + quota.reset)
            # Answers overtake each other: the lowest count is the newest.
            if self.refills or quota.remaining < self._left:
                self._left, self._lowest_at = quota.remaining, now

    def count_left(self, now: float) -> float:
        """Requests that may be under way: what the answers left, and the whole limit after the reset."""
        return self._limit if now >= self.reset_at else self._left

    def note_sent(self, now: float) -> None:
        """Note that a request is sent."""
        self.under_way += 1
        self._sent = now

    def get_delay(self, now: float) -> float:
        """Seconds until one more request may be sent."""
        left = self.count_left(now)
        if self.refills or self.under_way < left:
            return 0.0  # how fast a bucket fills, refusals teach better than its level does
        if left >= 1 or self.under_way:
            return LOOK
        return max(0.0, min(self.reset_at, self._sent + ASK_AGAIN) - now)

    def get_hold(self, now: float) -> float:
        """Seconds that the server surely holds requests, by its own word."""
        spent = self.count_left(now) < 1 and not self.refills and not self.under_way
        return max(0.0, self.reset_at - now) if spent else 0.0
