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

from .....core.ratelimit.adaptive_budget import AdaptiveBudget
from .....core.ratelimit.configured_rate import Rate
from .budget_exchange import Exchange, ServiceAnswer, apply_service_answer

_MOST_SECONDS, _MOST = 1.0, 100
"""Seconds of the whole rate that are leased at a time at the most, and requests."""
_NEAR, _FAR = 0.03, 0.1
"""Seconds until the first moment of a lease: where it is nearer, more is leased the next time; where it is further, less,
unless the exchange took as long."""
_LATE = 0.1
"""Seconds after which a leased request that was not sent is given up, more of which at once would be a burst; beside those that
the server saves up for, as the user told."""


class LeasedBudget:
    """A `RequestBudget` in front of a row that many processes share.

    Args:
        told: the rate that the user knows, for all together. None: it is learned together.
        clock: seconds, as the limiter goes by.
        wake: asks for an exchange; at once where it is told True, else within a quarter of a second or so.
        tell_news: called after each exchange, as callers may wait for what it brought.
    """

    def __init__(
        self,
        told: Rate | None,
        clock: Callable[[], float],
        wake: Callable[[bool], None],
        tell_news: Callable[[], None],
    ) -> None:
        self._wake, self._tell_news, self._clock = wake, tell_news, clock
        self._lock = threading.Lock()
        self._ahead: float = 0.0  # of the row's clock before this host's
        self._budget = AdaptiveBudget(told)  # as it was read last, and what happened here since
        self._slots: deque[float] = deque()
        self._last = -math.inf
        self._answers: list[ServiceAnswer] = []
        self._rested: float | None = clock()  # what ran before belongs to others, or to another day
        self._is_wanted = False
        self._lease_size = 1
        # When the last refusal was seen that the row knows, by its clock, and whether the server has answered with yes since.
        self._generation = self._budget.cut, self._budget.is_open
        self._arrival = 0.0  # seconds from the reading of the row until what it gave is known here

    def reserve(self, now: float) -> float | None:
        with self._lock:
            if self._budget.is_open and self._budget.rate() == math.inf:
                return now
            if self._slots and self._slots[0] < now - self._lateness:
                self._lease_size = max(1, self._lease_size // 2)  # nobody was in a hurry here
                self._slots = deque(moment for moment in self._slots if moment >= now - self._lateness)
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
        # Nobody gets a request before its moment: until then it can be given up where another process is refused.
        slots = self._slots
        return max(self._budget.opens_at() - self._ahead, slots[0] if slots else -math.inf)

    def get_told_opening(self) -> float:
        return self._budget.get_told_opening() - self._ahead

    def note_accepted(self, now: float, sent: float) -> None:
        with self._lock:
            was_open = self._budget.is_open
            self._note_service_answer(ServiceAnswer(False, now, sent))
            if self._budget.is_open != was_open:  # all wait for it
                self._wake(True)

    def note_refused(
        self, now: float, sent: float, asked: float | None, chance: float, crowded: bool
    ) -> bool:
        with self._lock:
            is_news = self._note_service_answer(ServiceAnswer(True, now, sent, asked, chance, crowded))
            if is_news:
                self._drop_slots()
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
            wanted = self._lease_size if self._is_wanted else 0
            exchange = Exchange(self._answers, self._rested, wanted, self._arrival, self._generation[0])
            self._answers, self._rested, self._is_wanted = [], None, False
        began = self._clock()
        try:
            yield exchange
        except BaseException:
            with self._lock:
                self._answers = exchange.answers + self._answers
                self._rested = exchange.rested if self._rested is None else self._rested
            raise
        assert exchange.budget is not None
        with self._lock:
            if self._generation != (exchange.budget.cut, exchange.budget.is_open):
                self._drop_slots()
            self._budget, self._ahead = exchange.budget, exchange.ahead
            self._generation = exchange.budget.cut, exchange.budget.is_open
            self._note_slots(exchange, began)
            for answer in self._answers:  # of the meantime
                if apply_service_answer(self._budget, answer, self._ahead) and answer.refused:
                    self._drop_slots()
        self._tell_news()

    @property
    def _lateness(self) -> float:
        """Seconds by which a leased request may be late: what the server has saved up takes as many."""
        told = self._budget.told
        saved = 0.0 if told is None else (told.capacity - 1) / told.per_second
        return _LATE + saved

    @property
    def has_outstanding_slots(self) -> bool:
        """Whether a leased request waits for its moment, before which others may be refused: they are to be heard of."""
        with self._lock:
            return bool(self._slots) and self._slots[-1] > self._clock()

    def _note_slots(self, exchange: Exchange, began: float) -> None:
        """Take what an exchange leased; lease more the next time where callers waited for it, less where it was early."""
        now = self._clock()
        arrival = min(now + self._ahead - exchange.read, _MOST_SECONDS)
        self._arrival = max(arrival, (3 * self._arrival + arrival) / 4)
        if not exchange.slots:
            return
        ahead = exchange.slots[0] - self._ahead - now
        if ahead < _NEAR and not self._slots:
            most = max(1, round(min(self._budget.rate() * _MOST_SECONDS, _MOST)))
            self._lease_size = min(2 * self._lease_size, most)
        elif ahead > max(_FAR, now - began):
            self._lease_size = max(1, self._lease_size - 1 - self._lease_size // 4)
        self._slots.extend(moment - self._ahead for moment in exchange.slots)

    def _drop_slots(self) -> None:
        """Give up what was leased before a refusal, or before the server was open again."""
        self._slots.clear()
        self._last = -math.inf

    def _note_service_answer(self, answer: ServiceAnswer) -> bool:
        self._answers.append(answer)
        self._wake(False)
        return apply_service_answer(self._budget, answer, self._ahead)
