"""Read what planned rows send from their source again, many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

import attrs

from ...core.codec.typed_json import pause_collector
from ...directory import UserRecord
from ...directory.record import fold_all
from ...directory.record_columns import RecordColumns
from ..errors import SourceError
from ..sources import Source
from ..sources.blocks import Block, RowBlock, read_row_blocks
from ..store.rows import RowStretch
from .comparison import DIGEST_SIZE, UserComparer

CHANGED: str = "was changed while the job was running"
"""What is said of a row that is another one than was planned."""


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
        stride: numbers that each of its rows takes.
        comparer: how users are compared.
    """

    def __init__(self, source: Source, stride: int, comparer: UserComparer) -> None:
        self._source = source
        self._stride = stride
        self._comparer = comparer
        self._key = comparer.can.key
        self._blocks: Iterator[Block] = iter(())
        self._part = _Part(0, RecordColumns(0, {}), frozenset())

    def find(self, rows: Sequence[RowStretch]) -> RecordColumns:
        """Find whom planned rows mean; they come in their order, or else the source is read again from its beginning.

        Raises:
            SourceError: one is another than was planned.
        """
        with pause_collector():
            stretches = rows if self._stride == 1 else _split_into_rows(rows)
            return RecordColumns.join([part for stretch in stretches for part in self._read_stretch(stretch)])

    def _read_stretch(self, rows: RowStretch) -> Iterator[RecordColumns]:
        begin = place = (rows.first - 1) // self._stride
        end = begin + rows.rows
        if place < self._part.first:
            self._part = _Part(0, RecordColumns(0, {}), frozenset())
        if self._part.end == 0:
            self._blocks = read_row_blocks(self._source)
        while place < end:
            while self._part.end <= place:
                self._read_on(rows, place - begin)
            part = self._part
            start, stop = place - part.first, min(end, part.end) - part.first
            users = part.users.cut(start, stop)
            planned = rows.keys[place - begin : part.first + stop - begin]
            keys = users.get(self._key)
            if [*keys] != [*planned] or not part.odd.isdisjoint(range(start, stop)):
                pairs = zip(range(start, stop), keys, planned, strict=True)
                other = next(at for at, key, wanted in pairs if key != wanted or at in part.odd)
                self._refuse(rows, part.first + other - begin)
            self._compare_digests(rows, place - begin, users)
            yield users
            place = part.first + stop

    def _compare_digests(self, rows: RowStretch, start: int, users: RecordColumns) -> None:
        """Refuse users who are to be created otherwise than was planned: neither size nor time of a file need tell it."""
        if rows.action != "create" or not rows.digests:
            return
        folded = fold_all([key or "" for key in users.get(self._key)])
        found = self._comparer.digest_columns(users, folded)
        planned = rows.digests[start * DIGEST_SIZE : (start + users.rows) * DIGEST_SIZE]
        if found != planned:
            pairs = enumerate(zip(found, planned, strict=True))
            other = next(place for place, (byte, wanted) in pairs if byte != wanted)
            self._refuse(rows, start + other // DIGEST_SIZE)

    def _read_on(self, rows: RowStretch, place: int) -> None:
        block = next(self._blocks, None)
        if block is None:
            self._refuse(rows, place)
        elif isinstance(block, RowBlock):
            records = [row.record for row in block.rows()]
            odd = frozenset(place for place, record in enumerate(records) if record is None)
            users = RecordColumns.from_records([record or UserRecord(username="") for record in records])
            self._part = _Part(self._part.end, users, odd)
        else:
            users = block.read_users()
            self._part = _Part(self._part.end, users, frozenset(block.odd))

    def _refuse(self, rows: RowStretch, place: int) -> NoReturn:
        line = rows.lines[place] if rows.lines else None
        raise SourceError(CHANGED, self._source.name, line)


def _split_into_rows(rows: Sequence[RowStretch]) -> Iterator[RowStretch]:
    """Split stretches into single rows, as those of which several are made of one row of the source."""
    return (stretch.cut(place, place + 1) for stretch in rows for place in range(stretch.rows))
