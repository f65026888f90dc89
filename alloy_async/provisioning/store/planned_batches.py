"""Planned rows as batches, and back, with what happened to them laid over: the large tables of every store; no SQL.

Planned rows that differ in line, key and hashes only are one record; `row_events` has what happened to them. Reading goes
window by window, so that memory does not grow with the job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple
from zlib import crc32

import attrs

from .header import Action, RowOutcome
from .row_events import MOST, SEPARATOR, Event
from .rows import PlannedRow, RowStretch
from .states import RowState


class PlannedBatch(NamedTuple):
    """Planned rows with numbers in a row that differ in line, key, hashes and remote id only; MOST of them at most.

    Attributes:
        first: number of the first row.
        rows: how many.
        remote_id: of each row, separated by U+001F; None where they have none.
        line: where the first row starts in the source; None where they are not from there.
        lines: how many lines on each next row starts, separated by commas; None: one each.
        keys: of each row, separated by U+001F.
        digests: of each row, one behind the other.
        seen: likewise.
        The others as of `PlannedRow`, the same for all rows.
    """

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

    def compute_checksum(self, undo: int) -> int:
        """Compute what tells a damaged record of this batch, in the set of rows that it belongs to, from a whole one."""
        kinds = self.digests is None, self.seen is None
        all_but_long_columns = repr((undo, *self[:11], kinds))
        found = crc32(all_but_long_columns.encode(errors="surrogatepass"))
        for column in (self.keys.encode(errors="surrogatepass"), self.digests or b"", self.seen or b""):
            found = crc32(b"%d:%b" % (len(column), column), found)
        return found


def group_into_batches(rows: Iterable[PlannedRow]) -> Iterator[PlannedBatch]:
    """Pack planned rows, in the order of their numbers."""
    alike: list[PlannedRow] = []
    for row in rows:
        if alike and not (len(alike) < MOST and _is_alike(alike[-1], row)):
            yield _create_batch_of_rows(alike)
            alike = []
        alike.append(row)
    if alike:
        yield _create_batch_of_rows(alike)


def _is_alike(one: PlannedRow, row: PlannedRow) -> bool:
    """Tell whether two rows can be in one batch."""
    return (
        row.number == one.number + 1
        and row.action == one.action
        and row[4:6] == one[4:6]  # step, why
        and row[8:11] == one[8:11]  # before, outcome, reason
        and (row.digest is None) == (one.digest is None)
        and _get_length_of_seen_hash(row.seen) == _get_length_of_seen_hash(one.seen)
        and (row.line is None) == (one.line is None)
        and (row.remote_id is None) == (one.remote_id is None)
        and can_be_joined(row.key, row.remote_id)
        and can_be_joined(one.key, one.remote_id)
    )


def can_be_joined(*texts: str | None) -> bool:
    """Tell whether texts can stand in one column with others."""
    return not any(text is not None and SEPARATOR in text for text in texts)


def _get_length_of_seen_hash(seen: bytes | None) -> int | None:
    return None if seen is None else len(seen)


def _create_batch_of_rows(rows: Sequence[PlannedRow]) -> PlannedBatch:
    one = rows[0]
    return create_batch_of_columns(
        one.number, one.action, None if one.line is None else [row.line or 0 for row in rows], [row.key for row in rows],
        step=one.step, why=one.why, before=one.before, outcome=one.outcome, reason=one.reason,
        digests=None if one.digest is None else b"".join([row.digest or b"" for row in rows]),
        seen=one.seen if not one.seen else b"".join([row.seen or b"" for row in rows]),
        remote_ids=None if one.remote_id is None else [row.remote_id for row in rows],
    )  # fmt: skip


def create_batch_of_columns(
    first: int,
    action: Action,
    lines: Sequence[int] | None,
    keys: Sequence[str],
    *,
    step: str | None = None,
    why: str | None = None,
    digests: bytes | None = None,
    seen: bytes | None = None,
    before: str | None = None,
    outcome: RowOutcome | None = None,
    reason: str | None = None,
    remote_ids: Sequence[str | None] | None = None,
) -> PlannedBatch:
    """Pack rows that are at hand as columns, MOST of them at most; where there are several, all texts are joinable."""
    return PlannedBatch(
        first, len(keys), action, step, why, before, outcome, reason,
        None if remote_ids is None else SEPARATOR.join([one or "" for one in remote_ids]),
        None if lines is None else lines[0], None if lines is None else _encode_line_numbers(lines), SEPARATOR.join(keys),
        digests, seen,
    )  # fmt: skip


def _encode_line_numbers(lines: Sequence[int]) -> str | None:
    if lines == range(lines[0], lines[0] + len(lines)) or all(b - a == 1 for a, b in pairwise(lines)):
        return None
    return ",".join([str(b - a) for a, b in pairwise(lines)])


class RowOverlay:
    """What happened to the rows of a window, by stretches of rows to which the same happened.

    Args:
        window: batches, one behind the other.
        events: that touch their rows, in the order of their ids.
    """

    def __init__(self, window: Sequence[PlannedBatch], events: Sequence[Event]) -> None:
        begin, end = window[0].first, window[-1].first + window[-1].rows
        cuts = {begin, end}
        for batch in window:  # numbers may be missing between two batches
            cuts |= {batch.first, batch.first + batch.rows}
        for event in events:
            cuts |= {max(event.first, begin), min(event.first + event.rows, end)}
        self._cuts = sorted(cuts)
        self._places = {number: place for place, number in enumerate(self._cuts)}
        self._states: list[RowState] = ["planned"] * (len(cuts) - 1)
        self._latest: list[Event | None] = [None] * (len(cuts) - 1)
        self._attempts = [0] * (len(cuts) - 1)
        self._ids: dict[int, str] = {}
        for batch in window:
            if batch.outcome is not None:
                for place in self._find_places(batch.first, batch.rows):
                    self._states[place] = "done"
        for event in events:
            self._apply_event(event)

    def _find_places(self, first: int, rows: int) -> range:
        """Find the stretches between two cuts, as far as they are in the window."""
        begin, end = max(first, self._cuts[0]), min(first + rows, self._cuts[-1])
        return range(self._places[begin], self._places[end]) if begin < end else range(0)

    def _apply_event(self, event: Event) -> None:
        step = 1 if event.event == "intend" else 0
        if event.event in ("withdraw", "fail") and event.state_before == "intended":
            step = -1  # surely nothing happened: as if it had not been about to be sent
        state = event.state
        for place in self._find_places(event.first, event.rows):
            self._states[place] = state
            self._latest[place] = event
            self._attempts[place] += step
        if event.remote_ids:
            for number, remote_id in enumerate(event.remote_ids.split(SEPARATOR), event.first):
                if remote_id:
                    self._ids[number] = remote_id

    def iterate_stretches(
        self, batch: PlannedBatch, after: int, states: Sequence[RowState]
    ) -> Iterator[RowStretch]:
        """Give the rows of one batch of the window behind a number that are in one of the states; none given: in any."""
        places = self._find_places(batch.first, batch.rows)
        if states and not {self._states[place] for place in places} & set(states):
            return
        whole = _create_stretch(batch)
        for place in places:
            state = self._states[place]
            first, end = max(self._cuts[place], after + 1), self._cuts[place + 1]
            if first < end and (not states or state in states):
                part = whole.slice_rows(first - batch.first, end - batch.first)
                yield self._apply_state(part, state, self._attempts[place], self._latest[place])

    def _apply_state(
        self, rows: RowStretch, state: RowState, attempts: int, event: Event | None
    ) -> RowStretch:
        changed: dict[str, Any] = {"state": state, "attempts": attempts}
        if event is not None:
            if event.event == "refuse":
                changed |= {"action": "refuse", "why": None}
            changed |= {
                "outcome": event.outcome, "reason": event.reason, "adopted": bool(event.adopted),
            }  # fmt: skip
        numbers = range(rows.first, rows.first + rows.rows)
        if self._ids and any(number in self._ids for number in numbers):
            planned = rows.remote_ids or [None] * rows.rows
            changed["remote_ids"] = [
                self._ids.get(number, before) for number, before in zip(numbers, planned, strict=True)
            ]
        return attrs.evolve(rows, **changed)


def _create_stretch(batch: PlannedBatch) -> RowStretch:
    """Read the columns of a batch, as it was planned."""
    rows = batch.rows
    lines: Sequence[int] | None = None
    if batch.line is not None:
        lines = range(batch.line, batch.line + rows)
        if batch.lines is not None:
            lines = list(accumulate(map(int, batch.lines.split(",")), initial=batch.line))
    return RowStretch(
        batch.first, rows, batch.action, batch.step, batch.why, batch.before, batch.outcome, batch.reason,
        "planned", 0, False, lines, _split_column_into_cells(batch.keys, rows), batch.digests, batch.seen,
        None if batch.remote_id is None else [one or None for one in _split_column_into_cells(batch.remote_id, rows)],
    )  # fmt: skip


def _split_column_into_cells(column: str, rows: int) -> list[str]:
    return column.split(SEPARATOR) if rows > 1 else [column]
