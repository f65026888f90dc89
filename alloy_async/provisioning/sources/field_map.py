"""Which column goes into which field, as the user says it: `--map`, `--set`, or a saved TOML file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from ...core.errors import ConfigurationError
from ...directory import FIELDS

ATTRIBUTE = "attributes."
"""What stands before the name of a free attribute."""


def suggest_nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is not known: the one it was mistaken for, or all."""
    known = list(known)
    folded = {word.casefold(): word for word in reversed(known)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    shown = ", ".join(known[:20]) + (", ..." if known[20:] else "")
    return f"; there are: {shown}" if shown else ""


@attrs.frozen
class FieldMap:
    """Which column of a source fills which field of a user; what it does not name goes by the usual names.

    Args:
        columns: name of a column -> field of `UserRecord`, or `attributes.NAME`.
        constants: field or `attributes.NAME` -> the value that every user gets, whatever the source holds.

    Raises:
        ConfigurationError: an unknown field (its nearest is named), or one that is filled twice.
    """

    columns: Mapping[str, str] = attrs.field(factory=dict)
    constants: Mapping[str, str] = attrs.field(factory=dict, repr=lambda constants: repr(sorted(constants)))

    def __attrs_post_init__(self) -> None:
        filled: dict[str, str] = {}
        for column, field in self.columns.items():
            if (other := filled.setdefault(_validate_field(field), column)) != column:
                raise ConfigurationError(f"columns {other!r} and {column!r} are both mapped to {field}")
        for field in self.constants:
            if _validate_field(field) in filled:
                raise ConfigurationError(
                    f"{field} is both set and mapped from {filled[field]!r}; keep one of the two"
                )

    @classmethod
    def parse(cls, columns: Iterable[str] = (), constants: Iterable[str] = ()) -> FieldMap:
        """Of texts as the command line has them: `column=field`, `field=value`."""
        # A column's name may hold an equals sign, a field's cannot; of values, the other way round.
        pairs = [_split_pair(text, text.rpartition("="), "column=field") for text in columns]
        fixed = [_split_pair(text, text.partition("="), "field=value") for text in constants]
        return cls(_collect_unique(pairs, "column"), _collect_unique(fixed, "field"))

    @classmethod
    def load(cls, path: str | Path) -> FieldMap:
        """Of a TOML file with the tables `[columns]` (column = field) and `[constants]` (field = value).

        Raises:
            ConfigurationError: it cannot be read, or holds something else; with its path.
        """
        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise ConfigurationError(f"{path}: the mapping cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise ConfigurationError(f"{path}: this is no TOML file: {error}") from None
        tables = ("columns", "constants")
        try:
            for name in data:
                if name not in tables:
                    raise ConfigurationError(f"unknown table [{name}]{suggest_nearest(name, tables)}")
            return cls(*(dict(_iterate_leaves(name, data.get(name, {}))) for name in tables))
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error}") from None

    def merge(self, saved: FieldMap) -> FieldMap:
        """This mapping, and what `saved` says besides: a field that this one fills is left out of it."""
        mine = {*self.columns.values(), *self.constants}
        columns = {c: f for c, f in saved.columns.items() if f not in mine and c not in self.columns}
        constants = {field: value for field, value in saved.constants.items() if field not in mine}
        return FieldMap({**columns, **self.columns}, {**constants, **self.constants})


def _validate_field(field: str) -> str:
    if field in FIELDS or (field.startswith(ATTRIBUTE) and field != ATTRIBUTE):
        return field
    raise ConfigurationError(
        f"there is no field {field!r}{suggest_nearest(field, FIELDS)} (a free attribute is {ATTRIBUTE}NAME)"
    )


def _split_pair(text: str, parts: tuple[str, str, str], form: str) -> tuple[str, str]:
    left, equals, right = parts
    if not (left and equals and right):
        raise ConfigurationError(f"{text!r} is not of the form {form}")
    return left, right


def _collect_unique(pairs: Iterable[tuple[str, str]], kind: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for left, right in pairs:
        if found.setdefault(left, right) != right:
            raise ConfigurationError(f"the {kind} {left!r} is given twice: {found[left]!r} and {right!r}")
    return found


def _iterate_leaves(path: str, table: object) -> Iterator[tuple[str, str]]:
    """Names and texts of a table; `attributes.site = ...` without quotes is a table within it."""
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path} must be a table of texts")
    for name, value in table.items():
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}.{inner}", text) for inner, text in _iterate_leaves(f"{path}.{name}", value))
        else:
            raise ConfigurationError(f"{path}.{name} must be text in quotes; got {value!r}")
