"""Find which column of a source fills which field of a user, and create the record of a row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ...core.argument_errors import format_argument_name
from ...directory import UserRecord
from ...directory.record_columns import RecordColumns
from .cell_values import (
    ACTIVE_READERS,
    LIST_FIELDS,
    READERS,
    Unreadable,
    is_inexact,
    read_column,
    trim_cell,
)
from .field_map import ATTRIBUTE, FieldMap, format_suggestion
from .field_names import OTHER_ACTIVE_SPELLINGS, SPELLINGS, ActiveForm, is_secret_name, normalise_name

EXTRA_COLUMNS = ("_line", "_status", "_reason", "_job")
"""What a file of rows that did not go in has besides the original columns; ignored when it is read."""
TEXT_COLUMN = "_text"
"""What such a file has of a row that could not be read at all: its text; it is nobody's attribute."""

INEXACT = "is a number whose last digits are lost; write it as a text"
_TYPED_FIELDS = ("active", *LIST_FIELDS)
_KEPT_FORMS: tuple[ActiveForm, ...] = ("status", "flags")
"""Columns that may say more than who is active: they are free attributes too."""


class LayoutError(ValueError):
    """Two columns claim the same field by the same name, or one that was named is not there."""


def _read_constants(layout: ColumnLayout) -> dict[str, Any]:
    """Read what is the same in every record."""
    given = {f: value for f, value in layout.constants.items() if not f.startswith(ATTRIBUTE)}
    free = {
        f.removeprefix(ATTRIBUTE): value for f, value in layout.constants.items() if f.startswith(ATTRIBUTE)
    }
    values = {field: READERS[field](value) for field, value in given.items()}
    return {"username": "", **values, "attributes": free}


def _list_readers(layout: ColumnLayout) -> tuple[tuple[str, Callable[[object], Any], int], ...]:
    """List fields with what reads each, and the index of its column; without those that a constant fills."""
    readers = {**READERS, "active": ACTIVE_READERS[layout.active_form]}
    fields = ((f, index) for f, index in layout.fields.items() if f not in layout.constants)
    return tuple((field, readers[field], index) for field, index in fields)


def _find_secret_columns(layout: ColumnLayout) -> frozenset[int]:
    password = layout.fields.get("password")
    return layout.secrets if password is None else layout.secrets | {password}


