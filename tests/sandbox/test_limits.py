"""Rate limits by a clock of our own."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from alloy_async.sandbox import ApiError, Limit
from alloy_async.sandbox.limits import LimitEnforcer

from .conftest import Caller


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def admits(limiter: LimitEnforcer, credential: str = "key") -> bool:
    try:
        limiter.admit_or_refuse(credential)
    except ApiError:
        return False
    return True


def test_a_bucket_refills_steadily() -> None:
    clock = Clock()
    limiter = LimitEnforcer(Limit(rate=2, burst=3), clock)
    assert [admits(limiter) for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [admits(limiter), admits(limiter)] == [True, False]
    clock.now += 100
    assert [admits(limiter) for _ in range(4)] == [True, True, True, False]
    assert (limiter.accepted, limiter.refused) == (7, 3)


def test_a_fixed_window_starts_anew() -> None:
    clock = Clock()
    limiter = LimitEnforcer(Limit(rate=2, burst=4, window="fixed"), clock)
    assert [admits(limiter) for _ in range(5)] == [True] * 4 + [False]
    clock.now += 1.9
    assert not admits(limiter)
    clock.now += 0.1
    assert [admits(limiter) for _ in range(5)] == [True] * 4 + [False]


def test_each_credential_has_its_own_share() -> None:
    limiter = LimitEnforcer(Limit(rate=1), Clock())
    assert [admits(limiter, key) for key in "aabb"] == [True, False, True, False]


def test_a_new_limit_holds_at_once() -> None:
    limiter = LimitEnforcer(None, Clock())
    assert all(admits(limiter) for _ in range(100))
    limiter.limit = Limit(rate=1)
    assert [admits(limiter), admits(limiter)] == [True, False]
    limiter.limit = None
    assert admits(limiter)


@given(
    st.lists(st.floats(0, 3), max_size=60),
    st.floats(0.1, 20),
    st.integers(1, 10),
)
def test_a_bucket_never_admits_more_than_its_rate(gaps: list[float], rate: float, burst: int) -> None:
    clock = Clock(0.0)
    limiter = LimitEnforcer(Limit(rate, burst), clock)
    for gap in gaps:
        clock.now += gap
        admits(limiter)
        assert limiter.accepted <= burst + rate * clock.now + 1e-6
    assert limiter.accepted + limiter.refused == len(gaps)


@given(st.floats(0.01, 50), st.integers(1, 20), st.sampled_from(["bucket", "fixed"]), st.floats(0, 1e6))
def test_who_waits_as_told_is_admitted(rate: float, burst: int, window: Any, now: float) -> None:
    clock = Clock(now)
    limiter = LimitEnforcer(Limit(rate, burst, window), clock)
    assert all(admits(limiter) for _ in range(burst))
    with pytest.raises(ApiError) as refusal:
        limiter.admit_or_refuse("key")
    clock.now += int(refusal.value.headers["Retry-After"])
    assert admits(limiter)


@pytest.mark.parametrize(
    ("form", "header"), [("seconds", "2"), ("date", "Thu, 01 Jan 1970 00:16:42 GMT"), (None, None)]
)
def test_a_refusal_says_when_to_come_back(form: Any, header: str | None) -> None:
    limiter = LimitEnforcer(Limit(rate=0.5, retry_after=form), Clock())
    limiter.admit_or_refuse("key")
    with pytest.raises(ApiError) as refusal:
        limiter.admit_or_refuse("key")
    assert refusal.value.status == 429
    assert refusal.value.headers.get("Retry-After") == header
    if form == "date":
        assert parsedate_to_datetime(refusal.value.headers["Retry-After"]).timestamp() == 1002


@pytest.mark.parametrize(
    ("family", "headers"),
    [
        (
            "x-ratelimit",
            {"X-RateLimit-Limit": "4", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "1002"},
        ),
        ("ratelimit", {"RateLimit-Limit": "4", "RateLimit-Remaining": "3", "RateLimit-Reset": "2"}),
        (None, {}),
    ],
)
def test_answers_tell_what_is_left(family: Any, headers: dict[str, str]) -> None:
    limiter = LimitEnforcer(Limit(rate=2, burst=4, window="fixed", headers=family), Clock())
    assert limiter.admit_or_refuse("key") == headers


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"rate": -1}, {"rate": 1, "burst": 0}])
def test_a_limit_that_admits_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rate above 0"):
        Limit(**wrong)


async def test_a_refused_request_has_no_effect(call: Caller) -> None:
    call.sandbox.limit = Limit(rate=0.01, burst=1, headers="x-ratelimit")
    replies = [await call("POST", "/users/", {"username": name}) for name in ("a", "b")]
    assert [reply.status for reply in replies] == [200, 429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["0", "0"]
    assert replies[1].headers["Retry-After"] == "100"
    assert "message" in replies[1].body
    assert [effect.key for effect in call.sandbox.ledger] == ["a"]
    assert (call.sandbox.limiter.accepted, call.sandbox.limiter.refused) == (1, 1)
    call.sandbox.limit = None
    assert (await call("POST", "/users/", {"username": "b"})).status == 200
