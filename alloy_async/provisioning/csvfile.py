"""CSV files as exports make them: found delimiter and encoding, rows with their line numbers."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from .columns import AmbiguousColumnsError, Columns
from .errors import SourceError
from .text import detect_encoding, fingerprint, read_lines

DELIMITERS = ",;\t|"
EXTRA_COLUMNS = ("_line", "_status", "_reason")
"""What the file of failed rows has in front of the original columns; ignored when it is read."""

_HEADER_LIMIT = 1 << 16


@attrs.frozen
class Row:
    """One row as it stands in the file.

    Args:
        line: the physical line, from 1, on which the row starts.
        cells: its cells, untouched.
    """

    line: int
    cells: list[str]


class CsvSource:
    """A CSV file with one person a row and a header line.

    UTF-8 (with or without mark) and marked UTF-16 are recognised, as is the delimiter
    (comma, semicolon, tab or bar); cells may be quoted with double quotes and hold line breaks.
    Opening reads the header only; `rows` can be walked any number of times.

    Args:
        path: the file.
        delimiter: one character; None finds it.
        encoding: a name that Python knows; None finds it.

    Raises:
        SourceError: the file is empty or no text, has no header or no column with the username.
    """

    def __init__(
        self, path: str | Path, *, delimiter: str | None = None, encoding: str | None = None
    ) -> None:
        self.path = Path(path)
        try:
            self.size, _ = self._fingerprint = fingerprint(self.path)
            found = detect_encoding(self.path)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}", self.path) from None
        self.encoding = self._known(encoding, found)
        self.delimiter, self._skipped, header = self._read_header(delimiter)
        try:
            self.columns = Columns.of(header, ignore=EXTRA_COLUMNS)
        except AmbiguousColumnsError as error:
            raise SourceError(str(error), self.path, self._skipped + 1) from None
        if "username" not in self.columns.fields:
            raise self._no_username(header)

    def rows(self) -> Iterator[Row]:
        """The rows below the header, in constant memory; rows without any content are left out.

        Raises:
            SourceError: with the line (and column) where the file breaks.
        """
        if fingerprint(self.path) != self._fingerprint:
            raise SourceError("the file was changed while it was being read", self.path)
        lines = read_lines(self.path, self.encoding)
        for _ in range(self._skipped):
            next(lines)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        header_seen = False
        while True:
            line = self._skipped + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._broken(error, line) from None
            if any(map(str.strip, cells)):
                if header_seen:
                    yield Row(line, cells)
                header_seen = True

    def _known(self, encoding: str | None, found: str) -> str:
        if encoding is None:
            return found
        try:
            name = codecs.lookup(encoding).name
        except LookupError:
            raise SourceError(
                f"unknown encoding {encoding!r}; try utf-8, utf-16 or cp1252", self.path
            ) from None
        return found if name == "utf-8" and found == "utf-8-sig" else name

    def _read_header(self, delimiter: str | None) -> tuple[str, int, list[str]]:
        """Delimiter, lines above the header, names; the best reading of the first lines wins."""
        head, size = [], 0
        for line in read_lines(self.path, self.encoding):
            head.append(line)
            size += len(line)
            if size > _HEADER_LIMIT:
                break
        skipped = 0
        if head and (told := re.fullmatch(r"sep=(.)[\r\n]*", head[0])):  # Excel's own mark
            delimiter, skipped = delimiter or told[1], 1
        text = "".join(head[skipped:])
        readings = [(mark, self._first_row(text, mark)) for mark in delimiter or DELIMITERS]
        mark, header = max(readings, key=lambda reading: self._merit(reading[1]))
        if not header:
            raise SourceError(
                "the file has no header; its first line must name the columns, one of them username",
                self.path,
            )
        return mark, skipped, header

    @staticmethod
    def _first_row(text: str, delimiter: str) -> list[str]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            return next((row for row in reader if any(map(str.strip, row))), [])
        except csv.Error:
            return []

    @staticmethod
    def _merit(header: list[str]) -> tuple[int, int]:
        try:
            return len(Columns.of(header).fields), len(header)
        except AmbiguousColumnsError:
            return 1, len(header)

    def _no_username(self, header: list[str]) -> SourceError:
        names = ", ".join(repr(name) for name in header[:20]) + (", ..." if header[20:] else "")
        hint = "rename the column with the login names to 'username'"
        if "email" in self.columns.fields:
            hint += f" ({self.columns.name_of('email')!r}, if people log in with their address)"
        return SourceError(
            f"no column holds the username; found {names}; {hint}", self.path, self._skipped + 1
        )

    def _broken(self, error: csv.Error, line: int) -> SourceError:
        if "field larger" in str(error) or "unexpected end" in str(error):
            what = "a quoted cell that begins in the row on this line is never closed"
        else:
            what = "text follows a closing quote"
        return SourceError(
            f'{what}; write a quote inside a cell twice ("") and quote the whole cell',
            self.path,
            line,
        )
