"""Carry out the planned rows of a job: intent, request, outcome; with a few calls in flight, in memory that does not grow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing

from ...core.errors import AlloyAsyncError
from ...core.events import LimitEvent, RetryEvent
from ...directory import Outcome, UserRecord
from ...directory.error_policy import refuses_batch, send_in_halves
from ..async_helpers import task_group
from ..errors import SourceError
from ..events import DoubtsFound, Progress, Stopped, Waiting
from ..job_context import JobContext
from ..planning.user_lookup import UserLookup
from ..store.header import Phase
from ..store.rows import JobRow, RowResult
from .crash_points import crash_hook
from .doubts import DoubtReconciler
from .failure_guard import FailureGuard
from .outcome_decision import OutcomeDecider
from .recorder import ProgressRecorder
from .row_batches import group_for_calls

_CALLS_AHEAD = 4
"""Calls of single rows whose intents share a transaction, for each call in flight: a durable one takes as long as a call."""


class Engine:
    """One run over the rows of one phase of a job.

    Args:
        context: the job.
        phase: whose rows.
    """

    def __init__(self, context: JobContext, phase: Phase) -> None:
        run, can = context.run, context.target.capabilities
        self.guard: FailureGuard = FailureGuard(self._report_stop)
        self.recorder: ProgressRecorder = ProgressRecorder(context.writer, phase)
        self._context = context
        self._phase: Phase = phase
        self._target = context.target.with_retry_hook(self._on_retry, self._on_limit)
        self._can = can
        self._decider = OutcomeDecider(can, context.comparer, sends_again=run.sends_again)
        self._lookup = UserLookup(self._target, context.comparer)
        self._doubts = DoubtReconciler(context, phase, self._target, self.recorder, self.guard)
        self._slots = asyncio.Semaphore(run.concurrency)
        self._most_ahead = _CALLS_AHEAD * run.concurrency
        self._emit = run.on_event
        self._reach = crash_hook.get()

    async def run(self, parts: AsyncIterator[list[JobRow]]) -> None:
        """Carry out every row; those left when the run gives up stay planned.

        Raises:
            SourceError: the source cannot be read; nothing was sent.
            JobError: the job cannot be written; nothing more was sent.
        """
        async with task_group() as group:
            try:
                async for part in parts:
                    for window in self._gather_windows(part):
                        if not await self._send_window(window, group):
                            return
            except (SourceError, OSError) as error:
                if self.guard.contact != "answered":
                    raise
                await self.guard.give_up(f"the rest could not be read: {error}")

    def _gather_windows(self, part: Sequence[JobRow]) -> Iterator[list[list[JobRow]]]:
        """Gather the calls whose intents are written together: a batch is one, and single rows share one, a few calls ahead.

        What is intended and not sent when the process dies is in doubt, so only rows go ahead that a question clears up: not
        creations that could double a user, and not the steps of leaving, whose order hangs on what was begun.
        """
        ahead: list[list[JobRow]] = []
        for unit in group_for_calls(part, self._can.batch_size):
            if len(unit) > 1 or not self._may_go_at_once(unit[0]):
                if ahead:
                    yield ahead
                    ahead = []
                yield [unit]
                continue
            ahead.append(unit)
            if len(ahead) >= self._most_ahead or self.guard.contact != "answered":
                yield ahead
                ahead = []
        if ahead:
            yield ahead

    def _may_go_at_once(self, row: JobRow) -> bool:
        if row.action == "create":
            return self._can.key_is_unique or self._context.run.sends_again
        return row.action != "offboard"

    async def _send_window(self, window: Sequence[list[JobRow]], group: asyncio.TaskGroup) -> bool:
        """Begin the calls of a window as others end; False when the run has given up, and what is left of it is planned."""
        for place, unit in enumerate(window):
            # The slot comes before the questions below: while a call waits for one, the run may be stopped or give up.
            await self._slots.acquire()
            if self._context.run.stop.is_set():
                await self.guard.give_up("interrupted")
            if self.guard.stopped:
                self._slots.release()
                if unsent := [row for rest in window[place:] for row in rest if row.state == "intended"]:
                    await self._record([row.mark_unsent() for row in unsent])
                return False
            # Before the first call of the window begins: a request that left without an intent on disk would be forgotten by a
            # crash, and sent again.
            if len(window) > 1 and place == 0:
                await self._record_intents([row for one in window for row in one])
            sending = group.create_task(self._carry_out(unit))
            if self.guard.contact != "answered":  # one call shows whether address and credential work
                await sending
        return True

    async def reconcile_doubts(self) -> None:
        """Ask for every row that an earlier run left in doubt what the system holds: it is done, or planned again.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        if self.recorder.in_doubt:
            self._emit(DoubtsFound(self.recorder.in_doubt))
            await self._doubts.reconcile_earlier()
            await (
                self.recorder.recount()
            )  # only now: reconciling has made rows in doubt done, or planned again

    async def _carry_out(self, unit: Sequence[JobRow]) -> None:
        try:
            if unit[0].action == "create" or await self._is_as_planned(unit):
                if unit[0].action == "offboard":
                    await self._offboard(unit)
                else:
                    await self._send(unit)
        finally:
            self._slots.release()
        if not self.guard.never_began:
            counts = self.recorder.counts
            self._emit(Progress(counts, counts.rows))

    async def _is_as_planned(self, unit: Sequence[JobRow]) -> bool:
        """Tell whether the system still holds what the plan saw of a user; if not, its rows get their outcome."""
        first = unit[0]
        begun = first.action == "offboard" and (first.attempts or first.step != self._can.offboarding[0])
        if begun or not self._lookup.finds:
            return True
        try:
            there = await self._lookup.find(first.id_or_key)
        except AlloyAsyncError as error:
            await self.guard.note_failure(error)
            if not self.guard.nothing_was_sent:
                await self._record([row.mark_failed(str(error)) for row in unit])
            elif first.state == "intended":
                await self._record([row.mark_unsent() for row in unit])
            return False
        self.guard.note_answer()
        drift = self._decider.find_drift(first, there)
        if drift is None:
            return True
        await self._record([drift._replace(number=row.number) for row in unit])
        return False

    async def _offboard(self, steps: Sequence[JobRow]) -> None:
        """Take the steps of one user in their order, as far as they succeed."""
        for place, row in enumerate(steps):
            result = next(iter(await self._send([row])), None)
            if result is not None and result.outcome == "invalid":
                reason = f"the step before it was refused ({row.step})"
                await self._record([later.mark_settled("invalid", reason) for later in steps[place + 1 :]])
            if result is None or result.outcome != "done":
                return

    async def _send(self, rows: Sequence[JobRow]) -> list[RowResult]:
        """Send rows of one kind until each has its outcome; the results.

        A batch that is refused as a whole is halved until the bad rows are found; rows whose answer was lost are looked up,
        and sent again when they are not in.
        """
        done: list[RowResult] = []
        due = list(rows)
        while due and not self.guard.stopped:
            # The intent first, durably, then the request: after a crash in between a row is in doubt, never sent unseen.
            if due[0].state == "planned":
                await self._record_intents(due)
            concluded, again = 0, []
            async with aclosing(send_in_halves(due, self._collect_outcomes)) as parts:
                async for part, outcomes in parts:
                    if not outcomes:
                        break  # surely none of them was sent, and none will be now
                    settled, absent = await self._record_outcomes(part, outcomes)
                    done += settled
                    again += absent
                    concluded += len(part)
                    if self.guard.stopped:
                        break
            # Parts come in the order of the rows, so whatever is behind the concluded ones never left.
            if unsent := due[concluded:]:
                await self._record([row.mark_unsent() for row in unsent])
            due = again
        return done

    async def _record_intents(self, rows: Sequence[JobRow]) -> None:
        """Write the intent down, durably: only what comes after may leave this process."""
        self._reach("before intent")
        intents = [row.mark_intended() for row in rows]
        await self._context.writer.call(
            self._context.store.record_intents, self._phase, intents, durable=True
        )
        for row in rows:
            row.state = "intended"  # only once it is written: a row that says so here must say so on disk
        self._reach("after intent")

    async def _collect_outcomes(self, rows: Sequence[JobRow]) -> Sequence[Outcome] | None:
        """Give the outcomes of one call; None when it was refused as a whole, for some row in it."""
        began = time.perf_counter()
        try:
            outcomes = await self._send_request(rows)
        except AlloyAsyncError as error:
            if error.effect != "none":
                return [Outcome(row.key, "unknown", str(error)) for row in rows]
            refused = refuses_batch(error)
            # Before the guard is asked below: this failure may be the one that ends the run.
            await self.guard.note_failure(error, tolerated=refused)
            if self.guard.nothing_was_sent:
                return ()
            if refused and len(rows) > 1 and not self.guard.stopped:
                return None
            return [Outcome(row.key, "invalid" if refused else "failed", str(error)) for row in rows]
        self._reach("after answer")
        self.recorder.stats.add_call(time.perf_counter() - began)
        if any(outcome.status != "unknown" for outcome in outcomes):
            self.guard.note_answer()
        else:
            await self.guard.note_lost_answer(outcomes[0].reason)
        return outcomes

    async def _send_request(self, rows: Sequence[JobRow]) -> Sequence[Outcome]:
        self._context.store.check_worker()  # between the intent and here this process may have been stopped for long
        target, first = self._target, rows[0]
        if first.action == "create":
            return await target.create(_records_of(rows))
        if first.action == "update":
            return await target.update(_records_of(rows))
        keys = [row.id_or_key for row in rows]
        if first.step is None:
            return await target.delete(keys)
        return await target.offboard(first.step, keys)

    async def _record_outcomes(
        self, rows: Sequence[JobRow], outcomes: Sequence[Outcome]
    ) -> tuple[list[RowResult], list[JobRow]]:
        """Record what came of a call; the results, and the rows to be sent again."""
        results: list[RowResult] = []
        lost: list[JobRow] = []
        suspects: list[JobRow] = []  # perhaps our own, of a request whose answer was lost
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.status == "unknown":
                lost.append(row)
                results.append(row.mark_lost(outcome.reason))
            elif outcome.status == "exists" and row.attempts:
                suspects.append(row)
            elif outcome.status == "exists":
                results.append(self._decider.decide_existing(row, None, outcome.remote_id))
            elif outcome.status == "failed":
                results.append(row.mark_failed(outcome.reason, outcome.remote_id))
            else:
                results.append(row.mark_settled(outcome.status, outcome.reason, outcome.remote_id))
        # Written down before the system is asked: where the question fails, or the process ends, the rows stay in doubt.
        await self._record(results)
        again = await self._doubts.reconcile_lost(lost, suspects) if lost or suspects else []
        return [result for result in results if result.outcome is not None], again

    async def _record(self, results: Sequence[RowResult]) -> None:
        await self.recorder.record(results)
        self._reach("after outcome")

    async def _report_stop(self, reason: str) -> None:
        self._emit(Stopped(reason))
        await self._context.writer.call(self._context.store.add_note, "stopped", reason)

    def _on_limit(self, event: LimitEvent) -> None:
        self.recorder.stats.add_refusal()

    def _on_retry(self, event: RetryEvent) -> None:
        self.recorder.stats.add_retry(event)
        self._emit(Waiting(event.operation, str(event.error), event.wait))


def _records_of(rows: Sequence[JobRow]) -> list[UserRecord]:
    return [row.record for row in rows if row.record is not None]
