"""The records of a CSV text: cells by record, and what is wrong with the quotes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from ...errors import SourceError
from ..files.encoding import count_lines

CELL_LIMIT: int = 131_072
"""Characters of a cell; the limit of Python's csv module, which is one for the whole process."""
Columns: TypeAlias = tuple[list[list[str]], dict[int, list[str]]]
"""Records as columns, and by its place each record that has other cells than its neighbours."""


@attrs.frozen
class Record:
    """One record of a text.

    Args:
        line: the physical line on which it begins.
        cells: its cells; None where they cannot be told.
        fault: why they cannot.
        spans: whether it goes on for more than one line.
    """

    line: int
    cells: list[str] | None
    fault: str | None = None
    spans: bool = False


@attrs.frozen
class RecordBlock:
    """Consecutive records.

    Args:
        line: the line of the first.
        columns: their cells by column, where each record stands on a line of its own.
        odd: by its place, each of these that has more or fewer cells than it should; the columns have another's in its place.
        records: where they had to be parsed one by one.
    """

    line: int
    columns: Sequence[list[str]] | None
    odd: Mapping[int, list[str]] = attrs.field(factory=dict)
    records: Sequence[Record] = ()


class CsvParser:
    """Parses texts with one delimiter.

    Args:
        delimiter: between the cells.
        name: of the source, for messages.
        check: told each record that spans several lines; raises where it swallowed others.
        width: how many cells a record should have; 0: not known yet.
    """

    def __init__(
        self,
        delimiter: str,
        name: str,
        check: Callable[[Record], None] = lambda record: None,
        width: int = 0,
    ) -> None:
        self.delimiter = delimiter
        self._name = name
        self._check = check
        self._width = width
        # A quote after blanks is a quote for people, and a character for the csv module.
        self._late_quote = re.compile(rf'(?:^|[\r\n{re.escape(delimiter)}]) +"')

    def parse_blocks(self, blocks: Iterable[tuple[int, str]]) -> Generator[RecordBlock, None, None]:
        """Parse consecutive texts; a record that is open at the end of one goes on in the next.

        Raises:
            SourceError: a quote that is never closed, or text behind one; with the line where the record begins.
        """
        rest, first = "", 0
        for number, piece in blocks:
            line, text = (first, rest + piece) if rest else (number, piece)
            if (found := split_unquoted_text_into_columns(text, self.delimiter, self._width)) is not None:
                rest = ""
                yield RecordBlock(line, *found)
                continue
            if (cells := self._parse_one_line_records(text)) is not None:
                rest = ""
                if self._width and (found := gather_columns(cells, self._width)) is not None:
                    yield RecordBlock(line, *found)
                else:
                    yield RecordBlock(
                        line, None, records=[*map(Record, range(line, line + len(cells)), cells)]
                    )
                continue
            lines = _RecordLines(text, line)
            records = list(self._walk_records(lines))
            rest, first = lines.rest, lines.line
            yield RecordBlock(line, None, records=records)
            if lines.error:
                raise lines.error
        if rest:
            raise _create_error(
                "a quoted cell that begins in the row on this line is never closed", self._name, first
            )

    def _parse_one_line_records(self, text: str) -> list[list[str]] | None:
        """Parse a text in which each record stands on a line of its own; None where it must be walked."""
        if '"' in text and self._late_quote.search(text):
            return None
        try:
            records = list(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        lines = count_lines(text) + (text[-1] not in "\r\n")
        return records if len(records) == lines else None

    def _walk_records(self, lines: _RecordLines) -> Iterator[Record]:
        """Walk the records of a text one by one, as far as they are whole; notes on `lines` what is left, and what broke."""
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            lines.begin_record()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                if "unexpected end" in str(error):
                    lines.keep_rest()
                    return
                if "field larger" in str(error) and lines.has_whole_record:
                    yield Record(
                        lines.line, None, f"a cell has more than {CELL_LIMIT:,} characters; shorten it"
                    )
                    continue
                lines.error = self._create_csv_error(error, lines.line)
                return
            if cells is None:
                return
            record = Record(lines.line, cells, None, lines.spans_lines)
            if '"' in lines.raw and self._late_quote.search(lines.raw):
                record = self._reparse_quotes_after_blanks(record, lines.raw)
            try:
                if record.spans:
                    self._check(record)
            except SourceError as error:
                lines.error = error
                return
            yield record

    def _reparse_quotes_after_blanks(self, record: Record, raw: str) -> Record:
        try:
            (cells,) = csv.reader(
                io.StringIO(raw, newline=""), delimiter=self.delimiter, strict=True, skipinitialspace=True
            )
        except (csv.Error, ValueError):
            hint = "remove the blank, and quote the whole cell"
            return attrs.evolve(
                record, cells=None, fault=f"a quote follows a blank at the start of a cell; {hint}"
            )
        # Where no unquoted cell begins with blank and quote, both readings differ in leading blanks at most.
        same = [cell.lstrip(" ") for cell in cells] == [cell.lstrip(" ") for cell in record.cells or ()]
        return record if same else attrs.evolve(record, cells=cells)

    def _create_csv_error(self, error: csv.Error, line: int) -> SourceError:
        if "field larger" in str(error):
            what = f"a quoted cell that begins in the row on this line has more than {CELL_LIMIT:,} characters; is it closed?"
            return _create_error(what, self._name, line)
        return _create_error("text follows a closing quote", self._name, line)


def _create_error(what: str, name: str, line: int) -> SourceError:
    hint = 'write a quote inside a cell twice ("") and quote the whole cell'
    return SourceError(f"{what}; {hint}", name, line)


class _RecordLines:
    """Gives the lines of a text, and knows which of them belong to the record that is being read."""

    def __init__(self, text: str, line: int) -> None:
        self.line = line
        self.rest = ""
        self.error: SourceError | None = None
        self._lines = list(io.StringIO(text, newline=""))
        self._first = line
        self._begin = 0
        self._next = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._next == len(self._lines):
            raise StopIteration
        self._next += 1
        return self._lines[self._next - 1]

    def begin_record(self) -> None:
        """Begin with the next record."""
        self._begin = self._next
        self.line = self._first + self._begin

    @property
    def spans_lines(self) -> bool:
        return self._next - self._begin > 1

    @property
    def raw(self) -> str:
        return "".join(self._lines[self._begin : self._next])

    @property
    def has_whole_record(self) -> bool:
        """Whether the record, on its first line, ends there: its quotes are even."""
        return not self.spans_lines and self.raw.count('"') % 2 == 0

    def keep_rest(self) -> None:
        """Keep the record for the next text."""
        self.rest = "".join(self._lines[self._begin :])


def split_unquoted_text_into_columns(text: str, delimiter: str, width: int) -> Columns | None:
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
    if (columns := _split_into_columns(text, delimiter, width)) is not None:
        return columns, {}
    lines = text.split("\n")
    odd = [place for place, line in enumerate(lines) if line.count(delimiter) != width - 1]
    cells = {place: lines[place].split(delimiter) for place in odd}
    usual = next((line for line in lines if line.count(delimiter) == width - 1), None)
    if usual is None:
        return None
    for place in odd:
        lines[place] = usual
    columns = _split_into_columns("\n".join(lines), delimiter, width)
    return None if columns is None else (columns, cells)


def _split_into_columns(text: str, delimiter: str, width: int) -> list[list[str]] | None:
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
