"""Promises 2 and 3: how long is waited before another attempt, what the server says about it, the budget and the deadline."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, strategies as st

from alloy_async import (
    AsyncAlloy,
    ConnectionLost,
    DeadlineExceeded,
    NotFound,
    RateLimited,
    Retry,
    RetryEvent,
    ServerError,
    StatusError,
    Timeout,
)
from alloy_async.core.retry import RetryBudget, may_repeat, retry_after_first_failure
from alloy_async.sandbox import Fault, Hang, Reset, Sandbox, Status, Trickle
from alloy_async.testing import FakeClock

from .calls import ADA, GET, POST


@pytest.mark.parametrize(
    ("policy", "failures", "retry_after", "chance", "expected"),
    [
        (Retry(), 1, None, 1.0, 0.5),
        (Retry(), 2, None, 1.0, 1.0),
        (Retry(), 3, None, 1.0, 2.0),
        (Retry(), 3, None, 0.25, 0.5),
        (Retry(), 6, None, 1.0, 16.0),
        (Retry(), 7, None, 1.0, 20.0),
        (Retry(), 100_000, None, 1.0, 20.0),
        (Retry(), 1, None, 0.0, 0.0),
        (Retry(wait_initial=0), 9, None, 1.0, 0.0),
        (Retry(wait_initial=3, wait_max=1), 1, None, 1.0, 1.0),
        (Retry(), 1, 0.0, 0.0, 0.0),
        (Retry(), 1, 3.0, 0.0, 3.0),
        (Retry(), 4, 3.0, 1.0, 3.5),
        (Retry(), 1, 60.0, 1.0, 61.0),
        (Retry(), 1, 60.0, 0.5, 60.5),
        (Retry(wait_max=1), 1, 60.0, 0.0, 60.0),
    ],
)
def test_the_wait_of_the_policy(
    policy: Retry, failures: int, retry_after: float | None, chance: float, expected: float
) -> None:
    assert policy.wait(failures, retry_after, lambda: chance) == pytest.approx(expected)


@given(
    st.integers(1, 10**6),
    st.none() | st.floats(0, 1e6),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1e3),
    st.floats(0, 1e3),
)
def test_no_wait_is_shorter_than_asked_or_without_bound(
    failures: int, retry_after: float | None, chance: float, initial: float, longest: float
) -> None:
    wait = Retry(wait_initial=initial, wait_max=longest).wait(failures, retry_after, lambda: chance)
    assert math.isfinite(wait)
    assert (retry_after or 0) <= wait
    assert wait <= (longest if retry_after is None else retry_after + 1)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"attempts": 0}, "attempts"),
        ({"attempts": -1}, "attempts"),
        ({"wait_initial": -0.1}, "wait_initial"),
        ({"wait_max": float("nan")}, "wait_max"),
        ({"budget": -1}, "budget"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(bad: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Retry(**bad)


@pytest.mark.parametrize(
    ("error", "idempotent", "other"),
    [
        (ConnectionLost("x"), True, False),
        (ConnectionLost("x", effect="applied"), False, False),
        (ConnectionLost("x", effect="none"), True, True),
        (DeadlineExceeded("x"), False, False),
        (ValueError("x"), False, False),
        (asyncio.CancelledError(), False, False),
        (KeyboardInterrupt(), False, False),
    ],
)
def test_what_may_be_repeated(error: BaseException, idempotent: bool, other: bool) -> None:
    assert (may_repeat(error, True), may_repeat(error, False)) == (idempotent, other)


def _in_half_a_minute() -> str:
    return formatdate(time.time() + 30, usegmt=True)


@pytest.mark.parametrize("status", [429, 503, 500, 408])
@pytest.mark.parametrize(
    ("header", "at_least", "at_most"),
    [
        (lambda: "0", 0, 0.5),
        (lambda: "3", 3, 3.5),
        (lambda: "2.5", 2.5, 3.0),
        (lambda: "30", 30, 33),
        (_in_half_a_minute, 28.5, 33.5),
        (lambda: "Sat, 01 Jan 2000 00:00:00 GMT", 0, 0.5),
        (lambda: "soon", 0, 0.5),
        (lambda: "-1", 0, 0.5),
        (lambda: "nan", 0, 0.5),
    ],
)
async def test_retry_after_is_honoured(
    header: Any,
    at_least: float,
    at_most: float,
    status: int,
    sandbox: Sandbox,
    alloy: AsyncAlloy,
    clock: FakeClock,
) -> None:
    sandbox.faults.add(Fault(Status(status, headers={"Retry-After": header()})))
    retries: list[RetryEvent] = []
    await alloy.with_options(on_retry=retries.append).send(GET)
    assert at_least <= retries[0].wait <= at_most
    assert sum(clock.sleeps) >= retries[0].wait


async def test_a_crowd_does_not_wake_together(sandbox: Sandbox, alloy: AsyncAlloy, clock: FakeClock) -> None:
    waits = []
    for chance in (0.0, 0.3, 0.9):
        clock.chance = chance
        sandbox.faults.add(Fault(Status(503, headers={"Retry-After": "10"})))
        await alloy.with_options(on_retry=lambda event: waits.append(event.wait)).send(GET)
    assert waits == pytest.approx([10.0, 10.3, 10.9])


async def test_a_retry_after_beyond_the_deadline_is_an_error_at_once(
    sandbox: Sandbox, alloy: AsyncAlloy, clock: FakeClock
) -> None:
    sandbox.faults.add(Fault(Status(503, headers={"Retry-After": "61"})))
    with pytest.raises(ServerError) as raised:
        await alloy.send(POST)
    assert (raised.value.retry_after, raised.value.effect, raised.value.attempts) == (61.0, "none", 1)
    assert clock.sleeps == []


async def test_the_deadline_bounds_all_attempts(
    sandbox: Sandbox, alloy: AsyncAlloy, clock: FakeClock
) -> None:
    clock.chance = 1.0
    sandbox.faults.add(Fault(Status(500), times=None))
    client = alloy.with_options(retry=Retry(attempts=50, wait_initial=4), deadline=10)
    with pytest.raises(ServerError) as raised:
        await client.send(GET)
    assert clock.sleeps == pytest.approx([4.0])  # the next one would be 8
    assert raised.value.attempts == 2


async def test_the_deadline_cuts_an_attempt_short(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Hang()))
    with pytest.raises(DeadlineExceeded) as raised:
        await alloy.with_options(deadline=0.5).send(GET)
    assert (raised.value.effect, raised.value.attempts) == ("unknown", 1)


async def test_a_read_timeout_is_for_each_piece_of_the_answer(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Trickle(0.02)))
    await alloy.with_options(timeout=Timeout(read=1.5)).send(GET)


@pytest.fixture
async def frugal(sandbox: Sandbox, clock: FakeClock) -> AsyncIterator[AsyncAlloy]:
    retry = Retry(attempts=10, budget=2)
    async with AsyncAlloy("key", base_url=sandbox.url, clock=clock, retry=retry) as client:
        yield client


async def attempts_in_an_outage(client: AsyncAlloy) -> int:
    with pytest.raises((ServerError, ConnectionLost)) as raised:
        await client.get_a_user(ADA)
    return raised.value.attempts


async def test_the_budget_keeps_an_outage_from_being_multiplied(sandbox: Sandbox, frugal: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Status(500), times=None), Fault(Reset(), times=None))
    copy = frugal.with_options(deadline=30)
    assert [await attempts_in_an_outage(client) for client in (frugal, copy, frugal)] == [3, 1, 1]


async def test_answered_calls_pay_into_the_budget(sandbox: Sandbox, frugal: AsyncAlloy) -> None:
    outage = Fault(Status(500), times=None)
    sandbox.faults.add(outage)
    await attempts_in_an_outage(frugal)
    sandbox.faults.clear()
    for _ in range(11):
        await frugal.get_a_user(ADA)
    sandbox.faults.add(outage)
    assert [await attempts_in_an_outage(frugal) for _ in range(2)] == [2, 1]


async def test_coming_back_when_asked_to_costs_no_budget(sandbox: Sandbox, clock: FakeClock) -> None:
    sandbox.faults.add(Fault(Status(429), times=2), Fault(Status(503, headers={"Retry-After": "1"}), nth=3))
    async with AsyncAlloy("key", base_url=sandbox.url, clock=clock, retry=Retry(budget=0)) as client:
        assert (await client.answer(GET)).attempts == 4


async def test_a_refusal_is_an_answer_and_spends_nothing(sandbox: Sandbox, frugal: AsyncAlloy) -> None:
    for _ in range(5):
        with pytest.raises(NotFound):
            await frugal.get_a_user("nobody")
    sandbox.faults.add(Fault(Status(500), times=None))
    assert await attempts_in_an_outage(frugal) == 3


@given(st.lists(st.booleans(), max_size=200), st.integers(0, 20))
def test_the_budget_is_never_overdrawn_or_overfilled(spending: list[bool], capacity: int) -> None:
    budget, taken = RetryBudget(capacity), 0
    for spend in spending:
        if spend:
            taken += budget.spend()
        else:
            budget.refund()
        assert 0 <= budget.left <= capacity
    assert taken <= capacity + RetryBudget.REFUND * spending.count(False)


async def test_429_is_raised_when_the_attempts_are_used_up(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Status(429, {"message": "slow down"}), times=None))
    with pytest.raises(RateLimited, match="429 Too Many Requests: slow down") as raised:
        await alloy.send(POST)
    assert raised.value.attempts == len(sandbox.requests) == 4
    assert isinstance(raised.value, StatusError)


class Turns:
    """A call that a limit refuses, some times while it lets others through."""

    def __init__(self, refusals: int, asked: float | None, outrun: bool) -> None:
        self.refusals, self.outrun, self._asked, self._outrun = refusals, 0, asked, outrun
        self.clock, self.waits = FakeClock(), list[float]()
        self.clock.chance = 0.9

    async def attempt(self) -> str:
        if not self.refusals:
            return "its turn"
        raise self.refuse()

    def refuse(self) -> RateLimited:
        self.refusals -= 1
        self.outrun += self._outrun
        return RateLimited("no", status=429, effect="none", retry_after=self._asked)

    async def run(self, policy: Retry, seconds: float) -> str:
        return await retry_after_first_failure(
            self.attempt,
            self.refuse(),
            policy=policy,
            repeatable=lambda _: True,
            budget=RetryBudget(100),
            clock=self.clock,
            deadline=self.clock.monotonic() + seconds,
            on_wait=lambda _, wait: self.waits.append(wait),
            count_outrun=lambda: self.outrun,
        )


async def test_refusals_of_a_limit_that_lets_others_through_use_up_no_attempt() -> None:
    turns = Turns(9, None, outrun=True)
    assert await turns.run(Retry(attempts=3), 300.0) == "its turn"
    assert turns.waits[-1] > 10  # one that is never let through does not hammer
    for attempts, left in ((3, 6), (1, 8)):
        turns = Turns(9, None, outrun=attempts == 1)
        with pytest.raises(RateLimited):
            await turns.run(Retry(attempts=attempts), 60.0)
        assert turns.refusals == left


@pytest.mark.parametrize(("seconds", "waits"), [(20.0, True), (10.4, True), (9.9, False)])
async def test_the_jitter_of_a_wait_that_was_asked_ends_before_the_deadline(
    seconds: float, waits: bool
) -> None:
    turns = Turns(1, 10.0, outrun=False)
    if waits:
        assert await turns.run(Retry(), seconds) == "its turn"
        assert 10.0 <= turns.waits[0] < seconds
    else:
        with pytest.raises(RateLimited):
            await turns.run(Retry(), seconds)
