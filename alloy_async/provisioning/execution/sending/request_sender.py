"""Make one call of a directory, and give what came of it, for those who go on with its rows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ....core.errors import AlloyAsyncError
from ....directory import BatchOutcome, Directory, Outcome
from ....directory.adapter import Adapter
from ....directory.call_withdrawal import CallWithdrawn, WithdrawableCall
from ....directory.error_policy import refuses_batch
from ...events import INTERRUPTED
from ...job_context import JobContext
from ...store.rows import JobRow
from ..crash_points import crash_hook
from ..failure_guard import FailureGuard
from ..recorder import ProgressRecorder

Outcomes = TypeVar("Outcomes", Sequence[Outcome], BatchOutcome)


class RequestSender:
    """Makes the changing calls of one run, one at a time for each who asks.

    Args:
        context: the job.
        target: the directory, watched.
        recorder: of the run.
        guard: of the run.
    """

    def __init__(
        self, context: JobContext, target: Directory, recorder: ProgressRecorder, guard: FailureGuard
    ) -> None:
        self._context = context
        self._target = target
        self._recorder = recorder
        self._guard = guard
        # Of any other directory nobody knows what has left: what it has begun runs to its end.
        self._is_followed = isinstance(target, Adapter)
        self._under_way: set[WithdrawableCall] = set()
        self._reach = crash_hook.get()

    def create_withdrawable_call(self, *, asks: bool = False) -> WithdrawableCall:
        """Create what follows one call, and can be withdrawn by `withdraw_unsent`; one that only asks can be at any time."""
        return WithdrawableCall(is_followed=asks or self._is_followed, under_way=self._under_way)

    def withdraw_unsent(self) -> None:
        """Give up what is under way and has not left yet, since somebody asked to stop; may be called again and again."""
        for work in self._under_way:
            work.withdraw()

    def send_rows(self, rows: Sequence[JobRow]) -> Awaitable[Sequence[Outcome]]:
        """Send rows of one kind in one call."""
        target, first = self._target, rows[0]
        if first.action in ("create", "update"):
            records = [row.record for row in rows if row.record is not None]
            return target.create(records) if first.action == "create" else target.update(records)
        keys = [row.id_or_key for row in rows]
        if first.step is None:
            return target.delete(keys)
        return target.offboard(first.step, keys)

    async def call_and_collect(
        self, size: int, send: Callable[[], Awaitable[Outcomes]], work: WithdrawableCall
    ) -> Outcomes | BatchOutcome | tuple[()] | None:
        """Make one call, and give what came of it.

        Args:
            size: how many users it is about.
            send: makes it.
            work: follows it.

        Returns:
            What it answered; else what is the same of all; nothing where surely it was not made and will not be; None when it
            was refused as a whole, for one of several users in it.
        """
        stop = self._context.run.stop
        if stop.is_set():
            await self._guard.stop_sending(INTERRUPTED)
            return ()
        self._context.store.check_worker()  # between the intent and here this process may have been stopped for long
        began = time.perf_counter()
        try:
            answer = await work.run(send)
        except CallWithdrawn:
            await self._guard.stop_sending(INTERRUPTED)
            return ()
        except AlloyAsyncError as error:
            return await self._convert_error_to_outcomes(error, size)
        self._reach("after answer")
        self._recorder.stats.add_call(time.perf_counter() - began)
        if not isinstance(answer, BatchOutcome) and len(answer) != size:
            lost = (
                f"{self._target.name} gave {len(answer)} outcomes for {size} users"  # whose, nobody can tell
            )
            await self._guard.note_lost_answer(lost)
            return BatchOutcome("unknown", lost)
        usual = answer if isinstance(answer, BatchOutcome) else answer[0]
        if usual.status == "unknown" or stop.is_set():
            await self._tell_guard(answer)
        else:
            self._guard.note_answer()
        return answer

    async def _convert_error_to_outcomes(
        self, error: AlloyAsyncError, size: int
    ) -> BatchOutcome | tuple[()] | None:
        """Give what a call came to that raised; see `call_and_collect`."""
        if error.effect != "none":
            return BatchOutcome("unknown", str(error))
        refused = refuses_batch(error)
        # Before the guard is asked below: this failure may be the one that ends the run.
        await self._guard.note_failure(error, tolerated=refused)
        if self._guard.is_next_still_unsent:
            return ()
        if refused and size > 1 and not self._guard.stopped:
            return None
        return BatchOutcome("invalid" if refused else "failed", str(error))

    async def _tell_guard(self, answer: Sequence[Outcome] | BatchOutcome) -> None:
        """Take note of whether the system answered for any user."""
        if isinstance(answer, BatchOutcome):
            usual = Outcome("", answer.status, answer.reason)
            answer = [usual, *answer.exceptions.values()]
        stops = self._context.run.stop.is_set()
        if stops and any(outcome.status == "withdrawn" for outcome in answer):
            await self._guard.stop_sending(INTERRUPTED)
        elif any(outcome.status != "unknown" for outcome in answer):
            self._guard.note_answer()
        else:
            await self._guard.note_lost_answer(answer[0].reason)
