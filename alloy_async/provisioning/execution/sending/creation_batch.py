"""Users whom one call creates, as columns, ready to be sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ....directory import RecordColumns
from ...store.row_stretch import RowStretch
from ...store.rows import JobRow


@attrs.frozen(eq=False)
class CreationBatch:
    """Users whom one call creates, none of whom was sent before.

    Args:
        stretches: their planned rows.
        body: what is sent of them, as the directory encoded it.
    """

    stretches: Sequence[RowStretch]
    body: bytes = attrs.field(repr=False)

    @property
    def keys(self) -> Sequence[str]:
        """The natural key of each."""
        if len(self.stretches) == 1:
            return self.stretches[0].keys
        return [key for stretch in self.stretches for key in stretch.keys]


def give_records(stretches: Sequence[RowStretch], users: RecordColumns) -> Iterator[JobRow]:
    """Give the rows of stretches, each with the record of its user."""
    rows = (row for stretch in stretches for row in stretch.iterate_rows())
    for row, record in zip(rows, users.iterate_records(), strict=True):
        row.record = record
        yield row
