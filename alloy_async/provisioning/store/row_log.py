"""Planned rows as batches, and back, with what happened to them laid over: the large tables of every store; no SQL.

Planned rows that differ in line, key and hashes only are one record; `row_events` has what happened to them. Reading goes
window by window, so that memory does not grow with the job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple
from zlib import crc32

from .header import Action, RowOutcome
from .row_events import MOST, SEPARATOR, Event
from .rows import JobRow, PlannedRow
from .states import RowState


class Batch(NamedTuple):
    """A record of the table `batches`; see there."""

    undo: int
    first: int
    rows: int
    action: Action
    step: str | None
    why: str | None
    before: str | None
    outcome: RowOutcome | None
    reason: str | None
    remote_id: str | None
    line: int | None
    lines: str | None
    keys: str
    digests: bytes | None
    seen: bytes | None
    checksum: int = 0

    def compute_checksum(self) -> int:
        """Compute what `checksum` is of the other fields."""
        return crc32(repr(self[:-1]).encode(errors="surrogatepass"))


def pack_rows(undo: int, rows: Iterable[PlannedRow]) -> Iterator[Batch]:
    """Pack planned rows, in the order of their numbers."""
    alike: list[PlannedRow] = []
    for row in rows:
        if alike and not (len(alike) < MOST and _is_alike(alike[-1], row)):
            yield _pack(undo, alike)
            alike = []
        alike.append(row)
    if alike:
        yield _pack(undo, alike)


def _is_alike(one: PlannedRow, row: PlannedRow) -> bool:
    """Tell whether two rows can be in one batch."""
    return (
        row.number == one.number + 1
        and row.action == one.action
        and row[4:6] == one[4:6]  # step, why
        and row[8:] == one[8:]  # before, outcome, reason, remote_id
        and (row.digest is None) == (one.digest is None)
        and _classify_seen(row.seen) == _classify_seen(one.seen)
        and (row.line is None) == (one.line is None)
        and SEPARATOR not in row.key
        and SEPARATOR not in one.key
    )


def _classify_seen(seen: bytes | None) -> int | None:
    return None if seen is None else len(seen)


def _pack(undo: int, rows: Sequence[PlannedRow]) -> Batch:
    one = rows[0]
    lines = None
    if one.line is not None:
        gaps = [b.line - a.line for a, b in pairwise(rows)]  # type: ignore[operator]  # all have a line, as the first has
        lines = None if all(gap == 1 for gap in gaps) else ",".join(map(str, gaps))
    batch = Batch(
        undo, one.number, len(rows), one.action, one.step, one.why, one.before, one.outcome, one.reason, one.remote_id,
        one.line, lines, SEPARATOR.join([row.key for row in rows]),
        None if one.digest is None else b"".join([row.digest or b"" for row in rows]),
        one.seen if not one.seen else b"".join([row.seen or b"" for row in rows]),
    )  # fmt: skip
    return batch._replace(checksum=batch.compute_checksum())


class RowOverlay:
    """What happened to the rows of a window, row by row."""

    def __init__(self, window: Sequence[Batch], events: Iterable[Event]) -> None:
        self._first = window[0].first
        size = window[-1].first + window[-1].rows - self._first
        self._states: list[RowState] = ["planned"] * size
        self._latest: list[Event | None] = [None] * size
        self._attempts = [0] * size
        self._ids: dict[int, str] = {}
        for batch in window:
            if batch.outcome is not None:
                self._set_stretch(self._states, batch.first, batch.rows, "done")
        for event in events:
            self._apply_event(event)

    def _set_stretch(self, column: list[Any], first: int, rows: int, value: Any) -> range:
        start, end = max(first - self._first, 0), min(first - self._first + rows, len(column))
        column[start:end] = [value] * (end - start)
        return range(start, end)

    def _apply_event(self, event: Event) -> None:
        self._set_stretch(self._states, event.first, event.rows, event.state)
        covered = self._set_stretch(self._latest, event.first, event.rows, event)
        step = 1 if event.event == "intend" else 0
        if event.event in ("withdraw", "fail") and event.state_before == "intended":
            step = -1  # surely nothing happened: as if it had not been about to be sent
        if step:
            for place in covered:
                self._attempts[place] += step
        if event.remote_ids:
            for number, remote_id in enumerate(event.remote_ids.split(SEPARATOR), event.first):
                if remote_id:
                    self._ids[number] = remote_id

    def unpack_batch(self, batch: Batch, after: int, states: Sequence[RowState]) -> Iterator[JobRow]:
        """Give the rows of one batch of the window."""
        start = batch.first - self._first
        here = self._states[start : start + batch.rows]
        if states and not set(here) & set(states):
            return
        digests, seen = batch.digests, batch.seen
        width = len(digests or seen or b"") // batch.rows
        keys = batch.keys.split(SEPARATOR) if batch.rows > 1 else [batch.keys]
        for place, (key, line, state) in enumerate(zip(keys, _unpack_lines(batch), here, strict=True)):
            number = batch.first + place
            if number <= after or (states and state not in states):
                continue
            at = slice(place * width, place * width + width)
            row = JobRow(
                number, line, key, batch.action, batch.step, batch.why,
                None if digests is None else digests[at], seen if not seen else seen[at],
                batch.before, batch.outcome, batch.reason, self._ids.get(number, batch.remote_id),
                state, self._attempts[start + place],
            )  # fmt: skip
            if (event := self._latest[start + place]) is not None:
                _apply_to_row(event, row)
            yield row


def _unpack_lines(batch: Batch) -> Iterable[int | None]:
    if batch.line is None:
        return [None] * batch.rows
    if batch.lines is None:
        return range(batch.line, batch.line + batch.rows)
    return accumulate(map(int, batch.lines.split(",")), initial=batch.line)


def _apply_to_row(event: Event, row: JobRow) -> None:
    if event.event == "refuse":
        row.action, row.why = "refuse", None
    row.outcome, row.reason, row.adopted = event.outcome, event.reason, bool(event.adopted)
