"""What happened to rows, as events: each covers a stretch of neighbours, and they are laid over each other in order; no SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from .header import RowOutcome
from .rows import RowResult
from .states import ROW_TRANSITIONS, RowEvent, RowState, get_next_state

MOST = 4096
"""Rows that one record covers at most: so far back a reader has to look for what covers a row."""
SEPARATOR = "\x1f"
"""Stands between the texts of one column of neighbouring rows."""


class Event(NamedTuple):
    """A record of the table `events`; see there. `was` is the state before it, where that is not the usual one."""

    undo: int
    first: int
    id: int
    rows: int
    event: RowEvent
    was: RowState | None
    outcome: RowOutcome | None
    reason: str | None
    remote_ids: str | None
    adopted: int

    @property
    def state_before(self) -> RowState:
        """The state before it."""
        return self.was or _get_usual_state_before_event(self.event)

    @property
    def state(self) -> RowState:
        """The state after it."""
        return get_next_state(ROW_TRANSITIONS, self.state_before, self.event)


def group_into_events(undo: int, results: Iterable[RowResult], next_id: int) -> Iterator[Event]:
    """Pack what happened to rows; neighbours to which the same happened are one record.

    Raises:
        ForbiddenTransition: it must not happen to rows in their state.
    """
    for kind, alike in groupby(
        results, key=attrgetter("state_before", "event", "outcome", "reason", "adopted")
    ):
        before, event, outcome, reason, adopted = kind
        get_next_state(ROW_TRANSITIONS, before, event)
        was = None if before == _get_usual_state_before_event(event) else before
        for first, last, ids in _join_neighbours(alike):
            for start in range(first, last + 1, MOST):
                rows = min(last + 1 - start, MOST)
                told = _join_remote_ids(ids, range(start, start + rows)) if ids else None
                yield Event(undo, start, next_id, rows, event, was, outcome, reason, told, int(adopted))
                next_id += 1


def _join_neighbours(results: Iterable[RowResult]) -> Iterator[tuple[int, int, Mapping[int, str]]]:
    """Join results whose rows have rising numbers without a gap: the first and the last number, and the ids that were told."""
    first, last = 0, -1
    ids: dict[int, str] = {}
    for result in results:
        if result.number != last + 1:
            if first:
                yield first, last, ids
            first, ids = result.number, {}
        last = result.number + result.rows - 1
        if result.remote_id:
            ids[result.number] = result.remote_id
    if first:
        yield first, last, ids


def _join_remote_ids(ids: Mapping[int, str], numbers: range) -> str | None:
    told = [ids.get(number, "") for number in numbers]
    return SEPARATOR.join(told) if any(told) else None


def _get_usual_state_before_event(event: RowEvent) -> RowState:
    return "planned" if event == "intend" else "intended"
