"""Which column of an export is which field of a user, and the record that a row makes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from ..directory import UserRecord

# Spellings as `normalise` leaves them; where a header has several, the first listed one wins.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "username": (
        "username", "login", "loginname", "logonname", "userlogin", "accountname",
        "samaccountname", "userprincipalname", "upn", "uid", "user", "account", "userid",
    ),
    "email": ("email", "emailaddress", "mail", "primaryemail", "workemail", "mailaddress"),
    "given_name": ("givenname", "firstname", "first", "forename", "namegivenname"),
    "family_name": ("familyname", "lastname", "last", "surname", "sn", "namefamilyname"),
    "full_name": ("fullname", "displayname", "realname", "name", "cn"),
    "external_id": (
        "externalid", "employeeid", "employeenumber", "personnelnumber", "staffid", "id",
    ),
    "active": ("active", "isactive", "enabled", "accountenabled"),
    "groups": ("groups", "group", "memberof"),
    "roles": ("roles", "role"),
    "department": ("department", "dept", "division", "ou"),
    "password": ("password", "passwd", "pwd", "userpassword", "initialpassword"),
}  # fmt: skip
_INVISIBLE_ENDS = "\u200b\u200e\u200f\u2060\ufeff"
_TRUTH = {
    **dict.fromkeys(("true", "yes", "y", "1", "active", "enabled"), True),
    **dict.fromkeys(("false", "no", "n", "0", "inactive", "disabled"), False),
}


def normalise(name: str) -> str:
    """A column name without case, spaces, punctuation and bracketed remarks: `[Required]`."""
    name = re.sub(r"\[.*?\]|\(.*?\)", "", unicodedata.normalize("NFKC", name))
    return "".join(filter(str.isalnum, name.casefold()))


def trimmed(cell: str) -> str:
    """The cell without white space and invisible characters around it."""
    text = cell.strip()
    return text if text.isascii() else text.strip(_INVISIBLE_ENDS).strip()


class AmbiguousColumnsError(ValueError):
    """Two columns claim the same field by the same name."""


@attrs.frozen
class Columns:
    """Where in a row each field of the record stands.

    Args:
        fields: field of `UserRecord` -> index of its column.
        attributes: name of a free attribute -> index of its column.
        header: the column names as the file has them.
    """

    fields: Mapping[str, int]
    attributes: Mapping[str, int]
    header: tuple[str, ...]

    @classmethod
    def of(cls, header: Sequence[str], ignore: Iterable[str] = ()) -> Columns:
        """Match a header; names in `ignore` become neither field nor attribute.

        Raises:
            AmbiguousColumnsError: naming both columns.
        """
        ignored = set(ignore)
        places: dict[str, list[int]] = {}
        for index, name in enumerate(header):
            if name not in ignored:
                places.setdefault(normalise(name), []).append(index)
        fields: dict[str, int] = {}
        for field, spellings in _SPELLINGS.items():
            spelling = next((s for s in spellings if s in places), None)
            if spelling is None:
                continue
            first, *others = places[spelling]
            if others:
                raise AmbiguousColumnsError(
                    f"columns {first + 1} ({header[first]!r}) and {others[0] + 1} "
                    f"({header[others[0]]!r}) both mean {field}; rename one of them"
                )
            fields[field] = first
        taken = set(fields.values())
        attributes: dict[str, int] = {}
        for index, name in enumerate(header):
            if index not in taken and name not in ignored:
                label = trimmed(name) or f"column {index + 1}"
                attributes[f"{label} ({index + 1})" if label in attributes else label] = index
        return cls(fields, attributes, tuple(header))

    def name_of(self, field: str) -> str:
        """The file's own name of the column that fills the field."""
        return self.header[self.fields[field]] if field in self.fields else field

    def cell(self, cells: Sequence[str], field: str) -> str:
        """The untouched cell of a field; empty when there is no such column."""
        return cells[self.fields[field]] if field in self.fields else ""

    def record(self, cells: Sequence[str]) -> UserRecord:
        """The record of a row that has as many cells as the header; values trimmed."""
        values = {field: _READERS[field](cells[index]) for field, index in self.fields.items()}
        attributes = {name: cells[index] for name, index in self.attributes.items()}
        return UserRecord(attributes=attributes, **values)


def _text(cell: str) -> str | None:
    return trimmed(cell) or None


def _truth(cell: str) -> bool | None:
    return _TRUTH.get(trimmed(cell).casefold())


def _several(cell: str) -> tuple[str, ...]:
    """The names in a cell that holds several: parted by ; or |, and by commas where it has none."""
    separator = next((mark for mark in ";|," if mark in cell), ";")
    return tuple(filter(None, map(trimmed, cell.split(separator))))


_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(_SPELLINGS, _text),
    "username": trimmed,
    "active": _truth,
    "groups": _several,
    "roles": _several,
    "password": str,
}
"""What makes a field's value of its cell."""
