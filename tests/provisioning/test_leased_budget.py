"""A rate limit that nobody told, learned by processes that share one row; in virtual time."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest

from alloy_async import Rate
from alloy_async.provisioning.store.postgres.leased_budget import LeasedBudget, SharedBudgetState
from simulation.crowd import Simulation
from simulation.limited_servers import FixedWindow, Server, TokenBucket

AHEAD = 1000.0
"""Seconds of the row's clock before that of the processes."""
EXCHANGE, REPORT = 0.003, 0.25


class SimulatedRow:
    """The row, and the processes that exchange with it, as threads do in earnest."""

    def __init__(self, run: Simulation) -> None:
        self.run = run
        self.row = SharedBudgetState()
        self.exchanges = 0

    def open(self) -> LeasedBudget:
        """Open the budget of one process."""
        due = [float("inf")]

        def wake(hurry: bool) -> None:
            moment = self.run.now + (EXCHANGE if hurry else REPORT)
            if moment < due[0]:
                due[0] = moment
                self.run._after(moment - self.run.now, lambda: exchange(moment))

        def exchange(moment: float) -> None:
            if moment != due[0]:
                return
            due[0] = float("inf")
            bring()

        def bring() -> None:
            self.exchanges += 1
            now = self.run.now + AHEAD
            with budget.exchange_with_row() as bringing:
                self.row = self.row._replace(
                    numbers=bringing.apply_answers_and_reserve(self.row, now, AHEAD), written=now
                )

        budget = LeasedBudget(None, lambda: self.run.now, wake)
        bring()  # what is known is known from the first request on
        return budget


def simulate(
    server: Server, processes: int = 1, *, seed: int = 1, **how: Any
) -> tuple[Simulation, SimulatedRow]:
    run = Simulation(server, seed, processes=processes, rate=Rate(1), **how)
    row = SimulatedRow(run)
    for limiter in run.limiters:
        limiter.set_rate(row.open())
    run.run()
    return run, row


HUNDRED = TokenBucket(100, 10, retry_after=True)
NEAR, FAR = (0.005, 0.02), (0.3, 0.5)


@pytest.mark.parametrize(
    ("server", "processes", "latency", "seconds", "goodput", "refused"),
    [
        (HUNDRED, 1, NEAR, 30, 0.9, 0.06),  # 0.13 and 0.49 where a shut gate is taken for a rest
        (HUNDRED, 4, NEAR, 30, 0.85, 0.07),
        (HUNDRED, 1, FAR, 120, 0.8, 0.06),
        (HUNDRED, 4, FAR, 120, 0.8, 0.06),
        (TokenBucket(100, 10), 1, FAR, 120, 0.8, 0.06),
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


@pytest.mark.parametrize("exchange", [0.03, 0.15])
def test_a_process_alone_leases_more_where_the_database_is_slow(
    exchange: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request an exchange of 0.15 s would be 7 of the 100 a second."""
    monkeypatch.setitem(globals(), "EXCHANGE", exchange)
    run, row = simulate(copy.deepcopy(HUNDRED), seconds=30.0, latency=(0.002, 0.006), deadline=100.0)
    assert run.outcome.accepted_between(5.0, 30.0) >= 0.5 * 2500
    assert row.exchanges / 30 <= 10


def test_who_is_in_no_hurry_leaves_the_rate_to_the_others() -> None:
    """What is leased and not sent in time is lost: after that, one request is leased at a time again."""
    now, hurries = 5.0, [False]
    budget = LeasedBudget(Rate(10), lambda: now, hurries.append)
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
    later.limiters[0].set_rate(row.open())
    later.run()
    assert len(later.outcome.accepted) >= 0.9 * 30 * 100
    assert later.outcome.refused_share() <= 0.06


def test_what_failed_to_be_brought_is_brought_again() -> None:
    hurries: list[bool] = []
    budget = LeasedBudget(None, lambda: 5.0, hurries.append)
    assert budget.note_refused(5.0, 4.9, 60.0, 0.0, False)
    with suppress(ZeroDivisionError), budget.exchange_with_row() as bringing:
        bringing.apply_answers_and_reserve(SharedBudgetState(), 5.0 + AHEAD, AHEAD)
        raise ZeroDivisionError
    with budget.exchange_with_row() as bringing:
        numbers = bringing.apply_answers_and_reserve(SharedBudgetState(), 5.0 + AHEAD, AHEAD)
    assert hurries == [False, True]
    assert budget.opens_at() == pytest.approx(65.0)
    other = LeasedBudget(None, lambda: 5.0, hurries.append)
    with other.exchange_with_row() as learning:
        learning.apply_answers_and_reserve(
            SharedBudgetState(numbers, written=5.0 + AHEAD), 5.1 + AHEAD, AHEAD
        )
    assert other.opens_at() == pytest.approx(65.0)


def test_nobody_waits_for_a_database_whose_clock_was_set_back() -> None:
    budget = LeasedBudget(Rate(10), lambda: 5.0, lambda hurry: None)
    with budget.exchange_with_row() as bringing:
        numbers = bringing.apply_answers_and_reserve(SharedBudgetState(told=10.0), 5.0 + AHEAD, AHEAD)
    row = SharedBudgetState(numbers, 10.0, written=5.0 + AHEAD)
    other = LeasedBudget(Rate(10), lambda: 5.0, lambda hurry: None)
    other.reserve(5.0)
    with other.exchange_with_row() as later:
        later.apply_answers_and_reserve(row, 5.1, 0.0)
    moment = other.reserve(5.1)
    assert moment is not None
    assert moment <= 5.2
