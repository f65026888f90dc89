"""The limiter: told limits are kept, unknown ones found, quotas followed, nobody is lost or favoured."""

from __future__ import annotations

import copy
import math
import threading
import time
from heapq import heapify, heappop, heappush
from itertools import accumulate
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from alloy_async.core.ratelimit.configured_rate import Rate
from alloy_async.core.ratelimit.lanes.request_limit import SHORTEST_WAIT
from alloy_async.core.ratelimit.limiter import Limiter
from alloy_async.core.ratelimit.permit import Permit
from alloy_async.core.ratelimit.shared_budget import SharedBudget
from alloy_async.core.ratelimit.signals.quotas import MOST_QUOTAS
from alloy_async.core.retry import Retry
from simulation.limits.crowd import Simulation, wait_at_low_traffic
from simulation.limits.limited_servers import (
    Concurrency,
    FixedWindow,
    Free,
    Moody,
    Server,
    SlidingWindow,
    TokenBucket,
    limit_single_operation,
)


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
            permits[index].update_wait()
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
            permit = limiter.acquire("get")
        else:
            permit.update_wait()
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
            assert count <= per_second * (until - since + SHORTEST_WAIT) + burst  # a timer may be so late


@given(per_second=st.floats(1, 1000), burst=st.integers(1, 20), callers=st.integers(1, 80))
@settings(max_examples=60)
def test_callers_go_in_the_order_in_which_they_came(per_second: float, burst: int, callers: int) -> None:
    limiter, clock = make(Rate(per_second, burst))
    permits = [limiter.acquire("get") for _ in range(callers)]
    order = [index for _, index in admissions(limiter, clock, permits)]
    assert order == sorted(order)


def test_a_caller_that_gives_up_leaves_its_place_to_the_next() -> None:
    limiter, clock = make(Rate(10, 1))
    permits = [limiter.acquire("get") for _ in range(4)]
    for permit in permits[1:3]:
        permit.release()
        permit.release()
    clock.now += 1 / 9.9
    permits[3].update_wait()
    assert permits[3].wait == 0.0


def test_who_comes_to_the_front_as_others_give_up_is_called_in_time() -> None:
    limiter, _ = make(Rate(10, 1))
    permits = [limiter.acquire("get") for _ in range(200)]
    woken: list[int] = []
    for number, permit in enumerate(permits):
        permit.update_wait(lambda number=number: woken.append(number))  # type: ignore[misc]
    last = permits[-1]
    assert last.wait > 15
    for permit in permits[:-1]:
        permit.release()
    assert woken[-1] == 199
    last.update_wait(lambda: woken.append(199))
    assert last.wait < 0.2


def test_a_thousand_callers_whose_deadlines_pass_together_leave_no_gap() -> None:
    server = FixedWindow(100, window=10.0, phase=0.4)
    outcome = Simulation(server, 1, workers=1000, seconds=120.0).run()
    assert len(outcome.errors) > 300  # nobody can serve as many
    assert min(outcome.accepted_between(at, at + 10) for at in range(30, 110, 10)) >= 80


def test_a_first_in_the_queue_that_does_not_come_holds_nobody_up() -> None:
    limiter, clock = make(Rate(10, 1))
    _, late, prompt = (limiter.acquire("get") for _ in range(3))
    clock.now += 1
    prompt.update_wait()
    assert prompt.wait == 0.0
    clock.now += 1
    late.update_wait()
    assert late.wait == 0.0


def test_a_rate_told_anew_holds_for_those_who_wait() -> None:
    limiter, clock = make(Rate(1, 1))
    permits = [limiter.acquire("get") for _ in range(11)]
    woken: list[int] = []
    for number, permit in enumerate(permits):
        permit.update_wait(lambda number=number: woken.append(number))
    limiter.set_rate(Rate(1000, 1))
    assert woken == list(range(1, 11))
    for permit in permits:
        permit.update_wait()
    assert admissions(limiter, clock, permits)[-1][0] - 1000 < 0.1


