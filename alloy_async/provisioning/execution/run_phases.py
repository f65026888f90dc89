"""Run a job: plan it, reconcile what is in doubt, send what is left, and report."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence

from ..async_helpers import run_or_cancel_on_stop
from ..events import INTERRUPTED, Checked
from ..job_context import JobContext
from ..planning.job_planner import create_source_planner, record_findings
from ..planning.user_lookup import UserLookup
from ..results import Report
from ..store.temporary.indexes import KeyIndex
from .engine import Engine
from .row_batches import Part, plan_streamed_rows, read_planned_rows


async def execute_job(context: JobContext, checked: Checked | None, began: float) -> Report:
    """Reconcile what is in doubt, and send what is left, in the phase that the job is in: applied, or taken back.

    Args:
        context: the job; with its source, unless it is taken back.
        checked: what planning it found, where that was just done.
        began: on the monotonic clock, for the report.
    """
    engine = Engine(context)
    await engine.recorder.begin_run(reopen_unknown=context.run.sends_again)
    await engine.reconcile_doubts()
    if context.header.phase == "apply" and context.header.source_digest is None:
        checked = await _plan_and_send(context, engine)
    else:
        await engine.run(read_planned_rows(context))
    return await end_run_with_report(context, engine, checked, began)


async def reconcile_before_undo(context: JobContext) -> str | None:
    """Reconcile what is in doubt of a job that is about to be taken back; why that was stopped, where it was.

    Raises:
        AlloyAsyncError: the system could not be asked.
    """
    engine = Engine(context)
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
            await engine.run(_iterate_until_stop(plan_streamed_rows(context, planner), context, engine))
    tally = await context.writer.call(context.store.count_outcomes, "apply")
    findings = tuple(planner.findings)
    checked = Checked(planner.rows, planner.errors, planner.warnings, findings, planner.dropped_columns)
    record_findings(context, checked, rows=sum(tally.values()))
    return checked


async def _iterate_until_stop(
    parts: AsyncIterator[Part], context: JobContext, engine: Engine
) -> AsyncIterator[Part]:
    """Give parts until somebody asks to stop: who writes into a pipe may be silent for long, and so may be the system."""

    async def take_next() -> Sequence[Part]:
        async for part in parts:
            return [part]
        return []

    while (next_part := await run_or_cancel_on_stop(context.run.stop, take_next())) is not None:
        if not next_part:
            return  # there are no more
        yield next_part[0]
    await engine.guard.stop_sending(INTERRUPTED)


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
