"""The rate limit that workers on many hosts share: one row a credential, whose requests are leased some at a time.

The row holds the numbers of an AdaptiveBudget, in seconds of the database's clock. A thread takes requests from it ahead of
need, and brings what the server's answers told: both in one short transaction, so that the limiter never waits for the
database.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

from .....core.errors import AlloyAsyncError
from .....core.ratelimit.configured_rate import Rate
from ....errors import JobUnavailable
from ..address import JobAddress
from ..connection import connect, raise_as_job_error
from ..driver import psycopg
from ..schema import create_tables
from ..transaction import PostgresTransaction
from .budget_exchange import SharedBudgetState
from .leased_budget import LeasedBudget

_REPORT = 0.25
"""Seconds within which answers are brought to the database, and those of others are learned of."""
_RETRY = 1.0
"""Seconds until a database that is away is asked again."""
_PATIENCE = 3.0
"""Seconds for which it may be away before work on the job ends until it is back."""

_LIMITS = """
SELECT set_config('lock_timeout', %s, true), set_config('idle_in_transaction_session_timeout', %s, true),
    set_config('synchronous_commit', 'off', true)"""
# The clock is read once the row is locked: by then, who had to wait for the lock would have an old moment.
_READ = """
WITH budget AS MATERIALIZED (SELECT * FROM alloy_async.budgets WHERE account = %s FOR UPDATE)
SELECT numbers, told, burst, extract(epoch FROM written)::double precision,
    extract(epoch FROM clock_timestamp())::double precision FROM budget"""
_WRITE = "UPDATE alloy_async.budgets SET numbers = %s, written = clock_timestamp() WHERE account = %s"
_INSERT = """
INSERT INTO alloy_async.budgets AS budget (account, told, burst) VALUES (%s, %s, %s)
ON CONFLICT (account) DO"""
_OPEN = f"""{_INSERT} UPDATE SET told = excluded.told, burst = excluded.burst
WHERE excluded.told IS NOT NULL OR budget.written IS NULL OR budget.written < clock_timestamp() - interval '60 s'"""
"""Who was told no rate keeps that of the others, while any are at work."""


class DatabaseBudget(LeasedBudget):
    """A `RequestBudget` in a database, shared by all processes that open it for the same account.

    Args:
        address: of a job in the database.
        account: what tells accounts apart; nothing secret.
        told: the rate that the user knows, for all together; the last one told counts. None: that of those who are at work,
            and else it is learned together.
        clock: seconds, as the limiter goes by.
        database: a connection to it that has the tables, from now on used by this budget only; None makes one.
        tell_news: called, from another thread, whenever a caller that had to wait may go on.

    Raises:
        JobError: the database does not answer, or the tables cannot be made.
    """

    def __init__(
        self,
        address: JobAddress,
        account: str,
        told: Rate | None,
        clock: Callable[[], float],
        database: psycopg.Connection[Any] | None = None,
        tell_news: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(told, clock, self._wake_thread, tell_news)
        self._address, self._account, self._clock = address, account, clock
        is_known = told is not None and told.per_second < math.inf
        self._row = (account, told.per_second, told.burst) if told and is_known else (account, None, None)
        self._timeouts = (f"{address.lease * 1000:.0f}",) * 2
        self._ahead_of_host = -math.inf
        self._work_is_due, self._hurry = threading.Event(), threading.Event()
        self._closed = False
        self._failed_since = math.inf
        self._failure = ""
        database = database or connect_with_tables(address)[0]
        try:
            with raise_as_job_error(address, "cannot be written"):
                database.execute(_OPEN.encode(), self._row)
                self._exchange(database)  # what others have learned holds from the first request on
        except BaseException:
            database.close()
            raise
        self._thread = threading.Thread(
            target=self._run_thread, args=(database,), name="host-budget", daemon=True
        )
        self._thread.start()

    def check(self) -> None:
        """Make sure that the row can be reached: callers would wait for it, and take it for the service's limit.

        Raises:
            JobUnavailable: it could not for some seconds.
        """
        if time.monotonic() - self._failed_since > _PATIENCE:
            reason = f"the rate limit that all share cannot be read: {self._failure}"
            raise JobUnavailable(reason, self._address.shown)

    def close(self) -> None:
        """Bring the last answers, and end the thread."""
        self._closed = True
        self._wake_thread(True)
        self._thread.join()

    def _wake_thread(self, hurry: bool) -> None:
        if hurry:
            self._hurry.set()
        self._work_is_due.set()

    def _run_thread(self, database: psycopg.Connection[Any] | None) -> None:
        while True:
            if self._work_is_due.wait(_REPORT if self.has_outstanding_slots else None):
                self._hurry.wait(_REPORT)
            # Before the answers are taken: what comes from here on wakes this thread again.
            self._work_is_due.clear()
            self._hurry.clear()
            try:
                if database is None:
                    database = connect(self._address)
                    database.execute(
                        f"{_INSERT} NOTHING".encode(), self._row
                    )  # whoever deletes it does not stop us
                self._exchange(database)
                self._failed_since = math.inf
            except (
                psycopg.Error,
                AlloyAsyncError,
                ValueError,
            ) as error:  # also a row that somebody has changed
                self._failed_since = min(self._failed_since, time.monotonic())
                self._failure = str(error).partition("\n")[0]
                if database is not None:
                    database.close()
                database = None
                if not self._closed:
                    threading.Event().wait(_RETRY)
                    self._work_is_due.set()
            if self._closed:
                break
        if database is not None:
            database.close()

    def _exchange(self, database: psycopg.Connection[Any]) -> None:
        """Exchange with the row, in two round trips: the second one is all the time for which it is locked."""
        # The transaction ends within the exchange: what was not committed is brought again.
        # Who is stopped in between would hold up all others: the row is locked.
        limits = [(_LIMITS, self._timeouts)]
        with self.exchange_with_row() as exchange, PostgresTransaction(database, limits) as transaction:
            asked = self._clock()
            found = transaction.read(_READ, (self._account,))
            if not found:
                raise psycopg.DataError("somebody has deleted the row of the budget")
            [*row, now] = found[0]
            # An answer that was long under way bounds the difference of the clocks badly: then what earlier ones told stays.
            self._ahead_of_host = min(max(self._ahead_of_host, now - self._clock()), now - asked)
            numbers = exchange.apply_answers_and_reserve(SharedBudgetState(*row), now, self._ahead_of_host)
            transaction.queue(_WRITE, (numbers, self._account))


def connect_with_tables(address: JobAddress) -> tuple[psycopg.Connection[Any], bytes]:
    """Connect to a database that has the tables then; and what the fingerprints of accounts in it are made with.

    Raises:
        JobError: the database does not answer, or the tables cannot be made.
    """
    database = connect(address)
    try:
        return database, create_tables(database, address)
    except BaseException:
        database.close()
        raise
