"""CSV and its relatives as exports make them: found delimiter, header and encoding, rows with their line numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing

from ...errors import SourceError
from ..blocks import ColumnBlock
from ..column_layout import ColumnLayout
from ..field_map import FieldMap
from ..files.encoding import count_lines, detect_encoding, iterate_decoded_blocks, read_head_lines
from ..files.input_bytes import InputBytes
from ..interface import Finding, Row
from .csv_parser import CsvParser, Record
from .file_source import FileSource
from .header_search import REPEATED, Header, find_header, find_repeated_header_rows, is_repeated_header
from .swallowed_rows import SwallowedRows

DELIMITERS = ",;\t|"

_HEAD_LIMIT, _HEAD_LINES = 1 << 16, 100
_SEP_MARK = re.compile(r'"?sep=([^"\r\n])"?[\s;,|"]*', re.IGNORECASE)
"""Excel's own mark, as it and its imitators write it."""


class CsvSource(FileSource):
    """A text file with one person a row, a header, and a delimiter between the cells.

    UTF-8 (with or without mark) and marked UTF-16 and UTF-32 are recognised, as is the delimiter (comma, semicolon, tab
    or bar); cells may be quoted with double quotes and hold line breaks. Titles may stand above the header.

    Args:
        origin: its bytes.
        mapping: which column is which field; by the usual names where it does not say.
        key: the field that tells two users apart in the system they go to; a column must fill it.
        delimiter: one character; None finds it.
        encoding: a name that Python knows; None finds it.
        skip_rows: lines at the start to leave out.

    Raises:
        SourceError: the file is empty or is not text, has no header or no column for the key.
    """

    def __init__(
        self,
        origin: InputBytes,
        *,
        mapping: FieldMap,
        key: str,
        delimiter: str | None,
        encoding: str | None,
        skip_rows: int = 0,
    ) -> None:
        super().__init__(origin)
        self.encoding: str = detect_encoding(origin, encoding)
        first, lines = skip_rows + 1, self._read_head_lines(skip_rows)
        if lines and (mark := _SEP_MARK.fullmatch(lines[0])):
            delimiter, first, lines = delimiter or mark[1], first + 1, lines[1:]
        header, chosen, usual_width = self._choose_delimiter(
            "".join(lines), first, delimiter or DELIMITERS, mapping, key
        )
        self.delimiter: str = chosen
        if header is None:
            hint = "its first line must name the columns, one of them username"
            raise SourceError(f"the file has no header; {hint}", self.name)
        self.header = header
        self.columns: ColumnLayout = header.match_fields(mapping, key, self.name)
        self.holds_secrets: bool = self.columns.holds_secrets
        self._key = self.columns.fields.get(key)
        self._usual_width = usual_width
        self._swallowed_rows = SwallowedRows(self.columns, key, self.delimiter, self.name)
        self._parser = CsvParser(
            self.delimiter, self.name, self._swallowed_rows.check_record, len(self.columns.header)
        )

    @property
    def header_line(self) -> int:
        """The line of the column names."""
        return self.header.line

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header, in constant memory; rows without any content are left out."""
        for block in self.blocks():
            yield from block.rows()

    def blocks(self) -> Iterator[ColumnBlock]:
        """Yield the same rows as columns, in blocks of about 64 KiB."""
        skip = self.header.line + sum(map(count_lines, self.header.cells))
        yield from self._parse_into_blocks(
            iterate_decoded_blocks(self._origin.open_stream(), self.name, self.encoding, skip=skip)
        )

    def blocks_from(self, line: int) -> Iterator[ColumnBlock] | None:
        """Yield the rows from the one on that starts on a line; see `Source`."""
        stream = self._origin.try_open_at_line(line, self.encoding)
        if stream is None:
            return None
        return self._parse_into_blocks(iterate_decoded_blocks(stream, self.name, self.encoding, first=line))

    def _parse_into_blocks(self, texts: Generator[tuple[int, str], None, None]) -> Iterator[ColumnBlock]:
        with closing(texts) as blocks:
            for records in self._parser.parse_blocks(blocks):
                if records.columns is None:
                    yield self._create_block(records.records)
                else:
                    yield self._create_column_block(records.line, records.columns, records.odd)

    def _create_column_block(
        self, line: int, columns: Sequence[list[str]], uneven: Mapping[int, list[str]]
    ) -> ColumnBlock:
        """Create the rows of records that stand on a line each; blank ones are left out."""
        rows = len(columns[0])
        odd: dict[int, Row] = {}
        blank = {place for place, cells in uneven.items() if not "".join(cells).strip()}
        for place, cells in uneven.items():
            row = self._create_row(Record(line + place, cells))
            if row.record is None:
                odd[place] = row
            else:
                for column, cell in zip(columns, row.cells, strict=True):
                    column[place] = str(cell)
        for place in find_repeated_header_rows(columns, self.columns.header):
            odd.setdefault(
                place, self._create_row(Record(line + place, [column[place] for column in columns]))
            )
        # Where one cell of each row is filled, no row is blank.
        if not all(map(str.strip, columns[self._key or 0])):
            blank |= {
                place
                for place, cells in enumerate(zip(*columns, strict=True))
                if place not in odd and not "".join(cells).strip()
            }
        if not blank:
            return ColumnBlock(self.columns, range(line, line + rows), columns, odd)
        kept = [place for place in range(rows) if place not in blank]
        return ColumnBlock(
            self.columns,
            [line + place for place in kept],
            [[column[place] for place in kept] for column in columns],
            {new: odd[place] for new, place in enumerate(kept) if place in odd},
        )

    def _create_block(self, records: Iterable[Record]) -> ColumnBlock:
        width = len(self.columns.header)
        lines: list[int] = []
        cells: list[Sequence[object]] = []
        odd: dict[int, Row] = {}
        for record in records:
            if record.cells is not None and not "".join(record.cells).strip():
                continue
            found: Sequence[object] = record.cells or ()
            if record.spans or len(found) != width or is_repeated_header(found, self.columns.header):
                row = self._create_row(record)
                found = row.cells
                if row.findings:
                    odd[len(lines)] = row
                if row.record is None:
                    found = cells[-1] if cells else ("",) * width
            lines.append(record.line)
            cells.append(found)
        return ColumnBlock(self.columns, lines, list(zip(*cells, strict=True)), odd)

    def _create_row(self, record: Record) -> Row:
        """Create the row of a record that may have something special."""
        line, cells, width = record.line, record.cells, len(self.columns.header)
        if cells is None:
            finding = Finding(line, None, "error", record.fault or "")
            return Row(line, self.columns, (), None, (finding,))
        # Spreadsheets write empty cells in every row for columns that were once used. In one row only, they may tell that the
        # cells are shifted: something with the delimiter in it was not quoted.
        if width < len(cells) <= self._usual_width and not "".join(cells[width:]).strip():
            cells = cells[:width]
        if len(cells) != width:
            return Row(line, self.columns, cells, None, (self._create_width_finding(line, cells),))
        if record.spans and self._key is not None and count_lines(cells[self._key].strip()):
            # Without a record the row names nobody, so that mode sync, which cannot know whom it means, removes nobody.
            name = self.columns.header[self._key]
            message = "goes on over several lines; is a closing quote missing?"
            return Row(line, self.columns, cells, None, (Finding(line, name, "error", message),))
        suspicions = tuple(self._swallowed_rows.find_suspicions(record)) if record.spans else ()
        if is_repeated_header(cells, self.columns.header):
            suspicions = (Finding(line, None, "error", REPEATED),)
        return Row(line, self.columns, cells, self.columns.create_record(cells), suspicions)

    def _create_width_finding(self, line: int, cells: Sequence[str]) -> Finding:
        expected, got = len(self.columns.header), len(cells)
        hint = "quote the cell that holds the delimiter" if got > expected else "add the missing cells"
        if got > expected and not "".join(cells[expected:]).strip():
            hint += ", or take the empty cells at its end away if it is whole"
        message = f"the row has {got} cells where the header has {expected}; {hint}"
        return Finding(line, None, "error", message)

    def _read_head_lines(self, skip: int) -> list[str]:
        lines, size = [], 0
        for number, line in enumerate(read_head_lines(self._origin, self.encoding)):
            if number >= skip:
                lines.append(line)
                size += len(line)
            if size > _HEAD_LIMIT or len(lines) > _HEAD_LINES:
                break
        return lines

    def _choose_delimiter(
        self, text: str, first: int, marks: str, mapping: FieldMap, key: str
    ) -> tuple[Header | None, str, int]:
        """Choose the delimiter by which the head of the file reads best."""
        absent = [mark for mark in marks if mark not in text][:1]  # by all of them it reads the same
        readings = {
            mark: self._try_delimiter(text, first, mark, mapping, key) for mark in marks if mark in text
        }
        for header, *_ in readings.values():
            if header and header.names_key and header.line == first and len(header.cells) > 1:
                absent = []  # one column, as it is by these, cannot be better
        readings |= {mark: self._try_delimiter(text, first, mark, mapping, key) for mark in absent}
        return max((readings[mark] for mark in marks if mark in readings), key=_rate_reading)

    def _try_delimiter(
        self, text: str, first: int, delimiter: str, mapping: FieldMap, key: str
    ) -> tuple[Header | None, str, int]:
        records: list[Record] = []
        try:
            for block in CsvParser(delimiter, self.name).parse_blocks([(first, text)] if text else []):
                records += block.records
        except SourceError:
            pass  # by another delimiter it may be whole; what broke below the header, the reading of the rows tells
        rows = [(record.line, record.cells) for record in records if record.cells]
        header = find_header(rows, mapping, key)
        below = [cells for line, cells in rows if header and line > header.line]
        spread = len(header.cells) if header else 0  # as wide as the header was the sheet, or a part of it
        if header and not header.cells[-1].strip():
            header = header.drop_unnamed_end(max(map(_count_to_last_filled, below), default=0))
        return header, delimiter, max(_find_usual_width(below), spread)


def _find_usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Find how many cells more than half of the rows have; 0 where no two rows agree."""
    (width, count), *_ = Counter(map(len, rows)).most_common(1) or [(0, 0)]
    return width if count > 1 and 2 * count > len(rows) else 0


def _rate_reading(reading: tuple[Header | None, str, int]) -> tuple[bool, int, int, int]:
    """Rate a reading of the head: a header that will do, the higher up the better, by fields, by columns."""
    header, *_ = reading
    if header is None:
        return False, 0, 0, 0
    return header.names_key, -header.line, header.field_count, len(header.cells)


def _count_to_last_filled(cells: Sequence[str]) -> int:
    return next((index for index in range(len(cells), 0, -1) if cells[index - 1].strip()), 0)
