"""A transaction whose statements go to the database together, with its begin and its end, as far as no answer is needed.

A statement by itself costs a round trip to the database, and round trips are most of what a worker's transactions cost: those
of an intent would be six, and are one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from .driver import psycopg

Statement: TypeAlias = tuple[str, Sequence[Any]]
"""What is executed, and the values of its parameters."""

_MOST_WAITING = 32
"""Statements that are kept back at most."""


class PostgresTransaction:
    """One transaction of a connection, which begins with the first statement that is sent.

    Where a statement fails, those behind it that were sent with it are skipped, the commit too.

    Args:
        database: the connection, which commits each statement by itself otherwise.
        first: statements with which it begins.
    """

    def __init__(self, database: psycopg.Connection[Any], first: Iterable[Statement]) -> None:
        self._database = database
        self._waiting: list[Statement] = [("BEGIN", ()), *first]

    def queue(self, statement: str, values: Sequence[Any]) -> None:
        """Queue a statement whose answer nobody needs; it is executed at the latest with the commit."""
        self._waiting.append((statement, values))
        if len(self._waiting) > _MOST_WAITING:
            self._send_waiting()

    def read(self, statement: str, values: Any) -> list[Any]:
        """Execute what was queued, and a statement; return the rows that it finds."""
        self._waiting.append((statement, values))
        return self._send_waiting().fetchall()

    def copy(self, statement: str, records: Iterable[Sequence[Any]]) -> None:
        """Execute what was queued, and copy records into a table."""
        if self._waiting:
            self._send_waiting()
        with self._database.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for record in records:
                copy.write_row(record)

    def commit(self) -> None:
        """Execute what is left, and end the transaction."""
        self._waiting.append(("COMMIT", ()))
        self._send_waiting()

    def roll_back(self) -> None:
        """Undo it all, as far as it has begun; a connection on which that is not possible is closed."""
        status = psycopg.pq.TransactionStatus
        if self._database.info.transaction_status in (status.INTRANS, status.INERROR):
            with contextlib.suppress(psycopg.Error):
                self._database.execute("ROLLBACK")
        if self._database.info.transaction_status != status.IDLE:
            self._database.close()

    def _send_waiting(self) -> psycopg.Cursor[Any]:
        waiting, self._waiting = self._waiting, []
        failure: psycopg.Error | None = None
        cursor = self._database.cursor()
        try:
            with self._database.pipeline():
                try:
                    for statement, values in waiting:
                        cursor = self._database.execute(statement.encode(), values or None)
                except psycopg.Error as error:  # raised in here, it would have the pipeline log how it ends
                    failure = error
        except psycopg.Error as error:
            failure = failure or error
        if failure is not None:
            raise failure
        return cursor
