"""A rate limit that nobody told, learned by processes that share one row; in virtual time."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest

from alloy_async import Rate
from alloy_async.provisioning.store.postgres.rate_budget.budget_exchange import SharedBudgetState
from alloy_async.provisioning.store.postgres.rate_budget.leased_budget import LeasedBudget
from simulation.limits.crowd import Simulation
from simulation.limits.limited_servers import FixedWindow, Server, SlidingWindow, TokenBucket
from simulation.limits.shared_row import AHEAD, SharedRow


def simulate(
    server: Server,
    processes: int = 1,
    *,
    seed: int = 1,
    told: Rate | None = None,
    trip: tuple[float, float] = (0.0005, 0.001),
    **how: Any,
) -> tuple[Simulation, SharedRow]:
    run = Simulation(server, seed, processes=processes, rate=Rate(1), **how)
    row = SharedRow(run, trip)
    for limiter in run.limiters:
        limiter.set_rate(row.open_budget(told))
    run.run()
    return run, row


HUNDRED = TokenBucket(100, 10, retry_after=True)
NEAR, FAR = (0.005, 0.02), (0.3, 0.5)


@pytest.mark.parametrize(
    ("server", "processes", "latency", "seconds", "goodput", "refused"),
    [
        (HUNDRED, 1, NEAR, 30, 0.9, 0.06),  # 0.13 and 0.49 where a shut gate is taken for a rest
        (HUNDRED, 4, NEAR, 30, 0.85, 0.07),
        (HUNDRED, 1, FAR, 120, 0.75, 0.06),
        (HUNDRED, 4, FAR, 120, 0.8, 0.06),
        (TokenBucket(100, 10), 1, FAR, 120, 0.7, 0.06),
        (FixedWindow(100, True), 1, NEAR, 30, 0.9, 0.06),
        (FixedWindow(100, True), 4, NEAR, 120, 0.9, 0.06),
        (TokenBucket(20, 20, retry_after=True), 1, NEAR, 120, 0.95, 0.06),
    ],
)
def test_a_rate_that_nobody_told_is_learned(
    server: Server,
    processes: int,
    latency: tuple[float, float],
    seconds: float,
    goodput: float,
    refused: float,
) -> None:
    server = copy.deepcopy(server)
    run, row = simulate(server, processes, seconds=seconds, latency=latency, deadline=100.0)
    assert run.outcome.refused, "there is something to learn from"
    assert len(run.outcome.accepted) >= goodput * server.allowed(seconds)
    assert run.outcome.refused_share() <= refused
    assert row.exchanges / seconds / processes <= 25, "the database is asked some times a second"


def test_many_processes_lease_little_ahead_so_that_what_is_learned_takes_effect() -> None:
    """Where each of eight leased a tenth of a second of the whole rate, 0.92 of the limit was used and 0.054 refused."""
    goodput, refused = [], []
    for seed in range(1, 5):
        run, _ = simulate(
            copy.deepcopy(HUNDRED), 8, seconds=16.0, latency=(0.002, 0.006), deadline=100.0, seed=seed
        )
        goodput.append(run.outcome.accepted_between(2.0, 16.0) / 1400)
        refused.append(run.outcome.refused_share(since=2.0))
    assert sum(goodput) / 4 >= 0.95
    assert sum(refused) / 4 <= 0.02


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (TokenBucket(1, 2, retry_after=True), Rate(1, 2)),
        (FixedWindow(1, True), Rate(1)),
        (SlidingWindow(10, retry_after=True), Rate(10)),
        (TokenBucket(100, 12, retry_after=True), Rate(100, 12)),
        (FixedWindow(100, True), Rate(100)),
    ],
)
def test_a_rate_that_is_told_is_used_and_never_refused(server: Server, told: Rate) -> None:
    seconds = max(20.0, 100 / told.per_second)
    run, _ = simulate(
        copy.deepcopy(server), 8, told=told, seconds=2 + seconds, latency=(0.002, 0.01), deadline=100.0
    )
    assert run.outcome.accepted_between(2.0, 2 + seconds) >= 0.97 * told.per_second * seconds
    assert run.outcome.refused_share() <= 0.001


@pytest.mark.parametrize("told", [Rate(100, 12), Rate(100)])
def test_a_rate_is_used_where_the_database_is_far(told: Rate) -> None:
    """An exchange of 40 ms, during which the row is locked, is 25 a second for all: 0.72 where what came late was given up."""
    run, _ = simulate(
        copy.deepcopy(HUNDRED),
        8,
        told=told,
        trip=(0.01, 0.03),
        seconds=22.0,
        latency=(0.002, 0.01),
        deadline=100.0,
    )
    assert run.outcome.accepted_between(2.0, 22.0) >= 0.93 * 2000
    assert run.outcome.refused_share() <= 0.01


def test_those_who_are_killed_take_little_with_them() -> None:
    run, _ = simulate(
        copy.deepcopy(HUNDRED),
        8,
        told=Rate(100, 10),
        seconds=22.0,
        killed=(8.0, 2),
        latency=(0.002, 0.01),
        deadline=100.0,
    )
    assert run.outcome.accepted_between(2.0, 22.0) >= 0.97 * 2000
    assert run.outcome.refused_share() <= 0.001


@pytest.mark.parametrize("server", [TokenBucket(10, 3), FixedWindow(10), SlidingWindow(10)])
def test_a_low_rate_that_nobody_told_is_known_within_some_seconds(server: Server) -> None:
    """What each has leased for seconds ahead is given up with a refusal: 12 % were refused where it was not."""
    run, _ = simulate(copy.deepcopy(server), 8, seconds=62.0, latency=(0.002, 0.01), deadline=100.0)
    assert run.outcome.accepted_between(20.0, 62.0) >= 0.88 * 420
    assert run.outcome.refused_share(since=20.0) <= 0.05


def test_one_a_second_is_learned_by_eight() -> None:
    """Those that waited for their moment heard of no refusal, and half of all requests were refused."""
    run, _ = simulate(TokenBucket(1, 2), 8, seconds=122.0, latency=(0.002, 0.01), deadline=100.0)
    assert run.outcome.accepted_between(30.0, 122.0) >= 0.9 * 92
    assert run.outcome.refused_share(since=30.0) <= 0.06


def test_a_process_alone_leases_more_where_the_database_is_slow() -> None:
    """One request an exchange of 0.15 s would be 7 of the 100 a second."""
    run, row = simulate(
        copy.deepcopy(HUNDRED), told=Rate(100, 10), trip=(0.04, 0.05), seconds=30.0, latency=(0.002, 0.006)
    )
    assert run.outcome.accepted_between(5.0, 30.0) >= 0.9 * 2500
    assert row.exchanges / 30 <= 10


def test_who_is_in_no_hurry_leaves_the_rate_to_the_others() -> None:
    """What is leased and not sent in time is lost: after that, one request is leased at a time again."""
    now, hurries = 5.0, [False]
    budget = LeasedBudget(Rate(10), lambda: now, hurries.append, lambda: None)
    row, sizes = SharedBudgetState(told=10.0), []
    for _ in range(20):
        now += 1.0
        while budget.reserve(now) is None:
            with budget.exchange_with_row() as bringing:
                row = row._replace(
                    numbers=bringing.apply_answers_and_reserve(row, now + AHEAD, AHEAD), written=now + AHEAD
                )
            sizes.append(len(bringing.slots))
    assert sum(sizes) <= 2 * 20


def test_a_process_that_begins_later_does_not_measure_the_time_in_which_none_ran() -> None:
    _, row = simulate(copy.deepcopy(HUNDRED), seconds=20.0, deadline=100.0)
    later = Simulation(copy.deepcopy(HUNDRED), 2, rate=Rate(1), seconds=3630.0, deadline=100.0, now=3600.0)
    row.run = later
    later.limiters[0].set_rate(row.open_budget())
    later.run()
    assert len(later.outcome.accepted) >= 0.9 * 30 * 100
    assert later.outcome.refused_share() <= 0.06


def test_what_failed_to_be_brought_is_brought_again() -> None:
    hurries: list[bool] = []
    budget = LeasedBudget(None, lambda: 5.0, hurries.append, lambda: None)
    assert budget.note_refused(5.0, 4.9, 60.0, 0.0, False)
    with suppress(ZeroDivisionError), budget.exchange_with_row() as bringing:
        bringing.apply_answers_and_reserve(SharedBudgetState(), 5.0 + AHEAD, AHEAD)
        raise ZeroDivisionError
    with budget.exchange_with_row() as bringing:
        numbers = bringing.apply_answers_and_reserve(SharedBudgetState(), 5.0 + AHEAD, AHEAD)
    assert hurries == [False, True]
    assert budget.opens_at() == pytest.approx(65.0)
    other = LeasedBudget(None, lambda: 5.0, hurries.append, lambda: None)
    with other.exchange_with_row() as learning:
        learning.apply_answers_and_reserve(
            SharedBudgetState(numbers, written=5.0 + AHEAD), 5.1 + AHEAD, AHEAD
        )
    assert other.opens_at() == pytest.approx(65.0)


def test_nobody_waits_for_a_database_whose_clock_was_set_back() -> None:
    budget = LeasedBudget(Rate(10), lambda: 5.0, lambda hurry: None, lambda: None)
    with budget.exchange_with_row() as bringing:
        numbers = bringing.apply_answers_and_reserve(SharedBudgetState(told=10.0), 5.0 + AHEAD, AHEAD)
    row = SharedBudgetState(numbers, 10.0, written=5.0 + AHEAD)
    other = LeasedBudget(Rate(10), lambda: 5.0, lambda hurry: None, lambda: None)
    other.reserve(5.0)
    with other.exchange_with_row() as later:
        later.apply_answers_and_reserve(row, 5.1, 0.0)
    moment = other.reserve(5.1)
    assert moment is not None
    assert moment <= 5.2


def lease(budget: LeasedBudget, row: SharedBudgetState, now: float) -> SharedBudgetState:
    """Exchange with a row, at a moment of the processes' clock."""
    with budget.exchange_with_row() as bringing:
        numbers = bringing.apply_answers_and_reserve(row, now + AHEAD, AHEAD)
    return row._replace(numbers=numbers, written=now + AHEAD)


