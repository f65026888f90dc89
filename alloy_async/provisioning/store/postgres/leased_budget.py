"""A budget whose numbers are kept elsewhere, from which requests are leased some at a time.

What a process has leased and does not send is lost time of the server, and what all have leased goes at the rate that was
known when they did: a rate that is learned takes effect only behind it. So little is leased: one request at a time, and more
only where callers would wait for the exchange, and not for the rate, as those of a process alone would. A refusal counts here
at once, and for the others with the next exchange.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ....core.ratelimit.adaptive_budget import AdaptiveBudget
from ....core.ratelimit.configured_rate import Rate

_MOST_SECONDS, _MOST = 1.0, 100
"""Seconds of the whole rate that are leased at a time at the most, and requests."""
_NEAR, _FAR = 0.03, 0.1
"""Seconds until the first moment of a lease: where it is nearer, more is leased the next time; where it is further, less."""
_LATE = 0.1
"""Seconds after which a leased request that was not sent is given up: more of them at once would be a burst."""
_QUIET, _SILENCE = 0.5, 10.0
"""Seconds without a word of any process, after which none is in a hurry: where one says so of itself, and in any case."""

_SET_BACK = 10.0
"""Seconds by which a row may be of later than now; of more, the database's clock was set back."""


class _ServiceAnswer(NamedTuple):
    """What a server's answer told, in seconds of this host's clock; `asked` and what follows are of a refusal only."""

    refused: bool
    now: float
    sent: float
    asked: float | None = None
    chance: float = 0.0
    crowded: bool = False


class SharedBudgetState(NamedTuple):
    """What is kept: the numbers of an AdaptiveBudget, the rate that was told, and when it was written."""

    numbers: list[float] | None = None
    told: float | None = None
    burst: int | None = None
    written: float | None = None


class Exchange:
    """What one process brings to the budget that all share, and takes from it.

    Attributes:
        budget: of all; None until the row was read.
        slots: the moments that are leased, in seconds of the row's clock.
    """

    def __init__(self, answers: list[_ServiceAnswer], rested: float | None, wanted: int) -> None:
        self.answers: list[_ServiceAnswer] = answers
        self.rested: float | None = rested
        self.ahead: float = 0.0
        self.budget: AdaptiveBudget | None = None
        self.slots: list[float] = []
        self._wanted = wanted

    def apply_answers_and_reserve(self, row: SharedBudgetState, now: float, ahead: float) -> list[float]:
        """Bring the answers to a row, and lease requests where some are wanted.

        Args:
            row: as it was read.
            now: by the clock of the row.
            ahead: of this host's clock.

        Returns:
            The new numbers of the row.
        """
        if row.written is not None and row.written > now + _SET_BACK:
            row = row._replace(numbers=None, written=None)  # else all wait until the clock is there again
        budget = self.budget = _create_budget_from_row(row, now)
        self.ahead = ahead
        # Nobody needs a word while the gate is shut: all wait for it.
        heard = -math.inf if row.written is None else max(row.written, budget.opens_at())
        if now - heard > _SILENCE or (self.rested is not None and self.rested + ahead - heard > _QUIET):
            budget.note_idle(now)
        for answer in self.answers:
            apply_service_answer(budget, answer, ahead)
        wanted = self._wanted if budget.rate() < math.inf else 0
        self.slots = [budget.reserve(now) for _ in range(wanted)]
        return list(budget.export_numbers())


