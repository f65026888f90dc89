"""Batches and events in a job file: how they are inserted, and read back window by window."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from ..planned_batches import PlannedBatch, RowOverlay
from ..row_events import MOST, Event
from ..row_stretch import RowStretch
from ..states import ROW_TRANSITIONS, RowState
from .schema import DamagedRecord, create_placeholders

_WINDOW = 2048
INSERT_BATCH = f"INSERT INTO batches VALUES (?, {create_placeholders(len(PlannedBatch._fields))}, ?)"  # noqa: S608 -- places for values
INSERT_EVENT = f"INSERT INTO events VALUES ({create_placeholders(len(Event._fields))})"  # noqa: S608


def unpack_rows(
    database: sqlite3.Connection, undo: int, after: int, states: Sequence[RowState]
) -> Iterator[RowStretch]:
    """Give the rows behind a number as they are now, in their order; only those in one of the states."""
    while window := _read_window(database, undo, after):
        last = window[-1].first + window[-1].rows - 1
        overlay = RowOverlay(window, _read_events(database, undo, window[0].first, last))
        for batch in window:
            yield from overlay.unpack_batch(batch, after, states)
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
