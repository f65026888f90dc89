"""Carry out rows: intent, request, outcome; those of one call together, until each has its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeAlias

from ....core.errors import AlloyAsyncError
from ....directory import BatchOutcome, Directory, Outcome, UserRecord
from ....directory.call_withdrawal import CallWithdrawn, WithdrawableCall
from ....directory.error_policy import send_in_halves
from ...events import INTERRUPTED
from ...job_context import JobContext
from ...planning.user_lookup import UserLookup
from ...store.rows import JobRow, RowResult
from ..doubts import DoubtReconciler
from ..failure_guard import FailureGuard
from ..outcome_from_lookup import LookupDecider
from ..recorder import ProgressRecorder
from .intents import IntentRecorder
from .request_sender import RequestSender

Answer: TypeAlias = Sequence[Outcome] | None
"""The outcomes of one call; none where surely it was not made and will not be; None where it was refused as a whole."""


class RowExecutor:
    """Carries out the rows of one run.

    Args:
        context: the job.
        target: the directory, watched.
        requests: makes the calls of the run.
        intents: writes down what is about to be sent.
        recorder: of the run.
        guard: of the run.
        doubts: of the run.
        decider: of the run.
    """

    def __init__(
        self,
        context: JobContext,
        target: Directory,
        requests: RequestSender,
        intents: IntentRecorder,
        recorder: ProgressRecorder,
        guard: FailureGuard,
        doubts: DoubtReconciler,
        decider: LookupDecider,
    ) -> None:
        self._requests = requests
        self._intents = intents
        self._recorder = recorder
        self._guard = guard
        self._doubts = doubts
        self._decider = decider
        self._first_step = target.capabilities.offboarding[0]
        self._lookup = UserLookup(target, context.comparer)

    async def carry_out_unit(self, unit: Sequence[JobRow]) -> None:
        """Carry out the rows of one call, or the steps of one user."""
        action = unit[0].action
        if action != "create" and not await self._confirm_as_planned(unit):
            return
        if action == "offboard":
            await self._offboard_user_step_by_step(unit)
        else:
            await self.send_until_decided(unit)

    def can_lookup_clear_doubt(self, row: JobRow) -> bool:
        """Tell whether a question clears up a row in doubt, so that it may be intended ahead, and its outcome be written later.

        It does not clear up a creation that could double a user, nor a step of leaving, whose order hangs on what was begun.
        """
        return self._decider.sends_again if row.action == "create" else row.action != "offboard"

    async def record_as_withdrawn(self, rows: Sequence[JobRow]) -> None:
        """Write down that the intended ones of rows were not sent."""
        if unsent := [row for row in rows if row.state == "intended"]:
            self._intents.drop_from_unsent(row.number for row in unsent)
            await self._recorder.record_results([row.create_unsent_result() for row in unsent])

    async def send_until_decided(
        self, rows: Sequence[JobRow], answers: Sequence[Answer] = ()
    ) -> list[RowResult]:
        """Send rows of one kind until each has its outcome; the results.

        A batch that is refused as a whole is halved until the bad rows are found; rows whose answer was lost are looked up,
        and sent again when they are not in.

        Args:
            rows: planned, or intended already.
            answers: where the first call was made already, what came of it.
        """
        done: list[RowResult] = []
        due = list(rows)
        known = list(answers)
        while due and (known or not self._guard.stopped):
            # The intent first, durably, then the request: after a crash in between a row is in doubt, never sent unseen.
            if due[0].state == "planned":
                await self._intents.record_row_intents(due)
            if len(due) == 1 and not known:
                settled, due = await self._send_single(due)
            else:
                settled, due = await self._send_together(due, known)
            done += settled
        return done

    async def _send_single(self, rows: Sequence[JobRow]) -> tuple[list[RowResult], list[JobRow]]:
        """Send one intended row; as `_send_together`, at half of its cost."""
        outcomes = await self._send_and_collect_outcomes(rows)
        if not outcomes:
            await self.record_as_withdrawn(rows)
            return [], []
        row, outcome = rows[0], outcomes[0]
        if outcome.status not in ("created", "updated", "deleted") or not self.can_lookup_clear_doubt(row):
            return await self._record_and_reconcile_outcomes(rows, outcomes)
        result = row.create_settling_result(outcome.status, outcome.reason, outcome.remote_id)
        self._recorder.pending.append(result)
        return [result], []

    async def _send_together(
        self, rows: Sequence[JobRow], known: list[Answer]
    ) -> tuple[list[RowResult], list[JobRow]]:
        """Send intended rows once; the results, and the rows to be sent again."""

        async def collect_outcomes(part: Sequence[JobRow]) -> Answer:
            return known.pop() if known else await self._send_and_collect_outcomes(part)

        done: list[RowResult] = []
        again: list[JobRow] = []
        concluded = 0
        async with aclosing(send_in_halves(rows, collect_outcomes)) as parts:
            async for part, outcomes in parts:
                if not outcomes:
                    break  # surely none of them was sent, and none will be now
                settled, absent = await self._record_and_reconcile_outcomes(part, outcomes)
                done += settled
                again += absent
                concluded += len(part)
                if self._guard.stopped:
                    break
        # Parts come in the order of the rows, so whatever is behind the concluded ones never left.
        await self.record_as_withdrawn(rows[concluded:])
        return done, again

    async def _confirm_as_planned(self, unit: Sequence[JobRow]) -> bool:
        """Tell whether the system still holds what the plan saw of a user; if not, its rows get their outcome."""
        first = unit[0]
        begun = first.action == "offboard" and (first.attempts or first.step != self._first_step)
        if begun or not self._lookup.finds:
            return True
        try:
            question = self._requests.create_withdrawable_call(asks=True)
            there = await question.run(lambda: self._lookup.find_user(first.id_or_key))
            await self._lookup.own_account.look_up()
        except CallWithdrawn:
            await self._guard.stop_sending(INTERRUPTED)
            await self.record_as_withdrawn(unit)
            return False
        except AlloyAsyncError as error:
            await self._guard.note_failure(error)
            if self._guard.is_next_still_unsent:
                await self.record_as_withdrawn(unit)
            else:
                await self._record_unsendable([row.create_failed_result(str(error)) for row in unit])
            return False
        self._guard.note_answer()
        drift = self._decider.decide_drift(first, there) or self._decide_harm_to_own_account(first, there)
        if drift is None:
            return True
        await self._record_unsendable([drift._replace(number=row.number) for row in unit])
        return False

    def _decide_harm_to_own_account(self, row: JobRow, there: UserRecord | None) -> RowResult | None:
        """Give the outcome of a row that would end the credential in use, another than it was planned with; None of others."""
        wanted = row.record if row.action == "update" else None
        harm = None if there is None else self._lookup.own_account.explain_harm(there, wanted)
        return row.create_settling_result("drifted", harm) if harm else None

    async def _offboard_user_step_by_step(self, steps: Sequence[JobRow]) -> None:
        """Take the steps of one user in their order, as far as they succeed."""
        for place, row in enumerate(steps):
            result = next(iter(await self.send_until_decided([row])), None)
            if result is not None and result.outcome == "invalid":
                reason = f"the step before it was refused ({row.step})"
                await self._recorder.record_results(
                    [later.create_settling_result("invalid", reason) for later in steps[place + 1 :]]
                )
            if result is None or result.outcome != "done":
                return

    async def _send_and_collect_outcomes(self, rows: Sequence[JobRow]) -> Answer:
        """Send rows in one call, and return their outcomes; None when it was refused as a whole, for some row in it."""
        work = self._requests.create_withdrawable_call()
        try:
            answer = await self._requests.call_and_collect(
                len(rows), partial(self._requests.send_rows, rows), work
            )
        except asyncio.CancelledError:
            self._keep_outcomes_of_cut_off_call(rows, work)
            raise
        if answer:
            self._intents.drop_from_unsent([row.number for row in rows])
        return answer.list_outcomes([row.key for row in rows]) if isinstance(answer, BatchOutcome) else answer

    def _keep_outcomes_of_cut_off_call(self, rows: Sequence[JobRow], work: WithdrawableCall) -> None:
        """Keep what is known of rows whose call was cut off: some may have their outcome, and some have not left."""
        is_divided = work.parts.keys() <= {row.key for row in rows}
        for row in rows:
            part = work.parts.get(row.key)
            if not is_divided or work.may_have_acted or (part is not None and part.may_have_acted):
                self._intents.drop_from_unsent([row.number])
            outcome = None if part is None else part.outcome
            if outcome is not None and outcome.status != "unknown" and not row.attempts:
                self._intents.drop_from_unsent([row.number])
                self._recorder.pending.append(self.decide_by_outcome(row, outcome))

    async def _record_and_reconcile_outcomes(
        self, rows: Sequence[JobRow], outcomes: Sequence[Outcome]
    ) -> tuple[list[RowResult], list[JobRow]]:
        """Record what came of a call; the results, and the rows to be sent again."""
        results: list[RowResult] = []
        lost: list[JobRow] = []
        suspects: list[JobRow] = []  # perhaps our own, of a request whose answer was lost
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.status == "unknown":
                lost.append(row)
                results.append(row.create_lost_result(outcome.reason))
            elif outcome.status == "exists" and row.attempts:
                suspects.append(row)
            else:
                results.append(self.decide_by_outcome(row, outcome))
        if len(rows) == 1 and not (lost or suspects) and self.can_lookup_clear_doubt(rows[0]):
            self._recorder.pending += results
            return results, []
        # Written down before the system is asked: where the question fails, or the process ends, the rows stay in doubt.
        await self._recorder.record_results(results)
        again = await self._doubts.reconcile_after_call(lost, suspects) if lost or suspects else []
        return [result for result in results if result.outcome is not None], again

    def decide_by_outcome(self, row: JobRow, outcome: Outcome) -> RowResult:
        """Decide about a row that was sent by its outcome, where its answer came."""
        if outcome.status == "exists":
            return self._decider.decide_creation_of_existing_user(row, None, outcome.remote_id)
        if outcome.status == "withdrawn":
            return row.create_unsent_result()
        if outcome.status == "failed":
            return row.create_failed_result(outcome.reason, outcome.remote_id)
        assert outcome.status != "unknown"
        return row.create_settling_result(outcome.status, outcome.reason, outcome.remote_id)

    async def _record_unsendable(self, results: Sequence[RowResult]) -> None:
        """Write down what became of rows for which nothing is sent."""
        self._intents.drop_from_unsent(result.number for result in results)
        await self._recorder.record_results(results)
