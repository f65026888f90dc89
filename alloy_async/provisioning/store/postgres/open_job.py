"""A job in a database that is open: its connection, its lease, its transactions, and what is wrong in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from ...errors import JobInUse, JobUnavailable
from ..header import JobHeader
from .address import JobAddress
from .connection import connect, create_limits_and_name, create_limits_statement, raise_as_job_error
from .driver import psycopg
from .lease import Lease
from .schema import (
    IS_HELD,
    ROW_TABLES,
    adapt_text,
    create_job,
    drop_job,
    get_table_name,
    list_jobs,
    read_job_id,
)
from .transaction import PostgresTransaction, Statement

_COPIED_TOGETHER = 256
_INSERTED_TOGETHER = 16
"""Records up to which a statement is cheaper than a COPY, which has to wait for the database twice."""
_ROWS_TOGETHER = 20_000


class OpenDatabaseJob:
    """A job in a database, or a shard of one, as `create`, `take_up`, `open_for_reading` and `ShardClaimer` open it.

    Args:
        address: where the job is.
        database: a connection, from now on used by one thread at a time.
        job: its id.
        lease: of the one worker that may write, released with `close`; None for reading.
        is_lent: the connection belongs to somebody else, who goes on with it after `close`.
    """

    def __init__(
        self,
        address: JobAddress,
        database: psycopg.Connection[Any],
        job: int,
        lease: Lease | None = None,
        *,
        is_lent: bool = False,
    ) -> None:
        self._address = address
        self._database = database
        self.job = job
        self.batches: str = get_table_name("batches", job)
        self.events: str = get_table_name("events", job)
        self._lease = lease
        self._is_lent = is_lent
        self._transaction: PostgresTransaction | None = None
        self._is_finished = False
        shard = lease.shard if lease else None
        self._first, self._last = (shard.first, shard.last) if shard and shard.shard else (1, 2**62)

    @classmethod
    def create(cls, place: str, header: JobHeader) -> Self:
        """Begin a job, to be written by this process.

        Raises:
            JobError: there is one of that name already, or it cannot be written.
        """
        address = JobAddress.parse(place)
        database = connect(address)
        try:
            job = create_job(database, address, header)
            return cls(address, database, job, _claim_lease(database, address, job))
        except BaseException:
            database.close()
            raise

    @classmethod
    def take_up(cls, place: str) -> Self:
        """Take up a job, for one worker at a time.

        Raises:
            JobError: there is none, somebody works on it, or it has another format.
        """
        address = JobAddress.parse(place)
        database = connect(address)
        try:
            job = read_job_id(database, address)
            return cls(address, database, job, _claim_lease(database, address, job))
        except BaseException:
            database.close()
            raise

    @classmethod
    @contextlib.contextmanager
    def open_for_reading(cls, place: str) -> Iterator[Self]:
        """Open a job for reading only, also while others work on it.

        Raises:
            JobError: there is none, or it has another format.
        """
        address = JobAddress.parse(place)
        database = connect(address)
        try:
            yield cls(address, database, read_job_id(database, address))
        finally:
            database.close()

    @classmethod
    def check_database(cls, place: str) -> None:
        """Make sure that the database answers, and takes what is written.

        Raises:
            JobUnavailable: it does not.
        """
        address = JobAddress.parse(place)
        database = connect(address)
        try:
            with raise_as_job_error(address, "the database cannot be reached"):
                read_only = database.execute("SHOW transaction_read_only").fetchone()
            if read_only == ("on",):
                raise JobUnavailable("the database can only be read: address its primary", address.shown)
        finally:
            database.close()

    @classmethod
    def list_places(cls, database: str) -> list[str]:
        """List the addresses of all jobs in a database.

        Args:
            database: its address, without the name of a job.

        Raises:
            JobError: the database does not answer.
        """
        address = JobAddress.parse_database(database)
        connection = connect(address)
        try:
            return [address.create_address_of_other_job(name) for name in list_jobs(connection, address)]
        finally:
            connection.close()

    @classmethod
    def delete(cls, place: str) -> None:
        """Delete a job and all that is known of it.

        Raises:
            JobError: there is none, or somebody works on it.
        """
        store = cls.take_up(place)
        try:
            drop_job(store._database, store._address, store.job)
        finally:
            store.close()

    @property
    def path(self) -> str:
        """The job's address, without a password."""
        return self._address.shown

    @property
    def epoch(self) -> int:
        """The number of this worker; 0 for one who only reads."""
        return self._lease.shard.epoch if self._lease else 0

    @property
    def worker(self) -> int | None:
        """The id of a process that works on the job now; None when nobody does."""
        found = self.fetch_rows(
            f"SELECT worker FROM alloy_async.shards WHERE job = %s AND {IS_HELD} LIMIT 1"  # noqa: S608 -- own names
        )
        return int(found[0][0].rpartition(":")[2]) if found else None

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Do what is called within, all or nothing; see `JobStore`."""
        if self._transaction is not None:
            yield  # within another one, which commits
            return
        what = "cannot be written any more" if self._lease else "cannot be read"
        first = self._list_opening_statements(durable)
        try:
            with (
                raise_as_job_error(self._address, what),
                PostgresTransaction(self._database, first) as self._transaction,
            ):
                yield
        finally:
            self._transaction = None

    def _list_opening_statements(self, durable: bool) -> list[Statement]:
        if self._lease is None:
            return [create_limits_statement(self._address)]
        return [create_limits_and_name(self._address, self.epoch, durable=durable), self._lease.fence]

    def check_worker(self) -> None:
        """Make sure, without asking the database, that nobody can have taken over what is about to be sent.

        Raises:
            JobError: somebody may have.
        """
        if self._lease is None or not self._lease.is_live:
            raise JobUnavailable(
                "the database did not answer in time, so that another worker may have taken over; nothing was sent",
                self._address.shown,
            )

    def close(self) -> None:
        """Let others work on the job."""
        if self._lease:
            self._lease.release(self._database, done=self._is_finished)
        if not self._is_lent:
            self._database.close()

    def append(self, table: str, columns: Sequence[str], records: Iterable[Any], **same: int) -> None:
        """Append these attributes of records to a table, with columns that are the same of all."""
        names = ", ".join([f'"{name}"' for name in ("job", *same, *columns)])
        place = get_table_name(table, self.job) if table in ROW_TABLES else f"alloy_async.{table}"
        where = f"{place} ({names})"
        with self.transaction():
            assert self._transaction is not None
            # A piece at a time, taken before it is copied: what makes the records may read from this connection.
            for piece in _cut_pieces(records):
                rows = [
                    [
                        self.job,
                        *same.values(),
                        *[adapt_text(name, getattr(record, name)) for name in columns],
                    ]
                    for record in piece
                ]
                if len(rows) > _INSERTED_TOGETHER:
                    self._transaction.copy(f"COPY {where} FROM STDIN", rows)
                else:
                    row = f"({', '.join(['%s'] * len(rows[0]))})"
                    statement = f"INSERT INTO {where} VALUES {', '.join([row] * len(rows))}"  # noqa: S608 -- own names
                    self._transaction.queue(statement, [value for values in rows for value in values])

    def execute_many(self, statement: str, records: Iterable[Sequence[Any]]) -> None:
        with self.transaction():
            assert self._transaction is not None
            for record in records:
                self._transaction.queue(statement, record)

    def fetch_rows(self, statement: str, *values: Any) -> list[Any]:
        return self.fetch_with_given_values(statement, (self.job, *values))

    def fetch_with_given_values(self, statement: str, values: Sequence[Any]) -> list[Any]:
        with raise_as_job_error(self._address, "cannot be read"):
            if self._transaction is not None:
                return self._transaction.read(statement, values)
            return self._database.execute(statement.encode(), values or None).fetchall()


def _cut_pieces(records: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut records into pieces to be copied: of few records, and of few rows, of which a batch has many."""
    piece: list[Any] = []
    rows = 0
    for record in records:
        piece.append(record)
        rows += getattr(record, "rows", 1)
        if len(piece) >= _COPIED_TOGETHER or rows >= _ROWS_TOGETHER:
            yield piece
            piece, rows = [], 0
    if piece:
        yield piece


def _claim_lease(database: psycopg.Connection[Any], address: JobAddress, job: int) -> Lease:
    lease = Lease.claim(database, address, job)
    if lease is None:
        raise JobInUse(
            "another worker is working on this job; wait for it, or stop it. Where it was lost, that shows within"
            f" {address.lease:g} s",
            address.shown,
        )
    return lease
