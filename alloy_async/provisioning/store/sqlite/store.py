# ruff: noqa: S608 -- the names put into statements are this package's own
"""A job in one SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from ...errors import JobError
from ..header import JobHeader, Phase
from ..job_store import Note, Remark, Second
from ..lock import WorkerLock, find_worker
from ..rows import JobRow, PlannedRow, RowResult
from ..states import RowEvent, RowState
from .row_log import (
    INSERT_BATCH,
    INSERT_EVENT,
    MOST,
    Event,
    pack_intents,
    pack_results,
    pack_rows,
    unpack_rows,
)
from .schema import HEADER, connect, create_tables, job_errors, open_database, places

_SUMMED = ("rows", "calls", "limited", "retries", "waited")
_WORST = ("p50", "p95", "slowest")
_ADD_SECOND = (
    f"INSERT INTO seconds VALUES ({places(len(Second._fields))}) ON CONFLICT (second) DO UPDATE SET "
    + ", ".join([f"{name} = {name} + excluded.{name}" for name in _SUMMED])
    + "".join([f", {name} = max({name}, excluded.{name})" for name in _WORST])
)
_REFUSED = """
SELECT b.action, coalesce(b.outcome, 'planned'), sum(min(e.first + e.rows, b.first + b.rows) - max(e.first, b.first))
FROM events e JOIN batches b
    ON b.undo = e.undo AND b.first > e.first - ?2 AND b.first < e.first + e.rows AND b.first + b.rows > e.first
