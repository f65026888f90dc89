"""The rate limit that workers on many hosts share: one row a credential, whose requests are leased some at a time.

The row holds the numbers of an AdaptiveBudget, in seconds of the database's clock. A thread takes requests from it ahead of
need, and brings what the server's answers told: both in one short transaction, so that the limiter never waits for the
database. What a process has leased and does not send is lost time of the server, so little is leased: a tenth of a second of
the whole rate. A refusal counts here at once, and for the others with the next word they have with the database.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from ....core.ratelimit.adaptive_budget import AdaptiveBudget
from ....core.ratelimit.rate import Rate
from ...errors import JobError
from .address import JobAddress
from .driver import psycopg
from .schema import connect, create_tables, raise_as_job_error

_LEASE = 0.1
"""Seconds of the whole rate that are leased at a time; one request at least, and no more than _MOST."""
_MOST = 100
_LATE = 0.1
"""Seconds after which a leased request that was not sent is given up: more of them at once would be a burst."""
_REPORT = 0.25
"""Seconds within which answers are brought to the database, and those of others are learned of."""
_RETRY = 1.0
"""Seconds until a database that is away is asked again."""
_QUIET = 0.5
"""Seconds without a word of any process, after which none is in a hurry."""

_READ = """
SELECT numbers, told, burst, extract(epoch FROM written)::double precision FROM alloy_async.budgets
WHERE account = %s FOR UPDATE"""
_WRITE = "UPDATE alloy_async.budgets SET numbers = %s, written = clock_timestamp() WHERE account = %s"
_OPEN = """
INSERT INTO alloy_async.budgets (account, told, burst) VALUES (%s, %s, %s)
ON CONFLICT (account) DO UPDATE SET told = excluded.told, burst = excluded.burst"""
_NOW = "SELECT extract(epoch FROM clock_timestamp())::double precision"


class _Answer(NamedTuple):
    """What a server's answer told, in seconds of this host's clock; `asked` and what follows are of a refusal only."""

    refused: bool
    now: float
    sent: float
    asked: float | None = None
    chance: float = 0.0
    crowded: bool = False


class HostBudget:
    """A `RequestBudget` in a database, shared by all processes that open it for the same account.

    Args:
        address: of a job in the database.
        account: what tells accounts apart; nothing secret.
        told: the rate that the user knows, for all together; the last one told counts. None: it is learned together.
        clock: seconds, as the limiter goes by.

    Raises:
        JobError: the database does not answer, or the tables cannot be made.
    """

    def __init__(
        self, address: JobAddress, account: str, told: Rate | None, clock: Callable[[], float]
    ) -> None:
        self._address, self._account, self._clock = address, account, clock
        self._lock = threading.Lock()
        self._ahead: float = 0.0  # of the database's clock before this host's
        self._budget = AdaptiveBudget(told)  # as it was read last, and what happened here since
        self._slots: deque[float] = deque()
        self._last = -math.inf
        self._answers: list[_Answer] = []
        self._is_wanted = False
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._closed = False
        database = connect(address)
        try:
            with raise_as_job_error(address, "cannot be written"):
                create_tables(database)
                rate = (
                    (None, None)
                    if told is None or told.per_second == math.inf
                    else (told.per_second, told.burst)
                )
                database.execute(_OPEN, (account, *rate))
        except BaseException:
            database.close()
            raise
        self._thread = threading.Thread(target=self._work, args=(database,), name="host-budget", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Bring the last answers, and end the thread."""
        self._closed = True
        self._hurry.set()
        self._wake.set()
        self._thread.join()

    def take(self, now: float) -> float | None:
        with self._lock:
            if self._budget.rate() == math.inf:
                return now
            while self._slots and self._slots[0] < now - _LATE:
                self._slots.popleft()
            if len(self._slots) <= self._lease_size() / 2:
                self._is_wanted = True
                self._hurry.set()
                self._wake.set()
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

    def until(self) -> float:
        return self._budget.until() - self._ahead

    def accept(self, now: float, sent: float) -> None:
        with self._lock:
            self._add(_Answer(False, now, sent))

    def refuse(self, now: float, sent: float, asked: float | None, chance: float, crowded: bool) -> bool:
        with self._lock:
            is_news = self._add(_Answer(True, now, sent, asked, chance, crowded))
            if is_news:
                opens = self.opens_at()
                self._slots = deque([moment for moment in self._slots if moment >= opens])
                self._hurry.set()
            return is_news

    def rest(self, now: float) -> None:
        """Tell nothing: whether nobody anywhere is in a hurry is seen when the row is read."""

    def _add(self, answer: _Answer) -> bool:
        self._answers.append(answer)
        self._wake.set()
        return _apply_service_answer(self._budget, answer, self._ahead)

    def _lease_size(self) -> int:
        rate = self._budget.rate()
        return max(1, min(round(rate * _LEASE), _MOST)) if rate < math.inf else 1

    def _work(self, database: psycopg.Connection[Any] | None) -> None:
        while True:
            self._wake.wait()
            self._hurry.wait(_REPORT)
            # Before the answers are taken: what comes from here on wakes this thread again.
            self._wake.clear()
            self._hurry.clear()
            try:
                if database is None:
                    database = connect(self._address)
                self._exchange(database)
            except (psycopg.Error, JobError):
                if database is not None:
                    database.close()
                database = None
                if not self._closed:
                    threading.Event().wait(_RETRY)
                    self._wake.set()
            if self._closed:
                break
        if database is not None:
            database.close()

    def _exchange(self, database: psycopg.Connection[Any]) -> None:
        """Bring what was answered here, learn what the others know, and lease requests where some are wanted."""
        with self._lock:
            answers, self._answers = self._answers, []
            wanted, self._is_wanted = self._is_wanted, False
        try:
            with database.transaction():
                database.execute("SET LOCAL synchronous_commit = off")
                found = database.execute(_READ, (self._account,)).fetchone()
                assert found is not None
                began = self._clock()
                [now] = database.execute(_NOW).fetchone() or [0.0]
                ahead = now - (began + self._clock()) / 2
                numbers, told, burst, written = found
                budget = _restore(numbers, told, burst, written, now)
                for answer in answers:
                    _apply_service_answer(budget, answer, ahead)
                size = self._lease_size() if wanted and budget.rate() < math.inf else 0
                slots = [budget.take(now) for _ in range(size)]
                database.execute(_WRITE, (list(budget.export_numbers()), self._account))
        except BaseException:
            with self._lock:
                self._answers = answers + self._answers
            raise
        with self._lock:
            for answer in self._answers:  # of the meantime
                _apply_service_answer(budget, answer, ahead)
            self._budget, self._ahead = budget, ahead
            self._slots.extend(moment - ahead for moment in slots)


