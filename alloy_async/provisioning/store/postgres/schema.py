"""The tables of jobs in PostgreSQL, stated once; making those that are not there yet.

They are those of a job file with the job's id in front. Its rows are in tables of its own, so that a job is dropped at once,
and no lock that making or dropping one takes is in the way of another: partitions of one table would share that table's.
Nothing but a job's header, leases and the figures of a second is ever updated: a row that is updated twice costs twice what
it costs to append, and leaves the database to be vacuumed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import attrs

from ....version import __version__
from ...errors import JobError, NoSuchJob
from ..header import JobHeader
from ..job_store import Remark, RunLogLine, Second
from ..planned_batches import PlannedBatch
from ..row_events import Event
from .address import LONGEST_LEASE, JobAddress
from .connection import raise_as_job_error
from .driver import psycopg

FORMAT = 2
HEADER = tuple(field.name for field in attrs.fields(JobHeader))
BYTES = frozenset({"keys", "remote_ids"})
"""Columns whose texts are kept as bytes, as a text of PostgreSQL holds no NUL."""

_TABLES = """
CREATE SCHEMA IF NOT EXISTS alloy_async;
CREATE SEQUENCE IF NOT EXISTS alloy_async.epochs;
CREATE SEQUENCE IF NOT EXISTS alloy_async.event_ids;
CREATE TABLE IF NOT EXISTS alloy_async.jobs (
    job bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    format integer NOT NULL,
    version text,                       -- of who split it for workers, which have the same
    {header}
);
CREATE TABLE IF NOT EXISTS alloy_async.seconds (
    job bigint NOT NULL, second bigint NOT NULL,
    epoch bigint NOT NULL,              -- of the worker: no two wait for one another here
    rows bigint NOT NULL, calls bigint NOT NULL,
    p50 double precision NOT NULL, p95 double precision NOT NULL, slowest double precision NOT NULL,
    limited bigint NOT NULL, retries bigint NOT NULL, waited double precision NOT NULL,
    PRIMARY KEY (job, second, epoch)
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
CREATE TABLE IF NOT EXISTS alloy_async.budgets (    -- see rate_budget
    account text PRIMARY KEY, told double precision, burst integer, numbers double precision[], written timestamptz
);
CREATE TABLE IF NOT EXISTS alloy_async.settings (salt bytea NOT NULL, format integer NOT NULL);
"""
_SETTINGS = (
    "INSERT INTO alloy_async.settings (salt, format)"
    " SELECT %s, %s WHERE NOT EXISTS (SELECT 1 FROM alloy_async.settings)"
)
_ROW_TABLES = """
CREATE TABLE {batches} (
    job bigint NOT NULL, undo smallint NOT NULL, first bigint NOT NULL, rows integer NOT NULL,
    action text NOT NULL, step text, why text, before text, outcome text, reason text, remote_id text,
    line bigint, lines text, keys bytea NOT NULL, digests bytea, seen bytea,
    PRIMARY KEY (undo, first)
);
CREATE TABLE {events} (
    job bigint NOT NULL, undo smallint NOT NULL, first bigint NOT NULL,
    id bigint NOT NULL DEFAULT nextval('alloy_async.event_ids'),
    rows integer NOT NULL, event text NOT NULL, was text, outcome text, reason text, remote_ids bytea,
    adopted smallint NOT NULL,
    PRIMARY KEY (undo, first, id)
);
"""
IS_HELD = f"lease_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '{LONGEST_LEASE} s'"
"""Whether somebody works on a shard. A lease that ends later than this was given before the database's clock was set back: it
counts as over, so that its shard does not wait for that moment, and its worker fares as one that did not answer."""
ROW_TABLES = ("batches", "events")
"""Those that every job has for itself."""


def get_table_name(table: str, job: int) -> str:
    """Name one of the ROW_TABLES of a job."""
    return f"alloy_async.{table}_{job}"


def create_tables(database: psycopg.Connection[Any], address: JobAddress) -> bytes:
    """Make the tables where they are not there yet, which several workers may do at once; the salt of the database.

    Raises:
        JobError: they are of another version, or cannot be made.
    """
    if (
        salt := read_salt(database, address)
    ) is not None:  # no lock is taken, nor any right to create asked for
        return salt
    with raise_as_job_error(address, "its tables cannot be made"), database.transaction():
        database.execute("SELECT pg_advisory_xact_lock(hashtext('alloy_async'))")
        columns = ", ".join([_format_column(field) for field in attrs.fields(JobHeader)])
        database.execute(_TABLES.replace("{header}", columns).encode())
        database.execute(_SETTINGS, (os.urandom(16), FORMAT))
    salt = read_salt(database, address)
    assert salt is not None
    return salt


def read_salt(database: psycopg.Connection[Any], address: JobAddress) -> bytes | None:
    """Read what the fingerprints of accounts in a database are made with; None where it has no tables yet.

    Raises:
        JobError: they are of another version.
    """
    with raise_as_job_error(address, "cannot be read"):
        if database.execute("SELECT to_regclass('alloy_async.settings')").fetchone() == (None,):
            return None
        try:
            found = database.execute("SELECT salt, format FROM alloy_async.settings").fetchone()
        except psycopg.errors.UndefinedColumn:  # that of a version before there were formats
            found = None
    if found is None or found[1] != FORMAT:
        known = "an older" if found is None else f"the {found[1]}."
        raise JobError(
            f"its database has tables of {known} format, and this version of alloy_async reads the {FORMAT}.; nothing was sent."
            " Use the version that made them, or another database; where none of its jobs is needed any more:"
            " DROP SCHEMA alloy_async CASCADE",
            address.shown,
        )
    return bytes(found[0])


def _format_column(field: attrs.Attribute[Any]) -> str:
    """State the column of one of a header's attributes."""
    types = {"bytes": "bytea", "float": "double precision", "int": "bigint"}
    words = str(field.type).split(" | ")
    return f"{field.name} {types.get(words[0], 'text')}{'' if 'None' in words else ' NOT NULL'}"


def check_version_of_split(database: psycopg.Connection[Any], address: JobAddress, job: int) -> None:
    """Make sure that a job was split by this version: another one might number or group its rows otherwise.

    Raises:
        JobError: it was not.
    """
    found = database.execute("SELECT version FROM alloy_async.jobs WHERE job = %s", (job,)).fetchone()
    if found is not None and found[0] not in (None, __version__):
        raise JobError(
            f"was split for workers by alloy-async {found[0]}, and this worker is {__version__}; nothing was sent."
            f" Install alloy-async=={found[0]} here, or resume the job from here with workers of this version",
            address.shown,
        )


def create_job(database: psycopg.Connection[Any], address: JobAddress, header: JobHeader) -> int:
    """Begin a job in the database; its id.

    Raises:
        JobError: there is one of that name already.
    """
    create_tables(database, address)
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
            raise JobError("this job exists already; resume it, or give another place (job=)", address.shown)
        job = int(found[0])
        names_of_tables = {table: get_table_name(table, job) for table in ROW_TABLES}
        database.execute(_ROW_TABLES.format(**names_of_tables).encode())
        database.execute(
            "INSERT INTO alloy_async.shards (job, undo, shard, first, last) VALUES (%s, 0, 0, 0, 0)", (job,)
        )
    return job


def drop_job(database: psycopg.Connection[Any], address: JobAddress, job: int) -> None:
    """Delete all that is known of a job."""
    with raise_as_job_error(address, "cannot be deleted"), database.transaction():
        for table in ROW_TABLES:
            database.execute(f"DROP TABLE {get_table_name(table, job)}".encode())
        for table in ("seconds", "notes", "remarks", "shards", "jobs"):
            database.execute(f"DELETE FROM alloy_async.{table} WHERE job = %s", (job,))  # noqa: S608 -- own names


def read_job_id(database: psycopg.Connection[Any], address: JobAddress) -> int:
    """Find the id of a job.

    Raises:
        JobError: there is none, or it has another format.
    """
    with raise_as_job_error(address, "cannot be read"):
        if read_salt(database, address) is None:
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


def list_jobs(database: psycopg.Connection[Any], address: JobAddress) -> list[str]:
    """List the names of all jobs."""
    with raise_as_job_error(address, "cannot be read"):
        if read_salt(database, address) is None:
            return []
        return [name for (name,) in database.execute("SELECT name FROM alloy_async.jobs").fetchall()]


BATCH_COLUMNS = PlannedBatch._fields
EVENT_COLUMNS = tuple(name for name in Event._fields if name != "id")
SECOND_COLUMNS, NOTE_COLUMNS, REMARK_COLUMNS = Second._fields, RunLogLine._fields, Remark._fields


def adapt_text(name: str, value: Any) -> Any:
    """Convert the value of a column to one that PostgreSQL takes, which holds no NUL in a text."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "surrogatepass") if name in BYTES else value.replace("\0", "\ufffd")


def convert_record_to_dict(columns: Sequence[str], record: Sequence[Any]) -> dict[str, Any]:
    """Convert a record of these columns to a dictionary: what `adapt_text` made bytes is text again."""
    found = dict(zip(columns, record, strict=True))
    for name in BYTES & found.keys():
        if found[name] is not None:
            found[name] = bytes(found[name]).decode("utf-8", "surrogatepass")
    return found
