"""The tables of jobs in PostgreSQL, stated once; connecting, and making what is not there yet.

They are those of a job file with the job's id in front, partitioned by it, so that a job is dropped at once. Nothing but a
job's header, leases and the figures of a second is ever updated: a row that is updated twice costs twice what it costs to
append, and leaves the database to be vacuumed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import attrs

from ...errors import JobError, NoSuchJob
from ..header import JobHeader
from ..job_store import Remark, RunNote, Second
from ..row_events import Event
from ..row_log import Batch
from .address import JobAddress
from .driver import psycopg

FORMAT = 1
HEADER = tuple(field.name for field in attrs.fields(JobHeader))
BYTES = frozenset({"keys", "remote_ids"})
"""Columns whose texts are kept as bytes, as a text of PostgreSQL holds no NUL."""

_TABLES = """
CREATE SCHEMA IF NOT EXISTS alloy_async;
CREATE SEQUENCE IF NOT EXISTS alloy_async.epochs;
CREATE TABLE IF NOT EXISTS alloy_async.jobs (
    job bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    format integer NOT NULL,
    {header}
);
CREATE TABLE IF NOT EXISTS alloy_async.batches (
    job bigint NOT NULL, undo smallint NOT NULL, first bigint NOT NULL, rows integer NOT NULL,
    action text NOT NULL, step text, why text, before text, outcome text, reason text, remote_id text,
    line bigint, lines text, keys bytea NOT NULL, digests bytea, seen bytea,
    PRIMARY KEY (job, undo, first)
) PARTITION BY LIST (job);
CREATE TABLE IF NOT EXISTS alloy_async.events (
    job bigint NOT NULL, undo smallint NOT NULL, first bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    rows integer NOT NULL, event text NOT NULL, was text, outcome text, reason text, remote_ids bytea,
    adopted smallint NOT NULL,
    PRIMARY KEY (job, undo, first, id)
) PARTITION BY LIST (job);
CREATE TABLE IF NOT EXISTS alloy_async.seconds (
    job bigint NOT NULL, second bigint NOT NULL, rows bigint NOT NULL, calls bigint NOT NULL,
    p50 double precision NOT NULL, p95 double precision NOT NULL, slowest double precision NOT NULL,
    limited bigint NOT NULL, retries bigint NOT NULL, waited double precision NOT NULL,
    PRIMARY KEY (job, second)
);
CREATE TABLE IF NOT EXISTS alloy_async.notes (job bigint NOT NULL, at double precision, kind text, text text);
CREATE TABLE IF NOT EXISTS alloy_async.remarks (
    job bigint NOT NULL, line bigint, "column" text, severity text, message text
);
CREATE TABLE IF NOT EXISTS alloy_async.shards (
    job bigint NOT NULL, undo smallint NOT NULL,
    shard integer NOT NULL,             -- 0: the whole job; its rows otherwise
    first bigint NOT NULL, last bigint NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,    -- of its latest worker, unlike any other: only that one may write
    lease_until timestamptz,            -- by the database's clock; NULL or past: nobody works on it
    worker text,
    done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (job, undo, shard)
);
"""
ROW_TABLES = ("batches", "events")
LEASE_SECONDS = 15.0
"""How long a shard stays with a worker that does not answer any more."""


def connect(address: JobAddress) -> psycopg.Connection[Any]:
    """Connect to the database of a job.

    Raises:
        JobError: it cannot be reached, or refuses the connection.
    """
    with raise_as_job_error(address, "the database cannot be reached"):
        database = psycopg.connect(address.database, autocommit=True, connect_timeout=10)
        # A worker that is stopped between two statements holds locks that claims wait for: the database lets go of it.
        database.execute(f"SET idle_in_transaction_session_timeout = {LEASE_SECONDS * 1000:.0f}".encode())
        return database


def create_tables(database: psycopg.Connection[Any]) -> None:
    """Make the tables that are not there yet; several workers may do it at once."""
    with database.transaction():
        database.execute("SELECT pg_advisory_xact_lock(hashtext('alloy_async'))")
        columns = ", ".join([_column(field) for field in attrs.fields(JobHeader)])
        database.execute(_TABLES.replace("{header}", columns).encode())


def _column(field: attrs.Attribute[Any]) -> str:
    """State the column of one of a header's attributes."""
    types = {"bytes": "bytea", "float": "double precision", "int": "bigint"}
    words = str(field.type).split(" | ")
    return f"{field.name} {types.get(words[0], 'text')}{'' if 'None' in words else ' NOT NULL'}"


