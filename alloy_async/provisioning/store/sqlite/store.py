# ruff: noqa: S608 -- the names put into statements are this package's own
"""A job in one SQLite file."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..header import JobHeader, Phase, encode_undo_flag
from ..job_store import Remark, RunLogLine, Second
from ..planned_batches import PlannedBatch, RowOverlay
from ..row_events import MOST, Event, group_into_events
from ..rows import JobRow, RowResult, RowStretch
from ..states import ROW_TRANSITIONS, RowEvent, RowState
from .job_file import JobFile
from .schema import HEADER, DamagedRecord, create_placeholders

_WINDOW = 2048
INSERT_BATCH = f"INSERT INTO batches VALUES (?, {create_placeholders(len(PlannedBatch._fields))}, ?)"
INSERT_EVENT = f"INSERT INTO events VALUES ({create_placeholders(len(Event._fields))})"
_SUMMED = ("rows", "calls", "limited", "retries", "waited")
_WORST = ("p50", "p95", "slowest")
_ADD_SECOND = (
    f"INSERT INTO seconds VALUES ({create_placeholders(len(Second._fields))}) ON CONFLICT (second) DO UPDATE SET "
    + ", ".join([f"{name} = {name} + excluded.{name}" for name in _SUMMED])
    + "".join([f", {name} = max({name}, excluded.{name})" for name in _WORST])
)
_COUNTS = """
SELECT 'plan', NULL, coalesce(outcome, 'planned'), sum(rows) FROM batches WHERE undo = ? GROUP BY 3
UNION ALL SELECT event, was, outcome, sum(rows) FROM events WHERE undo = ? GROUP BY 1, 2, 3"""
_REFUSED = """
SELECT b.action, coalesce(b.outcome, 'planned'), sum(min(e.first + e.rows, b.first + b.rows) - max(e.first, b.first))
FROM events e JOIN batches b
    ON b.undo = e.undo AND b.first > e.first - ? AND b.first < e.first + e.rows AND b.first + b.rows > e.first
