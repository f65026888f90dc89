"""The limiter: told limits are kept, unknown ones found, quotas followed, nobody is lost or favoured."""

from __future__ import annotations

import math
import threading
import time
from heapq import heapify, heappop, heappush
from itertools import accumulate

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from alloy_async.core.ratelimit.limiter import Limiter, Permit, Rate

from .simulated_limit import FixedWindow, Outcome, Server, Simulation, TokenBucket


@attrs.define
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def make(rate: Rate | None = None) -> tuple[Limiter, Clock]:
    clock = Clock()
    return Limiter(rate, clock=clock, random=lambda: 0.5, wall=lambda: 1.7e9), clock


def admissions(limiter: Limiter, clock: Clock, permits: list[Permit]) -> list[tuple[float, int]]:
    """Let every permit wait as it is told: (moment, index) in the order of admission."""
    waiting = {index: clock.now + permit.wait for index, permit in enumerate(permits)}
    admitted = []
    while waiting:
        index = min(waiting, key=lambda i: (waiting[i], i))
        clock.now = max(clock.now, waiting.pop(index))
        if permits[index].wait:
            permits[index].renew()
        assert permits[index].wait >= 0
        if permits[index].wait:
            waiting[index] = clock.now + permits[index].wait
        else:
            admitted.append((clock.now, index))
    return admitted


def arrivals(limiter: Limiter, clock: Clock, pauses: list[float]) -> list[float]:
    """Callers that come one after another with these pauses, and wait: the moments of their admission."""
    agenda: list[tuple[float, int, Permit | None]] = []
    for index, came in enumerate(accumulate(pauses, initial=clock.now)):
        agenda.append((came, index, None))
    del agenda[0]
    heapify(agenda)
    moments = []
    while agenda:
        clock.now, index, permit = heappop(agenda)
        if permit is None:
            permit = limiter.acquire()
        else:
            permit.renew()
        if permit.wait:
            heappush(agenda, (clock.now + permit.wait, index, permit))
        else:
            moments.append(clock.now)
    return moments


# Told limits


@given(
    per_second=st.floats(0.5, 2000),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 0.2), min_size=1, max_size=60),
)
@settings(max_examples=60)
def test_no_stretch_of_time_admits_more_than_told(per_second: float, burst: int, pauses: list[float]) -> None:
    limiter, clock = make(Rate(per_second, burst))
    moments = arrivals(limiter, clock, pauses)
    assert len(moments) == len(pauses)
    for first, since in enumerate(moments):
        for count, until in enumerate(moments[first:], start=1):
            assert count <= per_second * (until - since) + burst + 1e-6


@given(per_second=st.floats(1, 1000), burst=st.integers(1, 20), callers=st.integers(1, 80))
@settings(max_examples=60)
def test_callers_go_in_the_order_in_which_they_came(per_second: float, burst: int, callers: int) -> None:
    limiter, clock = make(Rate(per_second, burst))
    permits = [limiter.acquire() for _ in range(callers)]
    order = [index for _, index in admissions(limiter, clock, permits)]
    assert order == sorted(order)


def test_a_caller_that_gives_up_leaves_its_place_to_the_next() -> None:
    limiter, clock = make(Rate(10, 1))
    permits = [limiter.acquire() for _ in range(4)]
    for permit in permits[1:3]:
        permit.release()
        permit.release()
    clock.now += 1 / 9.9
    permits[3].renew()
    assert permits[3].wait == 0.0


def test_a_first_in_the_queue_that_does_not_come_holds_nobody_up() -> None:
    limiter, clock = make(Rate(10, 1))
    _, late, prompt = (limiter.acquire() for _ in range(3))
    clock.now += 1
    prompt.renew()
    assert prompt.wait == 0.0
    clock.now += 1
    late.renew()
    assert late.wait == 0.0


def test_a_rate_told_anew_holds_for_those_who_wait() -> None:
    limiter, clock = make(Rate(1, 1))
    permits = [limiter.acquire() for _ in range(11)]
    limiter.tell(Rate(1000, 1))
    # 11 s at the old rate, of which a caller sleeps half before it asks again
    assert admissions(limiter, clock, permits)[-1][0] - 1000 < 6


@pytest.mark.parametrize(("per_second", "burst"), [(0, None), (-1, None), (math.nan, None), (5, 0), (5, -3)])
def test_a_senseless_rate_is_refused(per_second: float, burst: int | None) -> None:
    with pytest.raises(ValueError, match=r"per_second|burst"):
        Rate(per_second, burst)


def test_an_infinite_rate_never_waits() -> None:
    limiter, _ = make(Rate(math.inf))
    assert not any(limiter.acquire().wait for _ in range(1000))


# Unknown limits


def test_few_calls_do_not_wait_and_many_start_slowly() -> None:
    limiter, _ = make()
    permits = [limiter.acquire() for _ in range(12)]
    assert [permit.wait == 0.0 for permit in permits] == [True] * 10 + [False] * 2
    permits[0].settle(200, {})
    permits[10].renew()
    assert permits[10].wait == 0.0


def test_a_request_without_answer_gives_its_place_back() -> None:
    limiter, _ = make()
    for _ in range(100):
        permit = limiter.acquire()
        assert permit.wait == 0.0
        permit.release()


