"""Consecutive rows of a source as columns, so that one check can cover many rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

import attrs

from ...directory.record_columns import RecordColumns
from .column_layout import ColumnLayout
from .interface import Row, Source, raise_unless_empty_allowed, read_rows

_ROWS = 2000


@attrs.frozen(eq=False)
class RowBlock:
    """Consecutive rows that have to be walked: they differ in layout, or nobody knows them as columns."""

    _rows: Sequence[Row]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def lines(self) -> Sequence[int]:
        """The line on which each row starts."""
        return [row.line for row in self._rows]

    def rows(self) -> Iterator[Row]:
        """Yield the rows."""
        return iter(self._rows)


@attrs.frozen(eq=False)
class ColumnBlock:
    """Consecutive rows of one layout, as columns.

    Args:
        layout: of all of them.
        lines: on which each row starts.
        columns: the cells of each column, from the first row to the last.
        odd: by its place, each row in which something was found when it was read. One that makes no user is whole here only:
            the columns may have anything in its place, as the cells of another row, so that a proof about all others holds.
    """

    layout: ColumnLayout
    lines: Sequence[int]
    columns: Sequence[Sequence[object]]
    odd: Mapping[int, Row] = attrs.field(factory=dict)
    trimmed: set[int] = attrs.field(factory=set)
    """The columns of which it was proved that nothing stands around their texts: these are read as they are."""

    def __len__(self) -> int:
        return len(self.lines)

    def read_users(self) -> RecordColumns:
        """Read whom the rows make."""
        return self.layout.read_columns(self.columns, self.trimmed)

    def get_row(self, place: int) -> Row:
        """Get one row."""
        if (row := self.odd.get(place)) is not None:
            return row
        cells = [column[place] for column in self.columns]
        return Row(self.lines[place], self.layout, cells, self.layout.create_record(cells))

    def rows(self) -> Iterator[Row]:
        """Yield the rows."""
        layout, create_record = self.layout, self.layout.create_record
        for place, (line, cells) in enumerate(zip(self.lines, zip(*self.columns, strict=True), strict=True)):
            yield self.odd.get(place) or Row(line, layout, cells, create_record(cells))


Block: TypeAlias = RowBlock | ColumnBlock


def read_row_blocks(source: Source) -> Iterator[Block]:
    """Yield the rows of a source that is to have some, in blocks, none of which is empty.

    A source that offers `blocks() -> Iterator[Block]` gives them itself; the rows of all others are walked.

    Raises:
        SourceError: see `read_rows`.
    """
    offered: Callable[[], Iterator[Block]] | None = getattr(source, "blocks", None)
    if offered is None:
        rows = read_rows(source)
        while part := list(islice(rows, _ROWS)):
            yield RowBlock(part)
        return
    empty = True
    for block in offered():
        if len(block):
            empty = False
            yield block
    if empty:
        raise_unless_empty_allowed(source)