WHERE e.undo = ? AND e.event = 'refuse' GROUP BY 1, 2"""

_INTENDED = """
SELECT coalesce(sum(CASE event WHEN 'intend' THEN rows ELSE -rows END), 0) FROM events
WHERE event IN ('intend', 'withdraw') OR (event = 'fail' AND was IS NULL)"""


class SqliteStore(JobFile):
    """A job file, as a `JobStore`."""

    def read_header(self) -> JobHeader:
        """Read what the job is."""
        ((*values,),) = self.fetch_rows(f"SELECT {', '.join(HEADER)} FROM job")
        return JobHeader(**dict(zip(HEADER, values, strict=True)))

    def update_header(self, **columns: Any) -> None:
        """Change attributes of the header."""
        names = ", ".join([f"{name} = ?" for name in columns])
        self.execute_many(f"UPDATE job SET {names}", [tuple(columns.values())])

    def insert_batches(self, phase: Phase, batches: Iterable[PlannedBatch]) -> None:
        """Write planned rows, in the order of their numbers."""
        undo = encode_undo_flag(phase)
        self.execute_many(INSERT_BATCH, ((undo, *batch, batch.compute_checksum(undo)) for batch in batches))

    def clear_rows(self, phase: Phase) -> None:
        """Throw a half-made plan away, of which nothing was ever intended."""
        with self.transaction():
            self.execute_many("DELETE FROM batches WHERE undo = ?", [(encode_undo_flag(phase),)])
            self.execute_many("DELETE FROM events WHERE undo = ?", [(encode_undo_flag(phase),)])
            self.worker_record.store_recounted_intents()

    def read_stretches(
        self, phase: Phase, after: int = 0, *, states: Sequence[RowState] = ()
    ) -> Iterator[RowStretch]:
        """Read the rows in their order, by stretches of rows that are alike."""
        with self.raise_as_job_error():
            yield from read_row_stretches(self._database, encode_undo_flag(phase), after, states)

    def read_rows(self, phase: Phase, after: int = 0, *, states: Sequence[RowState] = ()) -> Iterator[JobRow]:
        """Read the rows in their order, one by one."""
        for stretch in self.read_stretches(phase, after, states=states):
            yield from stretch.iterate_rows()

    def record_intents(self, phase: Phase, intents: Sequence[RowResult]) -> None:
        """Write down that rows are about to be sent; only the worker that the job names may."""
        events = list(group_into_events(encode_undo_flag(phase), intents, self.next_id))
        with self.transaction():
            self.worker_record.note_new_intents(events)
            self._append_events(events)

    def record_results(self, phase: Phase, results: Sequence[RowResult]) -> None:
        """Write down what happened to rows; what is the same for neighbours is written once."""
        self._append_events(group_into_events(encode_undo_flag(phase), results, self.next_id))

    def reopen_rows(self, phase: Phase, state: RowState) -> None:
        """Take up again all rows that are `failed` (they are planned) or `unknown` (they are in doubt)."""
        event: RowEvent = "retry" if state == "failed" else "reopen"
        with self.transaction():
            results = [RowResult(row.number, state, event) for row in self.read_rows(phase, states=(state,))]
            self.record_results(phase, results)

    def count_outcomes(self, phase: Phase) -> Counter[str]:
        """Count rows by outcome; those without one by state."""
        undo = encode_undo_flag(phase)
        with self.transaction():
            counts: Counter[str] = Counter()
            were_refused = False
            for event, was, outcome, rows in self.fetch_rows(_COUNTS, undo, undo):
                if event == "plan":
                    counts[outcome] += rows
                    continue
                states = Event(undo, 0, 0, 0, event, was, outcome, None, None, 0)
                counts[outcome or states.state] += rows
                if event == "refuse":
                    were_refused = True
                else:
                    counts[states.state_before] -= rows
            for _, before, rows in self.fetch_rows(_REFUSED, MOST, undo) if were_refused else ():
                counts[before] -= rows
        return +counts

    def count_actions(self) -> dict[str, int]:
        """Count the rows of the plan by action."""
        with self.transaction():
            counts = Counter(
                dict(self.fetch_rows("SELECT action, sum(rows) FROM batches WHERE undo = 0 GROUP BY action"))
            )
            for action, _, rows in self.fetch_rows(_REFUSED, MOST, 0):
                counts[action] -= rows
                counts["refuse"] += rows
        return dict(+counts)

    def was_anything_intended(self) -> bool:
        """Tell whether any request may have left."""
        return bool(self.fetch_rows(_INTENDED)[0][0] > 0)

    def add_seconds(self, seconds: Iterable[Second]) -> None:
        """Add to what happened in each second."""
        self.execute_many(_ADD_SECOND, seconds)

    def read_seconds(self, since: float = 0) -> list[Second]:
        """Read what happened in each second, in order."""
        found = self.fetch_rows("SELECT * FROM seconds WHERE second >= ? ORDER BY second", since)
        return [Second._make(second) for second in found]

    def add_note(self, kind: str, text: str) -> None:
        """Write a note for people."""
        self.execute_many("INSERT INTO notes VALUES (?, ?, ?)", [(time.time(), kind, text)])

    def read_notes(self) -> list[RunLogLine]:
        """Read the notes in their order."""
        return [RunLogLine._make(note) for note in self.fetch_rows("SELECT * FROM notes ORDER BY at")]

    def add_remarks(self, remarks: Iterable[Remark]) -> None:
        """Write what the checks found."""
        self.execute_many("INSERT INTO remarks VALUES (?, ?, ?, ?)", remarks)

    def read_remarks(self) -> list[Remark]:
        """Read what the checks found."""
        return [Remark._make(remark) for remark in self.fetch_rows("SELECT * FROM remarks")]

    def _append_events(self, events: Iterable[Event]) -> None:
        records = list(events)
        self.execute_many(INSERT_EVENT, records)
        self.next_id += len(records)


def read_row_stretches(
    database: sqlite3.Connection, undo: int, after: int, states: Sequence[RowState]
) -> Iterator[RowStretch]:
    """Give the rows behind a number as they are now, in their order; only those in one of the states."""
    rows = _WINDOW
    while rows >= _WINDOW and (window := _read_window(database, undo, after)):
        rows = sum(batch.rows for batch in window)
        last = window[-1].first + window[-1].rows - 1
        overlay = RowOverlay(window, _read_events(database, undo, window[0].first, last))
        for batch in window:
            yield from overlay.iterate_stretches(batch, after, states)
        after = last


def _read_window(database: sqlite3.Connection, undo: int, after: int) -> list[PlannedBatch]:
    found = database.execute(
        "SELECT * FROM batches WHERE undo = ? AND first > ? AND first + rows - 1 > ? ORDER BY first LIMIT ?",
        (undo, after - MOST, after, _WINDOW),
    )
    window: list[PlannedBatch] = []
    rows = 0
    for record in found:
        batch = PlannedBatch._make(record[1:-1])
        if record[-1] != batch.compute_checksum(undo):
            raise DamagedRecord(f"the rows from number {batch.first} on")
        window.append(batch)
        rows += batch.rows
        if rows >= _WINDOW:
            break
    return window


def _read_events(database: sqlite3.Connection, undo: int, first: int, last: int) -> list[Event]:
    found = database.execute(
        "SELECT * FROM events WHERE undo = ? AND first > ? AND first <= ? AND first + rows > ? ORDER BY id",
        (undo, first - MOST, last, first),
    )
    events = [Event._make(record) for record in found]
    for event in events:
        if (event.state_before, event.event) not in ROW_TRANSITIONS:
            raise DamagedRecord(f"what happened to the rows from number {event.first} on")
    return events
