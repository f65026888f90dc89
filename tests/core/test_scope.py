"""`with deadline(...)` bounds all calls in a block, `with explain_time()` tells where their time goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from alloy_async import (
    Alloy,
    AsyncAlloy,
    ConfigurationError,
    DeadlineExceeded,
    Rate,
    RateLimited,
    ServerError,
    deadline,
    explain_time,
)
from alloy_async.alloy.operations import ListAllUsers
from alloy_async.core.calls.scope import run_before_each_attempt
from alloy_async.core.calls.timing import Timing
from alloy_async.sandbox import Fault, Hang, Sandbox, Status
from tests.conftest import FakeClock

from .calls import ADA, GET, POST


class Now:
    """A clock that goes on by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_what_comes_after_the_deadline_is_not_sent(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    now = Now()
    with deadline(2.0, now=now):
        await alloy.send(GET)
        now.now += 2.5
        with pytest.raises(DeadlineExceeded) as raised:
            await alloy.send(GET)
    assert (raised.value.effect, len(sandbox.requests)) == ("none", 1)
    await alloy.send(GET)  # it ends with the block


async def test_what_is_under_way_ends_with_the_deadline(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Hang(), times=None))
    began = time.monotonic()
    with deadline(1):
        ended = await asyncio.gather(*(alloy.send(GET) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in ended] == [DeadlineExceeded] * 3
    assert sandbox.requests
    assert time.monotonic() - began < 30, "half of a call's own deadline"


async def test_retries_and_the_limiter_are_bounded_too(
    sandbox: Sandbox, alloy: AsyncAlloy, clock: FakeClock
) -> None:
    sandbox.faults.add(Fault(Status(500), times=None))
    clock.chance = 1.0
    with deadline(0.4), pytest.raises(ServerError) as raised:
        await alloy.send(GET)  # the first wait would be 0.5 s
    assert (raised.value.attempts, clock.sleeps) == (1, [])
    async with AsyncAlloy("key", base_url=sandbox.url, clock=clock, rate_limit=Rate(0.1, 1)) as limited:
        sandbox.faults.clear()
        await limited.send(GET)
        with deadline(5.0), pytest.raises(DeadlineExceeded, match="the rate limit holds it for 10") as held:
            await limited.send(GET)
    assert held.value.retry_after == pytest.approx(10, abs=0.2)


async def test_pages_are_bounded_together(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    now, seen = Now(), 0

    async def read_all_again_and_again() -> None:
        nonlocal seen
        while True:
            async for _ in alloy.iterate(ListAllUsers()):
                seen += 1
            now.now += 0.4

    with pytest.raises(DeadlineExceeded), deadline(1.0, now=now):
        await read_all_again_and_again()
    assert seen > 0


async def test_the_earliest_deadline_counts(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    now = Now()
    with deadline(1.0, now=now):
        with deadline(10.0):
            now.now += 2
            with pytest.raises(DeadlineExceeded):
                await alloy.send(GET)
        with pytest.raises(DeadlineExceeded):
            await alloy.send(GET)
    with deadline(10.0, now=now):
        with deadline(1.0):
            now.now += 2
            with pytest.raises(DeadlineExceeded):
                await alloy.send(GET)
        await alloy.send(GET)


@pytest.fixture
def sync_alloy() -> Iterator[tuple[Sandbox, Alloy]]:
    with Sandbox("alloy") as sandbox, Alloy("key", base_url=sandbox.url) as client:
        yield sandbox, client


def test_the_sync_client_is_bounded_on_its_background_loop(sync_alloy: tuple[Sandbox, Alloy]) -> None:
    sandbox, client = sync_alloy
    now = Now()
    with deadline(1.0, now=now):
        client.send(GET)
        now.now += 2
        with pytest.raises(DeadlineExceeded):
            client.send(GET)
        assert all(isinstance(outcome, DeadlineExceeded) for _, outcome in client.map([GET] * 3))
    client.send(GET)
    sandbox.faults.add(Fault(Hang()))
    with deadline(0.1), pytest.raises(DeadlineExceeded):
        client.send(GET)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), "2"])
def test_a_deadline_that_cannot_be_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="deadline"), deadline(seconds):
        pass


# Where the time goes


def test_parts_sum_to_the_whole() -> None:
    now = Now()
    timing = Timing(now)
    with timing.activate():
        now.now += 1
        timing.enter("limiter")
        now.now += 2
        timing.enter("server")
        now.now += 4
        timing.enter("limiter")
        now.now += 8
    assert timing.seconds == {"prepare": 1, "limiter": 10, "server": 4}
    assert timing.total == now.now - timing.began


async def test_an_explanation_tells_parts_that_sum_to_the_time(
    sandbox: Sandbox, alloy: AsyncAlloy, clock: FakeClock
) -> None:
    sandbox.faults.add(Fault(Status(429, headers={"Retry-After": "3"})))
    began = clock.monotonic()
    with explain_time(now=clock.monotonic) as where:
        await alloy.send(GET)
    elapsed = clock.monotonic() - began
    assert (where.calls, where.attempts) == (1, 2)
    assert where.seconds["backoff"] >= 3
    assert {"connect", "server", "decode"} <= where.seconds.keys()
    assert sum(where.seconds.values()) == pytest.approx(where.wall, rel=0.01)
    assert where.wall <= elapsed
    assert where.slowest[0][0] == GET.name
    assert "backoff" in str(where)
    with explain_time() as nothing:
        pass
    assert (nothing.calls, nothing.seconds) == (0, {})


async def test_the_limiters_wait_and_the_credentials_are_told(sandbox: Sandbox, clock: FakeClock) -> None:
    async def fetch() -> str:
        await clock.sleep(2)
        return "key"

    async with AsyncAlloy(fetch, base_url=sandbox.url, clock=clock, rate_limit=Rate(1, 1)) as client:
        with explain_time() as where:
            for _ in range(3):
                await client.send(GET)
    assert where.seconds["credential"] >= 2
    assert where.seconds["limiter"] >= 1.5
    assert (where.calls, where.attempts) == (3, 3)


async def test_a_call_that_failed_is_counted(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Status(429), times=None))
    with explain_time() as where, pytest.raises(RateLimited):
        await alloy.send(POST)
    assert (where.calls, where.attempts) == (1, 4)


async def test_a_wait_for_the_pool_is_told(sandbox: Sandbox) -> None:
    async with AsyncAlloy("key", base_url=sandbox.url, max_connections=1) as client:
        with explain_time() as where:
            await asyncio.gather(*(client.get_a_user(ADA) for _ in range(5)))
    assert where.seconds["pool"] > 0


def test_sync_calls_are_explained(sync_alloy: tuple[Sandbox, Alloy]) -> None:
    _, client = sync_alloy
    with explain_time() as where:
        client.send(GET)
        list(client.map([GET] * 3))
    assert where.calls == 4


async def test_each_attempt_is_checked_before_it_is_sent(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    """Whoever may no longer send, as a worker that lost its job, sends nothing: not even what a call makes again."""
    allowed = 1

    def check() -> None:
        nonlocal allowed
        allowed -= 1
        if allowed < 0:
            raise ConfigurationError("not any more")

    sandbox.faults.add(Fault(Status(503, headers={"Retry-After": "5"})))
    with run_before_each_attempt(check):
        with pytest.raises(ConfigurationError) as raised:
            await alloy.send(GET)
        assert (raised.value.effect, len(sandbox.requests)) == ("none", 1)
        with pytest.raises(ConfigurationError):
            await alloy.send(POST)
    assert len(sandbox.requests) == 1
    await alloy.send(GET)
