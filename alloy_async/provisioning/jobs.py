"""The jobs of the library: plan, apply, provision, resume and undo."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..directory import Directory
from .async_helpers import run_in_thread
from .correction_job import (
    choose_and_note_correction_place,
    create_correction_header,
    open_corrected_rows,
    read_first_job,
)
from .database_outages import survive_outages
from .errors import JobInUse, SourceError
from .events import OnEvent
from .execution.job_opening import choose_job_path, create_job, create_job_header, open_given_source
from .execution.shard_worker import work_on_shards
from .execution.sharded_job import finish_job, read_run_report
from .job_context import JobContext
from .job_runs import begin_and_run_job, take_back_job, take_up_job
from .planning.job_planner import plan_whole_source
from .results import Plan, Report, summarize_plan
from .run_options import Run, RunOptions, ignore_event
from .sources import Source
from .store.header import Mode
from .store.store_opener import parse_job_place

__all__ = ["Run", "RunOptions", "apply", "plan", "provision", "resume", "undo", "work"]


async def plan(
    source: Source | str | Path,
    target: Directory,
    *,
    mode: Mode = "create",
    job: str | Path | None = None,
    allow_delete: float | None = None,
    allow_inactive: bool = False,
    send_hidden: bool = False,
    options: Mapping[str, Any] | None = None,
    on_event: OnEvent = ignore_event,
) -> Plan:
    """Find out what a job would do, and write it to a job file for `apply`; nothing is sent but questions.

    Args:
        source: a file (see `open_source`), or an opened source that can be read twice.
        target: the directory, as `AlloyDirectory(client)`.
        mode: `create`: those who are there stay as they are. `upsert`: fields that differ are changed too. `sync`: those
            who are not in the source are removed too. `offboard`: whoever is in the source leaves, step by step.
        job: the job file; default NAME.job beside the source.
        allow_delete: for sync, which needs it: the share of the users there that may be removed, as 0.05.
        allow_inactive: take people who are inactive in the source for a system that can only hold active ones: they are active
            there. Without, each such row is an error.
        send_hidden: for upsert and sync: send also what the system never shows, as a password, to those who are there; nobody
            can tell whether it differs. Without, they keep theirs, and each such row says so.
        options: kept in the job file for whoever takes it up; never anything secret.
        on_event: told each `Event` as it happens, on the event loop.

    Raises:
        SourceError: the source cannot be read as users.
        JobError: the job file cannot be written, or too many users would be removed.
        AlloyAsyncError: the system could not be asked.
    """
    opened = await open_given_source(source, target)
    rules = {"allow_inactive": allow_inactive, "send_hidden": send_hidden}
    header = await create_job_header(
        opened, target, mode, allow_delete, {**(options or {}), **rules, "look_up": True}
    )
    if header.source_digest is None:
        raise SourceError(
            "this can be read only once, and applying the plan reads it again; give a file", opened.name
        )
    async with create_job(choose_job_path(opened, job), header) as writer:
        context = JobContext(writer, target, RunOptions(on_event=on_event), opened)
        checked = await plan_whole_source(context)
        return await writer.call(summarize_plan, writer.store, checked)


async def provision(
    source: Source | str | Path,
    target: Directory,
    *,
    mode: Mode = "create",
    job: str | Path | None = None,
    allow_delete: float | None = None,
    allow_inactive: bool = False,
    send_hidden: bool = False,
    options: Mapping[str, Any] | None = None,
    run: RunOptions | None = None,
) -> Report:
    """Plan and apply in one.

    The whole source is checked before anything is sent, but for one that can be read only once. Files are read, and the job
    file is written, in threads, and memory does not grow with the number of rows: the call may run inside a web backend.
    In mode create nobody is looked up beforehand: the system says who exists.

    Args:
        source, target, mode, job, allow_delete, allow_inactive, send_hidden, options: as for `plan`.
        run: concurrency, events and stopping.

    Returns:
        The report; `report.complete` tells whether every row is in. The job file stays, for `undo` and reports.

    Raises:
        SourceError, JobError: nothing was sent, and no job file is left.
        AlloyAsyncError: the very first calls failed, so that nothing went in and no job file is left: a wrong credential, an
            unreachable server.
        JobError: the job file could not be written any more; `resume` finds out what was sent.
    """
    began = time.monotonic()
    opened = await open_given_source(source, target)
    rules = {"allow_inactive": allow_inactive, "send_hidden": send_hidden}
    header = await create_job_header(
        opened, target, mode, allow_delete, {**(options or {}), **rules, "look_up": False}
    )
    if header.source_digest is None and mode == "sync":
        why = "mode sync must know all rows before it removes anybody"
        raise SourceError(f"this can be read only once, and {why}; give a file", opened.name)
    return await begin_and_run_job(
        opened, target, header, choose_job_path(opened, job), run or RunOptions(), began
    )


async def apply(
    job: str | Path,
    target: Directory,
    source: Source | str | Path | None = None,
    *,
    run: RunOptions | None = None,
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
    return await take_up_job(parse_job_place(job), target, source, run or RunOptions(), fresh=True)


async def resume(
    job: str | Path,
    target: Directory,
    source: Source | str | Path | None = None,
    *,
    failed: Source | str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    run: RunOptions | None = None,
) -> Report:
    """Go on with a job after a stop or a crash, however it ended; or feed rows back that were corrected.

    Rows in doubt are looked up first, and adopted when they are as intended, sent again when they are absent (where the key is
    unique), else reported. Then rows that failed are tried again, and the rest is sent.

    Args:
        job, target, source, run: as for `apply`. Standard input must be given again, with the same content.
        failed: the rows that did not go in, as `write_correction_file` or the command line wrote them, corrected, once
            everything else is in. They become a job of their own beside that file (of one in a database: NAME.failed in that),
            in the same mode (after sync: upsert, which removes nobody), under the same rules and in the same account; each is
            looked up first, so that whoever is there already is not doubled. Rows of another job are refused; so is each that
            is not one that did not go in.
        options: with `failed`: kept in that job's file, as for `plan`, besides what this job keeps.

    Raises:
        As for `apply`; ForeignRowsError when `failed` is not of this job; AlloyAsyncError when the system could not be asked
        about the rows in doubt. Nothing was sent.
    """
    if failed is None:
        return await take_up_job(parse_job_place(job), target, source, run or RunOptions(), fresh=False)
    began, run = time.monotonic(), run or RunOptions()
    opened = await open_given_source(failed, target)
    first = await read_first_job(job, target, new_key=run.new_key)
    async with open_corrected_rows(first, opened, target) as rows:
        header = await create_correction_header(first, rows, target, options or {})
        place = await choose_and_note_correction_place(first, rows)
        return await begin_and_run_job(rows, target, header, place, run, began)


async def undo(
    job: str | Path, target: Directory, *, adopted: bool = False, run: RunOptions | None = None
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
    return await take_back_job(parse_job_place(job), target, run or RunOptions(), remove_adopted=adopted)


async def work(
    job: str | Path,
    target: Directory,
    source: Source | str | Path | None = None,
    *,
    run: RunOptions | None = None,
) -> Report:
    """Be one worker of a plan, or of a job that others work on, until nothing is left; for any scheduler that starts workers.

    Start as many as you like, and again whenever one is lost: which rows each works on is decided in the job's database.
    Whoever comes first to a plan splits it, and whoever comes last brings the job to its end.

    Args:
        job: the address of a job in PostgreSQL, as postgresql://host/database#name.
        target, source, run: as for `apply`; `run.shard_rows` counts for whoever comes first.

    Returns:
        The report of the whole job, once all its shards are done, or this worker was stopped.

    Raises:
        JobError, SourceError: the job or its source cannot be used.
        AlloyAsyncError: the very first call failed; nothing was sent.
    """
    place, run = parse_job_place(job), run or RunOptions()

    async def open_given(name: str) -> Source:
        return await open_given_source(name if source is None else source, target)

    began = time.monotonic()

    async def carry_out() -> Report:
        stopped = await work_on_shards(place, target, open_given, run)
        if stopped is None:
            with suppress(JobInUse):  # another worker is bringing it to its end
                return await finish_job(place, target, run, began=began)
        return await run_in_thread(read_run_report, place, stopped, began)

    return await survive_outages(place, target, run, carry_out)