def create_job(database: psycopg.Connection[Any], address: JobAddress, header: JobHeader) -> int:
    """Begin a job in the database; its id.

    Raises:
        JobError: there is one of that name already.
    """
    create_tables(database)
    names = ", ".join(HEADER)
    values = ", ".join(["%s"] * len(HEADER))
    with raise_as_job_error(address, "cannot be written"), database.transaction():
        statement = (
            f"INSERT INTO alloy_async.jobs (name, format, {names}) VALUES (%s, %s, {values})"  # noqa: S608 -- own names
            " ON CONFLICT (name) DO NOTHING RETURNING job"
        )
        found = database.execute(
            statement.encode(),
            (address.job, FORMAT, *attrs.astuple(header, recurse=False)),
        ).fetchone()
        if found is None:
            raise JobError(
                "this job exists already; resume it, or give another place with --job", address.shown
            )
        job = int(found[0])
        for table in ROW_TABLES:
            partition = f"{table}_{job} PARTITION OF alloy_async.{table} FOR VALUES IN ({job})"
            database.execute(f"CREATE TABLE alloy_async.{partition}".encode())
        database.execute(
            "INSERT INTO alloy_async.shards (job, undo, shard, first, last) VALUES (%s, 0, 0, 0, 0)", (job,)
        )
    return job


def drop_job(database: psycopg.Connection[Any], address: JobAddress, job: int) -> None:
    """Delete all that is known of a job."""
    with raise_as_job_error(address, "cannot be deleted"), database.transaction():
        for table in ROW_TABLES:
            database.execute(f"DROP TABLE alloy_async.{table}_{job}".encode())
        for table in ("seconds", "notes", "remarks", "shards", "jobs"):
            database.execute(f"DELETE FROM alloy_async.{table} WHERE job = %s", (job,))  # noqa: S608 -- own names


def find_job(database: psycopg.Connection[Any], address: JobAddress) -> int:
    """Find the id of a job.

    Raises:
        JobError: there is none, or it has another format.
    """
    with raise_as_job_error(address, "cannot be read"):
        if database.execute("SELECT to_regclass('alloy_async.jobs')").fetchone() == (None,):
            raise NoSuchJob("there is no such job in the database", address.shown)
        found = database.execute(
            "SELECT job, format FROM alloy_async.jobs WHERE name = %s", (address.job,)
        ).fetchone()
    if found is None:
        raise NoSuchJob("there is no such job in the database", address.shown)
    if found[1] != FORMAT:
        raise JobError(
            f"has format {found[1]}; this version of alloy_async reads {FORMAT}. Nothing was sent",
            address.shown,
        )
    return int(found[0])


@contextlib.contextmanager
def raise_as_job_error(address: JobAddress, what: str) -> Iterator[None]:
    """Turn what psycopg raises into a JobError that shows no connection string."""
    try:
        yield
    except psycopg.Error as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise JobError(f"{what}: {reason}", address.shown) from None


BATCH_COLUMNS = tuple(name for name in Batch._fields if name != "checksum")
EVENT_COLUMNS = tuple(name for name in Event._fields if name != "id")
SECOND_COLUMNS, NOTE_COLUMNS, REMARK_COLUMNS = Second._fields, RunNote._fields, Remark._fields
