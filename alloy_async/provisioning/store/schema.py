# ruff: noqa: S608 -- the names put into statements are this module's own
"""The job file: one SQLite database that says what a job is to do, what it was about to send, and what became of it.

    job       one line: source, target, mode, state
    rows      one line for each thing to do: what, why, whether it was sent, what became of it
    undo      the same, for taking the job back
    seconds   what happened in each second: rows, calls, latency, 429s, waits; the charts of a report
    notes     what a person would want to know of the run, as text
    findings  the first remarks of the check before sending

A row is `planned`; `intended`, durably, before its request leaves; `done` once its outcome is known; `doubt` when the answer
was lost and nobody could be asked yet. After a crash the intended rows are in doubt too. Never in here: a credential, a
password or any other value that no system shows.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import attrs

from ..errors import JobError

FORMAT = 1
"""Kept as the file's user_version; another one is refused."""
APPLICATION = 0x616C6C6F
"""Marks a job file among SQLite files."""

Mode = Literal["create", "upsert", "sync", "offboard"]
JobState = Literal["planning", "planned", "running", "stopped", "done", "undoing", "undone"]
Action = Literal["create", "update", "delete", "offboard", "none", "refuse"]
RowState = Literal["planned", "intended", "doubt", "done"]
RowOutcome = Literal[
    "created", "exists", "updated", "unchanged", "deleted", "done",
    "invalid", "drifted", "failed", "unknown",
    "restored", "kept",
]  # fmt: skip
"""What became of a row. `drifted`: the system no longer held what the plan saw, so nothing was sent. `done`: a step of leaving.
`restored` and `kept` (somebody edited it since) come from undoing. The others as in `alloy_async.directory.Status`."""
Table = Literal["rows", "undo"]

_ROWS = """
CREATE TABLE {table} (
    number INTEGER PRIMARY KEY,  -- in the order of the source; removals follow after its last row
    line INTEGER,                -- where the row starts in the source; NULL where it is not from there
    key TEXT NOT NULL,
    action TEXT NOT NULL,        -- create update delete offboard none refuse
    step TEXT,                   -- of an offboard row: which
    why TEXT,                    -- why this action; of an update: the fields, old -> new
    digest BLOB,                 -- keyed hash of what the system shall hold
    seen BLOB,                   -- keyed hash of what it held when planned; empty: not there; NULL: not asked
    before TEXT,                 -- JSON: what it held, where undoing needs it
    state TEXT NOT NULL DEFAULT 'planned',  -- planned intended doubt done
    outcome TEXT,                -- NULL until done
    reason TEXT,
    remote_id TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,  -- how often it was about to be sent, without the times that surely did nothing
    adopted INTEGER NOT NULL DEFAULT 0   -- 1: its answer was lost, and it was found as intended
)"""

_SCHEMA = (
    """
CREATE TABLE job (
    source TEXT NOT NULL,        -- its name, for people
    source_digest TEXT,          -- of its content, sealed; NULL until it has been read to its end
    salt BLOB NOT NULL,          -- the key of the hashes in this file
    system TEXT NOT NULL,
    base_url TEXT NOT NULL,
    mode TEXT NOT NULL,          -- create upsert sync offboard
    options TEXT NOT NULL,       -- JSON: what else the user asked for
    state TEXT NOT NULL,         -- planning planned running stopped done undoing undone
    pid INTEGER,                 -- of the process that worked on it last
    created REAL NOT NULL,       -- seconds since 1970, as the other times
    started REAL,
    ended REAL,
    stopped TEXT,                -- why it ended early
    rows INTEGER NOT NULL DEFAULT 0,      -- lines of `rows`, once planned
    warnings INTEGER NOT NULL DEFAULT 0,
    dropped TEXT NOT NULL DEFAULT '[]'    -- JSON: columns that the system has no place for
)""",
    _ROWS.format(table="rows"),
    _ROWS.format(table="undo"),
    """
CREATE TABLE seconds (
    second INTEGER PRIMARY KEY,  -- since 1970
    rows INTEGER NOT NULL,       -- that got their outcome
    calls INTEGER NOT NULL,      -- to the directory that were answered
    p50 REAL NOT NULL,           -- seconds that these took
    p95 REAL NOT NULL,
    slowest REAL NOT NULL,
    limited INTEGER NOT NULL,    -- answers 429
    retries INTEGER NOT NULL,    -- attempts made again, those included
    waited REAL NOT NULL         -- seconds of waiting before these
)""",
    "CREATE TABLE notes (at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL)",
    "CREATE TABLE findings (line INTEGER, field TEXT, severity TEXT NOT NULL, message TEXT NOT NULL)",
)


@attrs.frozen(kw_only=True)
class Header:
    """What a job is, as its first line says."""

    source: str
    system: str
    base_url: str
    mode: Mode
    options: str = "{}"
    source_digest: str | None = None
    salt: bytes = attrs.field(factory=lambda: os.urandom(16), repr=False)
    state: JobState = "planning"
    pid: int | None = attrs.field(factory=os.getpid)
    created: float = attrs.field(factory=time.time)
    started: float | None = None
    ended: float | None = None
    stopped: str | None = None
    rows: int = 0
    warnings: int = 0
    dropped: str = "[]"


_HEADER = tuple(field.name for field in attrs.fields(Header))


def header_of(database: sqlite3.Connection) -> Header:
    """The job's line."""
    values = database.execute(f"SELECT {', '.join(_HEADER)} FROM job").fetchone()
    return Header(**dict(zip(_HEADER, values, strict=True)))


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A job file opened for reading only, also while another process works on it.

    Raises:
        JobError: there is none, it is damaged, or of another format.
    """
    database = opened(path, readonly=True)
    try:
        yield database
    finally:
        database.close()


def connected(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=30)


def make(database: sqlite3.Connection, header: Header) -> None:
    database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute("BEGIN")
    for statement in _SCHEMA:
        database.execute(statement)
    places = ", ".join("?" * len(_HEADER))
    database.execute(
        f"INSERT INTO job ({', '.join(_HEADER)}) VALUES ({places})", attrs.astuple(header, recurse=False)
    )
    database.execute(f"PRAGMA user_version = {FORMAT}")
    database.execute("COMMIT")


def opened(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    if not path.is_file():
        raise JobError("there is no such job file", path)
    database = connected(path, readonly=readonly)
    try:
        _refuse_foreign(database, path)
        if not readonly and (fault := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise JobError(f"is damaged ({fault}); nothing was sent. Restore it from a copy", path)
    except sqlite3.DatabaseError as error:
        database.close()
        raise JobError(f"cannot be read as a job ({error}); nothing was sent", path) from None
    except BaseException:
        database.close()
        raise
    return database


def _refuse_foreign(database: sqlite3.Connection, path: Path) -> None:
    if database.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise JobError("is no job file; nothing was sent", path)
    found = database.execute("PRAGMA user_version").fetchone()[0]
    if found != FORMAT:
        age = "a newer" if found > FORMAT else "an older"
        raise JobError(
            f"has format {found}, of {age} version of alloy_async; this one reads {FORMAT}. Nothing was sent;"
            " finish the job with the version that began it",
            path,
        )
