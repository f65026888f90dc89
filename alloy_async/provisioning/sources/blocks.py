"""Consecutive rows of a source as columns of text, so that one check can cover many rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from .column_layout import ColumnLayout
from .interface import Row, Source, read_rows, refuse_empty


@attrs.frozen(eq=False)
class Block:
    """Consecutive rows of a source.

    Args:
        rows: yields them.
        layout: of all of them, where `columns` are known.
        columns: the cells of each column, from the first row to the last; every row has all of them. None where the rows
            must be walked: they differ in layout, or something is wrong with one already.
    """

    rows: Callable[[], Iterator[Row]]
    layout: ColumnLayout | None = None
    columns: Sequence[Sequence[str]] | None = None


def read_row_blocks(source: Source) -> Iterator[Block]:
    """Yield the rows of a source that is to have some, in blocks.

    A source that offers `blocks() -> Iterator[Block]` gives them itself; the rows of all others are one block that is walked.

    Raises:
        SourceError: see `read_rows`.
    """
    blocks: Callable[[], Iterator[Block]] | None = getattr(source, "blocks", None)
    if blocks is None:
        yield Block(lambda: read_rows(source))
        return
    empty = True
    for block in blocks():
        if block.columns is None and empty:
            rows = list(block.rows())
            if not rows:
                continue
            block = Block(rows.__iter__)
        empty = False
        yield block
    if empty:
        refuse_empty(source)