@pytest.mark.parametrize(("per_second", "burst"), [(0, None), (-1, None), (math.nan, None), (5, 0), (5, -3)])
def test_a_senseless_rate_is_refused(per_second: float, burst: int | None) -> None:
    with pytest.raises(ValueError, match=r"per_second|burst"):
        Rate(per_second, burst)


def test_an_infinite_rate_never_waits() -> None:
    limiter, _ = make(Rate(math.inf))
    assert not any(limiter.acquire("get").wait for _ in range(1000))


# Unknown limits


def refuse(limiter: Limiter, operation: str = "get", **headers: str) -> None:
    limiter.acquire(operation).note_answer(429, headers)


def test_nothing_is_paced_or_counted_before_a_server_shows_a_limit() -> None:
    limiter, _ = make()
    permits = [limiter.acquire("get") for _ in range(10_000)]
    assert not any(permit.wait for permit in permits)
    for permit in permits:
        permit.note_answer(200, {})
        permit.release()
    assert not limiter.acquire("get").wait


@pytest.mark.parametrize(("retry_after", "most"), [("1", 1.2), ("5", 5.6), ("30", 31.1)])
def test_retry_after_is_waited_for_and_little_more(retry_after: str, most: float) -> None:
    limiter, clock = make()
    refuse(limiter, **{"retry-after": retry_after})
    (moment, _), *_ = admissions(limiter, clock, [limiter.acquire("get")])
    assert float(retry_after) <= moment - 1000 <= most


def test_a_refusal_in_quiet_times_teaches_no_rate() -> None:
    limiter, clock = make()
    for _ in range(5):
        refuse(limiter, **{"retry-after": "1"})
        clock.now += 20
        for _ in range(10):
            permit = limiter.acquire("get")
            assert permit.wait == 0.0
            clock.now += 0.05
            permit.note_answer(200, {})
            clock.now += 20


def test_a_long_wait_is_known_at_once_and_not_shortened() -> None:
    limiter, clock = make()
    refuse(limiter, **{"retry-after": "36000"})
    for _ in range(3):
        permit = limiter.acquire("get")
        assert 35_900 < permit.hold < 36_002
        permit.release()
        clock.now += 20
    clock.now = 1000 + 3601  # an hour later one asks, whatever was told
    asking, waiting = limiter.acquire("get"), limiter.acquire("get")
    assert asking.wait == 0.0
    assert waiting.hold > 30_000
    clock.now += 0.1
    asking.note_answer(200, {})
    waiting.update_wait()
    assert waiting.wait == 0.0


def test_after_a_refusal_one_request_asks_and_the_others_wait_for_its_answer() -> None:
    limiter, clock = make()
    refuse(limiter)
    permits = [limiter.acquire("get") for _ in range(20)]
    clock.now += 0.2
    for permit in permits:
        permit.update_wait()
    assert [permit.wait == 0.0 for permit in permits] == [True] + [False] * 19
    clock.now += 0.1
    permits[0].note_answer(200, {})
    assert len(admissions(limiter, clock, permits[1:])) == 19


def test_a_question_that_is_lost_is_asked_by_the_next() -> None:
    limiter, clock = make()
    refuse(limiter)
    clock.now += 0.2
    asking, other = limiter.acquire("get"), limiter.acquire("get")
    assert (asking.wait, other.wait > 0) == (0.0, True)
    woken: list[bool] = []
    other.update_wait(lambda: woken.append(True))
    asking.release()
    assert woken == [True]
    other.update_wait()
    assert other.wait == 0.0


def test_a_slow_question_holds_nobody_up_for_long() -> None:
    limiter, clock = make()
    refuse(limiter)
    clock.now += 0.2
    assert limiter.acquire("get").wait == 0.0
    other = limiter.acquire("get")
    clock.now += 1.1
    other.update_wait()
    assert other.wait == 0.0


