"""Joining the lines of a CSV text to records, and splitting records into cells, in time that is linear in their length.

The csv module does not do for what arrives in pieces: it pulls its lines, its limit of 131,072 characters a cell belongs to
the whole process, and it reports a stray quote only by swallowing all that follows.
"""

from __future__ import annotations

import re

from ..codec.conversion import Mismatch

MAX_RECORD = 16 * 1024 * 1024
"""Characters of one record; more is a quote that was never closed."""


class CsvRecordReader:
    """Takes a text line by line and gives the cells of each record, as RFC 4180 and the csv module read it.

    A quote opens a quoted cell only where the cell begins with it; elsewhere it is a letter.

    Args:
        delimiter: one character between the cells.
    """

    def __init__(self, delimiter: str) -> None:
        other = f"[^{re.escape(delimiter)}]*+"
        cell = rf'(?:"(?:[^"]|"")*+"{other}|(?!"){other})'
        self._delimiter = delimiter
        self._rest = re.compile(rf"{other}(?:{re.escape(delimiter)}{cell})*+", re.DOTALL)
        """What may follow the closing quote of a cell in a record that ends with the line."""
        self._record = re.compile(rf"{cell}(?:{re.escape(delimiter)}{cell})*+", re.DOTALL)
        self._closing = re.compile(r'(?:[^"]|"")*+"', re.DOTALL)
        self._cells = re.compile(
            rf'(?:"((?:[^"]|"")*+)"({other})|({other})){re.escape(delimiter)}', re.DOTALL
        )
        self._lines: list[str] = []
        self._size = 0

    @property
    def is_open(self) -> bool:
        """Whether a quote is open."""
        return bool(self._lines)

    def add_line(self, line: str) -> list[str] | None:
        """Take the next line, with its end; return the record's cells where the record ends with it.

        Returns:
            None where a quote is open; no cells for an empty line.

        Raises:
            Mismatch: a record is longer than MAX_RECORD.
        """
        text = line.rstrip("\r\n")
        if not self._lines:
            if '"' not in text:
                return text.split(self._delimiter) if text else []
            if self._record.fullmatch(text):
                return self._split_into_cells(text)
        elif self._ends_record(text):
            record = "".join([*self._lines, text])
            self._lines, self._size = [], 0
            return self._split_into_cells(record)
        self._lines.append(line)
        self._size += len(line)
        if self._size > MAX_RECORD:
            raise Mismatch(f"a quote that opens in it is not closed within {MAX_RECORD} characters")
        return None

    def _ends_record(self, text: str) -> bool:
        """Tell whether the record that a quote holds open ends with this line."""
        closing = self._closing.match(text)
        return closing is not None and self._rest.fullmatch(text, closing.end()) is not None

    def _split_into_cells(self, record: str) -> list[str]:
        found = self._cells.findall(record + self._delimiter)
        return [quoted.replace('""', '"') + after + plain for quoted, after, plain in found]
