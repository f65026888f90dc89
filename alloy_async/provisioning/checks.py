"""What is wrong with a row, told before anything is sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from ..directory import Capabilities
from ..directory.record import fold as fold
from .sources import Finding, Row, Severity

_EMAIL = re.compile(
    r"""(?=.{3,254}$)(?=[^@]{1,64}@) [^\s@.,;:<>()\[\]"\\]+ (\.[^\s@.,;:<>()\[\]"\\]+)*
    @ \w([\w-]*\w)? (\.\w([\w-]*\w)?)* \.(?!\d+$)\w([\w-]*\w)?""",
    re.VERBOSE,
)
_JOINERS = "\u200c\u200d"  # part of the spelling of names in several scripts


def is_email(text: str) -> bool:
    """Whether a text has the form of one e-mail address, without display name or brackets."""
    return _EMAIL.fullmatch(text) is not None


def check_row(row: Row, can: Capabilities, needs: Collection[str] = ()) -> Iterator[Finding]:
    """Findings about one row that has a record, as far as they matter to the system.

    Args:
        row: of a source.
        can: the system; faults in a field that it drops are at most warnings.
        needs: fields that must be filled besides the key; those of a new user are `can.needs`.
    """
    assert row.record is not None
    line, record, columns = row.line, row.record, row.columns
    for field in can.carries:
        needed = field == can.key or field in needs
        if not (needed or columns.fills(field)):
            continue
        value = getattr(record, field)
        if not (value is None or isinstance(value, str)):
            continue
        cell = columns.value(row.values, field)
        if value and isinstance(cell, str) and len(value) != len(cell) and field != "password":
            message = "spaces around the value were left out"
            yield Finding(line, columns.name_of(field), "warning", message)
        if needed and not value:
            message = f"the {field} is missing; without it the row cannot go in"
            yield Finding(line, columns.name_of(field), "error", message)
        limit = can.max_length.get(field)
        if not value or (value.isprintable() and value[0] != "." and (limit is None or len(value) <= limit)):
            continue  # as nearly all are
        for message in _faults(value, field == can.key, limit):
            yield Finding(line, columns.name_of(field), "error", message)
    severity: Severity = "error" if "email" in can.carries else "warning"
    if record.email and not is_email(record.email):
        message = f"{record.email!r} is no e-mail address (name@example.org)"
        yield Finding(line, columns.name_of("email"), severity, message)
    if (
        "active" in can.carries
        and record.active is None
        and columns.value(row.values, "active") not in ("", None)
    ):
        yield Finding(line, columns.name_of("active"), "error", "is neither true nor false")


def _faults(value: str, is_key: bool, limit: int | None) -> Iterator[str]:
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