class LeasedBudget:
    """A `RequestBudget` in front of a row that many processes share.

    Args:
        told: the rate that the user knows, for all together. None: it is learned together.
        clock: seconds, as the limiter goes by.
        wake: asks for an exchange; at once where it is told True, else within a quarter of a second or so.
    """

    def __init__(self, told: Rate | None, clock: Callable[[], float], wake: Callable[[bool], None]) -> None:
        self._wake, self._clock = wake, clock
        self._lock = threading.Lock()
        self._ahead: float = 0.0  # of the row's clock before this host's
        self._budget = AdaptiveBudget(told)  # as it was read last, and what happened here since
        self._slots: deque[float] = deque()
        self._last = -math.inf
        self._answers: list[_ServiceAnswer] = []
        self._rested: float | None = clock()  # what ran before belongs to others, or to another day
        self._is_wanted = False
        self._lease_size = 1

    def reserve(self, now: float) -> float | None:
        with self._lock:
            if self._budget.rate() == math.inf:
                return now
            while self._slots and self._slots[0] < now - _LATE:
                self._slots.popleft()
                self._lease_size = 1  # nobody was in a hurry here
            if len(self._slots) <= self._lease_size / 2:
                self._is_wanted = True
                self._wake(True)
            if not self._slots:
                return None
            self._last = self._slots.popleft()
            return self._last

    def give_back(self) -> None:
        with self._lock:
            if self._last > -math.inf:
                self._slots.appendleft(self._last)
                self._last = -math.inf

    def rate(self) -> float:
        return self._budget.rate()

    def opens_at(self) -> float:
        return self._budget.opens_at() - self._ahead

    def get_told_opening(self) -> float:
        return self._budget.get_told_opening() - self._ahead

    def note_accepted(self, now: float, sent: float) -> None:
        with self._lock:
            self._note_service_answer(_ServiceAnswer(False, now, sent))

    def note_refused(
        self, now: float, sent: float, asked: float | None, chance: float, crowded: bool
    ) -> bool:
        with self._lock:
            is_news = self._note_service_answer(_ServiceAnswer(True, now, sent, asked, chance, crowded))
            if is_news:
                self._drop_slots_before_opening()
                self._wake(True)
            return is_news

    def note_idle(self, now: float) -> None:
        """Note that nobody here is in a hurry; whether nobody is anywhere is seen when the row is read."""
        with self._lock:
            self._rested = now

    @contextmanager
    def exchange_with_row(self) -> Iterator[Exchange]:
        """Bring what was answered here, learn what the others know, and lease requests where some are wanted.

        What is brought is kept for the next time where the block fails.
        """
        with self._lock:
            exchange = Exchange(self._answers, self._rested, self._lease_size if self._is_wanted else 0)
            self._answers, self._rested, self._is_wanted = [], None, False
        try:
            yield exchange
        except BaseException:
            with self._lock:
                self._answers = exchange.answers + self._answers
                self._rested = exchange.rested if self._rested is None else self._rested
            raise
        assert exchange.budget is not None
        with self._lock:
            self._budget, self._ahead = exchange.budget, exchange.ahead
            if exchange.slots:
                self._adapt_lease_size(exchange.slots[0] - self._ahead)
            self._slots.extend(moment - self._ahead for moment in exchange.slots)
            for answer in self._answers:  # of the meantime
                if apply_service_answer(self._budget, answer, self._ahead) and answer.refused:
                    self._drop_slots_before_opening()

    def _adapt_lease_size(self, first: float) -> None:
        """Lease more the next time where the first moment is over soon, or already, and less where it is far ahead."""
        ahead = first - self._clock()
        if ahead < _NEAR:
            most = max(1, min(round(self._budget.rate() * _MOST_SECONDS), _MOST))
            self._lease_size = min(2 * self._lease_size, most)
        elif ahead > _FAR:
            self._lease_size = max(1, self._lease_size // 2)

    def _drop_slots_before_opening(self) -> None:
        """Give up what was leased for the time until the gate opens."""
        opens = self.opens_at()
        self._slots = deque([moment for moment in self._slots if moment >= opens])

    def _note_service_answer(self, answer: _ServiceAnswer) -> bool:
        self._answers.append(answer)
        self._wake(False)
        return apply_service_answer(self._budget, answer, self._ahead)


def apply_service_answer(budget: AdaptiveBudget, answer: _ServiceAnswer, ahead: float) -> bool:
    """Tell a budget of an answer; tell whether it is news."""
    now, sent = answer.now + ahead, answer.sent + ahead
    if answer.refused:
        return budget.note_refused(now, sent, answer.asked, answer.chance, answer.crowded)
    budget.note_accepted(now, sent)
    return True


def _create_budget_from_row(row: SharedBudgetState, now: float) -> AdaptiveBudget:
    """Make the budget of a row anew, in seconds of the row's clock."""
    budget = AdaptiveBudget(None if row.told is None else Rate(row.told, row.burst), now)
    # Other numbers are of another version: then the budget begins anew.
    if row.numbers is not None and len(row.numbers) == len(budget.export_numbers()):
        budget.import_numbers(tuple(row.numbers))
    return budget
