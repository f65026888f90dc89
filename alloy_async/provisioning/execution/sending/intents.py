"""What is written down before rows are sent, and which of those rows surely have not left yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ....directory import RecordColumns
from ...events import Sending
from ...job_context import JobContext
from ...store.rows import JobRow, RowResult, RowStretch, create_intents
from ..crash_points import crash_hook
from ..recorder import ProgressRecorder
from ..row_batches import attach_records


class IntentRecorder:
    """Writes down that rows of one run are about to be sent.

    Args:
        context: the job.
        recorder: of the run.
    """

    def __init__(self, context: JobContext, recorder: ProgressRecorder) -> None:
        self._context = context
        self._recorder = recorder
        self._unsent: dict[int, int] = {}
        """Rows that are intended and no request for which can have left: the first of neighbours, and how many they are."""
        self._has_begun = False
        self._reach = crash_hook.get()

    async def record_row_intents(self, rows: Sequence[JobRow]) -> None:
        """Write down that rows are about to be sent, and have them say so."""
        await self._write_intents([*create_intents(rows)], {row.number: 1 for row in rows})
        for row in rows:
            row.state = "intended"  # only once it is written: a row that says so here must say so on disk

    async def record_stretch_intents(self, stretches: Sequence[RowStretch]) -> None:
        """Write down that stretches of planned rows are about to be sent together."""
        intents = [RowResult(one.first, one.state, "intend", rows=one.rows) for one in stretches]
        await self._write_intents(intents, {one.first: one.rows for one in stretches})

    async def _write_intents(self, intents: Sequence[RowResult], unsent: Mapping[int, int]) -> None:
        """Write intents down, durably: only what comes after may leave this process."""
        if not self._has_begun:
            # Told before they are on disk: whoever cuts the job off then must know of doubts.
            self._has_begun = True
            self._context.run.on_event(Sending(self._recorder.counts))
        self._reach("before intent")
        # Before it is awaited: a run that is cut off meanwhile has them written all the same.
        self._unsent |= unsent
        store = self._context.store
        await self._context.writer.call(store.record_intents, self._recorder.phase, intents, durable=True)
        self._reach("after intent")

    def drop_from_unsent(self, numbers: Iterable[int]) -> None:
        """Take note that requests for rows, or for the stretches that begin with them, may have left, or never will."""
        for number in numbers:
            self._unsent.pop(number, None)

    def split_stretches_into_rows(
        self, stretches: Sequence[RowStretch], users: RecordColumns, *, are_sent: bool
    ) -> list[JobRow]:
        """Make single rows of stretches that were intended together."""
        rows = [*attach_records(stretches, users)]
        self.drop_from_unsent(one.first for one in stretches)
        for row in rows:
            row.state = "intended"
            if not are_sent:
                self._unsent[row.number] = 1
        return rows

    def withdraw_unsent_rows(self) -> list[RowResult]:
        """Take the results of all rows that are intended and surely have not left: they are withdrawn."""
        unsent, self._unsent = self._unsent, {}
        return [
            RowResult(number, "intended", "withdraw", rows=rows) for number, rows in sorted(unsent.items())
        ]
