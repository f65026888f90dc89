"""Read the value of a field from a cell: text is trimmed, yes and no are understood, lists are split."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import orjson

from .field_names import SPELLINGS, ActiveForm, is_inactive_status

_INVISIBLE_ENDS = "\u200b\u200e\u200f\u2060\ufeff"
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "1", "active", "enabled"), True),
    **dict.fromkeys(("false", "no", "n", "0", "inactive", "disabled"), False),
}
LIST_FIELDS = ("groups", "roles")
"""Fields that hold several names."""
_FIRST_INEXACT = 2**53
_DN_PART = re.compile(r"\s*([A-Za-z0-9][\w.-]*)=")
_DN_REST = re.compile(r",\s*[A-Za-z0-9][\w.-]*=")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_BETWEEN_DNS = re.compile(r"(?<!\\)[;|\n]")
_DN_ENDS = frozenset({"O", "C", "L", "ST"})
"""What names end with that have no domain components."""


@attrs.frozen
class Unreadable:
    """Stands for a value that cannot be read, until that is told.

    Args:
        why: what is there instead, for people; nothing of the value itself.
    """

    why: str


def is_inexact(cell: object) -> bool:
    """Tell whether a cell holds a number so large that its last digits are not those that stood in the source.

    JSON's whole numbers above 64 bits come as such, and what was a whole number before a table had gaps.
    """
    return isinstance(cell, float) and abs(cell) >= _FIRST_INEXACT


def is_unreadable_or_rounded(cell: object) -> bool:
    """Tell whether a value is not what stood in the source: it could not be read, or was rounded."""
    return isinstance(cell, Unreadable) or is_inexact(cell)


def trim_cell(cell: str) -> str:
    """Return the cell without white space and invisible characters around it."""
    text = cell.strip()
    return text if text.isascii() else text.strip(_INVISIBLE_ENDS).strip()


def read_text(cell: object) -> str | None:
    """Read one value as text; None where there is none, or several."""
    if isinstance(cell, str):
        text = cell.strip()
        return (text if text.isascii() else trim_cell(text)) or None
    if cell is None or isinstance(cell, Mapping | list | Unreadable):
        return None
    if isinstance(cell, float):
        if cell != cell:  # what tables with gaps hold where there is nothing
            return None
        if cell.is_integer():  # what becomes of 42 in a table with gaps
            return str(int(cell))
    return str(cell)


def read_name(cell: object) -> str:
    """Read one value as text; empty where there is none."""
    return read_text(cell) or ""


def read_password(cell: object) -> str | None:
    """Read a password: text as it is, blanks around it included."""
    return cell if isinstance(cell, str) else read_text(cell)


def read_boolean_or_none(cell: object) -> bool | None:
    """Read yes or no; None where it is neither."""
    return cell if isinstance(cell, bool) else _BOOLEANS.get(read_name(cell).casefold())


def _read_negated(cell: object) -> bool | None:
    """Read `active` of a cell that says whether somebody is blocked."""
    value = read_boolean_or_none(cell)
    return None if value is None else not value


def _read_false_if_inactive(cell: object) -> bool | None:
    """Read `active` of a cell that holds a word: only that somebody is not is sure."""
    return False if is_inactive_status(read_name(cell)) else None


def _read_account_control(cell: object) -> bool | None:
    """Read `active` of Active Directory's userAccountControl, whose second bit says that the account is disabled."""
    text = read_name(cell)
    return not int(text) & 2 if text.isdecimal() and len(text) <= 10 else None


def read_names(cell: object) -> tuple[str, ...]:
    """Read the names in a cell that holds several: parted by ; or |, and by commas where it has none; or an array of JSON.

    The commas within an LDAP name (`CN=Sales,OU=Groups,DC=example,DC=com`) part nothing.
    """
    if isinstance(cell, list):
        return tuple(filter(None, map(read_name, cell)))
    text = read_name(cell)
    if text[:1] in ("[", '"') and (names := _read_quoted_names(text)) is not None:
        return tuple(filter(None, map(trim_cell, names)))
    if _DN_PART.match(text):
        parts: Iterator[str] = (name for part in _split_dn_lists(text) for name in _split_dns(part))
    else:
        separator = next((mark for mark in ";|," if mark in text), ";")
        parts = iter(text.split(separator))
    return tuple(filter(None, map(trim_cell, parts)))


def _read_quoted_names(text: str) -> list[str] | None:
    """Read names each of which stands in quotes, with brackets around all or without; None where they do not."""
    try:
        names = orjson.loads(text if text[0] == "[" else f"[{text}]")
    except orjson.JSONDecodeError:
        return None
    return names if all(isinstance(name, str) for name in names) else None


def _split_dn_lists(text: str) -> Iterator[str]:
    """Split LDAP names at the marks between them; one within a name, of which a part follows, belongs to it."""
    held, start = "", 0
    for end in (*(mark.start() for mark in _BETWEEN_DNS.finditer(text)), len(text)):
        part = text[start:end]
        if held and not _DN_PART.match(part) and _DN_REST.search(part):
            held += text[start - 1] + part
        else:
            yield held
            held = part
        start = end + 1
    yield held


def _split_dns(text: str) -> Iterator[str]:
    """Split LDAP names that stand side by side: the next one begins after a domain component (DC=) or another end."""
    name: list[str] = []
    first = last = ""
    for part in _UNESCAPED_COMMA.split(text):
        kind = _DN_PART.match(part)
        if kind is None and name:  # a comma that nobody escaped belongs to the value before it
            name[-1] += f",{part}"
            continue
        found = kind[1].upper() if kind else ""
        if (last == "DC" != found) or (last in _DN_ENDS and found == first not in _DN_ENDS):
            yield ",".join(name)
            name = []
        first, last = first if name else found, found
        name.append(part)
    yield ",".join(name)


READERS: Mapping[str, Callable[[object], Any]] = {
    **dict.fromkeys(SPELLINGS, read_text),
    "username": read_name,
    "active": read_boolean_or_none,
    **dict.fromkeys(LIST_FIELDS, read_names),
    "password": read_password,
}
"""What makes a field's value of its cell."""
ACTIVE_READERS: Mapping[ActiveForm, Callable[[object], bool | None]] = {
    "active": read_boolean_or_none,
    "blocked": _read_negated,
    "status": _read_false_if_inactive,
    "flags": _read_account_control,
}
"""What reads `active`, by what its column says."""


def is_all_trimmed(column: Sequence[object]) -> bool:
    """Prove that no text of a column would be another one without what stands around it; all are texts."""
    try:
        # All blanks and invisible characters but the space are not printable.
        return "".join(column).isprintable() and [*map(str.strip, column)] == [*column]  # type: ignore[arg-type]
    except TypeError:  # not all are
        return False


def convert_cells_to_texts(column: Sequence[object]) -> Sequence[str]:
    """Write the cells of a column of plain values as the texts that they are read as, blanks around them included."""
    try:
        "".join(column)  # type: ignore[arg-type]  # a third of the time that a look at their types takes
    except TypeError:  # not all are texts
        return [cell if isinstance(cell, str) else read_name(cell) for cell in column]
    return column  # type: ignore[return-value]


def read_column(read: Callable[[object], Any], column: Sequence[object]) -> Sequence[Any]:
    """Read the values of a column with what reads one; where that would change no text, these are the values."""
    if read in (read_text, read_name, read_password):
        return column if is_all_trimmed(column) else [*map(read, column)]
    kinds = set(map(type, column))
    if kinds == {str}:  # few different ones, most often
        found = {cell: read(cell) for cell in set(column)}
        return [*map(found.__getitem__, column)]
    return [*map(read, column)]
