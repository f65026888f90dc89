"""What is written down before rows are sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...store.rows import JobRow, RowResult


def create_intents(rows: Sequence[JobRow]) -> Iterator[RowResult]:
    """Create the intents of rows: one for neighbours that are in the same state."""
    first, count = rows[0], 0
    for row in rows:
        if row.number != first.number + count or row.state != first.state:
            yield first.create_intent()._replace(rows=count)
            first, count = row, 0
        count += 1
    yield first.create_intent()._replace(rows=count)
