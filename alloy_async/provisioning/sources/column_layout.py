"""Which column of an export is which field of a user, and the record that a row makes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ...directory import UserRecord
from .field_map import ATTRIBUTE, FieldMap, suggest_nearest

# Spellings as `normalise` leaves them; where a header has several, the first listed one wins.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "username": (
        "username", "login", "loginname", "logonname", "userlogin", "accountname",
        "samaccountname", "userprincipalname", "upn", "uid", "user", "account", "userid",
    ),
    "email": ("email", "emailaddress", "mail", "primaryemail", "workemail", "mailaddress"),
    "given_name": ("givenname", "firstname", "first", "forename", "namegivenname"),
    "family_name": ("familyname", "lastname", "last", "surname", "sn", "namefamilyname"),
    "full_name": ("fullname", "displayname", "realname", "name", "cn", "nameformatted"),
    "external_id": (
        "externalid", "employeeid", "employeenumber", "personnelnumber", "staffid", "id",
    ),
    "active": ("active", "isactive", "enabled", "accountenabled"),
    "groups": ("groups", "group", "memberof"),
    "roles": ("roles", "role"),
    "department": ("department", "dept", "division", "ou"),
    "password": ("password", "passwd", "pwd", "userpassword", "initialpassword"),
}  # fmt: skip
EXTRA_COLUMNS = ("_line", "_status", "_reason")
"""What a file of rows that did not go in has besides the original columns; ignored when it is read."""

_INVISIBLE_ENDS = "\u200b\u200e\u200f\u2060\ufeff"
_TRUTH = {
    **dict.fromkeys(("true", "yes", "y", "1", "active", "enabled"), True),
    **dict.fromkeys(("false", "no", "n", "0", "inactive", "disabled"), False),
}
_SEVERAL = ("groups", "roles")


def normalise(name: str) -> str:
    """A column name without case, spaces, punctuation and bracketed remarks: `[Required]`."""
    name = re.sub(r"\[.*?\]|\(.*?\)", "", unicodedata.normalize("NFKC", name))
    return "".join(filter(str.isalnum, name.casefold()))


def trim(cell: str) -> str:
    """The cell without white space and invisible characters around it."""
    text = cell.strip()
    return text if text.isascii() else text.strip(_INVISIBLE_ENDS).strip()


class LayoutError(ValueError):
    """Two columns claim the same field by the same name, or one that was named is not there."""


def _read_constants(columns: ColumnLayout) -> dict[str, Any]:
    """What is the same in every record."""
    given = {f: value for f, value in columns.constants.items() if not f.startswith(ATTRIBUTE)}
    free = {
        f.removeprefix(ATTRIBUTE): value for f, value in columns.constants.items() if f.startswith(ATTRIBUTE)
    }
    values = {field: _READERS[field](value) for field, value in given.items()}
    return {"username": "", **values, "attributes": free}


def _list_readers(columns: ColumnLayout) -> tuple[tuple[str, Callable[[object], Any], int], ...]:
    """Field, what reads it, and the index of its column; without those that a constant fills."""
    fields = ((f, index) for f, index in columns.fields.items() if f not in columns.constants)
    return tuple((field, _READERS[field], index) for field, index in fields)


@attrs.frozen(eq=False)
class ColumnLayout:
    """Where in a row each field of the record stands.

    Args:
        header: the column names as the file has them.
        labels: the same, made unique: `note`, `note (4)`; None for columns that are ignored.
        fields: field of `UserRecord` -> index of its column.
        attributes: name of a free attribute -> index of its column.
        constants: what every record gets besides, with `attributes.` before the name of a free attribute.
    """

    header: tuple[str, ...]
    labels: tuple[str | None, ...]
    fields: Mapping[str, int]
    attributes: Mapping[str, int]
    constants: Mapping[str, str] = attrs.field(factory=dict)
    _fixed: Mapping[str, Any] = attrs.field(
        init=False, default=attrs.Factory(_read_constants, takes_self=True)
    )
    _read: tuple[tuple[str, Callable[[object], Any], int], ...] = attrs.field(
        init=False, default=attrs.Factory(_list_readers, takes_self=True)
    )

    @classmethod
    def match(cls, header: Sequence[str], mapping: FieldMap, *, partial: bool = False) -> ColumnLayout:
        """Match a header: first what the mapping says, then the usual names of the fields it does not fill.

        Args:
            header: the names of the columns.
            mapping: which of them is which field.
            partial: columns that the mapping names may be missing.

        Raises:
            LayoutError: naming both columns, or the missing one.
        """
        labels = tuple(_create_labels(header))
        places = {column: find_column(column, header) for column in mapping.columns}
        if not partial and (missing := next((column for column in places if places[column] is None), None)):
            raise LayoutError(describe_missing_column(missing, header))
        told = {index: mapping.columns[column] for column, index in places.items() if index is not None}
        taken = {*mapping.columns.values(), *mapping.constants}
        fields = {field: index for index, field in told.items() if not field.startswith(ATTRIBUTE)}
        free = [index for index, label in enumerate(labels) if label and index not in told]
        fields |= _match_fields(header, free, taken)
        attributes = {
            field.removeprefix(ATTRIBUTE): index
            for index, field in told.items()
            if field.startswith(ATTRIBUTE)
        }
        used = set(fields.values())
        for index in free:
            label = labels[index]
            if label and index not in used and ATTRIBUTE + label not in taken:
                attributes[label.removeprefix(ATTRIBUTE)] = index
        return cls(tuple(header), labels, fields, attributes, mapping.constants)

    def get_name(self, field: str) -> str:
        """The file's own name of the column that fills the field."""
        return self.header[self.fields[field]] if field in self.fields else field

    def fills(self, field: str) -> bool:
        """Whether a column or a constant fills the field."""
        return field in self.fields or field in self.constants

    def explain_missing_key(self, key: str) -> str | None:
        """What to say when nothing fills the field by which the target tells users apart."""
        if key in self.fields or key in self.constants:
            return None
        names = ", ".join(map(repr, self.header[:20])) + (", ..." if self.header[20:] else "")
        hint = f"rename the column that does to '{key}', or say which it is: --map COLUMN={key}"
        if key == "username" and "email" in self.fields:
            hint += f" ({self.get_name('email')!r}, if people log in with their address)"
        return f"no column holds the {key}; found {names}; {hint}"

    def list_dropped(self, carries: Collection[str]) -> Iterator[tuple[str, str]]:
        """The columns that a system which carries these fields has no place for, each with its field."""
        yield from (
            (self.header[index], field) for field, index in self.fields.items() if field not in carries
        )
        if "attributes" not in carries:
            yield from ((name, "attributes") for name in self.attributes)

    def name_values(self, cells: Sequence[object]) -> dict[str, object]:
        """Every cell under the label of its column, but those of columns that are ignored, and no password.

        Of a row with more or fewer cells than there are columns, any may be the password: where there is one, none is given.
        """
        secret = self.fields.get("password")
        if len(cells) == len(self.labels):
            return {
                label: "" if index == secret else cells[index]
                for index, label in enumerate(self.labels)
                if label is not None
            }
        if secret is not None:
            return {}
        named = (*self.labels, *(f"column {number + 1}" for number in range(len(self.labels), len(cells))))
        return {label: cell for label, cell in zip(named, cells, strict=False) if label is not None}

    def create_record(self, cells: Sequence[object]) -> UserRecord:
        """The record of a row that has as many cells as the header; values trim."""
        values = dict(self._fixed)
        for field, read, index in self._read:
            values[field] = read(cells[index])
        if self.attributes:
            free = {name: cells[index] for name, index in self.attributes.items()}
            values["attributes"] = {**free, **values["attributes"]}
        return UserRecord(**values)

    def find_misfits(self, cells: Sequence[object]) -> Iterator[tuple[str, str]]:
        """Fields whose typed value (of JSON or Parquet) is none that they can hold, with what to say."""
        for field, index in self.fields.items():
            cell = cells[index]
            if isinstance(cell, Mapping) or (isinstance(cell, list) and field not in _SEVERAL):
                yield field, f"holds {_name_kind(cell)} where one value is expected"
            elif isinstance(cell, list) and not all(isinstance(item, str) for item in cell):
                yield field, "must be a list of names"