@attrs.frozen(eq=False)
class ColumnLayout:
    """Where in a row each field of the record stands.

    Args:
        header: the column names as the file has them.
        labels: the same, made unique: `note`, `note (4)`; None for columns that are ignored.
        fields: field of `UserRecord` -> index of its column.
        attributes: name of a free attribute -> index of its column.
        secrets: indexes of the columns whose names say that they hold a secret; none is stored, and those that no
            mapping names are not sent.
        active_form: what the column of `active` says.
        constants: what every record gets besides, with `attributes.` before the name of a free attribute.
    """

    header: tuple[str, ...]
    labels: tuple[str | None, ...]
    fields: Mapping[str, int]
    attributes: Mapping[str, int]
    secrets: frozenset[int] = frozenset()
    active_form: ActiveForm = "active"
    constants: Mapping[str, str] = attrs.field(factory=dict)
    _fixed: Mapping[str, Any] = attrs.field(
        init=False, default=attrs.Factory(_read_constants, takes_self=True)
    )
    _read: tuple[tuple[str, Callable[[object], Any], int], ...] = attrs.field(
        init=False, default=attrs.Factory(_list_readers, takes_self=True)
    )
    _hidden: frozenset[int] = attrs.field(
        init=False, default=attrs.Factory(_find_secret_columns, takes_self=True)
    )

    @property
    def holds_secrets(self) -> bool:
        """Whether a column holds passwords or other secrets, by its name."""
        return bool(self._hidden)

    @classmethod
    def match_header(cls, header: Sequence[str], mapping: FieldMap, *, partial: bool = False) -> ColumnLayout:
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
        told = {f: i for name, i in places.items() if i is not None for f in mapping.columns[name]}
        free = [index for index, label in enumerate(labels) if label and index not in told.values()]
        found, active_form = _match_fields(header, free, mapping.fields)
        fields = {f: index for f, index in told.items() if not f.startswith(ATTRIBUTE)} | found
        secrets = {index for index, label in enumerate(labels) if label and is_secret_name(label)}
        attributes = {f.removeprefix(ATTRIBUTE): i for f, i in told.items() if f.startswith(ATTRIBUTE)}
        used = {*fields.values(), *secrets}
        if active_form in _KEPT_FORMS:
            used.discard(fields["active"])
        for index in free:
            label = labels[index]
            if label == TEXT_COLUMN:
                continue
            if label and index not in used and ATTRIBUTE + label not in mapping.fields:
                attributes[label.removeprefix(ATTRIBUTE)] = index
        secrets.discard(fields.get("password", -1))
        return cls(
            tuple(header), labels, fields, attributes, frozenset(secrets), active_form, mapping.constants
        )

    def get_column_of_field(self, field: str) -> str:
        """Return the file's own name of the column that fills the field."""
        return self.header[self.fields[field]] if field in self.fields else field

    def fills(self, field: str) -> bool:
        """Tell whether a column or a constant fills the field."""
        return field in self.fields or field in self.constants

    def explain_missing_key_column(self, key: str) -> str | None:
        """Say what to do when nothing fills the field by which the target tells users apart; None when all is well."""
        if self.fills(key):
            return None
        names = ", ".join(map(repr, self.header[:20])) + (", ..." if self.header[20:] else "")
        names = names or "none"
        mapped = format_argument_name("mapping", {"COLUMN": key})
        hint = f"rename the column that does to '{key}', or say which it is: {mapped}"
        if key == "username" and "email" in self.fields:
            hint += f" ({self.get_column_of_field('email')!r}, if people log in with their address)"
        return f"no column holds the {key}; found {names}; {hint}"

    def iterate_uncarried_columns(self, carries: Collection[str]) -> Iterator[tuple[str, str]]:
        """List columns and constants that do not reach a system which carries these fields, each with its field or `secret`."""
        yield from (
            (self.header[index], field) for field, index in self.fields.items() if field not in carries
        )
        if "attributes" not in carries:
            yield from ((name, "attributes") for name in self.attributes)
        for name in self.constants:
            field = "attributes" if name.startswith(ATTRIBUTE) else name
            if field not in carries:
                yield name, field
        sent = {*self.fields.values(), *self.attributes.values()}
        yield from ((self.header[index], "secret") for index in sorted(self.secrets) if index not in sent)

    def label_values(self, cells: Sequence[object]) -> dict[str, object]:
        """Return every cell under the label of its column, but those of columns that are ignored; secrets are left blank.

        Of a row with more or fewer cells than there are columns, any may be the password: where there is one, none is given.
        """
        if len(cells) == len(self.labels):
            return {
                label: "" if index in self._hidden else cells[index]
                for index, label in enumerate(self.labels)
                if label is not None
            }
        if self._hidden:
            return {}
        named = (*self.labels, *(f"column {number + 1}" for number in range(len(self.labels), len(cells))))
        return {label: cell for label, cell in zip(named, cells, strict=False) if label is not None}

    def create_record(self, cells: Sequence[object]) -> UserRecord:
        """Create the record of a row that has as many cells as the header; values are trimmed."""
        values = dict(self._fixed)
        for field, read, index in self._read:
            values[field] = read(cells[index])
        if self.attributes:
            free = {name: cells[index] for name, index in self.attributes.items()}
            values["attributes"] = {**free, **values["attributes"]}
        return UserRecord(**values)

    def read_columns(
        self, columns: Sequence[Sequence[object]], trimmed: Collection[int] = ()
    ) -> RecordColumns:
        """Read rows that have as many cells as the header, given by column: what `create_record` makes of each of them.

        Args:
            columns: the cells.
            trimmed: the columns of texts around which nothing stands, where that was proved before.
        """
        rows = len(columns[0])
        fixed = {**self._fixed}
        free = {name: [value] * rows for name, value in fixed.pop("attributes").items()}
        values: dict[str, Sequence[Any]] = {field: [value] * rows for field, value in fixed.items()}
        for field, read, index in self._read:
            is_text = index in trimmed and field not in _TYPED_FIELDS
            values[field] = columns[index] if is_text else read_column(read, columns[index])
        return RecordColumns(
            rows, values, {**{name: columns[index] for name, index in self.attributes.items()}, **free}
        )

    def read_active(self, cell: object) -> bool | None:
        """Read from a cell of its column whether somebody is active; None where it says neither."""
        return ACTIVE_READERS[self.active_form](cell)

    def find_wrong_types(self, cells: Sequence[object]) -> Iterator[tuple[str, str]]:
        """Find fields whose typed value (of JSON or Parquet) is not one that they can hold, with what to say."""
        for field, index in self.fields.items():
            cell = cells[index]
            if isinstance(cell, Mapping) or (isinstance(cell, list) and field not in LIST_FIELDS):
                kind = "a list" if isinstance(cell, list) else "an object"
                yield field, f"holds {kind} where one value is expected"
            elif isinstance(cell, list) and not all(isinstance(item, str) for item in cell):
                yield field, "must be a list of names"
            elif isinstance(cell, Unreadable):
                yield field, f"holds {cell.why}"
            elif isinstance(cell, bool) and field != "active":
                yield field, "is true or false where a text is expected; write it as a text"
            elif is_inexact(cell):
                yield field, INEXACT


