"""Read a source again: whether it is the one that a job was planned from, and what the planned rows send, many at a time."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

import attrs

from ...core.auth import hash_with_key
from ...core.codec.typed_json import pause_garbage_collector
from ...directory import UserRecord
from ...directory.record import fold_all
from ...directory.record_columns import RecordColumns
from ..async_helpers import iterate_slices, run_in_thread
from ..checks.row_checks import CheckedRow
from ..errors import SourceError
from ..job_context import JobContext
from ..sources import Row, Source
from ..sources.blocks import Block, RowBlock, read_row_blocks
from ..store.header import JobHeader
from ..store.job_store import JobStore, read_planned_rows_between
from ..store.rows import JobRow, RowStretch
from .comparison import DIGEST_SIZE, UserComparer
from .source_planner import SourcePlanner

CHANGED: str = "was changed while the job was running"
"""What is said of a row that is another one than was planned."""
_SLICE = 2000
_COST_OF_SECRETS, _NO_COST = 14, 0
"""The cost of guessing what a source holds, as the power of two that scrypt takes as its `n`."""


@attrs.frozen(eq=False)
class _Part:
    """Rows of a source, from the place `first` of it on; at those in `odd` nothing can be read."""

    first: int
    users: RecordColumns
    odd: frozenset[int]

    @property
    def end(self) -> int:
        return self.first + self.users.rows


class SourceRereader:
    """Walks a source along with the rows that were planned of it.

    Args:
        source: that can be read again.
        numbers_per_row: numbers that each of its rows takes.
        comparer: how users are compared.
        far: rows that are skipped, where that can be done without reading them; fewer are read.
    """

    def __init__(self, source: Source, numbers_per_row: int, comparer: UserComparer, far: int = 5000) -> None:
        self._source = source
        self._numbers_per_row = numbers_per_row
        self._comparer = comparer
        self._far = far
        self._key = comparer.can.key
        self._blocks: Iterator[Block] = iter(())
        self._part = _Part(0, RecordColumns(0, {}), frozenset())

    def reread_records(self, rows: Sequence[RowStretch]) -> RecordColumns:
        """Read the records of planned rows again; they come in their order, or else the source is read from its beginning.

        Raises:
            SourceError: one is another than was planned.
        """
        with pause_garbage_collector():
            stretches = rows if self._numbers_per_row == 1 else _split_into_rows(rows)
            return RecordColumns.join([part for stretch in stretches for part in self._read_stretch(stretch)])

    def _read_stretch(self, rows: RowStretch) -> Iterator[RecordColumns]:
        begin = place = (rows.first - 1) // self._numbers_per_row
        end = begin + rows.rows
        if place < self._part.first:
            self._part = _Part(0, RecordColumns(0, {}), frozenset())
        if self._part.end == 0:
            self._blocks = read_row_blocks(self._source)
        if place - self._part.end >= self._far and rows.lines:
            self._skip_rows(rows.lines[0], place)
        while place < end:
            while self._part.end <= place:
                self._move_to_next_part(rows, place - begin)
            part = self._part
            start, stop = place - part.first, min(end, part.end) - part.first
            users = part.users.slice_rows(start, stop)
            planned = rows.keys[place - begin : part.first + stop - begin]
            keys = users.get(self._key)
            if [*keys] != [*planned] or not part.odd.isdisjoint(range(start, stop)):
                pairs = zip(range(start, stop), keys, planned, strict=True)
                other = next(at for at, key, wanted in pairs if key != wanted or at in part.odd)
                self._raise_source_changed(rows, part.first + other - begin)
            self._refuse_changed_creations(rows, place - begin, users)
            yield users
            place = part.first + stop

    def _skip_rows(self, line: int, place: int) -> None:
        """Skip the rows before the one at a place, which starts on a line, where the source need not be read for that."""
        find: Callable[[int], Iterator[Block] | None] | None = getattr(self._source, "blocks_from", None)
        blocks = find(line) if find else None
        if blocks is None:
            return
        self._blocks = blocks
        for block in blocks:
            lines = block.lines
            if len(lines) and lines[-1] >= line:
                self._part = _convert_block_to_part(place - bisect_left(lines, line), block)
                break

    def _refuse_changed_creations(self, rows: RowStretch, start: int, users: RecordColumns) -> None:
        """Refuse users who are to be created otherwise than was planned: neither size nor time of a file need tell it."""
        if rows.action != "create" or not rows.digests:
            return
        folded = fold_all([key or "" for key in users.get(self._key)])
        found = self._comparer.digest_columns(users, folded)
        planned = rows.digests[start * DIGEST_SIZE : (start + users.rows) * DIGEST_SIZE]
        if found != planned:
            pairs = enumerate(zip(found, planned, strict=True))
            other = next(place for place, (byte, wanted) in pairs if byte != wanted)
            self._raise_source_changed(rows, start + other // DIGEST_SIZE)

    def _move_to_next_part(self, rows: RowStretch, place: int) -> None:
        block = next(self._blocks, None)
        if block is None:
            self._raise_source_changed(rows, place)
        self._part = _convert_block_to_part(self._part.end, block)

    def _raise_source_changed(self, rows: RowStretch, place: int) -> NoReturn:
        line = rows.lines[place] if rows.lines else None
        raise SourceError(CHANGED, self._source.name, line)


def _convert_block_to_part(first: int, block: Block) -> _Part:
    if not isinstance(block, RowBlock):
        # Of others something was found, and what they make stands in the columns.
        illegible = frozenset(place for place, row in block.odd.items() if row.record is None)
        return _Part(first, block.read_users(), illegible)
    records = [row.record for row in block.rows()]
    odd = frozenset(place for place, record in enumerate(records) if record is None)
    users = RecordColumns.from_records([record or UserRecord(username="") for record in records])
    return _Part(first, users, odd)


def _split_into_rows(rows: Sequence[RowStretch]) -> Iterator[RowStretch]:
    """Split stretches into single rows, as those of which several are made of one row of the source."""
    return (stretch.slice_rows(place, place + 1) for stretch in rows for place in range(stretch.rows))


def hash_source_content(source: Source, salt: bytes) -> str | None:
    """Make what is kept of a source's content; None for a source that cannot be read twice.

    Whoever has the job file and all of the source but a password may guess that: one guess costs 50 ms. A source that has no
    column for secrets is hashed with the job's salt, which costs next to nothing: the hashes of its rows in the same file,
    each of which can be guessed by itself, are no dearer, so that more would protect nothing, and be paid by every job.
    """
    digest = source.digest()
    if digest is None:
        return None
    return _seal_digest(
        digest, salt, _COST_OF_SECRETS if getattr(source, "holds_secrets", True) else _NO_COST
    )


def is_source_unchanged(source: Source, header: JobHeader) -> bool:
    """Tell whether a source that can be read again is what the job was planned from."""
    digest, sealed = source.digest(), header.source_digest
    if digest is None or sealed is None:
        return False
    cost = int(sealed.rpartition("$")[0] or _COST_OF_SECRETS)
    return _seal_digest(digest, header.salt, cost) == sealed


def _seal_digest(digest: str, salt: bytes, cost: int) -> str:
    if cost == _NO_COST:
        return f"{cost}${hash_with_key(digest, salt)}"
    sealed = hashlib.scrypt(digest.encode(), salt=salt, n=1 << cost, r=8, p=1, dklen=16).hex()
    return sealed if cost == _COST_OF_SECRETS else f"{cost}${sealed}"


async def refuse_changed_source(context: JobContext) -> None:
    """Make sure that the job's source is what the job was planned from.

    Raises:
        SourceError: it is not; with the first row that differs.
    """
    source, header = context.source, context.header
    assert source is not None
    if header.source_digest is None:
        return  # it could be read once only: its rows are compared as they come
    if await run_in_thread(is_source_unchanged, source, header):
        return
    said = "was changed since it was planned"
    what_next = "plan again" if header.state == "planned" else "put it back as it was, and resume"
    planner = SourcePlanner(context.target.capabilities, context.comparer, header.mode, None)
    async for part in iterate_slices(planner.create_checked_rows(source.rows()), _SLICE):
        row = await context.writer.call(_find_first_difference, context.store, part, context.comparer)
        if row is not None:
            raise SourceError(f"{said}: this row is another one; {what_next}", source.name, row.line)
    raise SourceError(
        f"{said}, in a column that the job file does not keep, or at its end; {what_next}", source.name
    )


def has_row_changed(checked: CheckedRow, planned: JobRow | None, comparer: UserComparer) -> bool:
    """Tell whether a row is another one than was planned."""
    if planned is None or planned.key != checked.key:
        return True
    record = checked.row.record
    if planned.digest is None or planned.action not in ("create", "update"):
        return False
    return record is None or differs_from_plan(record, planned, comparer)


def differs_from_plan(record: UserRecord, planned: JobRow, comparer: UserComparer) -> bool:
    """Tell whether a row of the source creates or changes a user otherwise than was planned of it."""
    if planned.action == "update":
        there = comparer.read_image(planned.before or "{}")
        return comparer.digest_update(there, comparer.find_changes(record, there)) != planned.digest
    return comparer.digest(record) != planned.digest


def _find_first_difference(store: JobStore, part: Sequence[CheckedRow], comparer: UserComparer) -> Row | None:
    planned = {row.number: row for row in read_planned_rows_between(store, part[0].number, part[-1].number)}
    return next((one.row for one in part if has_row_changed(one, planned.get(one.number), comparer)), None)
