"""Run a job: plan it, reconcile what is in doubt, send what is left, and report."""

from __future__ import annotations

import time

from ..events import Checked
from ..job_context import JobContext
from ..planning.job_planner import create_source_planner, plan_whole_source, record_findings
from ..planning.user_lookup import UserLookup
from ..results import Report
from ..store.temporary.indexes import KeyIndex
from .engine import Engine
from .recorder import ProgressRecorder
from .row_batches import plan_streamed_rows, read_planned_rows


async def plan_before_sending(context: JobContext) -> Checked:
    """Plan the whole of a source that can be read again."""
    checked = await plan_whole_source(context)
    context.run.on_event(checked)
    return checked


async def reopen_rows_and_record_begin(context: JobContext, recorder: ProgressRecorder) -> None:
    """Write down that a run begins, in the phase that the job is in; rows that failed are planned again."""
    header = context.header
    await recorder.reopen_rows_and_load_tally(
        reopen_unknown=context.run.sends_again,
        state=header.get_state_after_event("run") if header.phase == "apply" else header.state,
        started=header.started or time.time(),
        ended=None,
        stopped=None,
    )


async def execute_job(context: JobContext, checked: Checked | None, began: float) -> Report:
    """Reconcile what is in doubt, and send what is left.

    Args:
        context: the job, with its source.
        checked: what planning it found, where that was just done.
        began: on the monotonic clock, for the report.
    """
    engine, header = Engine(context, "apply"), context.header
    await reopen_rows_and_record_begin(context, engine.recorder)
    await engine.reconcile_doubts()
    if header.source_digest is None:
        checked = await _plan_and_send(context, engine)
    else:
        await engine.run(read_planned_rows(context, "apply"))
    return await end_run_with_report(context, engine, checked, began)


async def execute_undo(context: JobContext, began: float) -> Report:
    """Carry out what was planned to take a job back."""
    engine = Engine(context, "undo")
    await reopen_rows_and_record_begin(context, engine.recorder)
    await engine.reconcile_doubts()
    await engine.run(read_planned_rows(context, "undo"))
    return await end_run_with_report(context, engine, None, began)


async def reconcile_before_undo(context: JobContext) -> str | None:
    """Reconcile what is in doubt of a job that is about to be taken back; why that was stopped, where it was.

    Raises:
        AlloyAsyncError: the system could not be asked.
    """
    engine = Engine(context, "apply")
    await engine.recorder.recount()
    await engine.reconcile_doubts()
    return engine.guard.stopped


async def _plan_and_send(context: JobContext, engine: Engine) -> Checked:
    """Plan and send in one reading."""
    target, mode = context.target, context.header.mode
    with KeyIndex() as keys:
        async with UserLookup(target, context.comparer) as lookup:
            asks = mode != "create" and lookup.is_possible
            planner = create_source_planner(context, lookup if asks else None, keys.find_earlier_or_add)
            await engine.run(plan_streamed_rows(context, planner))
    tally = await context.writer.call(context.store.count_outcomes, "apply")
    await record_findings(context, planner, planner.findings, rows=sum(tally.values()))
    return Checked(
        planner.rows, planner.errors, planner.warnings, tuple(planner.findings), planner.dropped_columns
    )


async def end_run_with_report(
    context: JobContext, engine: Engine, checked: Checked | None, began: float
) -> Report:
    """Write down how the run ended, and report it.

    Raises:
        AlloyAsyncError: its very first calls failed, and nothing happened.
    """
    guard, recorder = engine.guard, engine.recorder
    counts = await recorder.record_end_of_run(stopped=guard.stopped)
    if guard.never_began and guard.error:
        raise guard.error
    return Report(
        job=context.store.path,
        source=context.header.source,
        target=context.header.system,
        mode=context.header.mode,
        counts=counts,
        check=checked,
        retries=recorder.stats.retries,
        waited=recorder.stats.waited,
        elapsed=time.monotonic() - began,
        stopped=guard.stopped,
        phase=recorder.phase,
    )
