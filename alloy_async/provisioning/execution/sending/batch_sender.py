"""Create users many at a time: one body, one intent and one outcome for a batch; single rows only where they differ from it."""

from __future__ import annotations

from collections.abc import Iterator

from ....directory import BatchOutcome, EncodingDirectory, Outcome
from ...store.rows import RowResult, RowStretch
from ..row_batches import CreationBatch, give_records
from .call_sender import CallSender


class BatchSender:
    """Carries out the batches of one run; what cannot be said of a batch as a whole goes on row by row.

    Args:
        target: the directory, watched.
        calls: sends single rows of the run, and writes down what happened to any.
    """

    def __init__(self, target: EncodingDirectory, calls: CallSender) -> None:
        self._target = target
        self._calls = calls

    async def carry_out(self, batch: CreationBatch) -> None:
        """Send a batch until each of its rows has its outcome."""
        intents = [RowResult(one.first, one.state, "intend", rows=one.rows) for one in batch.stretches]
        await self._calls.record_intents(intents)
        keys = batch.keys
        answer = await self._calls.collect_answer(
            len(keys), lambda: self._target.create_encoded(batch.body, keys)
        )
        if isinstance(answer, BatchOutcome) and not answer.is_lost:
            await self._calls.record([*self._decide(batch, answer)])
            return
        # Refused as a whole, lost, or not sent at all: from here on each row has a fate of its own.
        known = answer.list_outcomes(keys) if isinstance(answer, BatchOutcome) else answer
        rows = [*give_records(batch.stretches, self._target.decode_batch(batch.body))]
        for row in rows:
            row.state = "intended"
        await self._calls.send(rows, [known])

    def _decide(self, batch: CreationBatch, answer: BatchOutcome) -> Iterator[RowResult]:
        """Decide about the rows of a batch by its outcome: once for all neighbours to which the same happened."""
        usual, begin = Outcome("", answer.status, answer.reason), 0
        differing = iter(sorted(answer.exceptions))
        place = next(differing, None)
        for stretch in batch.stretches:
            start = 0
            while place is not None and place < begin + stretch.rows:
                yield from self._decide_alike(stretch, start, place - begin, usual)
                start = place - begin + 1
                yield from self._decide_alike(stretch, start - 1, start, answer.exceptions[place])
                place = next(differing, None)
            yield from self._decide_alike(stretch, start, stretch.rows, usual)
            begin += stretch.rows

    def _decide_alike(
        self, stretch: RowStretch, start: int, stop: int, outcome: Outcome
    ) -> Iterator[RowResult]:
        if start < stop:
            row = next(stretch.cut(start, start + 1).iterate_rows())
            row.state = "intended"
            yield self._calls.decide(row, outcome)._replace(rows=stop - start)
