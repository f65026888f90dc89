"""Carries out the planned lines of a job: intent, request, outcome; a few calls in flight, memory that does not grow."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence

from ...core.errors import AlloyAsyncError, StatusError
from ...core.events import RetryEvent
from ...directory import Directory, Outcome, UserRecord
from ..async_helpers import task_group
from ..errors import SourceError
from ..events import Settled, Settling, Stopped, Waiting
from ..options import Run
from ..planning.comparison import UserComparer
from ..planning.lookup import ONE_BY_ONE, Lookup
from ..store import rows
from ..store.metrics import note
from ..store.rows import Result, Task, units
from ..store.schema import Table
from ..store.writer import Journal
from .failure_guard import Patience
from .reconciliation import Judge
from .recorder import Score

_REFUSED_WHOLE = frozenset({400, 413, 422})
_SENDS = 5
"""Requests for one line in one run; then it stays in doubt, for resuming."""


class Engine:
    """One run over one table of a job.

    Args:
        journal: the job.
        target: the directory.
        comparer: how its users are compared.
        run: concurrency, events and stopping; what its `at` raises ends the run as a crash would.
        table: `rows`, or `undo`.
    """

    def __init__(
        self,
        journal: Journal,
        target: Directory,
        comparer: UserComparer,
        run: Run,
        table: Table,
    ) -> None:
        self.patience = Patience(self._tell_stopped)
        self.score = Score(journal, table)
        self._journal = journal
        self._target = target.with_retry_hook(self._on_retry)
        self._can = target.capabilities
        self._comparer = comparer
        self._judge = Judge(self._can, comparer, sends_again=run.sends_again)
        self._lookup = Lookup(self._target, comparer)
        self._table: Table = table
        self._sends_again = run.sends_again
        self._slots = asyncio.Semaphore(run.concurrency)
        self._emit = run.on_event
        self._stop = run.stop
        self._at = run.at

    async def run(self, parts: AsyncIterator[list[Task]]) -> None:
        """Carry out every task; those left when the run gives up stay planned.

        Raises:
            SourceError: the source cannot be read; nothing was sent.
            JobError: the job file cannot be written; nothing more was sent.
        """
        await self.score.count()
        async with task_group() as group:
            try:
                async for part in parts:
                    for unit in units(part, self._can.batch_size):
                        await self._slots.acquire()
                        if self._stop.is_set():
                            await self.patience.give_up("interrupted")
                        if self.patience.stopped:
                            return
                        sending = group.create_task(self._carry_out(unit))
                        if not self.patience.answered:  # one call shows whether address and credential work
                            await sending
            except (SourceError, OSError) as error:
                if not self.patience.answered:
                    raise
                await self.patience.give_up(f"the rest could not be read: {error}")

    async def settle_doubts(self) -> None:
        """Ask for every line in doubt what the system holds: it is done, or planned again.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        if self._sends_again:
            await self._journal.do(rows.doubt_unknown, self._table)
        tasks = await self._journal.do(rows.in_doubt, self._table)
        if not tasks:
            return
        self._emit(Settling(len(tasks)))
        async with Lookup(self._target, self._comparer) as lookup:
            if len(tasks) > ONE_BY_ONE and lookup.lists:
                await lookup.take_snapshot()
            for start in range(0, len(tasks), ONE_BY_ONE):
                results = await self._asked(lookup, tasks[start : start + ONE_BY_ONE], [])
                await self.score.settle(results, "planned")
                await self._note("settled", f"{len(results)} rows were in doubt: {_told(results)}")

    async def _carry_out(self, unit: Sequence[Task]) -> None:
        try:
            if unit[0].action == "create" or await self._as_planned(unit):
                if unit[0].action == "offboard":
                    await self._leave(unit)
                else:
                    await self._send(unit)
        finally:
            self._slots.release()
        if not self.patience.never_began:
            counts = self.score.counts
            self._emit(Settled(counts, counts.rows))

    async def _as_planned(self, unit: Sequence[Task]) -> bool:
        """Whether the system still holds what the plan saw of a user; if not, its tasks get their outcome."""
        first = unit[0]
        begun = first.action == "offboard" and (first.attempt or first.step != self._can.offboarding[0])
        if begun or not self._lookup.finds:
            return True
        try:
            there = await self._lookup.find(first.key)
        except AlloyAsyncError as error:
            await self._failed(unit, error)
            return False
        self.patience.answer()
        result = self._judge.drifted(first, there)
        if result is None:
            return True
        await self._record([result._replace(number=task.number) for task in unit])
        return False

    async def _failed(self, unit: Sequence[Task], error: AlloyAsyncError) -> None:
        await self.patience.failed(error, hopeless=not self.patience.answered)
        if not self.patience.never_began:
            await self._record([Result(task.number, "failed", str(error)) for task in unit])

    async def _leave(self, steps: Sequence[Task]) -> None:
        """Take the steps of one user in their order, as far as they succeed."""
        for place, task in enumerate(steps):
            result = next(iter(await self._send([task])), None)
            if result is not None and result.outcome == "invalid":
                reason = f"the step before it was refused ({task.step})"
                await self._record([Result(later.number, "invalid", reason) for later in steps[place + 1 :]])
            if result is None or result.outcome != "done":
                return

    async def _send(self, tasks: Sequence[Task]) -> list[Result]:
        """Send tasks of one kind until each has its outcome; the results.

        A batch that is refused as a whole is halved until the bad rows are found; tasks whose answer was lost are looked up,
        and sent again when they are not in.
        """
        done: list[Result] = []
        await self._intend(tasks)
        waiting = [list(tasks)]
        while waiting and not self.patience.stopped:
            part = waiting.pop()
            outcomes = await self._call(part)
            if outcomes is None:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
                continue
            if self.patience.never_began:
                waiting.append(part)
                break
            settled, again = await self._conclude(part, outcomes)
            done += settled
            if again:
                await self._intend(again)
                waiting.append(again)
        if unsent := sorted((task for part in waiting for task in part), key=lambda task: task.number):
            await self._journal.do(rows.take_back, self._table, unsent)
        return done

    async def _intend(self, tasks: Sequence[Task]) -> None:
        self._at("before intent")
        await self._journal.do(rows.intend, self._table, tasks, durable=True)
        self._at("after intent")

    async def _call(self, tasks: Sequence[Task]) -> Sequence[Outcome] | None:
        """The outcomes of one call; None when it was refused as a whole, for some row in it."""
        began = time.perf_counter()
        try:
            outcomes = await self._request(tasks)
        except AlloyAsyncError as error:
            if error.effect != "none":
                return [Outcome(task.key, "unknown", str(error)) for task in tasks]
            refused = isinstance(error, StatusError) and error.status in _REFUSED_WHOLE
            await self.patience.failed(error, hopeless=not (self.patience.answered or refused))
            if refused and len(tasks) > 1 and not self.patience.stopped:
                return None
            return [Outcome(task.key, "invalid" if refused else "failed", str(error)) for task in tasks]
        self._at("after answer")
        self.score.pulse.answered(time.perf_counter() - began)
        if any(outcome.status != "unknown" for outcome in outcomes):
            self.patience.answer()
        else:
            await self.patience.sent_in_vain()
        return outcomes

    def _request(self, tasks: Sequence[Task]) -> Awaitable[Sequence[Outcome]]:
        target, first = self._target, tasks[0]
        if first.action == "create":
            return target.create(_records(tasks))
        if first.action == "update":
            return target.update(_records(tasks))
        keys = [task.key for task in tasks]
        return target.delete(keys) if first.step is None else target.offboard(first.step, keys)

    async def _conclude(
        self, tasks: Sequence[Task], outcomes: Sequence[Outcome]
    ) -> tuple[list[Result], list[Task]]:
        """The results, and the tasks to be sent again."""
        results: list[Result] = []
        lost: list[Task] = []
        suspects: list[Task] = []
        reasons: list[Result] = []
        for task, outcome in zip(tasks, outcomes, strict=True):
            if outcome.status == "unknown":
                lost.append(task)
                reasons.append(Result(task.number, None, outcome.reason))
            elif outcome.status == "exists" and task.attempt:
                suspects.append(task)
            elif outcome.status == "exists":
                results.append(self._judge.exists(task, None, outcome.remote_id))
            else:
                results.append(Result(task.number, outcome.status, outcome.reason, outcome.remote_id))
        await self._record(results, reasons)
        if not (lost or suspects):
            return results, []
        self._emit(Settling(len(lost) + len(suspects)))
        try:
            async with Lookup(self._target, self._comparer) as lookup:
                asked = await self._asked(lookup, lost, suspects)
        except AlloyAsyncError as error:
            await self.patience.failed(error)
            reason = f"its answer was lost, and asking whether it is in failed: {error}"
            doubts = [Result(task.number, None, reason) for task in (*lost, *suspects)]
            await self._record([], doubts)
            return results, []
        again: list[Task] = []
        for task, result in zip((*lost, *suspects), asked, strict=True):
            if result.outcome is None and task.attempt + 1 < _SENDS:
                task.attempt += 1
                again.append(task)
        settled = [result for result in asked if result.outcome is not None]
        await self._record(settled)
        return results + settled, again

    async def _asked(self, lookup: Lookup, lost: Sequence[Task], suspects: Sequence[Task]) -> list[Result]:
        """What is right for each task, by what the system holds now."""
        self._at("before asking")
        if not lookup.possible:
            unanswered = [self._judge.unanswerable(task) for task in lost]
            return unanswered + [Result(task.number, "exists") for task in suspects]
        there = await lookup.get([task.key for task in (*lost, *suspects)])
        found = [self._judge.lost(task, there.get(self._comparer.fold(task.key))) for task in lost]
        return found + [
            self._judge.exists(task, there.get(self._comparer.fold(task.key)), None) for task in suspects
        ]

    async def _record(self, results: Sequence[Result], doubts: Sequence[Result] = ()) -> None:
        await self.score.record(results, doubts)
        self._at("after outcome")

    async def _tell_stopped(self, reason: str) -> None:
        self._emit(Stopped(reason))
        await self._note("stopped", reason)

    async def _note(self, kind: str, text: str) -> None:
        await self._journal.do(note, kind, text)

    def _on_retry(self, event: RetryEvent) -> None:
        self.score.pulse.retried(event)
        self._emit(Waiting(event.operation, str(event.error), event.wait))


def _records(tasks: Sequence[Task]) -> list[UserRecord]:
    return [task.record for task in tasks if task.record is not None]


def _told(results: Sequence[Result]) -> str:
    found = Counter(result.outcome or "sent again" for result in results)
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(found.items()))