def read_salt(address: JobAddress) -> bytes:
    """Read what the fingerprints of accounts in a database are made with.

    Raises:
        JobError: the database does not answer, or the tables cannot be made.
    """
    database = connect(address)
    try:
        with raise_as_job_error(address, "cannot be written"):
            create_tables(database)
            found = database.execute("SELECT salt FROM alloy_async.settings").fetchone()
            assert found is not None
            return bytes(found[0])
    finally:
        database.close()


def _apply_service_answer(budget: AdaptiveBudget, answer: _Answer, ahead: float) -> bool:
    now, sent = answer.now + ahead, answer.sent + ahead
    if answer.refused:
        return budget.refuse(now, sent, answer.asked, answer.chance, answer.crowded)
    budget.accept(now, sent)
    return True


def _restore(
    numbers: list[float] | None, told: float | None, burst: int | None, written: float | None, now: float
) -> AdaptiveBudget:
    """Make the budget of a row anew, in seconds of the database's clock."""
    budget = AdaptiveBudget(None if told is None else Rate(told, burst), now)
    # Other numbers are of another version: then the budget begins anew.
    if numbers is not None and len(numbers) == len(budget.export_numbers()):
        budget.import_numbers(tuple(numbers))
    if written is None or now - written > _QUIET:
        budget.rest(now)
    return budget
