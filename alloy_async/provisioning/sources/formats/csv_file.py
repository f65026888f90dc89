"""CSV and its relatives as exports make them: found delimiter and encoding, rows with their line numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import closing

from ...errors import SourceError
from ..column_layout import ColumnLayout, LayoutError
from ..field_map import FieldMap
from ..files.encoding import detect_encoding, read_head_lines, read_lines
from ..files.input_bytes import InputBytes
from ..interface import Finding, Row

DELIMITERS = ",;\t|"

_HEADER_LIMIT = 1 << 16


class CsvSource:
    """A text file with one person a row, a header line, and a delimiter between the cells.

    UTF-8 (with or without mark) and marked UTF-16 are recognised, as is the delimiter
    (comma, semicolon, tab or bar); cells may be quoted with double quotes and hold line breaks.

    Args:
        origin: its bytes.
        mapping: which column is which field; by the usual names where it does not say.
        key: the field that tells two users apart in the system they go to; a column must fill it.
        delimiter: one character; None finds it.
        encoding: a name that Python knows; None finds it.

    Raises:
        SourceError: the file is empty or no text, has no header or no column for the key.
    """

    def __init__(
        self,
        origin: InputBytes,
        *,
        mapping: FieldMap,
        key: str,
        delimiter: str | None,
        encoding: str | None,
    ) -> None:
        self.name = origin.name
        self.origin = origin
        self.encoding = detect_encoding(origin, encoding)
        self.delimiter, self._skipped, header = self._read_header(delimiter)
        try:
            self.columns = ColumnLayout.match(header, mapping)
        except LayoutError as error:
            raise SourceError(str(error), self.name, self.header_line) from None
        if lack := self.columns.explain_missing_key(key):
            raise SourceError(lack, self.name, self.header_line)

    @property
    def header_line(self) -> int:
        """The line of the column names."""
        return self._skipped + 1

    def digest(self) -> str | None:
        """See `Source.digest`."""
        return self.origin.digest()

    def rows(self) -> Iterator[Row]:
        """The rows below the header, in constant memory; rows without any content are left out."""
        columns, width, skipped = self.columns, len(self.columns.header), self._skipped
        with closing(read_lines(self.origin.open_stream(), self.name, self.encoding)) as lines:
            for _ in range(skipped):
                next(lines)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            header_seen, line = False, skipped + 1
            try:
                for cells in reader:
                    if "".join(cells).strip():
                        if not header_seen:
                            header_seen = True
                        elif len(cells) == width:
                            yield Row(line, columns, cells, columns.create_record(cells))
                        else:
                            yield Row(line, columns, cells, None, (self._describe_width(line, cells),))
                    line = skipped + reader.line_num + 1
            except csv.Error as error:
                raise self._create_error(error, line) from None

    def _describe_width(self, line: int, cells: Sequence[str]) -> Finding:
        expected, got = len(self.columns.header), len(cells)
        hint = "quote the cell that holds the delimiter" if got > expected else "add the missing cells"
        message = f"the row has {got} cells where the header has {expected}; {hint}"
        return Finding(line, None, "error", message)

    def _read_header(self, delimiter: str | None) -> tuple[str, int, list[str]]:
        """Delimiter, lines above the header, names; the best reading of the first lines wins."""
        head, size = [], 0
        for line in read_head_lines(self.origin, self.encoding):
            head.append(line)
            size += len(line)
            if size > _HEADER_LIMIT:
                break
        skipped = 0
        if head and (told := re.fullmatch(r"sep=(.)[\r\n]*", head[0])):  # Excel's own mark
            delimiter, skipped = delimiter or told[1], 1
        text = "".join(head[skipped:])
        readings = [(mark, _read_first_row(text, mark)) for mark in delimiter or DELIMITERS]
        mark, header = max(readings, key=lambda reading: _rate_header(reading[1]))
        if not header:
            raise SourceError(
                "the file has no header; its first line must name the columns, one of them username",
                self.name,
            )
        return mark, skipped, header

    def _create_error(self, error: csv.Error, line: int) -> SourceError:
        if "field larger" in str(error) or "unexpected end" in str(error):
            what = "a quoted cell that begins in the row on this line is never closed"
        else:
            what = "text follows a closing quote"
        hint = 'write a quote inside a cell twice ("") and quote the whole cell'
        return SourceError(f"{what}; {hint}", self.name, line)


def _read_first_row(text: str, delimiter: str) -> list[str]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return next((row for row in reader if any(map(str.strip, row))), [])
    except csv.Error:
        return []


def _rate_header(header: list[str]) -> tuple[int, int]:
    try:
        return len(ColumnLayout.match(header, FieldMap()).fields), len(header)
    except LayoutError:
        return 1, len(header)
