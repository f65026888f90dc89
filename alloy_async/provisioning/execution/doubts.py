"""Rows in doubt: those whose answer was lost. The system is asked for each, and what it says is recorded a piece at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from ...core.errors import AlloyAsyncError
from ...directory import Directory
from ..async_helpers import run_or_cancel_on_stop
from ..events import INTERRUPTED, DoubtsFound
from ..job_context import JobContext
from ..planning.user_lookup import UserLookup
from ..reports.quantities import format_count_with_noun
from ..store.rows import JobRow, RowResult
from .crash_points import crash_hook
from .failure_guard import FailureGuard
from .outcome_from_lookup import LookupDecider
from .recorder import ProgressRecorder

_SENDS = 5
"""Requests for one row in one run; then it stays in doubt, for resuming."""
_ASKED_TOGETHER = 100
"""Rows that are looked up and then recorded together: however often a job is cut off, what was found out stays found out.
So few are never reason enough to list a whole tenant."""


class DoubtReconciler:
    """Reconciles the rows in doubt of one run with what the system holds.

    Args:
        context: the job.
        target: the directory, watched.
        recorder: of the run.
        guard: of the run.
        decider: of the run.
    """

    def __init__(
        self,
        context: JobContext,
        target: Directory,
        recorder: ProgressRecorder,
        guard: FailureGuard,
        decider: LookupDecider,
    ) -> None:
        self._context = context
        self._target = target
        self._recorder = recorder
        self._guard = guard
        self._decider = decider
        self._reach = crash_hook.get()

    async def reconcile_earlier_runs(self) -> None:
        """Reconcile the rows that an earlier run left in doubt, or intended; those left when the run is stopped stay so.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        after = 0
        async with UserLookup(self._target, self._context.comparer) as lookup:
            while rows := await self._context.writer.call(self._read_doubts, after):
                results = await self._decide_unless_stopped(lookup, rows, [])
                if results is None:
                    return
                after = rows[-1].number
                await self._recorder.record_results(results)
                found = f"{format_count_with_noun(len(results), 'row was', 'rows were')} in doubt: {_describe_results(results)}"
                await self._context.writer.call(self._context.store.add_note, "doubts", found)

    async def reconcile_after_call(self, lost: Sequence[JobRow], suspects: Sequence[JobRow]) -> list[JobRow]:
        """Reconcile rows of a call that was just made.

        Args:
            lost: their answer was lost, which is recorded.
            suspects: said to exist, though an earlier request for them may have made them.

        Returns:
            Those that are not in, planned again, to be sent at once; none that nobody was asked about, as the run was stopped:
            these stay in doubt.
        """
        self._context.run.on_event(DoubtsFound(len(lost) + len(suspects)))
        for row in lost:
            row.state = "doubt"
        rows, again = [*lost, *suspects], []
        reason = "the job was stopped before the system was asked whether it is in"
        async with UserLookup(self._target, self._context.comparer) as lookup:
            for start in range(0, len(rows), _ASKED_TOGETHER):
                part = rows[start : start + _ASKED_TOGETHER]
                own = max(min(len(lost) - start, len(part)), 0)
                try:
                    results = await self._decide_unless_stopped(lookup, part[:own], part[own:])
                except AlloyAsyncError as error:
                    await self._guard.note_failure(error, tolerated=True)
                    results, reason = None, f"asking whether it is in failed: {error}"
                if results is None:
                    reason = f"its answer was lost, and {reason}"
                    await self._recorder.record_results(
                        [row.create_lost_result(reason) for row in rows[start:]]
                    )
                    break
                absent = [row for row, result in zip(part, results, strict=True) if result.event == "release"]
                sendable = [row for row in absent if row.attempts + 1 < _SENDS]
                tired = {row.number for row in absent if row.attempts + 1 >= _SENDS}
                await self._recorder.record_results(
                    [result for result in results if result.number not in tired]
                )
                again += sendable
        for row in again:
            row.state = "planned"
            row.attempts += 1
        return again

    async def _decide_unless_stopped(
        self, lookup: UserLookup, lost: Sequence[JobRow], suspects: Sequence[JobRow]
    ) -> list[RowResult] | None:
        """Decide as `_decide_by_lookup` does; None where somebody asked to stop meanwhile: questions change nothing."""
        results = await run_or_cancel_on_stop(
            self._context.run.stop, self._decide_by_lookup(lookup, lost, suspects)
        )
        if results is None:
            await self._guard.stop_sending(INTERRUPTED)
        return results

    async def _decide_by_lookup(
        self, lookup: UserLookup, lost: Sequence[JobRow], suspects: Sequence[JobRow]
    ) -> list[RowResult]:
        """Find what is right for each row, by what the system holds now."""
        self._reach("before asking")
        decider, fold = self._decider, self._context.comparer.fold
        if not lookup.is_possible:
            return [decider.decide_unanswerable(row) for row in lost] + [
                row.create_settling_result("exists") for row in suspects
            ]
        there = await lookup.find_users([row.id_or_key for row in (*lost, *suspects)])
        return [decider.decide_lost(row, there.get(fold(row.id_or_key))) for row in lost] + [
            decider.decide_creation_of_existing_user(row, there.get(fold(row.id_or_key)), None)
            for row in suspects
        ]

    def _read_doubts(self, after: int) -> list[JobRow]:
        found = self._context.store.read_rows(self._recorder.phase, after, states=("intended", "doubt"))
        return list(islice(found, _ASKED_TOGETHER))


def _describe_results(results: Sequence[RowResult]) -> str:
    found = Counter(result.outcome or "sent again" for result in results)
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(found.items()))
