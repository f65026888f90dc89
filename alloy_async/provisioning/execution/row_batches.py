"""Read the rows of a run in slices, with what they send, and group those that go together in one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import TypeAlias

import attrs

from ...core.codec.typed_json import pause_garbage_collector
from ...directory import EncodingDirectory, RecordColumns, UserRecord
from ...directory.interface import get_directory_if_it_encodes
from ..async_helpers import iterate_slices, run_in_thread
from ..errors import SourceError
from ..job_context import JobContext
from ..planning.comparison import UserComparer
from ..planning.source_planner import SourcePlanner
from ..planning.source_rereader import (
    CHANGED,
    SourceRereader,
    differs_from_plan,
    has_row_changed,
)
from ..sources import read_rows
from ..store.job_store import read_planned_rows_between
from ..store.planned_batches import group_into_batches
from ..store.rows import JobRow, RowStretch

_SLICE = 1000
"""Rows that are read at a time; a whole batch, where that is more."""
_SLICES_AHEAD = 4
"""Slices that are read and prepared in one go: each costs two changes of thread."""


@attrs.frozen(eq=False)
class CreationBatch:
    """Users whom one call creates, none of whom was sent before.

    Args:
        stretches: their planned rows.
        body: what is sent of them, as the directory encoded it.
    """

    stretches: Sequence[RowStretch]
    body: bytes = attrs.field(repr=False)

    @property
    def keys(self) -> Sequence[str]:
        """The natural key of each."""
        if len(self.stretches) == 1:
            return self.stretches[0].keys
        return [key for stretch in self.stretches for key in stretch.keys]


Part: TypeAlias = list[JobRow] | CreationBatch
"""Rows that are sent one after the other, or a batch of creations."""


async def read_planned_rows(
    context: JobContext, rereader: SourceRereader | None = None
) -> AsyncIterator[Part]:
    """Read the rows that are to be sent in the phase that a job is in, in their order.

    Args:
        context: the job; with a source, rows get what they send from it, others have it in them.
        rereader: of the source, where one goes on from where it was, as a worker does that reads the job in parts.
    """
    numbers_per_row = context.numbers_per_row
    if rereader is None and context.source is not None:
        rereader = SourceRereader(context.source, numbers_per_row, context.comparer)
    stretches = context.store.read_stretches(context.header.phase, states=("planned",))
    slices = _cut_slices(stretches, max(_SLICE, context.target.capabilities.batch_size), numbers_per_row)
    preparer = PartPreparer(context, rereader)
    while some := await context.writer.call(list, islice(slices, _SLICES_AHEAD)):
        for part in await run_in_thread(preparer.prepare_slices, some):
            yield part
        if len(some) < _SLICES_AHEAD:
            return  # there are no more


def _cut_slices(
    stretches: Iterable[RowStretch], size: int, numbers_per_row: int = 1
) -> Iterator[list[RowStretch]]:
    """Cut slices of `size` rows; or more, as the steps of one row of the source, each a stretch, stay together."""
    part: list[RowStretch] = []
    rows = 0
    for stretch in stretches:
        if rows >= size and (stretch.first - 1) // numbers_per_row != (part[-1].last - 1) // numbers_per_row:
            yield part
            part, rows = [], 0
        while stretch.rows > (room := size - rows) > 0:
            yield [*part, stretch.slice_rows(0, room)]
            part, rows = [], 0
            stretch = stretch.slice_rows(room, stretch.rows)
        part.append(stretch)
        rows += stretch.rows
    if part:
        yield part


class PartPreparer:
    """Prepares slices of planned rows to be sent, in a thread.

    Args:
        context: the job.
        rereader: of what its rows send; None where they have it in them.
    """

    def __init__(self, context: JobContext, rereader: SourceRereader | None) -> None:
        target = context.target
        self._comparer = context.comparer
        self._rereader = rereader
        self._source = context.source
        self._spool = context.spool
        self._encoder = get_directory_if_it_encodes(target)
        self._batch_size = target.capabilities.batch_size

    def prepare_slices(self, slices: Iterable[Sequence[RowStretch]]) -> list[Part]:
        """Prepare slices: as batches where the directory takes those, else as rows with their records."""
        with pause_garbage_collector():
            return [part for stretches in slices for part in self._prepare_slice(stretches)]

    def _prepare_slice(self, stretches: Sequence[RowStretch]) -> Iterator[Part]:
        sourced = [stretch for stretch in stretches if stretch.lines is not None]
        if self._rereader is None or not sourced:
            yield [self._restore_record(row) for stretch in stretches for row in stretch.iterate_rows()]
            return
        if (
            self._encoder is not None
            and len(sourced) == len(stretches)
            and all(map(_is_fresh_creation, sourced))
        ):
            for batch in _cut_slices(stretches, self._batch_size):
                yield self._create_batch(batch, self._encoder, self._rereader)
            return
        records = self._rereader.reread_records(sourced).iterate_records()
        yield [
            self._restore_record(row)
            if row.line is None
            else self._attach_record_as_planned(row, next(records))
            for stretch in stretches
            for row in stretch.iterate_rows()
        ]

    def _create_batch(
        self, stretches: Sequence[RowStretch], encoder: EncodingDirectory, rereader: SourceRereader
    ) -> Part:
        if self._spool is not None and (spooled := self._spool.find_body(stretches)):
            return CreationBatch(stretches, spooled)
        users = rereader.reread_records(stretches)
        body = encoder.encode_batch(users)
        return [*attach_records(stretches, users)] if body is None else CreationBatch(stretches, body)

    def _attach_record_as_planned(self, row: JobRow, record: UserRecord) -> JobRow:
        # Creations were compared by the rereader, many at a time.
        if row.action == "update" and differs_from_plan(record, row, self._comparer):
            assert self._source is not None
            raise SourceError(CHANGED, self._source.name, row.line)
        row.record = record
        _restrict_update_to_plan(row, self._comparer)
        return row

    def _restore_record(self, row: JobRow) -> JobRow:
        if row.before is not None:
            row.record = self._comparer.read_image(row.before)
        return row


def _is_fresh_creation(rows: RowStretch) -> bool:
    """Tell whether the rows create users, and were never sent."""
    return rows.action == "create" and not rows.attempts


async def plan_streamed_rows(context: JobContext, planner: SourcePlanner) -> AsyncIterator[list[JobRow]]:
    """Plan the rows of a source that can be read once as they come, and check them against what was planned before.

    Raises:
        SourceError: it is not what the job was begun with.
    """
    source, store = context.source, context.store
    assert source is not None
    async for part in iterate_slices(planner.create_checked_rows(read_rows(source)), _SLICE):
        first, last = part[0].number, part[-1].number + planner.numbers_per_row - 1
        known = {
            row.number: row
            for row in await context.writer.call(read_planned_rows_between, store, first, last)
        }
        for one in part:
            if one.number in known and has_row_changed(one, known[one.number], context.comparer):
                message = "is not what this job was begun with: this row is another one; give the same input"
                raise SourceError(message, source.name, one.row.line)
        planned = await planner.plan_checked_rows([one for one in part if one.number not in known])
        await context.writer.call(store.insert_batches, "apply", group_into_batches(planned))
        rows = await context.writer.call(read_planned_rows_between, store, first, last)
        records = {
            one.number + place: one.row.record for one in part for place in range(planner.numbers_per_row)
        }
        due = [row for row in rows if row.state == "planned"]
        for row in due:
            row.record = records[row.number]
            _restrict_update_to_plan(row, context.comparer)
        yield due


def group_for_calls(rows: Iterable[JobRow], batch_size: int) -> Iterator[list[JobRow]]:
    """Group what goes together: a batch of creations, the steps of one user, or one row."""
    by_action, by_key = attrgetter("action"), attrgetter("key")
    for action, alike in groupby(sorted(rows, key=by_action), key=by_action):
        if action == "create":
            creations = list(alike)
            yield from (
                creations[start : start + batch_size] for start in range(0, len(creations), batch_size)
            )
        elif action == "offboard":
            yield from (list(steps) for _, steps in groupby(alike, key=by_key))
        else:
            yield from ([row] for row in alike)


def _restrict_update_to_plan(row: JobRow, comparer: UserComparer) -> None:
    """Have an update send what its plan showed, to the very user that was seen."""
    if row.action == "update" and row.record is not None:
        row.record = comparer.create_record_without_hidden_fields(row.record, row.remote_id, row.before)


def attach_records(stretches: Sequence[RowStretch], users: RecordColumns) -> Iterator[JobRow]:
    """Give the rows of stretches, each with the record of its user."""
    rows = (row for stretch in stretches for row in stretch.iterate_rows())
    for row, record in zip(rows, users.iterate_records(), strict=True):
        row.record = record
        yield row
