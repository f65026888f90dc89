"""The mapping of columns to fields that the user gives, as pairs or in a saved TOML file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from ...core.argument_errors import format_argument_name
from ...core.errors import ConfigurationError
from ...directory import FIELDS
from .cell_values import read_boolean_or_none
from .field_names import is_secret_name

ATTRIBUTE = "attributes."
"""What stands before the name of a free attribute."""


def format_suggestion(name: str, known: Iterable[str]) -> str:
    """End a message about a name that is not known: with the one it was mistaken for, or with all."""
    import difflib

    known = list(known)
    folded = {word.casefold(): word for word in reversed(known)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    shown = ", ".join(known[:20]) + (", ..." if known[20:] else "")
    return f"; there are: {shown}" if shown else ""


def _wrap_columns_in_tuples(columns: Mapping[str, str | Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {name: (told,) if isinstance(told, str) else tuple(told) for name, told in columns.items()}


@attrs.frozen
class FieldMap:
    """Which column of a source fills which field of a user; what it does not name goes by the usual names.

    Args:
        columns: name of a column -> field of `UserRecord`, or `attributes.NAME`; several where it fills several.
        constants: field or `attributes.NAME` -> the value that every user gets, whatever the source holds.

    Raises:
        ConfigurationError: an unknown field (its nearest is named), one that is filled twice, or a value that it cannot hold.
    """

    columns: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, converter=_wrap_columns_in_tuples)
    constants: Mapping[str, str] = attrs.field(factory=dict, repr=lambda constants: repr(sorted(constants)))

    def __attrs_post_init__(self) -> None:
        filled: dict[str, str] = {}
        for column, fields in self.columns.items():
            for field in fields:
                if (other := filled.setdefault(_validate_field(field), column)) != column:
                    raise ConfigurationError(f"columns {other!r} and {column!r} are both mapped to {field}")
        for field, value in self.constants.items():
            if _validate_field(field) in filled:
                raise ConfigurationError(
                    f"{field} is both set and mapped from {filled[field]!r}; keep one of the two"
                )
            if field == "active" and value and read_boolean_or_none(value) is None:
                raise ConfigurationError(f"active={value} is neither true nor false; write yes or no")

    @property
    def fields(self) -> frozenset[str]:
        """The fields that a column or a constant fills."""
        return frozenset(self.constants).union(*self.columns.values())

    @classmethod
    def parse(cls, columns: Iterable[str] = (), constants: Iterable[str] = ()) -> FieldMap:
        """Read texts as the command line has them: `COLUMN=FIELD`, `FIELD=VALUE`.

        Raises:
            ConfigurationError: a text of another form, or a field that is given two values.
        """
        fields: dict[str, list[str]] = {}
        for text in columns:
            # A column's name may hold an equals sign, a field's cannot; of values, the other way round.
            column, field = _require_both_sides(
                text,
                text.rpartition("="),
                f"{format_argument_name('columns')} takes COLUMN=FIELD, as Mail=email",
            )
            fields.setdefault(column, []).append(field)
        pairs = [
            _require_both_sides(
                text,
                text.partition("="),
                f"{format_argument_name('constants')} takes FIELD=VALUE, as department=Sales",
            )
            for text in constants
        ]
        return cls({name: dict.fromkeys(told) for name, told in fields.items()}, _collect_unique(pairs))

    @classmethod
    def load(cls, path: str | Path) -> FieldMap:
        """Read a TOML file with the tables `[columns]` (column = field) and `[constants]` (field = value).

        A column that fills several fields has a list of them: `mail = ["username", "email"]`.

        Raises:
            ConfigurationError: it cannot be read, or holds something else; with its path.
        """
        import tomllib

        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise ConfigurationError(f"{path}: the mapping cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise ConfigurationError(f"{path}: this is not a TOML file: {error}") from None
        tables = ("columns", "constants")
        try:
            for name in data:
                if name not in tables:
                    raise ConfigurationError(f"unknown table [{name}]{format_suggestion(name, tables)}")
            columns, constants = (dict(_iterate_table_entries(name, data.get(name, {}))) for name in tables)
            return cls(
                columns, {name: _require_text(f"constants.{name}", constants[name]) for name in constants}
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error}") from None

    def fill_gaps_from(self, saved: FieldMap) -> FieldMap:
        """Add what `saved` says besides to this mapping: a field that this one fills is left out of it."""
        columns = {
            column: rest
            for column, fields in saved.columns.items()
            if (rest := tuple(f for f in fields if f not in self.fields)) and column not in self.columns
        }
        constants = {field: value for field, value in saved.constants.items() if field not in self.fields}
        return FieldMap({**columns, **self.columns}, {**constants, **self.constants})


def _validate_field(field: str) -> str:
    if field in FIELDS or (field.startswith(ATTRIBUTE) and field != ATTRIBUTE):
        return field
    raise ConfigurationError(
        f"there is no field {field!r}{format_suggestion(field, FIELDS)} (a free attribute is {ATTRIBUTE}NAME)"
    )


def _require_both_sides(text: str, parts: tuple[str, str, str], form: str) -> tuple[str, str]:
    left, equals, right = parts
    if not (left and equals and right):
        # What stands behind the name may be a password.
        shown = re.split(r"\W", text)[0] + "..." if is_secret_name(text) else text
        raise ConfigurationError(f"{form}; got {shown!r}")
    return left, right


def _collect_unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, value in pairs:
        if found.setdefault(field, value) != value:
            values = "" if is_secret_name(field) else f": {found[field]!r} and {value!r}"
            raise ConfigurationError(f"the field {field!r} is given twice{values}")
    return found


def _iterate_table_entries(path: str, table: object) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Yield names and texts of a table; `attributes.site = ...` without quotes is a table within it."""
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path} must be a table of texts")
    for name, value in table.items():
        if isinstance(value, dict):
            yield from (
                (f"{name}.{inner}", text) for inner, text in _iterate_table_entries(f"{path}.{name}", value)
            )
        elif isinstance(value, list):
            yield name, tuple(_require_text(f"{path}.{name}", part) for part in value)
        else:
            yield name, _require_text(f"{path}.{name}", value)


def _require_text(path: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{path} must be text in quotes; got {value!r}")
    return value