def test_the_operation_that_was_refused_holds_up_no_other() -> None:
    limiter, _ = make()
    refuse(limiter, "create", **{"retry-after": "30"})
    assert limiter.acquire("create").wait > 0
    assert limiter.acquire("get").wait == 0.0


def test_two_operations_that_are_refused_together_hold_up_all() -> None:
    limiter, _ = make()
    refuse(limiter, "create")
    refuse(limiter, "get")
    assert limiter.acquire("delete").wait > 0


def test_a_told_wait_is_that_of_all_once_nobody_was_let_through_meanwhile() -> None:
    limiter, clock = make()
    for holds in (False, False, True):
        refuse(limiter, "create", **{"retry-after": "30"})
        refuse(limiter, "get", **{"retry-after": "30"})
        permit = limiter.acquire("delete")
        assert (permit.wait > 0) is holds
        permit.release()
        clock.now += 35


def test_two_operations_refused_far_apart_share_nothing() -> None:
    limiter, clock = make()
    refuse(limiter, "create", **{"retry-after": "1"})
    clock.now += 120
    refuse(limiter, "get", **{"retry-after": "30"})
    assert limiter.acquire("delete").wait == 0.0


@pytest.mark.parametrize("body", [b'{"__type": "ThrottlingException"}', b"<Code>SlowDown</Code>"])
def test_a_limit_in_the_body_is_one(body: bytes) -> None:
    limiter, _ = make()
    limiter.acquire("get").note_answer(400, {}, body)
    assert limiter.acquire("get").wait > 0


def test_503_with_retry_after_is_a_limit_and_without_it_is_not() -> None:
    limiter, _ = make()
    limiter.acquire("get").note_answer(503, {})
    assert limiter.acquire("get").wait == 0.0
    limiter.acquire("get").note_answer(503, {"retry-after": "2"})
    assert limiter.acquire("get").wait > 0


def test_what_was_learned_is_forgotten_after_a_while() -> None:
    limiter, clock = make()
    refuse(limiter, **{"retry-after": "1"})
    clock.now += 1000
    assert limiter.acquire("get").wait == 0.0
    assert limiter.acquire("get") is limiter.acquire("get")  # nothing is counted


def test_a_crowd_does_not_wake_together() -> None:
    outcome = Simulation(FixedWindow(120, retry_after=True), seed=3, seconds=4).run()
    moments = sorted(at for at in outcome.accepted + outcome.refused if at > 1)
    assert max(sum(at <= other < at + 0.001 for other in moments) for at in moments) < 16


FAR = {"seconds": 120.0, "latency": (0.9, 1.1)}
MINUTES = {"seconds": 600.0, "workers": 8}
SERVERS: list[tuple[str, Server, dict[str, object], float, float, float]] = [
    # Name, server, simulation, least goodput, most refused in all, and once it is known: benchmarks/limits.py measures more.
    ("bucket of 10", TokenBucket(10, 10), {"seconds": 300.0}, 0.97, 0.06, 0.03),
    ("window of 10", FixedWindow(10), {"seconds": 300.0}, 0.85, 0.065, 0.05),
    ("sliding window of 10", SlidingWindow(10), {"seconds": 300.0}, 0.8, 0.06, 0.03),
    ("5 in flight", Concurrency(5, 0.3), {"seconds": 120.0, "service": 0.3}, 0.85, 0.06, 0.02),
    ("1 in flight", Concurrency(1, 0.3), {"seconds": 300.0, "service": 0.3, "workers": 10}, 0.9, 0.06, 0.03),
    ("2 in flight, slow", Concurrency(2, 2), {"seconds": 300.0, "service": 2, "workers": 8}, 0.9, 0.1, 0.05),
    ("20 a second, answers after one", TokenBucket(20, 20), FAR, 0.9, 0.08, 0.06),
    ("500 a second", TokenBucket(500, 50), {}, 0.97, 0.0125, 0.0016),
    ("window of 500", FixedWindow(500), {}, 0.9, 0.03, 0.015),
    ("120 a second", TokenBucket(120, 12), {}, 0.97, 0.04, 0.0054),
    ("window of 120", FixedWindow(120), {}, 0.92, 0.065, 0.015),
    ("500 a second, Retry-After", TokenBucket(500, 50, retry_after=True), {}, 0.93, 0.0125, 0.0016),
    ("120 a second, Retry-After", TokenBucket(120, 12, retry_after=True), {}, 0.93, 0.04, 0.0054),
    ("60 a minute", TokenBucket(1, 60), MINUTES, 0.97, 0.06, 0.03),
    ("60 a minute, Retry-After", TokenBucket(1, 60, retry_after=True), MINUTES, 0.97, 0.06, 0.03),
]


