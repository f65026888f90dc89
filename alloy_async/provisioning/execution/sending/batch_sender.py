"""Create users many at a time: one body, one intent and one outcome for a batch; single rows only where they differ from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from ....directory import BatchOutcome, EncodingDirectory, Outcome
from ...store.rows import RowResult, RowStretch
from ..recorder import ProgressRecorder
from ..row_batches import CreationBatch
from .intents import IntentRecorder
from .request_sender import RequestSender
from .row_executor import RowExecutor


class BatchSender:
    """Carries out the batches of one run; what cannot be said of a batch as a whole goes on row by row.

    Args:
        target: the directory, watched.
        requests: makes the calls of the run.
        intents: writes down what is about to be sent.
        recorder: writes down what happened to it.
        calls: sends single rows of the run.
    """

    def __init__(
        self,
        target: EncodingDirectory,
        requests: RequestSender,
        intents: IntentRecorder,
        recorder: ProgressRecorder,
        calls: RowExecutor,
    ) -> None:
        self._target = target
        self._requests = requests
        self._intents = intents
        self._recorder = recorder
        self._calls = calls

    async def carry_out_batch(self, batch: CreationBatch) -> None:
        """Send a batch until each of its rows has its outcome."""
        await self._intents.record_stretch_intents(batch.stretches)
        answer = await self._send_batch(batch)
        if isinstance(answer, BatchOutcome) and not answer.is_lost:
            await self._recorder.record_results([*self._decide_rows(batch, answer)])
            return
        # Refused as a whole, lost, or not sent at all: from here on each row has a fate of its own.
        known = answer.list_outcomes(batch.keys) if isinstance(answer, BatchOutcome) else answer
        users = self._target.decode_batch(batch.body)
        rows = self._intents.split_stretches_into_rows(batch.stretches, users, are_sent=bool(known))
        await self._calls.send_until_decided(rows, [known])

    async def _send_batch(self, batch: CreationBatch) -> BatchOutcome | tuple[()] | None:
        keys, work = batch.keys, self._requests.create_withdrawable_call()
        try:
            answer = await self._requests.call_and_collect(
                len(keys), partial(self._target.create_encoded, batch.body, keys), work
            )
        except asyncio.CancelledError:
            if work.may_have_acted:
                self._intents.drop_from_unsent(one.first for one in batch.stretches)
            raise
        if answer:
            self._intents.drop_from_unsent(one.first for one in batch.stretches)
        return answer

    def _decide_rows(self, batch: CreationBatch, answer: BatchOutcome) -> Iterator[RowResult]:
        """Decide about the rows of a batch by its outcome: once for all neighbours to which the same happened."""
        usual, begin = Outcome("", answer.status, answer.reason), 0
        differing = iter(sorted(answer.exceptions))
        place = next(differing, None)
        for stretch in batch.stretches:
            start = 0
            while place is not None and place < begin + stretch.rows:
                yield from self._decide_rows_of_one_outcome(stretch, start, place - begin, usual)
                start = place - begin + 1
                yield from self._decide_rows_of_one_outcome(
                    stretch, start - 1, start, answer.exceptions[place]
                )
                place = next(differing, None)
            yield from self._decide_rows_of_one_outcome(stretch, start, stretch.rows, usual)
            begin += stretch.rows

    def _decide_rows_of_one_outcome(
        self, stretch: RowStretch, start: int, stop: int, outcome: Outcome
    ) -> Iterator[RowResult]:
        if start < stop:
            row = next(stretch.slice_rows(start, start + 1).iterate_rows())
            row.state = "intended"
            yield self._calls.decide_by_outcome(row, outcome)._replace(rows=stop - start)