WHERE e.undo = ?1 AND e.event = 'refuse' GROUP BY 1, 2"""

_INTENDED = """
SELECT coalesce(sum(CASE event WHEN 'intend' THEN rows ELSE -rows END), 0) FROM events
WHERE event IN ('intend', 'withdraw') OR (event = 'fail' AND was IS NULL)"""


class SqliteStore:
    """A job file, as a `JobStore`.

    Args:
        path: the file.
        database: its connection, from now on used by one thread at a time.
        lock: held by the one worker that may write, until `close`; None for reading.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, lock: WorkerLock | None = None) -> None:
        self._path = path
        self._database = database
        self._lock = lock
        self._open_transactions = 0
        self._next_id = 1 + self._first_value("SELECT coalesce(max(id), 0) FROM events") if lock else 0
        if lock is not None:
            database.execute("PRAGMA journal_mode = WAL")

    @classmethod
    def create(cls, path: Path, header: JobHeader) -> Self:
        """Begin a job file, to be written by this process.

        Raises:
            JobError: there is one already, or it cannot be written.
        """
        lock = WorkerLock.take(path)
        try:
            if path.exists():
                raise JobError("this job exists already; resume it, or give another place with --job", path)
            with job_errors(path, "cannot be written"):
                database = connect(path)
                try:
                    create_tables(database, header)
                    return cls(path, database, lock)
                except BaseException:
                    database.close()
                    path.unlink(missing_ok=True)
                    raise
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take up a job file, for one worker at a time.

        Raises:
            JobError: there is none, another process works on it, it is damaged, or of another format.
        """
        if not path.is_file():
            raise JobError("there is no such job file", path)
        lock = WorkerLock.take(path)
        try:
            return cls(path, open_database(path), lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    @contextlib.contextmanager
    def reading(cls, path: Path) -> Iterator[Self]:
        """Open a job file for reading only, also while another process works on it.

        Raises:
            JobError: there is none, it is damaged, or of another format.
        """
        store = cls(path, open_database(path, readonly=True))
        try:
            yield store
        finally:
            store.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def worker(self) -> int | None:
        """The id of the process that works on the job now; None when nobody does."""
        return find_worker(self._path)

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Do what is called within, all or nothing; see `JobStore`."""
        if self._open_transactions:
            yield  # within another one, which commits
            return
        self._open_transactions = 1
        try:
            with job_errors(self._path, "cannot be written any more" if self._lock else "cannot be read"):
                if self._lock:
                    # A lost outcome leaves its row in doubt, which is settled by asking: only intents need the disk's word.
                    self._database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE" if self._lock else "BEGIN")
                    yield
        finally:
            self._open_transactions = 0

    def close(self) -> None:
        """Leave one file, for readers too, and let others work on it."""
        if self._lock:
            with contextlib.suppress(sqlite3.Error):  # somebody reads it just now, or it is damaged
                self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()
        if self._lock:
            self._lock.release()

    def read_header(self) -> JobHeader:
        """Read what the job is."""
        ((*values,),) = self._read(f"SELECT {', '.join(HEADER)} FROM job")
        return JobHeader(**dict(zip(HEADER, values, strict=True)))

    def write_header(self, **columns: Any) -> None:
        """Change attributes of the header."""
        names = ", ".join([f"{name} = ?" for name in columns])
        self._write(f"UPDATE job SET {names}", [tuple(columns.values())])

    def insert_rows(self, phase: Phase, rows: Iterable[PlannedRow]) -> None:
        """Write planned rows, in the order of their numbers."""
        self._write(INSERT_BATCH, pack_rows(_undo(phase), rows))

    def clear_rows(self, phase: Phase) -> None:
        """Throw a half-made plan away, of which nothing was ever intended."""
        with self.transaction():
            self._write("DELETE FROM batches WHERE undo = ?", [(_undo(phase),)])
            self._write("DELETE FROM events WHERE undo = ?", [(_undo(phase),)])

    def read_rows(self, phase: Phase, after: int = 0, *, states: Sequence[RowState] = ()) -> Iterator[JobRow]:
        """Read the rows in their order, a batch in memory at a time."""
        with job_errors(self._path, "cannot be read"):
            yield from unpack_rows(self._database, _undo(phase), after, states)

    def record_intents(self, phase: Phase, rows: Sequence[JobRow]) -> None:
        """Write down that a batch is about to be sent."""
        self._append(pack_intents(_undo(phase), rows, self._next_id))

    def record_results(self, phase: Phase, results: Sequence[RowResult]) -> None:
        """Write down what happened to rows; what is the same for neighbours is written once."""
        self._append(pack_results(_undo(phase), results, self._next_id))

    def reopen_rows(self, phase: Phase, state: RowState) -> None:
        """Take up again all rows that are `failed` (they are planned) or `unknown` (they are in doubt)."""
        event: RowEvent = "retry" if state == "failed" else "reopen"
        with self.transaction():
            results = [RowResult(row.number, state, event) for row in self.read_rows(phase, states=(state,))]
            self.record_results(phase, results)

    def tally(self, phase: Phase) -> Counter[str]:
        """Count rows by outcome; those without one by state."""
        undo = _undo(phase)
        with self.transaction():
            planned = self._read(
                "SELECT coalesce(outcome, 'planned'), sum(rows) FROM batches WHERE undo = ? GROUP BY 1", undo
            )
            counts: Counter[str] = Counter(dict(planned))
            happened = self._read(
                "SELECT undo, 0, 0, sum(rows), event, was, outcome, NULL, NULL, 0 FROM events WHERE undo = ?"
                " GROUP BY event, was, outcome",
                undo,
            )
            for event in map(Event._make, happened):
                counts[event.outcome or event.state] += event.rows
                if event.event != "refuse":
                    counts[event.state_before] -= event.rows
            for _, before, rows in self._read(_REFUSED, undo, MOST):
                counts[before] -= rows
        return +counts

    def count_actions(self) -> dict[str, int]:
        """Count the rows of the plan by action."""
        with self.transaction():
            counts = Counter(
                dict(self._read("SELECT action, sum(rows) FROM batches WHERE undo = 0 GROUP BY action"))
            )
            for action, _, rows in self._read(_REFUSED, 0, MOST):
                counts[action] -= rows
                counts["refuse"] += rows
        return dict(+counts)

    def was_anything_intended(self) -> bool:
        """Tell whether any request may have left."""
        return self._first_value(_INTENDED) > 0

    def add_seconds(self, seconds: Iterable[Second]) -> None:
        """Add to what happened in each second."""
        self._write(_ADD_SECOND, seconds)

    def read_seconds(self, since: float = 0) -> list[Second]:
        """Read what happened in each second, in order."""
        found = self._read("SELECT * FROM seconds WHERE second >= ? ORDER BY second", since)
        return [Second._make(second) for second in found]

    def add_note(self, kind: str, text: str) -> None:
        """Write a note for people."""
        self._write("INSERT INTO notes VALUES (?, ?, ?)", [(time.time(), kind, text)])

    def read_notes(self) -> list[Note]:
        """Read the notes in their order."""
        return [Note._make(note) for note in self._read("SELECT * FROM notes ORDER BY at")]

    def add_remarks(self, remarks: Iterable[Remark]) -> None:
        """Write what the checks found."""
        self._write("INSERT INTO remarks VALUES (?, ?, ?, ?)", remarks)

    def read_remarks(self) -> list[Remark]:
        """Read what the checks found."""
        return [Remark._make(remark) for remark in self._read("SELECT * FROM remarks")]

    def _append(self, events: Iterable[Event]) -> None:
        records = list(events)
        self._write(INSERT_EVENT, records)
        self._next_id += len(records)

    def _write(self, statement: str, records: Iterable[Sequence[Any]]) -> None:
        with self.transaction():
            self._database.executemany(statement, records)

    def _read(self, statement: str, *values: Any) -> list[Any]:
        with job_errors(self._path, "cannot be read"):
            return self._database.execute(statement, values).fetchall()

    def _first_value(self, statement: str) -> int:
        return int(self._read(statement)[0][0])


def _undo(phase: Phase) -> int:
    return int(phase == "undo")