@pytest.mark.parametrize(
    ("server", "simulation", "goodput", "refused", "refused_later"),
    [row[1:] for row in SERVERS],
    ids=[row[0] for row in SERVERS],
)
def test_an_unknown_limit_is_found(
    server: Server, simulation: dict[str, Any], goodput: float, refused: float, refused_later: float
) -> None:
    run = Simulation(copy.deepcopy(server), 1, **simulation)
    outcome = run.run()
    assert len(outcome.accepted) >= goodput * server.allowed(run.seconds)
    assert outcome.refused_share() <= refused
    assert outcome.refused_share(since=run.seconds / 5) <= refused_later
    assert outcome.fairness(run.workers) >= 0.95
    assert outcome.errors == []


@pytest.mark.parametrize("retry_after", [False, True])
def test_a_call_that_others_outrun_is_not_given_up(retry_after: bool) -> None:
    run = Simulation(
        FixedWindow(10, retry_after), 1, seconds=120, retry=Retry(attempts=2), deadline=100.0
    ).run()
    assert max(call.attempts for call, _ in run.calls) > 2
    assert len([error for at, error in run.errors if at > 10]) <= 0.005 * len(run.calls)


@pytest.mark.parametrize("retry_after", [False, True])
@pytest.mark.parametrize("kind", [FixedWindow, SlidingWindow])
def test_a_window_of_a_minute_is_used_and_no_call_gives_up_once_it_is_known(
    kind: type, retry_after: bool
) -> None:
    server = kind(60, window=60.0, retry_after=retry_after)
    outcome = Simulation(server, 1, seconds=900, workers=8).run()
    assert outcome.accepted_between(300, 900) >= 0.88 * 600
    assert outcome.refused_share(since=300) <= 0.06
    assert [error for at, error in outcome.errors if at > 300] == []


@pytest.mark.parametrize("every", [0.4, 2.0, 20.0])
@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("retry_after", [0.0, 1.0, 2.0])
def test_in_quiet_times_nobody_waits_longer_than_the_server_said(
    every: float, times: int, retry_after: float
) -> None:
    assert wait_at_low_traffic(every, times, retry_after) <= 2.0


def test_an_operation_beside_a_limited_one_goes_on() -> None:
    server = limit_single_operation("create", TokenBucket(10 / 60, 10, retry_after=True))
    outcome = Simulation(server, 1, operations=("create", "get"), workers=8, seconds=120).run()
    free = Simulation(Free(), 1, operations=("get",), workers=4, seconds=120).run()
    assert sum(call.operation == "get" for call, _ in outcome.calls) >= 0.9 * len(free.calls)
    assert sum(call.operation == "create" for call, _ in outcome.calls) >= 20


@pytest.mark.parametrize(("rate", "burst"), [(500, 50), (120, 12)])
@pytest.mark.parametrize("kind", [TokenBucket, FixedWindow])
def test_a_told_limit_is_used(kind: type, rate: int, burst: int) -> None:
    told = Rate(rate, burst if kind is TokenBucket else None)
    server: Server = TokenBucket(rate, burst) if kind is TokenBucket else FixedWindow(rate)
    outcome = Simulation(server, 1, rate=told).run()
    assert len(outcome.accepted) >= 0.99 * server.allowed(20)
    assert outcome.refused_share() <= 0.001


