"""A transaction whose statements go to the database in one message, with its begin and its end, as far as no answer is needed.

A statement by itself costs a round trip to the database, and round trips are most of what a worker's transactions cost: those
of an intent would be six, and are one. As one text they also cost half of what a pipeline of statements does, on either side;
the values are put into it by the driver, which quotes them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

from .driver import psycopg

Statement: TypeAlias = tuple[str, Sequence[Any]]
"""What is executed, and the values of its parameters."""

_MOST_WAITING = 32
"""Statements that are kept back at most."""


class PostgresTransaction:
    """One transaction of a connection, which begins with the first statement that is sent; a context manager that ends it.

    Where a statement fails, those behind it that were sent with it are skipped, the commit too.

    Args:
        database: the connection, which commits each statement by itself otherwise.
        first: statements with which it begins.
    """

    def __init__(self, database: psycopg.Connection[Any], first: Iterable[Statement]) -> None:
        self._database = database
        self._statements: list[str] = ["BEGIN"]
        self._values: list[Any] = []
        for statement, values in first:
            self.queue(statement, values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._commit()
        except BaseException:
            self._roll_back()
            raise
        if error is not None:
            self._roll_back()

    def queue(self, statement: str, values: Sequence[Any]) -> None:
        """Queue a statement whose answer nobody needs; it is executed at the latest with the commit."""
        if len(self._statements) >= _MOST_WAITING:
            self._send_waiting()
        self._statements.append(statement)
        self._values += values

    def read(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """Execute what was queued, and a statement; return the rows that it finds."""
        self.queue(statement, values)
        cursor = self._send_waiting()
        while cursor.nextset():
            pass
        return cursor.fetchall()

    def copy(self, statement: str, records: Iterable[Sequence[Any]]) -> None:
        """Execute what was queued, and copy records into a table."""
        if self._statements:
            self._send_waiting()
        with self._database.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for record in records:
                copy.write_row(record)

    def _commit(self) -> None:
        self.queue("COMMIT", ())
        self._send_waiting()

    def _roll_back(self) -> None:
        """Undo what has begun; a connection on which that is not possible is closed."""
        status = psycopg.pq.TransactionStatus
        if self._database.info.transaction_status in (status.INTRANS, status.INERROR):
            with contextlib.suppress(psycopg.Error):
                self._database.execute("ROLLBACK")
        if self._database.info.transaction_status != status.IDLE:
            self._database.close()

    def _send_waiting(self) -> psycopg.Cursor[Any]:
        cursor = psycopg.ClientCursor(self._database)
        text, values = ";\n".join(self._statements), self._values
        self._statements, self._values = [], []
        cursor.execute(text.encode(), values)
        return cursor
