"""The rate limit that workers on many hosts share: one row a credential, whose requests are leased some at a time.

The row holds the numbers of an AdaptiveBudget, in seconds of the database's clock. A thread takes requests from it ahead of
need, and brings what the server's answers told: both in one short transaction, so that the limiter never waits for the
database.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

from ....core.ratelimit.configured_rate import Rate
from ...errors import JobError
from .address import JobAddress
from .connection import connect, limit_transaction_time, raise_as_job_error
from .driver import psycopg
from .leased_budget import LeasedBudget, SharedBudgetState
from .schema import create_tables

_REPORT = 0.25
"""Seconds within which answers are brought to the database, and those of others are learned of."""
_RETRY = 1.0
"""Seconds until a database that is away is asked again."""

_READ = """
SELECT numbers, told, burst, extract(epoch FROM written)::double precision FROM alloy_async.budgets
WHERE account = %s FOR UPDATE"""
_WRITE = "UPDATE alloy_async.budgets SET numbers = %s, written = clock_timestamp() WHERE account = %s"
_OPEN = """
INSERT INTO alloy_async.budgets (account, told, burst) VALUES (%s, %s, %s)
ON CONFLICT (account) DO UPDATE SET told = excluded.told, burst = excluded.burst"""
_NOW = "SELECT extract(epoch FROM clock_timestamp())::double precision"


class DatabaseBudget(LeasedBudget):
    """A `RequestBudget` in a database, shared by all processes that open it for the same account.

    Args:
        address: of a job in the database.
        account: what tells accounts apart; nothing secret.
        told: the rate that the user knows, for all together; the last one told counts. None: it is learned together.
        clock: seconds, as the limiter goes by.
        database: a connection to it that has the tables, from now on used by this budget only; None makes one.

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
    ) -> None:
        super().__init__(told, clock, self._wake_thread)
        self._address, self._account, self._clock = address, account, clock
        self._work_is_due, self._hurry = threading.Event(), threading.Event()
        self._closed = False
        database = database or connect_with_tables(address)[0]
        try:
            with raise_as_job_error(address, "cannot be written"):
                rate = (
                    (None, None)
                    if told is None or told.per_second == math.inf
                    else (told.per_second, told.burst)
                )
                database.execute(_OPEN, (account, *rate))
                self._exchange(database)  # what others have learned holds from the first request on
        except BaseException:
            database.close()
            raise
        self._thread = threading.Thread(
            target=self._run_thread, args=(database,), name="host-budget", daemon=True
        )
        self._thread.start()

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
            self._work_is_due.wait()
            self._hurry.wait(_REPORT)
            # Before the answers are taken: what comes from here on wakes this thread again.
            self._work_is_due.clear()
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
                    self._work_is_due.set()
            if self._closed:
                break
        if database is not None:
            database.close()

    def _exchange(self, database: psycopg.Connection[Any]) -> None:
        # The transaction ends within the exchange: what was not committed is brought again.
        with self.exchange_with_row() as exchange, database.transaction():
            # Who is stopped in between would hold up all others: the row is locked.
            limit_transaction_time(database, self._address)
            database.execute("SET LOCAL synchronous_commit = off")
            found = database.execute(_READ, (self._account,)).fetchone()
            assert found is not None
            began = self._clock()
            [now] = database.execute(_NOW).fetchone() or [0.0]
            ahead = now - (began + self._clock()) / 2
            numbers = exchange.apply_answers_and_reserve(SharedBudgetState(*found), now, ahead)
            database.execute(_WRITE, (numbers, self._account))


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
