"""Plan the creation of many users at once, from a block of rows as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from ...directory.record_columns import RecordColumns
from ..checks.row_checks import CheckedRow
from ..store.planned_batches import PlannedBatch, pack_columns, pack_rows
from ..store.row_events import MOST
from .comparison import DIGEST_SIZE, UserComparer
from .row_actions import refuse_row


class ColumnPlanner:
    """Plans blocks of rows that nobody looks up: each row creates a user, but those that are refused.

    What it makes is to the byte what `pack_rows` makes of the same rows, planned one by one.

    Args:
        comparer: how users are compared.
    """

    def __init__(self, comparer: UserComparer) -> None:
        self._comparer = comparer

    def plan_block(
        self,
        first: int,
        lines: Sequence[int],
        users: RecordColumns,
        folded: Sequence[str],
        refused: Mapping[int, CheckedRow],
    ) -> Iterator[PlannedBatch]:
        """Plan the rows of a block.

        Args:
            first: the number of the first row; each takes one.
            lines: on which each row starts.
            users: whom the rows make.
            folded: the keys of these, folded.
            refused: by their places in the block, the rows that are not sent.
        """
        keys = users.get(self._comparer.can.key)
        digests = self._comparer.digest_columns(users, folded)

        def pack_creations(begin: int, end: int) -> Iterator[PlannedBatch]:
            for start in range(begin, end, MOST):
                part = slice(start, min(start + MOST, end))
                hashes = digests[part.start * DIGEST_SIZE : part.stop * DIGEST_SIZE]
                # The keys of rows that are not refused are printable, so none of them holds what parts them in a batch.
                yield pack_columns(first + start, "create", lines[part], keys[part], digests=hashes)

        begin = 0
        for neighbours in _group_neighbours(sorted(refused)):
            yield from pack_creations(begin, neighbours[0])
            yield from pack_rows(refuse_row(refused[place], refused[place].errors) for place in neighbours)
            begin = neighbours[-1] + 1
        yield from pack_creations(begin, users.rows)


def _group_neighbours(places: Sequence[int]) -> Iterator[list[int]]:
    for _, group in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        yield [place for _, place in group]
