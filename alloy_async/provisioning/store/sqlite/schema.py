"""The tables of a job file, stated once; opening one, and refusing what is not one."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import tempfile
from pathlib import Path

import attrs

from ...errors import JobError, NoSuchJob
from ..header import JobHeader
from ..job_store import Remark, RunLogLine, Second

FORMAT = 3
"""Kept as the file's user_version; another one is refused."""
APPLICATION = 0x616C6C6F
"""Marks a job file among SQLite files."""

_TABLES = (
    """
CREATE TABLE job (
    source TEXT NOT NULL,        -- its name, for people
    source_digest TEXT,          -- of its content, sealed; NULL until it has been read to its end
    salt BLOB NOT NULL,          -- the key of the hashes in this file
    account TEXT NOT NULL,       -- keyed hash of whose users these are; empty where that could not be told
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
    rows INTEGER NOT NULL,       -- planned rows, once planned
    warnings INTEGER NOT NULL,
    dropped TEXT NOT NULL,       -- JSON: columns that the system has no place for
    failed_rows TEXT NOT NULL    -- keyed hash of the file with the rows that did not go in, as it was written last
)""",
    """
CREATE TABLE batches (           -- planned rows with numbers in a row that differ in line, key, hashes and remote id only
    undo INTEGER NOT NULL,       -- 0: what the job does; 1: what taking it back takes
    first INTEGER NOT NULL,      -- number of the first row
    rows INTEGER NOT NULL,
    action TEXT NOT NULL,        -- create update delete offboard none refuse
    step TEXT,                   -- of offboarding: which
    why TEXT,                    -- why this action; of an update: the fields, old -> new
    before TEXT,                 -- JSON: what the system held, where undoing needs it
    outcome TEXT,                -- where nothing is to be sent
    reason TEXT,
    remote_id TEXT,              -- separated by U+001F; NULL: none
    line INTEGER,                -- where the first row starts in the source; NULL where it is not from there
    lines TEXT,                  -- how many lines on each next row starts; NULL: one each
    keys TEXT NOT NULL,          -- separated by U+001F
    digests BLOB,                -- keyed hashes of what the system shall hold, nine bytes each; NULL: none
    seen BLOB,                   -- the same of what it held when planned; empty: nobody was there; NULL: not asked
    checksum INTEGER NOT NULL,   -- CRC-32 of all before it
    PRIMARY KEY (undo, first)
)""",
    """
CREATE TABLE events (            -- what happened to planned rows: intents, outcomes, and what else `states` names
    undo INTEGER NOT NULL,
    first INTEGER NOT NULL,      -- number of the first row that it happened to
    id INTEGER NOT NULL,         -- in the order in which it happened
    rows INTEGER NOT NULL,
    event TEXT NOT NULL,
    was TEXT,                    -- the state before; NULL: planned before an intent, intended before anything else
    outcome TEXT,
    reason TEXT,
    remote_ids TEXT,             -- separated by U+001F
    adopted INTEGER NOT NULL,    -- 1: the answer was lost, and it was found as intended
    PRIMARY KEY (undo, first, id)
) WITHOUT ROWID""",
    """
CREATE TABLE worker (            -- one line: who may write, and what a damaged file cannot fake
    token TEXT NOT NULL,         -- made anew by each worker, and compared in every transaction that intends
    home TEXT NOT NULL,          -- where the file was worked on last
    intents INTEGER NOT NULL     -- sum of the keyed hashes of all intents
)""",
    f"CREATE TABLE seconds ({', '.join(Second._fields)}, PRIMARY KEY (second))",
    f"CREATE TABLE notes ({', '.join(RunLogLine._fields)})",
    f"CREATE TABLE remarks ({', '.join(Remark._fields)})",
)


class DamagedRecord(Exception):
    """A record does not say what was written."""


HEADER = tuple(field.name for field in attrs.fields(JobHeader))


def create_placeholders(number: int) -> str:
    """Give so many places for values in a statement."""
    return ", ".join("?" * number)


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """Open a file as a database; within a process any thread may use it, one at a time."""
    address = f"{path.absolute().as_uri()}?mode=ro" if readonly else path.absolute()
    return sqlite3.connect(address, uri=readonly, isolation_level=None, check_same_thread=False, timeout=30)


@functools.cache
def create_template() -> bytes:
    """Create what every new job file begins as: the tables, empty, in a database with a log (`-wal`) beside it.

    It is made once a process: to make the tables and to turn on the log took a third of what a small job's file costs.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template"
        with contextlib.closing(connect(path)) as database:
            database.execute("PRAGMA synchronous = OFF")  # it is read, and gone, at once
            database.execute("PRAGMA journal_mode = WAL")  # kept in the file, from then on
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            for statement in _TABLES:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {FORMAT}")
        return path.read_bytes()


def insert_header(database: sqlite3.Connection, header: JobHeader) -> None:
    """Make a new file a job, within a transaction."""
    statement = f"INSERT INTO job ({', '.join(HEADER)}) VALUES ({create_placeholders(len(HEADER))})"  # noqa: S608 -- own names
    database.execute(statement, attrs.astuple(header, recurse=False))


def open_existing_job_file(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """Open a job file.

    Raises:
        JobError: there is none, it is damaged, or of another format.
    """
    if not path.is_file():
        raise NoSuchJob("there is no such job file", path)
    database = connect(path, readonly=readonly)
    try:
        if readonly and _needs_rollback(database):
            with contextlib.closing(connect(path)) as writer:
                writer.execute("PRAGMA user_version")
        _refuse_foreign_file(database, path)
        if not readonly and (fault := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise JobError(f"is damaged ({fault}); nothing was sent. Restore it from a copy", path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # what the check says of damage may quote it
        database.close()
        reason = f"cannot be read as a job ({error}); nothing was sent"
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            reason = (
                "is not a job file, as plan and provision make them (with the ending .job); nothing was sent"
            )
        raise JobError(reason, path) from None
    except BaseException:
        database.close()
        raise
    return database


def _needs_rollback(database: sqlite3.Connection) -> bool:
    """Tell whether a worker was killed while it closed the file, in the middle of a change: only a writer can roll it back."""
    try:
        database.execute("PRAGMA user_version")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
            raise
        return True
    return False


def _refuse_foreign_file(database: sqlite3.Connection, path: Path) -> None:
    if database.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise JobError("is not a job file; nothing was sent", path)
    found = database.execute("PRAGMA user_version").fetchone()[0]
    if found != FORMAT:
        age = "a newer" if found > FORMAT else "an older"
        raise JobError(
            f"has format {found}, of {age} version of alloy_async; this one reads {FORMAT}. Nothing was sent;"
            " finish the job with the version that began it",
            path,
        )
    # The first intent moves the log into the file, so that no request had left before there was a header in it.
    if database.execute("SELECT count(*) FROM job").fetchone()[0] == 0:
        raise JobError(
            "holds no job yet: one is just being begun, or it was copied or cut off before anything was sent, without the file"
            " beside it whose name ends in -wal. Where nobody works on it, delete it, and begin the job again",
            path,
        )
