"""Many users as columns, one for each field: what is the same work for all of them is done once for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from .record import UserRecord

_EMPTY: Mapping[str, Any] = {"username": "", "groups": (), "roles": ()}
"""What a record holds where nothing fills a field; None in the others."""


@attrs.frozen(eq=False)
class RecordColumns:
    """Users, in an order.

    Args:
        rows: how many.
        values: field of `UserRecord` -> its value of each user, as a record holds it; but a text that is empty may be "" where
            a record holds None. Fields that nothing fills are left out.
        attributes: name of a free attribute -> its value of each user.
    """

    rows: int
    values: Mapping[str, Sequence[Any]] = attrs.field(repr=lambda columns: repr(sorted(columns)))
    attributes: Mapping[str, Sequence[Any]] = attrs.field(
        factory=dict, repr=lambda columns: repr(sorted(columns))
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
            {field: [value for part in parts for value in part.get(field)] for field in fields},
            {name: [value for part in parts for value in part._get_attribute(name)] for name in names},
        )

    def get(self, field: str) -> Sequence[Any]:
        """Get the column of a field, also of one that nothing fills."""
        column = self.values.get(field)
        return [_EMPTY.get(field)] * self.rows if column is None else column

    def _get_attribute(self, name: str) -> Sequence[Any]:
        column = self.attributes.get(name)
        return [None] * self.rows if column is None else column

    def cut(self, start: int, stop: int) -> RecordColumns:
        """Cut out the users from one place to before another, counted from 0."""
        if start <= 0 and stop >= self.rows:
            return self
        start, stop = max(start, 0), min(stop, self.rows)
        return RecordColumns(
            stop - start,
            {field: column[start:stop] for field, column in self.values.items()},
            {name: column[start:stop] for name, column in self.attributes.items()},
        )

    def create_record(self, place: int) -> UserRecord:
        """Create the record of one user."""
        held = ((field, column[place]) for field, column in self.values.items())
        values: dict[str, Any] = {field: _EMPTY.get(field) if value == "" else value for field, value in held}
        free = {name: column[place] for name, column in self.attributes.items()}
        return UserRecord(**{"username": "", **values, "attributes": free})

    def iterate_records(self) -> Iterator[UserRecord]:
        """Create the record of each user."""
        return map(self.create_record, range(self.rows))