def test_a_process_that_was_stopped_sends_nothing_of_what_it_had_leased() -> None:
    now = 5.0
    budget = LeasedBudget(Rate(100, 12), lambda: now, lambda hurry: None, lambda: None)
    row = SharedBudgetState(told=100.0, burst=12)
    while len(budget._slots) < 30:  # its callers are quick: it leases more each time
        budget._slots.clear()
        assert budget.reserve(now) is None
        row = lease(budget, row, now)
        now += 0.5
    now += 60
    assert budget.reserve(now) is None


def test_a_row_of_another_version_begins_anew_without_a_burst() -> None:
    budget = LeasedBudget(Rate(10), lambda: 5.0, lambda hurry: None, lambda: None)
    budget.reserve(5.0)
    for numbers in ([], [1.0], [1.0] * 31, [float("nan")] * 60):
        row = lease(budget, SharedBudgetState(numbers, 10.0, written=4.0 + AHEAD), 5.0)
        assert row.numbers is not None
        assert len(row.numbers) > 20
    assert budget.rate() == pytest.approx(10, rel=0.02)


def test_while_the_server_refuses_one_asks_for_all() -> None:
    """Each of eight asked by itself, and heard of the yes of another with its own next answer only."""
    now = [5.0]
    budgets = [LeasedBudget(None, lambda: now[0], lambda hurry: None, lambda: None) for _ in range(8)]
    row = SharedBudgetState()
    for budget in budgets:
        row = lease(budget, row, now[0])
    for at in range(20):
        now[0] = 5.0 + at / 10
        budgets[0].note_accepted(now[0], now[0] - 0.01)
    for _ in range(3):  # two are paid for by what was accepted
        budgets[0].note_refused(now[0], now[0] - 0.01, 2.0, 0.0, False)
    row = lease(budgets[0], row, now[0])
    now[0] += 0.25
    for budget in budgets:
        row = lease(budget, row, now[0])
        assert budget.opens_at() > 8.8, "all know that it is shut"
    now[0] = 9.5
    for budget in budgets:
        assert budget.reserve(now[0]) is None
        row = lease(budget, row, now[0])
    due = [budget for budget in budgets if budget.opens_at() <= now[0]]
    assert len(due) == 1
    due[0].note_accepted(now[0], now[0] - 0.01)
    for budget in (due[0], *budgets):
        budget.reserve(now[0])
        row = lease(budget, row, now[0])
    moments = [budget.opens_at() for budget in budgets]
    assert max(moments) < 9.5 + 8 / budgets[0].rate() + 1, "with its yes, all go on at the rate"
