"""Rows that one cell of a CSV file has swallowed, because its closing quote is missing and a stray one stands further below."""

from __future__ import annotations

import io
from collections.abc import Iterator

from ...errors import SourceError
from ..column_layout import ColumnLayout
from ..files.encoding import count_lines
from ..interface import Finding
from .csv_parser import Record

_SURE = 3
"""Hardly anybody writes so many lines into one cell that are all cut into the same number of cells."""


class SwallowedRows:
    """Looks for rows in the cells of records that span several lines.

    Lines that look like rows of the file are an error of the whole file, as nobody knows who is in them. Other lines with the
    delimiter in them may be rows of another width, or an address or a remark: they are told, and an error of their row where
    they are all cut alike.

    Args:
        columns: of the file.
        key: the field that tells two users apart.
        delimiter: between the cells.
        name: of the source, for messages.
    """

    def __init__(self, columns: ColumnLayout, key: str, delimiter: str, name: str) -> None:
        self._header = columns.header
        self._email = columns.fields.get("email")
        self._key = columns.fields.get(key, 0)
        self._delimiter = delimiter
        self._name = name

    def check_record(self, record: Record) -> None:
        """Refuse a cell that holds what looks like rows of this file.

        Raises:
            SourceError: naming the line on which the cell begins.
        """
        width = len(self._header)
        if width == 1:
            return
        all_lines = width == 2 and self._email is None
        for column, line, inner in _iterate_multiline_cells(record):
            rows = sum(map(self._looks_like_row, inner))
            if rows and (rows == len(inner) or not all_lines):
                raise SourceError(
                    f"the quoted cell that begins here ({self._header[column].strip()!r}) holds {rows} lines that look like"
                    ' rows of this file; close its quote, or write a quote inside a cell twice ("") and quote the whole cell',
                    self._name,
                    line,
                )

    def find_suspicions(self, record: Record) -> Iterator[Finding]:
        """Find cells whose further lines may be rows of another width."""
        for column, _, inner in _iterate_multiline_cells(record):
            cells = [self._count_cells(line) for line in inner]
            if max(cells) > 2 or sum(number > 1 for number in cells) > 1:
                message = (
                    f"goes on for {len(inner)} more lines, with {self._delimiter!r} in them: if these are rows, its closing"
                    " quote is missing, and nobody in them is sent"
                )
                *whole, _ = cells  # the last one ends where the stray quote stands
                is_sure = len(whole) >= _SURE and len(set(whole)) == 1 < whole[0]
                yield Finding(
                    record.line, self._header[column].strip(), "error" if is_sure else "warning", message
                )

    def _looks_like_row(self, line: str) -> bool:
        cells = line.split(self._delimiter)
        if len(cells) != len(self._header):
            return False
        if self._email is not None and cells[self._email].strip():
            return "@" in cells[self._email]
        return bool(cells[self._key].strip()) and self._count_cells(line) > 1

    def _count_cells(self, line: str) -> int:
        """Count the cells into which a line is cut; 1 for prose, in which blanks follow commas."""
        cells = line.split(self._delimiter)
        return 1 if any(cell.startswith(" ") for cell in cells[1:]) else len(cells)


def _iterate_multiline_cells(record: Record) -> Iterator[tuple[int, int, list[str]]]:
    """Iterate over the cells of several lines: index, the line where each begins, and its further lines that are not blank."""
    line = record.line
    for index, cell in enumerate(record.cells or ()):
        parts = list(io.StringIO(cell, newline=""))
        inner = [part.rstrip("\r\n") for part in parts[1:] if not part.isspace()]
        if inner:
            yield index, line, inner
        line += count_lines(cell)