@pytest.mark.parametrize(("to", "seconds"), [(250, 1.0), (1000, 7.0)])
def test_a_limit_that_changes_is_followed(to: int, seconds: float) -> None:
    outcome = Simulation(TokenBucket(500, 50, change=(10.0, to)), seed=5).run()
    assert outcome.accepted_between(10 + seconds, 20) >= 0.9 * to * (10 - seconds)
    assert outcome.refused_share() <= 0.015


@pytest.mark.parametrize("reset", ["epoch", "delta"])
def test_a_quota_in_the_headers_is_used_up_without_a_429(reset: str) -> None:
    server = FixedWindow(120, quota_headers=reset)
    outcome = Simulation(server, seed=1, seconds=5).run()
    assert len(outcome.accepted) >= 0.99 * server.allowed(5)
    assert len(outcome.refused) <= 64  # those that were sent before the first answer


def test_a_quota_that_nonsense_tells_stops_nobody() -> None:
    limiter, _ = make()
    limiter.acquire("get").note_answer(200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4070908800"})
    assert limiter.acquire("get").wait == 0.0


def test_a_quota_with_nothing_left_holds_and_one_a_minute_asks() -> None:
    limiter, clock = make()
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "7200"}
    limiter.acquire("get").note_answer(200, {**spent, "x-ratelimit-remaining": "1"})
    asking = limiter.acquire("get")
    for _ in range(2):
        clock.now += 0.1
        asking.note_answer(200, spent)
        waiting = limiter.acquire("get")
        assert waiting.hold > 7000
        waiting.release()
        clock.now += 61
        asking, waiting = limiter.acquire("get"), limiter.acquire("get")
        assert (asking.wait, waiting.wait > 0) == (0.0, True)
        waiting.release()


def test_a_question_that_is_refused_does_not_make_a_bucket_of_a_daily_quota() -> None:
    limiter, clock = make()
    for minute in range(6):
        spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{70_000 - 61 * minute}"}
        asking = limiter.acquire("get")
        assert asking.wait == 0.0
        asking.note_answer(429, {**spent, "x-ratelimit-limit": "5000"})
        waiting = limiter.acquire("get")
        assert waiting.hold > 69_000
        waiting.release()
        clock.now += 61


@pytest.mark.parametrize("told", [{}, {"x-ratelimit-remaining": "9", "x-ratelimit-reset": "1700000300"}])
def test_a_reset_by_a_clock_that_is_minutes_off_is_believed_once(told: dict[str, str]) -> None:
    limiter, clock = make()
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000300", "x-ratelimit-limit": "10"}
    limiter.acquire("get").note_answer(429, spent)
    waiting = limiter.acquire("get")
    assert waiting.hold == 300  # nothing tells that it is wrong
    waiting.release()
    clock.now += 61
    limiter.acquire("get").note_answer(200, told)
    clock.now += 1
    limiter.acquire("get").note_answer(429, spent)
    waiting = limiter.acquire("get")
    assert waiting.hold < 2
    assert waiting.wait < 2


def test_a_quota_told_for_one_operation_does_not_hold_another() -> None:
    limiter, _ = make()
    limiter.acquire("get").note_answer(200, {"x-ratelimit-remaining": "9", "x-ratelimit-reset": "50"})
    limiter.acquire("search").note_answer(
        200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "50", "x-ratelimit-resource": "search"}
    )
    limiter.acquire("get").note_answer(200, {"x-ratelimit-remaining": "8", "x-ratelimit-reset": "50"})
    assert limiter.acquire("get").wait == 0.0


# Sharing


def test_threads_together_keep_the_told_limit() -> None:
    limiter = Limiter(Rate(400, 5))
    moments: list[float] = []
    until = time.monotonic() + 0.4

    def work() -> None:
        while time.monotonic() < until:
            permit = limiter.acquire("get")
            while permit.wait:
                time.sleep(permit.wait)
                permit.update_wait()
            moments.append(time.monotonic())
            permit.note_answer(200, {})

    began = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 20 < len(moments) <= 400 * (max(moments) - began) + 5
    assert limiter._lanes["get"].under_way == 0
    assert not limiter._lanes["get"].waiting


