"""Runs of a job: begun, taken up again or taken back, here or by workers, however often its database is away."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from ..directory import Directory
from .database_outages import survive_outages
from .errors import JobError, JobPlace
from .events import Checked
from .execution.job_opening import create_job, open_given_source, open_job
from .execution.run_phases import execute_job, reconcile_before_undo
from .execution.sharded_job import (
    check_can_have_workers,
    read_run_report,
    run_on_workers,
    split_job,
    take_up_or_join_workers,
)
from .job_context import JobContext
from .planning.correction_source import CorrectionSource
from .planning.job_planner import discard_plan, plan_whole_source
from .planning.source_rereader import refuse_changed_source
from .planning.undo_planner import write_undo_rows
from .results import Report
from .run_options import RunOptions
from .sources import Source
from .store.header import JobHeader, Phase
from .store.job_identity_label import read_job_name
from .store.states import JobState
from .store.temporary.body_spool import BodySpool


async def begin_and_run_job(
    source: Source, target: Directory, header: JobHeader, place: JobPlace, run: RunOptions, began: float
) -> Report:
    """Begin a job, and carry it out.

    Args:
        source: of its rows; one that can be read only once is not taken up again after an outage.
        target: the directory.
        header: what the job is.
        place: where it goes.
        run: how to carry it out.
        began: on the monotonic clock, for the report.

    Raises:
        As `jobs.provision`.
    """
    check_can_have_workers(run, place)
    is_there = False
    checked: Checked | None = None

    async def begin() -> Report | None:
        nonlocal is_there, checked
        if is_there:  # begun before an outage: to begin it again would send it again
            return await take_up_job(place, target, source, run, fresh=False)
        async with create_job(place, header) as writer:
            # Workers read the source themselves.
            with BodySpool(target) if run.on is None else nullcontext() as spool:
                context, is_there = JobContext(writer, target, run, source, spool), True
                checked = None if header.source_digest is None else await plan_whole_source(context)
                return await _execute_or_split_job(context, checked, began)

    can_be_read_again = header.source_digest is not None
    report = await (survive_outages(place, target, run, begin) if can_be_read_again else begin())
    return report or await run_on_workers(place, target, run, checked, began)


async def take_up_job(
    place: JobPlace,
    target: Directory,
    source: Source | str | Path | None,
    run: RunOptions,
    *,
    fresh: bool,
) -> Report:
    """Carry out what is left of a job, in the phase that it is in.

    Args:
        place: the job.
        target: the directory.
        source: of its rows; None opens the file that the job remembers.
        run: how to carry it out.
        fresh: it is a plan, of which nothing was carried out yet.

    Raises:
        As `jobs.apply`.
    """
    check_can_have_workers(run, place)
    began = time.monotonic()
    checked: Checked | None = None
    taken = not fresh

    async def take_up() -> Report | None:
        nonlocal checked, taken
        async with open_job(place, target, new_key=run.new_key) as writer:
            header = writer.header
            _check_state(header.state, writer.store.path, fresh=not taken)
            # Before anything is sent: after an outage, the plan is not one any more, and is ours.
            taken = True
            if header.phase == "undo":
                return await _execute_or_split_job(JobContext(writer, target, run), None, began)
            given = header.source_path if source is None else source
            context = JobContext(writer, target, run, await open_given_source(given, target))
            if header.state == "planning":  # nothing was sent yet
                _refuse_unchecked_corrections(context)
                await discard_plan(context)
                checked = await plan_whole_source(context)
            else:
                await refuse_changed_source(context)
            return await _execute_or_split_job(context, checked, began)

    joins: Sequence[Phase] = () if fresh or run.on is None else ("apply", "undo")
    work = partial(take_up_or_join_workers, place, run, take_up, joins=joins)
    report = await survive_outages(place, target, run, work)
    return report or await run_on_workers(place, target, run, checked, began)


def _refuse_unchecked_corrections(context: JobContext) -> None:
    """Refuse to plan corrected rows that nobody compares with the job that they are of."""
    header = context.header
    if header.corrects is not None and not isinstance(context.source, CorrectionSource):
        raise JobError(
            f"was stopped while corrected rows of {read_job_name(header.corrects)} were being checked; nothing was sent."
            " Feed them back to that job once more",
            context.store.path,
        )


def _check_state(state: JobState, place: JobPlace, *, fresh: bool) -> None:
    """Make sure that a job can be taken up; `fresh`: as a plan of which nothing was carried out."""
    if state == "undone":
        raise JobError("was undone; begin a new job", place)
    if fresh and state != "planned":
        raise JobError(f"is not a plan that waits to be applied (it is {state}); use resume", place)


async def take_back_job(
    place: JobPlace, target: Directory, run: RunOptions, *, remove_adopted: bool
) -> Report:
    """Plan to take a job back, unless that was done before, and carry it out.

    Args:
        place: the job.
        target: the directory.
        run: how to carry it out.
        remove_adopted: remove also users of whom nobody knows whether the job created them.

    Raises:
        As `jobs.undo`.
    """
    check_can_have_workers(run, place)
    began = time.monotonic()

    async def take_back() -> Report | None:
        async with open_job(place, target, new_key=run.new_key) as writer:
            if writer.header.state == "undone":
                raise JobError("was undone already", writer.store.path)
            context = JobContext(writer, target, run)
            if writer.header.state != "undoing":
                # A row that stays in doubt would not be taken back, and nobody would ask for it any more.
                if stopped := await reconcile_before_undo(context):
                    return await writer.call(read_run_report, place, stopped, began)
                await write_undo_rows(context, remove_adopted=remove_adopted)
            return await _execute_or_split_job(context, None, began)

    joins: Sequence[Phase] = () if run.on is None else ("undo",)
    work = partial(take_up_or_join_workers, place, run, take_back, joins=joins)
    report = await survive_outages(place, target, run, work)
    return report or await run_on_workers(place, target, run, None, began)


async def _execute_or_split_job(context: JobContext, checked: Checked | None, began: float) -> Report | None:
    """Carry out what is left of a job; None where it was split for workers, who do."""
    if context.run.on is None:
        return await execute_job(context, checked, began)
    await split_job(context)
    return None
