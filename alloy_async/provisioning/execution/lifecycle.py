"""The run of a job: planning it, settling what is in doubt, sending what is left, and what is told of it."""

from __future__ import annotations

import time

from ...directory import Directory
from ..async_helpers import in_thread
from ..events import Checked, OnEvent, Report
from ..options import Run
from ..planning.comparison import UserComparer
from ..planning.job_planner import make_plan, record_findings, seal_digest
from ..planning.lookup import Lookup
from ..planning.row_planner import RowPlanner, count_steps
from ..sources import Source
from ..store.key_lines import KeyLines
from ..store.rows import retry_failed
from ..store.writer import Journal
from .engine import Engine
from .tasks import planned_tasks, streamed_tasks

_SLICE = 1000


async def planned(journal: Journal, source: Source, target: Directory, emit: OnEvent) -> Checked:
    """Plan the whole of a source that has a digest."""
    comparer = UserComparer(target.capabilities, journal.header.salt)
    digest = await in_thread(source.digest)
    assert digest is not None
    kept = await in_thread(seal_digest, digest, journal.header.salt)
    await journal.set(source_digest=kept)
    checked = await make_plan(journal, source, target, comparer, emit)
    await journal.set(state="planned")
    emit(checked)
    return checked


async def carried_out(
    journal: Journal, source: Source, target: Directory, run: Run
) -> tuple[Checked | None, Engine]:
    """Settle what is in doubt, and send what is left."""
    header = journal.header
    comparer = UserComparer(target.capabilities, header.salt)
    engine = Engine(journal, target, comparer, run, "rows")
    await journal.set(state="running", started=header.started or time.time(), ended=None, stopped=None)
    await engine.settle_doubts()
    await journal.do(retry_failed, "rows")
    checked = None
    if header.source_digest is None:
        checked = await _stream(journal, source, target, comparer, engine, run)
    else:
        stride = count_steps(header.mode, target.capabilities)
        size = max(_SLICE, target.capabilities.batch_size)
        await engine.run(planned_tasks(journal, "rows", comparer, source, stride=stride, size=size))
    await engine.score.finish()
    await journal.set(
        state="stopped" if _left(engine) else "done", ended=time.time(), stopped=engine.patience.stopped
    )
    return checked, engine


async def _stream(
    journal: Journal, source: Source, target: Directory, comparer: UserComparer, engine: Engine, run: Run
) -> Checked:
    """Plan and send in one reading."""
    mode, lines = journal.header.mode, KeyLines()
    try:
        async with Lookup(target, comparer) as lookup:
            asks = mode != "create" and lookup.possible
            planner = RowPlanner(
                target.capabilities, comparer, mode, lookup if asks else None, lines.find_first
            )
            await engine.run(streamed_tasks(journal, planner, source, comparer, size=_SLICE))
    finally:
        lines.close()
    await record_findings(journal, planner, planner.findings)
    return Checked(planner.rows, planner.errors, planner.warnings, tuple(planner.findings), planner.dropped)


def _left(engine: Engine) -> bool:
    """Whether resuming has something to do."""
    return bool(engine.score.counts.open or engine.score.counts.failed or engine.patience.stopped)


def report_of(journal: Journal, engine: Engine, checked: Checked | None, began: float) -> Report:
    """What the run did.

    Raises:
        AlloyAsyncError: its very first calls failed, and nothing happened.
    """
    if engine.patience.never_began and engine.patience.error:
        raise engine.patience.error
    header = journal.header
    return Report(
        job=journal.path,
        source=header.source,
        target=header.system,
        mode=header.mode,
        counts=engine.score.counts,
        check=checked,
        retries=engine.score.pulse.retries,
        waited=engine.score.pulse.waited,
        elapsed=time.monotonic() - began,
        stopped=engine.patience.stopped,
    )


async def undone(
    journal: Journal, target: Directory, comparer: UserComparer, run: Run, began: float
) -> Report:
    """Carry out what is planned in the table `undo`."""
    engine = Engine(journal, target, comparer, run, "undo")
    await engine.settle_doubts()
    await journal.do(retry_failed, "undo")
    await engine.run(planned_tasks(journal, "undo", comparer, None, stride=1, size=_SLICE))
    await engine.score.finish()
    await journal.set(
        state="undoing" if _left(engine) else "undone", ended=time.time(), stopped=engine.patience.stopped
    )
    return report_of(journal, engine, None, began)
