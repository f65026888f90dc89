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
        users: what is sent of them.
        body: the same, as the directory encoded it.
    """

    stretches: Sequence[RowStretch]
    users: RecordColumns
    body: bytes = attrs.field(repr=False)

    @property
    def keys(self) -> Sequence[str]:
        """The natural key of each."""
        if len(self.stretches) == 1:
            return self.stretches[0].keys
        return [key for stretch in self.stretches for key in stretch.keys]

    def iterate_rows(self) -> Iterator[JobRow]:
        """Give each row with its record."""
        rows = (row for stretch in self.stretches for row in stretch.iterate_rows())
        for row, record in zip(rows, self.users.iterate_records(), strict=True):
            row.record = record
            yield row
