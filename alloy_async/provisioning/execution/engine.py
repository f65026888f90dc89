"""Carry out the planned rows of a job, with a few calls in flight, in memory that does not grow."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence

from ...core.hook_events import RateLimitedEvent, RetryEvent
from ...directory.interface import get_directory_if_it_encodes
from ..async_helpers import open_task_group
from ..database_outages import end_run_where_check_fails
from ..errors import SourceError
from ..events import INTERRUPTED, DoubtsFound, Progress, Stopped, Waiting
from ..job_context import JobContext
from ..store.rows import JobRow
from .doubts import DoubtReconciler
from .failure_guard import FailureGuard
from .outcome_from_lookup import LookupDecider
from .recorder import ProgressRecorder
from .row_batches import CreationBatch, Part, group_for_calls
from .sending.batch_sender import BatchSender
from .sending.intents import IntentRecorder
from .sending.request_sender import RequestSender
from .sending.row_executor import RowExecutor

_FIRST_AHEAD = 4
"""Single rows, for each call in flight, whose intents share a transaction at first: a durable one takes as long as a call."""
_MOST_AHEAD = 1000
"""Single rows whose intents share a transaction at most, where the system is so quick that these go in a moment. After a crash,
each of them takes a question; those go as quickly."""
_SECONDS_AHEAD = 0.25
"""Seconds in which the rows of one transaction should be sent: so far ahead they go where the system is quick."""
_SECONDS_PENDING = 0.1
"""Seconds that an outcome waits at most for others to be written with it. A crash before it is written leaves its row in
doubt, as it does every row that was intended ahead."""


class Engine:
    """One run over the rows of a job, in the phase that the job is in.

    Args:
        context: the job.
    """

    def __init__(self, context: JobContext) -> None:
        self.guard: FailureGuard = FailureGuard(self._report_stop)
        self.recorder: ProgressRecorder = ProgressRecorder(context.writer)
        self._context = context
        target = context.target.with_retry_hook(self._report_retry, self._note_rate_limit_refusal)
        self._batch_size = target.capabilities.batch_size
        decider = LookupDecider(target.capabilities, context.comparer, sends_again=context.run.sends_again)
        self._doubts = DoubtReconciler(context, target, self.recorder, self.guard, decider)
        self._requests = RequestSender(context, target, self.recorder, self.guard)
        self._intents = IntentRecorder(context, self.recorder)
        self._calls = RowExecutor(
            context, target, self._requests, self._intents, self.recorder, self.guard, self._doubts, decider
        )
        encoder = get_directory_if_it_encodes(target)
        self._batches = (
            None
            if encoder is None
            else BatchSender(encoder, self._requests, self._intents, self.recorder, self._calls)
        )
        self._emit = context.run.on_event
        self._ahead = _FIRST_AHEAD * context.run.concurrency
        self._due: deque[Part] = deque()
        self._enough = 0
        self._lanes = 0
        self._changed = asyncio.Event()

    async def run(self, parts: AsyncIterator[Part]) -> None:
        """Carry out every row; those left when the run gives up stay planned.

        Raises:
            SourceError: the source cannot be read; nothing was sent.
            JobError: the job cannot be written; nothing more was sent.
        """
        try:
            # Its calls may wait long for a limit, and are made again: each attempt is checked, not the first only.
            with end_run_where_check_fails(self._context.store.check_worker):
                await self._run_all(parts)
        except asyncio.CancelledError:
            # Cut off, as by a second Ctrl-C: there is time to write down what is known, and in doubt is only what has left.
            await asyncio.shield(self._withdraw_unsent())
            raise

    async def _run_all(self, parts: AsyncIterator[Part]) -> None:
        async with open_task_group() as group:
            writing = group.create_task(self._write_regularly())
            try:
                async for part in parts:
                    for window in self._group_by_shared_intents(part):
                        await self._hand_window_out(window, group)
                    if self.guard.stopped:
                        break
            except (SourceError, OSError) as error:
                if self.guard.contact != "answered":
                    raise
                await self.guard.stop_sending(f"the rest could not be read: {error}")
            while self._lanes:
                await self._wait_for_change()
            writing.cancel()
            await self._write_pending()
        await self._withdraw_unsent()

    def _group_by_shared_intents(self, part: Part) -> Iterator[Sequence[Part]]:
        """Gather the calls whose intents are written together: a batch is one, and single rows share one, a few calls ahead.

        What is intended and not sent when the process dies is in doubt, so only rows go ahead that a question clears up.
        """
        if isinstance(part, CreationBatch):
            yield [part]
            return
        ahead: list[list[JobRow]] = []
        for unit in group_for_calls(part, self._batch_size):
            if self.guard.stopped:
                return
            if len(unit) > 1 or not self._calls.can_lookup_clear_doubt(unit[0]):
                if ahead:
                    yield ahead
                    ahead = []
                yield [unit]
                continue
            ahead.append(unit)
            if len(ahead) >= self._ahead or self.guard.contact != "answered":
                yield ahead
                ahead = []
        if ahead:
            yield ahead

    async def _hand_window_out(self, window: Sequence[Part], group: asyncio.TaskGroup) -> None:
        """Hand the calls of a window to the lanes, and wait until so few are left that the next one may come."""
        began = time.perf_counter()
        # Before the first call of the window begins: a request that left without an intent on disk would be forgotten by a
        # crash, and sent again.
        if len(window) > 1:
            await self._intents.record_row_intents(
                [row for unit in window if isinstance(unit, list) for row in unit]
            )
        self._due += window
        self._enough = len(window) // 2
        while self.guard.contact != "answered" and await self._carry_out_next():
            pass  # one call shows whether address and credential work
        for _ in range(min(self._context.run.concurrency - self._lanes, len(self._due))):
            self._lanes += 1
            group.create_task(self._run_lane())
        while len(self._due) > self._enough and self._lanes:
            await self._wait_for_change()
        if len(window) >= self._ahead:
            self._adapt_window(time.perf_counter() - began)

    def _adapt_window(self, seconds: float) -> None:
        if seconds < _SECONDS_AHEAD:
            self._ahead = min(2 * self._ahead, _MOST_AHEAD)
        elif seconds > 4 * _SECONDS_AHEAD:
            self._ahead = max(self._ahead // 2, self._context.run.concurrency)

    async def _run_lane(self) -> None:
        """Carry out one call after the other, as long as there are any."""
        try:
            while await self._carry_out_next():
                pass
        finally:
            self._lanes -= 1
            self._changed.set()

    async def _carry_out_next(self) -> bool:
        """Carry out the next call; False where there is none, or the run has given up."""
        if not self._due:
            return False
        if self._context.run.stop.is_set():
            await self.guard.stop_sending(INTERRUPTED)
        if self.guard.stopped:
            return False
        unit = self._due.popleft()
        if len(self._due) <= self._enough:
            self._changed.set()
        if isinstance(unit, CreationBatch):
            assert self._batches is not None  # only for a directory that encodes them there are such
            await self._batches.carry_out_batch(unit)
        else:
            await self._calls.carry_out_unit(unit)
        if self.recorder.is_full:
            await self._write_pending()
        elif not self.recorder.pending:
            self._report_progress()
        return True

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _write_regularly(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS_PENDING)
            if self._context.run.stop.is_set():
                self._requests.withdraw_unsent()
            await self._write_pending()

    async def _withdraw_unsent(self) -> None:
        """Write down what waits for it, and that the rows that were intended and have not left never did."""
        if (unsent := self._intents.withdraw_unsent_rows()) or self.recorder.pending:
            await self.recorder.record_results(unsent)

    async def _write_pending(self) -> None:
        """Write the outcomes that wait for others."""
        if self.recorder.pending:
            await self.recorder.record_results(())
            self._report_progress()

    def _report_progress(self) -> None:
        if not self.guard.never_began:
            counts = self.recorder.counts
            self._emit(Progress(counts, counts.rows))

    async def reconcile_doubts(self) -> None:
        """Ask for every row that an earlier run left in doubt what the system holds: it is done, or planned again.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        if self.recorder.in_doubt:
            self._emit(DoubtsFound(self.recorder.in_doubt))
            await self._doubts.reconcile_earlier_runs()
            # Only now: reconciling has made rows in doubt done, or planned again.
            await self.recorder.recount()

    async def _report_stop(self, reason: str) -> None:
        self._emit(Stopped(reason))
        await self._context.writer.call(self._context.store.add_note, "stopped", reason)

    def _note_rate_limit_refusal(self, event: RateLimitedEvent) -> None:
        self.recorder.stats.add_refusal()

    def _report_retry(self, event: RetryEvent) -> None:
        self.recorder.stats.add_retry(event)
        self._emit(Waiting(event.operation, str(event.error), event.wait))
