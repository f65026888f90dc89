"""Carries out the planned lines of a job: intent, request, outcome; a few calls in flight, memory that does not grow."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal, TypeAlias

from ..core.errors import (
    AlloyAsyncError,
    ConfigurationError,
    CredentialError,
    Forbidden,
    Redirected,
    StatusError,
    Unauthorized,
)
from ..core.events import RetryEvent
from ..directory import Directory, Outcome, UserRecord
from . import rows
from .aio import task_group
from .errors import SourceError
from .events import Counts, OnEvent, Settled, Settling, Stopped, Waiting
from .jobfile import RowOutcome, Table
from .journal import Journal
from .lookup import ONE_BY_ONE, Lookup
from .pulse import Pulse, note, write
from .rows import Result, Task
from .settle import Judge
from .view import View

_outcome_of: Callable[[Result], str] = attrgetter("outcome")

Point = Literal["before intent", "after intent", "after answer", "after outcome", "before asking"]
"""Where a crash is worth a test: every boundary of what the job file and the system know."""
At: TypeAlias = Callable[[Point], None]

_HOPELESS = (Unauthorized, Forbidden, Redirected, CredentialError, ConfigurationError)
_REFUSED_WHOLE = frozenset({400, 413, 422})
_PATIENCE = 30
"""Calls in a row that fail before the job gives up."""
_SENDS = 5
"""Requests for one line in one run; then it stays in doubt, for resuming."""
_UNDONE: dict[RowOutcome | None, RowOutcome] = {
    "created": "restored", "updated": "restored", "exists": "kept", "drifted": "kept",
}  # fmt: skip
"""What the outcomes are called when they come from undoing."""


def nowhere(point: Point) -> None:
    """Where nobody wants to know."""


class Engine:
    """One run over one table of a job.

    Args:
        journal: the job.
        target: the directory.
        view: how its users are compared.
        table: `rows`, or `undo`.
        concurrency: calls in flight.
        emit: told of events.
        stop: when set, what is in flight is finished and no more is sent.
        at: told of every boundary; what it raises ends the run as a crash would.
        sends_again: see `Judge`; also doubts the lines again whose outcome is unknown.
    """

    def __init__(
        self,
        journal: Journal,
        target: Directory,
        view: View,
        *,
        table: Table = "rows",
        concurrency: int = 8,
        emit: OnEvent,
        stop: asyncio.Event,
        at: At = nowhere,
        sends_again: bool = False,
    ) -> None:
        self.stopped: str | None = None
        self.error: AlloyAsyncError | None = None
        """What made the run give up."""
        self.pulse = Pulse()
        self._journal = journal
        self._target = target.watched(self._on_retry)
        self._can = target.capabilities
        self._view = view
        self._judge = Judge(self._can, view, sends_again=sends_again)
        self._lookup = Lookup(self._target, view)
        self._table: Table = table
        self._sends_again = sends_again
        self._slots = asyncio.Semaphore(concurrency)
        self._emit = emit
        self._stop = stop
        self._at = at
        self._tally: Counter[str] = Counter()
        self._answered = False
        self._sent = False
        self._lost_in_a_row = 0

    @property
    def counts(self) -> Counts:
        """Lines of the whole job by outcome."""
        return Counts.of(self._tally)

    @property
    def never_began(self) -> bool:
        """Whether the run gave up before anything can have happened."""
        return self.error is not None and not self._answered and not self._sent

    async def run(self, parts: AsyncIterator[list[Task]]) -> None:
        """Carry out every task; those left when the run gives up stay planned.

        Raises:
            SourceError: the source cannot be read; nothing was sent.
            JobError: the job file cannot be written; nothing more was sent.
        """
        self._tally = await self._journal.do(rows.tally, self._table)
        async with task_group() as group:
            try:
                async for part in parts:
                    for unit in self._units(part):
                        await self._slots.acquire()
                        if self._stop.is_set():
                            await self._give_up("interrupted")
                        if self.stopped:
                            return
                        sending = group.create_task(self._carry_out(unit))
                        if not self._answered:  # one call shows whether address and credential work
                            await sending
            except (SourceError, OSError) as error:
                if not self._answered:
                    raise
                await self._give_up(f"the rest could not be read: {error}")

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
        async with Lookup(self._target, self._view) as lookup:
            if len(tasks) > ONE_BY_ONE and lookup.lists:
                await lookup.take_snapshot()
            for start in range(0, len(tasks), ONE_BY_ONE):
                results = await self._asked(lookup, tasks[start : start + ONE_BY_ONE], [])
                await self._journal.do(rows.settle, self._table, self._named(results), "planned")
                await self._note("settled", f"{len(results)} rows were in doubt: {_told(results)}")

    async def finish(self) -> None:
        """Write down the last second, and count once more."""
        seconds = self.pulse.take(last=True)
        await self._journal.do(write, seconds)
        self._tally = await self._journal.do(rows.tally, self._table)

    def _units(self, part: Sequence[Task]) -> Iterator[list[Task]]:
        """What goes together: a batch of creations, the steps of one user, or one task."""
        size = self._can.batch_size
        by_action = attrgetter("action")
        for action, tasks in groupby(sorted(part, key=by_action), key=by_action):
            alike = list(tasks)
            if action == "create":
                yield from (alike[start : start + size] for start in range(0, len(alike), size))
            elif action == "offboard":
                yield from (list(steps) for _, steps in groupby(alike, key=lambda task: task.key))
            else:
                yield from ([task] for task in alike)

    async def _carry_out(self, unit: Sequence[Task]) -> None:
        try:
            if unit[0].action == "create" or await self._as_planned(unit):
                if unit[0].action == "offboard":
                    await self._leave(unit)
                else:
                    await self._send(unit)
        finally:
            self._slots.release()
        if not self.never_began:
            counts = self.counts
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
        self._lost_in_a_row, self._answered = 0, True
        result = self._judge.drifted(first, there)
        if result is None:
            return True
        await self._record([result._replace(number=task.number) for task in unit])
        return False

    async def _failed(self, unit: Sequence[Task], error: AlloyAsyncError) -> None:
        await self._lost(error, hopeless=isinstance(error, _HOPELESS) or not self._answered)
        if not self.never_began:
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
        while waiting and not self.stopped:
            part = waiting.pop()
            outcomes = await self._call(part)
            if outcomes is None:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
                continue
            if self.never_began:
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
            hopeless = isinstance(error, _HOPELESS) or not (self._answered or refused)
            await self._lost(error, hopeless=hopeless)
            if refused and len(tasks) > 1 and not self.stopped:
                return None
            return [Outcome(task.key, "invalid" if refused else "failed", str(error)) for task in tasks]
        self._at("after answer")
        self.pulse.answered(time.perf_counter() - began)
        if any(outcome.status != "unknown" for outcome in outcomes):
            self._answered, self._lost_in_a_row = True, 0
        else:
            self._sent = True
            await self._lost(None)
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
            async with Lookup(self._target, self._view) as lookup:
                asked = await self._asked(lookup, lost, suspects)
        except AlloyAsyncError as error:
            await self._lost(error, hopeless=isinstance(error, _HOPELESS))
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
        found = [self._judge.lost(task, there.get(self._view.folded(task.key))) for task in lost]
        return found + [
            self._judge.exists(task, there.get(self._view.folded(task.key)), None) for task in suspects
        ]

    async def _record(self, results: Sequence[Result], doubts: Sequence[Result] = ()) -> None:
        """Write down outcomes and doubts."""
        named = self._named(results)
        seconds = self.pulse.take()
        self.pulse.settled(len(named))

        def work(database: sqlite3.Connection) -> None:
            rows.settle(database, self._table, named)
            rows.settle(database, self._table, doubts, "doubt")
            write(database, seconds)

        await self._journal.do(work)
        self._at("after outcome")
        self._tally.update(map(_outcome_of, named))
        self._tally["planned"] -= len(named)

    def _named(self, results: Sequence[Result]) -> Sequence[Result]:
        if self._table == "rows":
            return results
        return [result._replace(outcome=_UNDONE.get(result.outcome, result.outcome)) for result in results]

    async def _lost(self, error: AlloyAsyncError | None, *, hopeless: bool = False) -> None:
        self._lost_in_a_row += 1
        if hopeless:
            self.error = self.error or error
            await self._give_up(str(error))
        elif self._lost_in_a_row >= _PATIENCE:
            await self._give_up(f"{_PATIENCE} calls in a row failed")

    async def _give_up(self, reason: str) -> None:
        if self.stopped is None:
            self.stopped = reason
            if not self.never_began:  # then the caller gets the error itself
                self._emit(Stopped(reason))
                await self._note("stopped", reason)

    async def _note(self, kind: str, text: str) -> None:
        await self._journal.do(note, kind, text)

    def _on_retry(self, event: RetryEvent) -> None:
        self.pulse.retried(event)
        self._emit(Waiting(event.operation, str(event.error), event.wait))


def _records(tasks: Sequence[Task]) -> list[UserRecord]:
    return [task.record for task in tasks if task.record is not None]


def _told(results: Sequence[Result]) -> str:
    found = Counter(result.outcome or "sent again" for result in results)
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(found.items()))
