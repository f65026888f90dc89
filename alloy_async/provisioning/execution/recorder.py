"""What has become of the lines of a table: written down, counted, and timed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter

from ..events import Counts
from ..store import rows
from ..store.metrics import Pulse, write
from ..store.rows import Result
from ..store.schema import RowOutcome, RowState, Table
from ..store.writer import Journal

_outcome_of: Callable[[Result], str] = attrgetter("outcome")
_UNDONE: dict[RowOutcome | None, RowOutcome] = {
    "created": "restored", "updated": "restored", "exists": "kept", "drifted": "kept",
}  # fmt: skip
"""What the outcomes are called when they come from undoing."""


class Score:
    """The score of one run.

    Args:
        journal: the job.
        table: `rows`, or `undo`.
    """

    def __init__(self, journal: Journal, table: Table) -> None:
        self.pulse = Pulse()
        self._journal = journal
        self._table: Table = table
        self._tally: Counter[str] = Counter()

    @property
    def counts(self) -> Counts:
        """Lines of the whole job by outcome."""
        return Counts.of(self._tally)

    async def count(self) -> None:
        """Count the lines as the job file has them."""
        self._tally = await self._journal.do(rows.tally, self._table)

    async def record(self, results: Sequence[Result], doubts: Sequence[Result] = ()) -> None:
        """Write down outcomes, and doubts with their reasons."""
        named, seconds = self._named(results), self.pulse.take()
        self.pulse.settled(len(named))

        def work(database: sqlite3.Connection) -> None:
            rows.settle(database, self._table, named)
            rows.settle(database, self._table, doubts, "doubt")
            write(database, seconds)

        await self._journal.do(work)
        self._tally.update(map(_outcome_of, named))
        self._tally["planned"] -= len(named)

    async def settle(self, results: Sequence[Result], otherwise: RowState) -> None:
        """Write down what was found out of lines in doubt; those without an outcome get the state `otherwise`."""
        await self._journal.do(rows.settle, self._table, self._named(results), otherwise)

    async def finish(self) -> None:
        """Write down the last second, and count once more."""
        await self._journal.do(write, self.pulse.take(last=True))
        await self.count()

    def _named(self, results: Sequence[Result]) -> Sequence[Result]:
        if self._table == "rows":
            return results
        return [result._replace(outcome=_UNDONE.get(result.outcome, result.outcome)) for result in results]
