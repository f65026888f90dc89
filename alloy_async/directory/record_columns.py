"""Many users as columns, one for each field: what is the same work for all of them is done once for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import attrs

from .record import FIELDS, UserRecord
from .user_differences import UNSAID

_EMPTY: Mapping[str, Any] = {"username": "", "groups": (), "roles": ()}
"""What a record holds where nothing fills a field; None in the others."""
ABSENT: Any = object()
"""Stands in the column of a free attribute where a user does not have it."""
_UNSAID = (*UNSAID, ABSENT)
_KEPT_EMPTY = ("username", "password")
"""Texts of which a record holds the empty one as such."""


@attrs.frozen(eq=False)
class RecordColumns:
    """Users, in an order.

    Args:
        rows: how many.
        values: field of `UserRecord` -> its value of each user, as a record holds it; but a text that is empty may be "" where
            a record holds None. Fields that nothing fills are left out.
        attributes: name of a free attribute -> its value of each user; ABSENT where a user does not have it.
    """

    rows: int
    values: Mapping[str, Sequence[Any]] = attrs.field(repr=lambda columns: repr(sorted(columns)))
    attributes: Mapping[str, Sequence[Any]] = attrs.field(
        factory=dict, repr=lambda columns: repr(sorted(columns))
    )

    @classmethod
    def from_records(cls, records: Sequence[UserRecord]) -> RecordColumns:
        """Make columns of records."""
        columns = {field: [getattr(record, field) for record in records] for field in (*FIELDS, "remote_id")}
        names = {name: None for record in records for name in record.attributes}
        return cls(
            len(records),
            {field: column for field, column in columns.items() if any(column) or False in column},
            {name: [record.attributes.get(name, ABSENT) for record in records] for name in names},
        )

    @classmethod
    def join(cls, parts: Sequence[RecordColumns]) -> RecordColumns:
        """Make one of several, in their order."""
        if len(parts) == 1:
            return parts[0]
        fields = {field: None for part in parts for field in part.values}
        names = {name: None for part in parts for name in part.attributes}
        return cls(
            sum(part.rows for part in parts),
            {field: [*chain.from_iterable(part.get(field) for part in parts)] for field in fields},
            {name: [*chain.from_iterable(part._get_attribute(name) for part in parts)] for name in names},
        )

    def get(self, field: str) -> Sequence[Any]:
        """Get the column of a field, also of one that nothing fills."""
        column = self.values.get(field)
        return [_EMPTY.get(field)] * self.rows if column is None else column

    def get_comparable(self, field: str) -> Sequence[Any]:
        """Get a field of each user in the form in which users are compared: see `user_differences.create_comparable_reader`."""
        if field == "attributes":
            names = sorted(self.attributes)
            rows = zip(*[self.attributes[name] for name in names], strict=True) if names else [()] * self.rows
            return [
                tuple([(name, value) for name, value in zip(names, row, strict=True) if value not in _UNSAID])
                for row in rows
            ]
        column = self.get(field)
        if field == "full_name" and not self.values.keys().isdisjoint(("given_name", "family_name")):
            names_of_each = zip(column, self.get("given_name"), self.get("family_name"), strict=True)
            return [
                full or " ".join(filter(None, (given, family))) or None
                for full, given, family in names_of_each
            ]
        if field in ("groups", "roles"):
            return [tuple(sorted(names)) for names in column]
        return column if field == "active" else [value or None for value in column]

    def _get_attribute(self, name: str) -> Sequence[Any]:
        column = self.attributes.get(name)
        return [ABSENT] * self.rows if column is None else column

    def slice_rows(self, start: int, stop: int) -> RecordColumns:
        """Cut out the users from one place to before another, counted from 0."""
        if start <= 0 and stop >= self.rows:
            return self
        start, stop = max(start, 0), min(stop, self.rows)
        return RecordColumns(
            stop - start,
            {field: column[start:stop] for field, column in self.values.items()},
            {name: column[start:stop] for name, column in self.attributes.items()},
        )

    def iterate_records(self) -> Iterator[UserRecord]:
        """Create the record of each user."""
        columns: dict[str, Sequence[Any]] = {"username": [""] * self.rows}
        for field, column in self.values.items():
            is_kept = field in _KEPT_EMPTY or "" not in column
            columns[field] = column if is_kept else [None if value == "" else value for value in column]
        users = zip(zip(*columns.values(), strict=True), self._iterate_attributes(), strict=True)
        for values, attributes in users:
            yield UserRecord(**dict(zip(columns, values, strict=True)), attributes=attributes)

    def _iterate_attributes(self) -> Iterator[dict[str, Any]]:
        if not self.attributes:
            return ({} for _ in range(self.rows))
        rows = zip(*self.attributes.values(), strict=True)
        return (
            {name: value for name, value in zip(self.attributes, row, strict=True) if value is not ABSENT}
            for row in rows
        )