def test_thousands_without_a_limit_make_it_idle_and_a_429_wakes_it() -> None:
    limiter, clock = make()
    for _ in range(4096):
        permit = limiter.acquire()
        clock.now += 0.001
        permit.settle(200, {})
    assert limiter.idle
    permit = limiter.acquire()
    permit.settle(200, {})
    permit.release()
    assert limiter.idle
    limiter.acquire().settle(429, {"retry-after": "5"})
    assert not limiter.idle
    assert limiter.acquire().wait > 0


@pytest.mark.parametrize(("retry_after", "least", "most"), [("5", 4, 5.5), ("3600", 60, 66)])
def test_retry_after_shuts_the_gate_until_its_last_second(
    retry_after: str, least: float, most: float
) -> None:
    limiter, clock = make()
    limiter.acquire().settle(429, {"retry-after": retry_after})
    (moment, _), *_ = admissions(limiter, clock, [limiter.acquire()])
    assert least <= moment - 1000 <= most


def test_after_a_429_one_request_asks_and_the_others_wait_for_its_answer() -> None:
    limiter, clock = make()
    limiter.acquire().settle(429, {})
    permits = [limiter.acquire() for _ in range(20)]
    clock.now += 0.1
    for permit in permits:
        permit.renew()
    assert sum(permit.wait == 0.0 for permit in permits) == 1
    asking = next(permit for permit in permits if permit.wait == 0.0)
    permits.remove(asking)
    asking.release()  # lost: the next one asks instead
    permits[0].renew()
    assert permits[0].wait == 0.0
    permits[0].settle(200, {})
    assert len(admissions(limiter, clock, permits[1:])) == 18


def test_a_crowd_does_not_wake_together() -> None:
    outcome = Simulation(FixedWindow(120, retry_after=True), seed=3, seconds=4).run()
    moments = sorted(at for at in outcome.accepted + outcome.refused if at > 1)
    assert max(sum(at <= other < at + 0.001 for other in moments) for at in moments) < 16


@pytest.mark.parametrize("retry_after", [False, True])
@pytest.mark.parametrize(("rate", "burst"), [(500, 50), (120, 12)])
@pytest.mark.parametrize("kind", [TokenBucket, FixedWindow])
def test_an_unknown_limit_is_found(kind: type, rate: int, burst: int, retry_after: bool) -> None:
    for seed in (1, 2):
        outcome, allowed = run(kind, rate, burst, seed, retry_after=retry_after)
        assert len(outcome.accepted) >= 0.95 * allowed
        assert outcome.refused_share() <= 0.0125  # 1 % in the median, see benchmarks/limits.py


def test_a_small_bucket_is_not_overrun_after_each_pause() -> None:
    outcome, allowed = run(TokenBucket, 250, 5, seed=1)
    assert len(outcome.accepted) >= 0.8 * allowed
    assert outcome.refused_share() <= 0.01


@pytest.mark.parametrize(("rate", "burst"), [(500, 50), (120, 12)])
@pytest.mark.parametrize("kind", [TokenBucket, FixedWindow])
def test_a_told_limit_is_used(kind: type, rate: int, burst: int) -> None:
    told = Rate(rate, burst if kind is TokenBucket else None)
    outcome, allowed = run(kind, rate, burst, seed=1, told=told)
    assert len(outcome.accepted) >= 0.99 * allowed
    assert outcome.refused_share() <= 0.001


@pytest.mark.parametrize(("to", "seconds"), [(250, 1.0), (1000, 6.0)])
def test_a_limit_that_changes_is_followed(to: int, seconds: float) -> None:
    outcome = Simulation(TokenBucket(500, 50, change=(10.0, to)), seed=5).run()
    assert outcome.accepted_between(10 + seconds, 20) >= 0.9 * to * (10 - seconds)
    assert outcome.refused_share() <= 0.01


@pytest.mark.parametrize("reset", ["epoch", "delta"])
def test_a_quota_in_the_headers_is_used_up_without_a_429(reset: str) -> None:
    server = FixedWindow(120, quota_headers=reset)
    outcome = Simulation(server, seed=1, seconds=5).run()
    assert len(outcome.accepted) >= 0.99 * server.allowed(5)
    assert outcome.refused == []


def run(
    kind: type, rate: int, burst: int, seed: int, retry_after: bool = False, told: Rate | None = None
) -> tuple[Outcome, float]:
    server: Server = (
        TokenBucket(rate, burst, retry_after=retry_after)
        if kind is TokenBucket
        else FixedWindow(rate, retry_after=retry_after)
    )
    allowed = server.allowed(20.0)
    return Simulation(server, seed, rate=told).run(), allowed


# Sharing


def test_threads_together_keep_the_told_limit() -> None:
    limiter = Limiter(Rate(400, 5))
    moments: list[float] = []
    until = time.monotonic() + 0.4

    def work() -> None:
        while time.monotonic() < until:
            permit = limiter.acquire()
            while permit.wait:
                time.sleep(permit.wait)
                permit.renew()
            moments.append(time.monotonic())
            permit.settle(200, {})

    began = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 20 < len(moments) <= 400 * (max(moments) - began) + 5
    assert limiter._under_way == 0
    assert limiter._waiting == []
