"""Read what planned rows send from their source again, many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

import attrs

from ...core.codec.json_codec import pause_collector
from ...directory import UserRecord
from ...directory.record_columns import RecordColumns
from ..errors import SourceError
from ..sources import Source
from ..sources.blocks import Block, RowBlock, read_row_blocks
from ..store.row_stretch import RowStretch
from .comparison import UserComparer


@attrs.frozen(eq=False)
class _Part:
    """Rows of a source, from the place `first` of it on; at those in `odd` nothing can be read."""

    first: int
    users: RecordColumns
    odd: frozenset[int]

    @property
    def end(self) -> int:
        return self.first + self.users.rows


class SourceColumns:
    """Walks a source along with the rows that were planned of it; each row of the source has one number.

    Args:
        source: that can be read again.
        comparer: how users are compared.
    """

    def __init__(self, source: Source, comparer: UserComparer) -> None:
        self._source = source
        self._key = comparer.can.key
        self._blocks: Iterator[Block] = iter(())
        self._part = _Part(0, RecordColumns(0, {}), frozenset())

    def find(self, rows: Sequence[RowStretch]) -> RecordColumns:
        """Find whom planned rows mean; they come in their order, or else the source is read again from its beginning.

        Raises:
            SourceError: one is another than was planned.
        """
        with pause_collector():
            return RecordColumns.join([part for stretch in rows for part in self._find_stretch(stretch)])

    def _find_stretch(self, rows: RowStretch) -> Iterator[RecordColumns]:
        place, end = rows.first - 1, rows.last
        if place < self._part.first:
            self._part = _Part(0, RecordColumns(0, {}), frozenset())
        if self._part.end == 0:
            self._blocks = read_row_blocks(self._source)
        while place < end:
            while self._part.end <= place:
                self._read_on(rows, place)
            part = self._part
            start, stop = place - part.first, min(end, part.end) - part.first
            users = part.users.cut(start, stop)
            planned = rows.keys[place - rows.first + 1 : part.first + stop - rows.first + 1]
            keys = users.get(self._key)
            if [*keys] != [*planned] or not part.odd.isdisjoint(range(start, stop)):
                pairs = zip(range(start, stop), keys, planned, strict=True)
                other = next(at for at, key, wanted in pairs if key != wanted or at in part.odd)
                self._refuse(rows, part.first + other)
            yield users
            place = part.first + stop

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
            users = block.layout.read_columns(block.columns)
            self._part = _Part(self._part.end, users, frozenset(block.odd))

    def _refuse(self, rows: RowStretch, place: int) -> NoReturn:
        line = rows.lines[place - rows.first + 1] if rows.lines else None
        raise SourceError("was changed while the job was running", self._source.name, line)
