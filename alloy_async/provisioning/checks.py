"""What is wrong with a row, told before anything is sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal

import attrs

from ..directory import Capabilities, UserRecord
from .columns import Columns

_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_JOINERS = "\u200c\u200d"  # part of the spelling of names in several scripts


Severity = Literal["error", "warning"]


@attrs.frozen
class Finding:
    """One remark about one row.

    Args:
        line: the physical line of the file on which the row starts.
        column: the file's name of the column; None when it is about the whole row.
        severity: a row with an `error` is not sent; a `warning` is only told.
        message: what is wrong and what to do.
    """

    line: int
    column: str | None
    severity: Severity
    message: str

    @property
    def remark(self) -> str:
        """The column and the message."""
        return f"{self.column}: {self.message}" if self.column else self.message


def fold(key: str) -> str:
    """The key as a person compares it: without regard to case and Unicode form."""
    if key.isascii():
        return key.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", key).casefold())


def check_width(line: int, cells: Sequence[str], columns: Columns) -> Finding | None:
    """A finding when the row has more or fewer cells than the header."""
    expected, got = len(columns.header), len(cells)
    if got == expected:
        return None
    message = f"the row has {got} cells where the header has {expected}; " + (
        "quote the cell that holds the delimiter" if got > expected else "add the missing cells"
    )
    return Finding(line, None, "error", message)


def check_row(
    line: int, cells: Sequence[str], record: UserRecord, columns: Columns, can: Capabilities
) -> Iterator[Finding]:
    """Findings about one row of the right width, as far as it matters to the system.

    Args:
        line: where the row starts.
        cells: its untouched cells.
        record: what `columns` made of them.
        columns: the columns of the file.
        can: the system; faults in a field that it drops are at most warnings.
    """
    for field in can.carries:
        if field not in columns.fields:
            continue
        value = getattr(record, field)
        if not (value is None or isinstance(value, str)):
            continue
        if value and len(value) != len(columns.cell(cells, field)):
            message = "spaces around the value were left out"
            yield Finding(line, columns.name_of(field), "warning", message)
        for message in _faults(field, value or "", field == can.key, can.max_length.get(field)):
            yield Finding(line, columns.name_of(field), "error", message)
    severity: Severity = "error" if "email" in can.carries else "warning"
    if record.email and not _EMAIL.fullmatch(record.email):
        message = f"{record.email!r} is no e-mail address (name@example.org)"
        yield Finding(line, columns.name_of("email"), severity, message)
    if "active" in can.carries and record.active is None and columns.cell(cells, "active").strip():
        yield Finding(line, columns.name_of("active"), "error", "is neither true nor false")


def _faults(field: str, value: str, is_key: bool, limit: int | None) -> Iterator[str]:
    if is_key and not value:
        yield f"the {field} is missing; without it the row cannot go in"
    if is_key and value in (".", ".."):
        yield "a name of dots only cannot be used in a web address"
    if limit is not None and len(value) > limit:
        yield f"has {len(value)} characters, {limit} are allowed; shorten it"
    if not value.isprintable():
        yield from _unprintable(value, is_key)


def _unprintable(value: str, is_key: bool) -> Iterator[str]:
    """The first character that no name holds: control, line break, half a pair, invisible."""
    for position, char in enumerate(value, 1):
        category = unicodedata.category(char)
        invisible = category == "Cf" and (is_key or char not in _JOINERS)
        if category in ("Cc", "Cs", "Zl", "Zp") or invisible:
            name = _CONTROL_NAMES.get(char) or unicodedata.name(char, "unnamed").lower()
            yield f"character {position} is U+{ord(char):04X} ({name}); remove it"
            return


_CONTROL_NAMES = {
    "\n": "line break",
    "\r": "line break",
    "\t": "tab",
    "\x1b": "escape",
    "\x7f": "delete",
}