def _create_labels(header: Sequence[str]) -> Iterator[str | None]:
    seen: set[str] = set()
    for number, name in enumerate(header, 1):
        if name in EXTRA_COLUMNS:
            yield None
            continue
        label = trim(name) or f"column {number}"
        label = f"{label} ({number})" if label in seen else label
        seen.add(label)
        yield label


def find_column(column: str, header: Sequence[str]) -> int | None:
    """The index of the column that a mapping names: exactly, or without regard to case and punctuation."""
    if column in header:
        return header.index(column)
    wanted = normalise(column)
    return next((index for index, name in enumerate(header) if normalise(name) == wanted), None)


def describe_missing_column(column: str, header: Iterable[str]) -> str:
    """What to say of a column that the mapping names and that is not there."""
    return f"the mapping names the column {column!r}, which is not there{suggest_nearest(column, header)}"


def _match_fields(header: Sequence[str], free: Sequence[int], taken: Collection[str]) -> dict[str, int]:
    """The fields that no mapping fills, by the usual names of the columns that none names."""
    places: dict[str, list[int]] = {}
    for index in free:
        places.setdefault(normalise(header[index]), []).append(index)
    fields: dict[str, int] = {}
    for field, spellings in _SPELLINGS.items():
        spelling = next((s for s in spellings if s in places), None)
        if spelling is None or field in taken:
            continue
        first, *others = places[spelling]
        if others:
            raise LayoutError(
                f"columns {first + 1} ({header[first]!r}) and {others[0] + 1} "
                f"({header[others[0]]!r}) both mean {field}; rename one of them, or map one: --map COLUMN={field}"
            )
        fields[field] = first
    return fields


def _name_kind(cell: object) -> str:
    return "a list" if isinstance(cell, list) else "an object"


def _read_text(cell: object) -> str | None:
    if isinstance(cell, str):
        text = cell.strip()
        return (text if text.isascii() else trim(text)) or None
    if cell is None or isinstance(cell, Mapping | list):
        return None
    if isinstance(cell, float) and cell.is_integer():  # what becomes of 42 in a table with gaps
        return str(int(cell))
    return str(cell)


def _read_name(cell: object) -> str:
    return _read_text(cell) or ""


def _read_password(cell: object) -> str | None:
    return cell if isinstance(cell, str) else _read_text(cell)


def _read_boolean(cell: object) -> bool | None:
    return cell if isinstance(cell, bool) else _TRUTH.get(_read_name(cell).casefold())


def _read_names(cell: object) -> tuple[str, ...]:
    """The names in a cell that holds several: parted by ; or |, and by commas where it has none."""
    if isinstance(cell, list):
        return tuple(filter(None, map(_read_name, cell)))
    text = _read_name(cell)
    separator = next((mark for mark in ";|," if mark in text), ";")
    return tuple(filter(None, map(trim, text.split(separator))))


_READERS: Mapping[str, Callable[[object], Any]] = {
    **dict.fromkeys(_SPELLINGS, _read_text),
    "username": _read_name,
    "active": _read_boolean,
    **dict.fromkeys(_SEVERAL, _read_names),
    "password": _read_password,
}
"""What makes a field's value of its cell."""