@pytest.mark.parametrize(
    ("share", "retry_after", "least"),
    [(0.01, None, 1500), (0.05, None, 300), (0.05, "0", 300), (0.05, "1", 100)],
)
def test_refusals_at_random_are_not_taken_for_a_rate(
    share: float, retry_after: str | None, least: int
) -> None:
    outcome = Simulation(Moody(share, retry_after), 1, workers=32, seconds=20).run()
    assert len(outcome.accepted) / 20 >= least


def test_one_refusal_among_many_answers_holds_up_nobody_else() -> None:
    limiter, _ = make()
    for _ in range(20):
        limiter.acquire("get").note_answer(200, {})
    refuse(limiter)
    assert limiter.acquire("get").wait == 0.0
    refuse(limiter, **{"retry-after": "30"})  # the server's word is another thing
    assert limiter.acquire("get").hold > 29


def test_a_refusal_while_others_are_let_through_is_told_from_one_where_nobody_is() -> None:
    limiter, clock = make()
    refuse(limiter)
    clock.now += 0.2
    asking, other, third = (limiter.acquire("get") for _ in range(3))
    asking.note_answer(200, {})
    for permit in (other, third):
        permit.update_wait()
        assert permit.wait == 0.0
    clock.now += 0.1
    other.note_answer(429, {})
    assert other.was_outrun
    clock.now += 10
    alone = limiter.acquire("get")
    alone.note_answer(429, {})
    assert not alone.was_outrun


@pytest.mark.parametrize("told", [None, "0"])
def test_refusals_at_random_do_not_strangle_a_told_rate(told: str | None) -> None:
    server = Moody(share=0.02, retry_after=told)
    outcome = Simulation(server, 1, rate=Rate(1e6, 1_000_000), workers=32, deadline=1.0).run()
    assert len(outcome.accepted) / 20 >= 1000
    assert len(outcome.errors) <= 0.001 * len(outcome.calls)


@pytest.mark.parametrize("shared", [False, True])
def test_eight_processes_at_one_limit_that_nobody_told(shared: bool, tmp_path: Path) -> None:
    budget = SharedBudget(tmp_path / "budget", Rate(math.inf, shared=True), 0.0) if shared else None
    server = TokenBucket(100, 10)
    run = Simulation(server, 1, workers=64, processes=8, budget=budget, seconds=60)
    outcome = run.run()
    assert len(outcome.accepted) >= 0.95 * server.allowed(60)
    assert outcome.refused_share(since=12) <= (0.01 if shared else 0.1)
    assert outcome.fairness(64) >= (0.95 if shared else 0.6)


def test_a_caller_who_leaves_takes_nobody_elses_place() -> None:
    """A call that was refused gives up places: its ticket may be that of a new call, too."""
    limiter, _ = make()
    limiter.acquire("get").note_answer(429, {"retry-after": "5"})
    permits = [limiter.acquire("get", refusals=1)]
    while permits[-1].ticket != permits[0].ticket or len(permits) == 1:
        permits.append(limiter.acquire("get"))
    stays, leaves = permits[0], permits[-1]
    leaves.release()
    waiting = limiter._lanes["get"].waiting
    assert stays in waiting
    assert leaves not in waiting
    for permit in permits:
        permit.release()
    assert not waiting


def test_a_server_that_tells_a_new_quota_with_each_answer_does_not_fill_the_memory() -> None:
    limiter, _ = make()
    for number in range(2000):
        headers = {"x-ratelimit-limit": f"{number}", "x-ratelimit-remaining": "500", "x-ratelimit-reset": "1"}
        limiter.acquire("get").note_answer(200, headers)
    assert 1 < len(limiter._quotas._windows) <= MOST_QUOTAS
