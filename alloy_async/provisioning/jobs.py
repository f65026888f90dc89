"""The jobs of the library: plan, apply, provision, resume and undo."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..directory import Directory
from .async_helpers import in_thread
from .errors import JobError, SourceError
from .events import OnEvent, Report
from .execution.engine import Engine
from .execution.lifecycle import carried_out, planned, report_of, undone
from .execution.opening import header_for, job_path, new_job, old_job, opened_source
from .options import Run, ignore
from .planning.comparison import UserComparer
from .planning.job_planner import refuse_changed
from .planning.undo_planner import plan_undo
from .results import Plan, summary
from .sources import Source
from .store.schema import Mode

__all__ = ["Run", "apply", "plan", "provision", "resume", "undo"]


async def plan(
    source: Source | str | Path,
    target: Directory,
    *,
    mode: Mode = "create",
    job: str | Path | None = None,
    allow_delete: float | None = None,
    options: Mapping[str, Any] | None = None,
    on_event: OnEvent = ignore,
) -> Plan:
    """Find out what a job would do, and write it to a job file for `apply`; nothing is sent but questions.

    Args:
        source: a file (see `open_source`), or an opened source that can be read twice.
        target: the directory, as `AlloyDirectory(client)`.
        mode: `create`: those who are there stay as they are. `upsert`: fields that differ are changed too. `sync`: those
            who are not in the source are removed too. `offboard`: whoever is in the source leaves, step by step.
        job: the job file; default NAME.job beside the source.
        allow_delete: for sync, which needs it: the share of the users there that may be removed, as 0.05.
        options: kept in the job file for whoever takes it up; never anything secret.
        on_event: told each `Event` as it happens, on the event loop.

    Raises:
        SourceError: the source cannot be read as users.
        JobError: the job file cannot be written, or too many users would be removed.
        AlloyAsyncError: the system could not be asked.
    """
    opened = await opened_source(source, target.capabilities)
    if await in_thread(opened.digest) is None:
        raise SourceError(
            "this can be read only once, and applying the plan reads it again; give a file", opened.name
        )
    header = header_for(opened, target, mode, allow_delete, {**(options or {}), "look_up": True})
    async with new_job(job_path(opened, job), header) as journal:
        checked = await planned(journal, opened, target, on_event)
        return await journal.do(summary, journal.path, journal.header, checked)


async def provision(
    source: Source | str | Path,
    target: Directory,
    *,
    mode: Mode = "create",
    job: str | Path | None = None,
    allow_delete: float | None = None,
    options: Mapping[str, Any] | None = None,
    run: Run | None = None,
) -> Report:
    """Plan and apply in one.

    The whole source is checked before anything is sent, but for one that can be read only once. Files are read, and the job
    file is written, in threads, and memory does not grow with the number of rows: the call may run inside a web backend.
    In mode create nobody is looked up beforehand: the system says who exists.

    Args:
        source, target, mode, job, allow_delete, options: as for `plan`.
        run: concurrency, events and stopping.

    Returns:
        The report; `report.complete` tells whether every row is in. The job file stays, for `undo` and reports.

    Raises:
        SourceError, JobError: nothing was sent, and no job file is left.
        AlloyAsyncError: the very first calls failed, so that nothing went in and no job file is left: a wrong credential, an
            unreachable server.
        JobError: the job file could not be written any more; `resume` finds out what was sent.
    """
    run = run or Run()
    began = time.monotonic()
    opened = await opened_source(source, target.capabilities)
    header = header_for(opened, target, mode, allow_delete, {**(options or {}), "look_up": False})
    async with new_job(job_path(opened, job), header) as journal:
        if await in_thread(opened.digest) is None:
            checked, engine = await carried_out(journal, opened, target, run)
        else:
            checked = await planned(journal, opened, target, run.on_event)
            _, engine = await carried_out(journal, opened, target, run)
        return report_of(journal, engine, checked, began)


async def apply(
    job: str | Path, target: Directory, source: Source | str | Path | None = None, *, run: Run | None = None
) -> Report:
    """Carry out a plan. Each row is compared with the system once more before it is changed, and refused if that has drifted.

    The comparison comes right before the request of each update, removal and leaving; a creation is refused by the system
    itself. What somebody changes in the moment between the two requests is not noticed.

    Args:
        job: the job file of `plan`.
        target: the same system.
        source: what was planned from; default the file of that name.
        run: concurrency, events and stopping.

    Raises:
        JobError: the job file cannot be used, is being worked on, or was applied already; nothing was sent.
        SourceError: the source was changed since; with the first row that differs. Nothing was sent.
        AlloyAsyncError: the very first calls failed; nothing was sent.
    """
    return await _taken_up(job, target, source, run or Run(), fresh=True)


async def resume(
    job: str | Path, target: Directory, source: Source | str | Path | None = None, *, run: Run | None = None
) -> Report:
    """Go on with a job after a stop or a crash, however it ended.

    Rows in doubt are looked up first, and adopted when they are as intended, sent again when they are absent (where the key is
    unique), else reported. Then rows that failed are tried again, and the rest is sent.

    Args:
        job, target, source, run: as for `apply`. Standard input must be given again, with the same content.

    Raises:
        As for `apply`; and AlloyAsyncError when the system could not be asked about the rows in doubt; nothing was sent.
    """
    return await _taken_up(job, target, source, run or Run(), fresh=False)


async def undo(
    job: str | Path, target: Directory, *, adopted: bool = False, run: Run | None = None
) -> Report:
    """Take a job back: delete what it created, restore what it changed or removed; can be stopped and resumed.

    What somebody edited since stays, and is named, as is what cannot be taken back: the steps of offboarding.

    Args:
        job, target, run: as for `apply`.
        adopted: remove also those whose answer was lost and who were found as intended, though nobody looked beforehand
            whether they were there.

    Raises:
        As for `apply`.
    """
    run = run or Run()
    began = time.monotonic()
    async with old_job(job, target) as journal:
        if journal.header.state == "undone":
            raise JobError("was undone already", journal.path)
        comparer = UserComparer(target.capabilities, journal.header.salt)
        if journal.header.state != "undoing":
            settling = Engine(journal, target, comparer, run, "rows")
            await settling.settle_doubts()
            await journal.do(plan_undo, target.capabilities, adopted)
            await journal.set(state="undoing", stopped=None)
        return await undone(journal, target, comparer, run, began)


async def _taken_up(
    job: str | Path, target: Directory, source: Source | str | Path | None, run: Run, *, fresh: bool
) -> Report:
    began = time.monotonic()
    async with old_job(job, target) as journal:
        state = journal.header.state
        comparer = UserComparer(target.capabilities, journal.header.salt)
        if state == "undone":
            raise JobError("was undone; begin a new job", journal.path)
        if fresh and state != "planned":
            raise JobError(f"is no plan that waits to be applied (it is {state}); use resume", journal.path)
        if state == "undoing":
            return await undone(journal, target, comparer, run, began)
        opened = await opened_source(journal.header.source if source is None else source, target.capabilities)
        checked = None
        if state == "planning":  # nothing was sent yet
            await journal.execute("DELETE FROM rows")
            checked = await planned(journal, opened, target, run.on_event)
        await refuse_changed(journal, opened, target, comparer)
        again, engine = await carried_out(journal, opened, target, run)
        return report_of(journal, engine, checked or again, began)
