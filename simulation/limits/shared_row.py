"""The row of a rate budget that processes share over a database, in virtual time: its lock, and how long everything takes.

An exchange is two round trips, as in earnest: the row is read once its lock is free, which is held until the second has ended.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from alloy_async.core.ratelimit.configured_rate import Rate
from alloy_async.provisioning.store.postgres.rate_budget.budget_exchange import Exchange, SharedBudgetState
from alloy_async.provisioning.store.postgres.rate_budget.leased_budget import LeasedBudget

from .crowd import Simulation

AHEAD = 1000.0
"""Seconds of the row's clock before that of the processes."""
REPORT = 0.25
"""Seconds within which a process that is in no hurry exchanges."""


class SharedRow:
    """The row, and the processes that exchange with it.

    Args:
        run: whose limiters use it.
        trip: seconds that a message takes one way, at the least and at the most.
    """

    def __init__(self, run: Simulation, trip: tuple[float, float] = (0.0005, 0.001)) -> None:
        self.run = run
        self.row = SharedBudgetState()
        self.exchanges = 0
        self.is_away = False
        self._trip = trip
        self._random = random.Random(run.seed)
        self._holder: SimulatedProcess | None = None
        self._queue: deque[SimulatedProcess] = deque()

    def open_budget(self, told: Rate | None = None) -> LeasedBudget:
        """Open the budget of one process; what is known is known from its first request on."""
        if told is not None:
            self.row = self.row._replace(told=told.per_second, burst=told.burst)
        process = SimulatedProcess(self, told)
        with process.budget.exchange_with_row() as exchange:
            self.write(exchange)
        return process.budget

    def write(self, exchange: Exchange) -> None:
        """Exchange, while the row is locked."""
        self.exchanges += 1
        now = self.run.now + AHEAD
        numbers = exchange.apply_answers_and_reserve(self.row, now, AHEAD)
        self.row = self.row._replace(numbers=numbers, written=now)

    def lock(self, process: SimulatedProcess) -> None:
        """Let a process read the row, as soon as nobody else has it locked."""
        if self._holder is not None:
            self._queue.append(process)
            return
        self._holder = process
        self.after_trip(process.read)

    def unlock(self) -> None:
        """Let the next one have the row."""
        self._holder = None
        if self._queue:
            self.lock(self._queue.popleft())

    def after_trip(self, step: Callable[[], None]) -> None:
        """Do something when a message has arrived."""
        self.run._after(self._random.uniform(*self._trip), step)


class SimulatedProcess:
    """The thread of one process that exchanges with the row.

    Args:
        row: of all.
        told: the rate that its user told.
    """

    def __init__(self, row: SharedRow, told: Rate | None) -> None:
        self._row, self._run = row, row.run
        self.budget: LeasedBudget = LeasedBudget(told, lambda: self._run.now, self._wake, self._tell_news)
        self._is_exchanging, self._is_due, self._due_at = False, False, float("inf")
        self._exchanging: AbstractContextManager[Exchange]
        self._exchange: Any = None

    def read(self) -> None:
        """Read and write the row; the answer of the second message releases it."""
        self._row.write(self._exchange)
        self._row.after_trip(self._commit)

    def _wake(self, hurry: bool) -> None:
        moment = self._run.now + (0.0 if hurry else REPORT)
        if moment < self._due_at:
            self._due_at = moment
            self._run._after(moment - self._run.now, lambda: self._begin(moment))

    def _begin(self, moment: float) -> None:
        if moment != self._due_at:
            return
        if self._is_exchanging:
            self._is_due = True
            return
        self._due_at, self._is_exchanging, self._is_due = float("inf"), True, False
        self._exchanging = self.budget.exchange_with_row()
        self._exchange = self._exchanging.__enter__()
        self._row.after_trip(lambda: self._row.lock(self))

    def _commit(self) -> None:
        self._row.after_trip(self._row.unlock)
        self._row.after_trip(lambda: self._row.after_trip(self._end))

    def _end(self) -> None:
        self._exchanging.__exit__(None, None, None)
        self._is_exchanging = False
        if self._is_due:
            self._due_at = self._run.now
            self._begin(self._run.now)
        elif self.budget.has_outstanding_slots:
            self._wake(False)

    def _tell_news(self) -> None:
        for limiter in self._run.limiters:
            if limiter.rate is self.budget:
                limiter.wake_first()