def find_column(column: str, header: Sequence[str]) -> int | None:
    """Find the index of the column that a mapping names: exactly, or without regard to case and punctuation."""
    if column in header:
        return header.index(column)
    wanted = normalise_name(column)
    return next((index for index, name in enumerate(header) if normalise_name(name) == wanted), None)


def describe_missing_column(column: str, header: Iterable[str]) -> str:
    """Say that a column which the mapping names is not there."""
    return f"the mapping names the column {column!r}, which is not there{format_suggestion(column, header)}"


def _create_labels(header: Sequence[str]) -> Iterator[str | None]:
    seen: set[str] = set()
    for number, name in enumerate(header, 1):
        if name in EXTRA_COLUMNS:
            yield None
            continue
        label = trim_cell(name) or f"column {number}"
        label = f"{label} ({number})" if label in seen else label
        seen.add(label)
        yield label


def _match_fields(
    header: Sequence[str], free: Sequence[int], taken: Collection[str]
) -> tuple[dict[str, int], ActiveForm]:
    """Match the fields that no mapping fills with the columns that none names, by their usual names.

    Also tells what the column of `active` says.
    """
    places: dict[str, list[int]] = {}
    for index in free:
        places.setdefault(normalise_name(header[index]), []).append(index)
    fields: dict[str, int] = {}
    active_form: ActiveForm = "active"
    for field, spellings in SPELLINGS.items():
        spelling = next((s for s in spellings if s in places), None)
        if field in taken:
            continue
        if spelling is None and field == "active":
            for form, names in OTHER_ACTIVE_SPELLINGS.items():
                if (spelling := next((name for name in names if name in places), None)) is not None:
                    active_form = form
                    break
        if spelling is None:
            continue
        first, *others = places[spelling]
        if others and active_form not in _KEPT_FORMS:
            raise LayoutError(
                f"columns {first + 1} ({header[first]!r}) and {others[0] + 1} "
                f"({header[others[0]]!r}) both mean {field}; rename one of them, or map one:"
                f" {format_argument_name('mapping', {'COLUMN': field})}"
            )
        fields[field] = first
    return fields, active_form
