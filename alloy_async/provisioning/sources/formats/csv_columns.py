"""Records of a CSV text that stand on a line each, as columns: what nearly all files are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

CELL_LIMIT: int = 131_072
"""Characters of a cell; the limit of Python's csv module, which is one for the whole process."""
Columns: TypeAlias = tuple[list[list[str]], dict[int, list[str]]]
"""Records as columns, and by its place each record that has other cells than its neighbours."""


def split_columns(text: str, delimiter: str, width: int) -> Columns | None:
    """Split a text without quotes into columns.

    This is several times as fast as to parse it, and gives the same: None where that is not sure.

    Args:
        text: whole lines.
        delimiter: between the cells.
        width: cells that a line should have.
    """
    if not text or not width or '"' in text or len(text) > CELL_LIMIT:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            return None
    text = text.removesuffix("\n")
    if (columns := _split_evenly(text, delimiter, width)) is not None:
        return columns, {}
    lines = text.split("\n")
    odd = [place for place, line in enumerate(lines) if line.count(delimiter) != width - 1]
    cells = {place: lines[place].split(delimiter) for place in odd}
    usual = next((line for line in lines if line.count(delimiter) == width - 1), None)
    if usual is None:
        return None
    for place in odd:
        lines[place] = usual
    columns = _split_evenly("\n".join(lines), delimiter, width)
    return None if columns is None else (columns, cells)


def _split_evenly(text: str, delimiter: str, width: int) -> list[list[str]] | None:
    """Split lines that all have as many cells; None where they do not."""
    # The end of a line becomes a cell of its own. Where all of them stand in one column, no line has a cell more or less.
    cells = text.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
    cells.append("\n")
    lines, ends = text.count("\n") + 1, cells[width :: width + 1]
    if len(cells) != lines * (width + 1) or ends.count("\n") != lines:
        return None
    return [cells[place :: width + 1] for place in range(width)]


def gather_columns(records: Sequence[list[str]], width: int) -> Columns | None:
    """Gather the cells of parsed records into columns; None where none has as many as it should."""
    odd = {place: cells for place, cells in enumerate(records) if len(cells) != width}
    if not odd:
        return [*map(list, zip(*records, strict=True))], {}
    usual = next((cells for cells in records if len(cells) == width), None)
    if usual is None:
        return None
    even = [usual if place in odd else cells for place, cells in enumerate(records)]
    return [*map(list, zip(*even, strict=True))], odd
