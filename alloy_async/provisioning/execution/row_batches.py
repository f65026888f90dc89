"""Read the rows of a run in slices, with the records that they send, and group those that go together in one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter

from ...core.codec.json_codec import pause_collector
from ...directory import UserRecord
from ..async_helpers import in_thread, iterate_slices
from ..errors import SourceError
from ..job_context import JobContext
from ..planning.comparison import UserComparer
from ..planning.row_planner import RowPlanner
from ..planning.source_match import has_changed, read_rows_between
from ..sources import Row, Source, read_rows
from ..store.header import Phase
from ..store.row_log import pack_rows
from ..store.rows import JobRow


async def read_planned_rows(
    context: JobContext, phase: Phase, *, stride: int, size: int, records: SourceRecords | None = None
) -> AsyncIterator[list[JobRow]]:
    """Read the rows that are to be sent, in their order.

    Args:
        context: the job; with a source, rows get their records from it, others have all that they send in them.
        phase: whose rows.
        stride: numbers that each row of the source takes; the steps of one row stay together.
        size: most rows at a time.
        records: a walk along the source that goes on from where it was, for one who reads the job in parts.
    """
    comparer = context.comparer
    if records is None and context.source is not None:
        records = SourceRecords(context.source, stride, comparer)
    found = context.store.read_rows(phase, states=("planned",))
    begun: list[JobRow] = []
    while True:
        part = await context.writer.call(_read_part, found, size)
        whole, begun = _split_begun(begun + part, stride) if len(part) == size else (begun + part, [])
        if whole:
            yield await in_thread(_attach_records, whole, records, comparer)
        if len(part) < size:
            return


def _read_part(rows: Iterator[JobRow], size: int) -> list[JobRow]:
    return list(islice(rows, size))


def _split_begun(rows: list[JobRow], stride: int) -> tuple[list[JobRow], list[JobRow]]:
    """Split off the rows at the end of which more may follow for the same row of the source."""
    if stride == 1:
        return rows, []
    last = (rows[-1].number - 1) // stride
    whole = [row for row in rows if (row.number - 1) // stride != last]
    return whole, rows[len(whole) :]


async def plan_streamed_rows(
    context: JobContext, planner: RowPlanner, *, size: int
) -> AsyncIterator[list[JobRow]]:
    """Plan the rows of a source that can be read once as they come, and check them against what was planned before.

    Raises:
        SourceError: it is not what the job was begun with.
    """
    source, store = context.source, context.store
    assert source is not None
    async for part in iterate_slices(planner.check_rows(read_rows(source)), size):
        first, last = part[0].number, part[-1].number + planner.stride - 1
        known = {row.number: row for row in await context.writer.call(read_rows_between, store, first, last)}
        for one in part:
            if one.number in known and has_changed(one, known[one.number], context.comparer):
                message = "is not what this job was begun with: this row is another one; give the same input"
                raise SourceError(message, source.name, one.row.line)
        planned = await planner.plan_part([one for one in part if one.number not in known])
        await context.writer.call(store.insert_batches, "apply", pack_rows(planned))
        rows = await context.writer.call(read_rows_between, store, first, last)
        records = {one.number + place: one.row.record for one in part for place in range(planner.stride)}
        due = [row for row in rows if row.state == "planned"]
        for row in due:
            row.record = records[row.number]
            _limit_update(row, context.comparer)
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


def _attach_records(
    rows: list[JobRow], records: SourceRecords | None, comparer: UserComparer
) -> list[JobRow]:
    with pause_collector():
        for row in rows:
            if records is not None and row.line is not None:
                row.record = records.find(row)
                _limit_update(row, comparer)
            elif row.before is not None:
                row.record = comparer.from_image(row.before)
    return rows


def _limit_update(row: JobRow, comparer: UserComparer) -> None:
    """Have an update send what its plan showed, to the very user that was seen."""
    if row.action == "update" and row.record is not None:
        row.record = comparer.create_update(row.record, row.remote_id, row.before)


class SourceRecords:
    """Walks a source along with the rows that were planned of it."""

    def __init__(self, source: Source, stride: int, comparer: UserComparer) -> None:
        self._source = source
        self._rows: Iterator[Row] = source.rows()
        self._stride = stride
        self._comparer = comparer
        self._read = 0
        self._row: Row | None = None

    def find(self, row: JobRow) -> UserRecord:
        """Find the record of a row; rows come in their order, or else the source is read again from its beginning."""
        place = (row.number - 1) // self._stride + 1
        if place < self._read:
            self._rows, self._read = self._source.rows(), 0
        while self._read < place:
            self._row = next(self._rows, None)
            self._read += 1
        record = self._row.record if self._row is not None else None
        if record is None or self._comparer.key_of(record) != row.key:
            raise SourceError("was changed while the job was running", self._source.name, row.line)
        return record
