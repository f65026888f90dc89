"""The tasks of a run, slice by slice: planned lines with the records that they send."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence

from ...core.codec.json_codec import pause_collector
from ...directory import UserRecord
from ..async_helpers import in_thread, slices
from ..errors import SourceError
from ..planning.comparison import UserComparer
from ..planning.row_planner import CheckedRow, RowPlanner
from ..sources import Row, Source
from ..store import rows
from ..store.rows import Task
from ..store.schema import Table
from ..store.writer import Journal


async def planned_tasks(
    journal: Journal, table: Table, comparer: UserComparer, source: Source | None, *, stride: int, size: int
) -> AsyncIterator[list[Task]]:
    """The planned lines in their order.

    Args:
        journal: the job.
        table: `rows` or `undo`.
        comparer: reads images of users.
        source: where the records are; None where the lines carry all that is sent.
        stride: numbers that each row of the source takes; the tasks of one row stay together.
        size: most lines at a time.
    """
    records = _Records(source, stride, comparer) if source is not None else None
    after = 0
    while part := await journal.do(rows.planned, table, after, size):
        if len(part) == size and stride > 1:
            last = (part[-1].number - 1) // stride
            part = [task for task in part if (task.number - 1) // stride != last] or part
        after = part[-1].number
        yield await in_thread(_filled, part, records, comparer)


async def streamed_tasks(
    journal: Journal, planner: RowPlanner, source: Source, comparer: UserComparer, *, size: int
) -> AsyncIterator[list[Task]]:
    """The tasks of a source that can be read once: planned as they come, and checked against what was planned before.

    Raises:
        SourceError: it is not what the job was begun with.
    """
    async for part in slices(planner.check_rows(source.rows()), size):
        first, last = part[0].number, part[-1].number + planner.stride - 1
        known = await journal.do(_known, first, last)
        _refuse_other(part, known, comparer, source)
        lines = await planner.plan_part([one for one in part if one.number not in known])
        await journal.do(rows.insert, "rows", lines)
        tasks = await journal.do(rows.planned, "rows", first - 1, last - first + 1)
        records = {one.number + place: one.row.record for one in part for place in range(planner.stride)}
        for task in tasks:
            task.record = records[task.number]
        yield tasks


def first_difference(
    database: sqlite3.Connection, part: Sequence[CheckedRow], comparer: UserComparer
) -> Row | None:
    """The first row of a slice that is not as it was planned."""
    known = _known(database, part[0].number, part[-1].number)
    return next((one.row for one in part if _differs(one, known.get(one.number), comparer)), None)


def _filled(tasks: list[Task], records: _Records | None, comparer: UserComparer) -> list[Task]:
    with pause_collector():
        for task in tasks:
            if records is not None and task.line is not None:
                task.record = records.of(task)
            elif task.before is not None:
                task.record = comparer.from_image(task.before)
    return tasks


class _Records:
    """Walks a source along with the lines that were planned of it."""

    def __init__(self, source: Source, stride: int, comparer: UserComparer) -> None:
        self._rows: Iterator[Row] = source.rows()
        self._name = source.name
        self._stride = stride
        self._comparer = comparer
        self._read = 0
        self._row: Row | None = None

    def of(self, task: Task) -> UserRecord:
        """The record of a task; tasks come in their order."""
        place = (task.number - 1) // self._stride + 1
        while self._read < place:
            self._row = next(self._rows, None)
            self._read += 1
        record = self._row.record if self._row is not None else None
        if record is None or self._comparer.key_of(record) != task.key:
            raise SourceError("was changed while the job was running", self._name, task.line)
        return record


def _known(database: sqlite3.Connection, first: int, last: int) -> dict[int, tuple[str, bytes | None]]:
    found = database.execute(
        "SELECT number, key, action, digest FROM rows WHERE number BETWEEN ? AND ?", (first, last)
    )
    return {number: (key, digest if action == "create" else None) for number, key, action, digest in found}


def _refuse_other(
    part: Sequence[CheckedRow],
    known: dict[int, tuple[str, bytes | None]],
    comparer: UserComparer,
    source: Source,
) -> None:
    for one in part:
        if one.number in known and _differs(one, known[one.number], comparer):
            message = "is not what this job was begun with: this row is another one; give the same input"
            raise SourceError(message, source.name, one.row.line)


def _differs(one: CheckedRow, known: tuple[str, bytes | None] | None, comparer: UserComparer) -> bool:
    if known is None:
        return True
    key, digest = known
    record = one.row.record
    return key != one.key or (digest is not None and (record is None or comparer.digest(record) != digest))
