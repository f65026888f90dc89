"""A job in shards: it is split for many workers, each carries out shards, and the last one finishes the job.

The store decides who works on what: a worker claims the next shard on which nobody works, and loses it where it does not
answer for the length of a lease. So whatever starts workers, and starts them again, needs to know nothing of the job.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import attrs

from ...core.errors import ConfigurationError
from ...directory import Directory
from ..errors import JobError, JobPlace
from ..events import Checked, Counts
from ..job_context import JobContext
from ..options import RunOptions
from ..planning.row_planner import count_numbers_per_row
from ..planning.source_columns import SourceColumns
from ..planning.source_match import refuse_changed_source
from ..results import Report
from ..sources import Source
from ..store.header import Phase
from ..store.job_store import ShardedStore
from ..store.store_opener import claim_shard, count_shards, read_store
from ..store.writer import JobWriter
from ..workers.address import create_workers
from ..workers.supervisor import POLL_SECONDS, supervise
from .engine import Engine
from .job_opening import check_job, open_job
from .lifecycle import report_run
from .row_batches import read_planned_rows

_SLICE = 1000


async def split_job(context: JobContext) -> None:
    """Split what is left of a job for many workers; rows that failed are planned again.

    Raises:
        ConfigurationError: the job, or its source, is not for more than one worker.
    """
    store, header = context.store, context.header
    check_workers(context.run, store.path)
    if header.source_digest is None:
        raise ConfigurationError(
            "on= needs a source that every worker can read; this one can be read only once: write it to a file first"
        )
    phase = header.phase
    stride = count_numbers_per_row(header.mode, context.target.capabilities) if phase == "apply" else 1
    engine = Engine(context, phase)
    await engine.recorder.begin(
        reopen_unknown=context.run.sends_again,
        state=header.state_after("run") if phase == "apply" else header.state,
        started=header.started or time.time(),
        ended=None,
        stopped=None,
    )
    size = max(context.run.shard_rows // stride, 1) * stride
    sharded = cast(ShardedStore, store)
    await context.writer.call(sharded.create_shards, phase, size, durable=True)


def check_workers(run: RunOptions, place: JobPlace) -> None:
    """Make sure that workers can share a job.

    Raises:
        ConfigurationError: `run.on` is not a place of workers, or the job is not where they can share it.
    """
    if run.on is None:
        return
    create_workers(run.on, ())
    if isinstance(place, Path):
        raise ConfigurationError(
            f"on= needs a job in PostgreSQL, which workers can share, and not in a file as {place}:"
            " say job=postgresql://host/database#name"
        )


async def run_on_workers(
    place: JobPlace, target: Directory, run: RunOptions, checked: Checked | None, began: float
) -> Report:
    """Let workers carry out the shards of a job that was split, and bring it to its end.

    Args:
        place: the job.
        target: the directory.
        run: with the place of the workers.
        checked: what planning it found, where that was just done.
        began: on the monotonic clock, for the report.
    """
    assert run.on is not None
    workers = create_workers(
        run.on, ["work", str(place), "--base-url", target.base_url, "--progress", "none", *run.worker_options]
    )
    stopped = await supervise(place, workers, run)
    return await finish_job(place, target, run, checked=checked, began=began, stopped=stopped)


async def work_on_shards(
    place: JobPlace, target: Directory, open_source: Callable[[str], Awaitable[Source]], run: RunOptions
) -> str | None:
    """Work on one shard after the other until none is left; None then, else why this worker stopped.

    Args:
        place: the job.
        target: the directory.
        open_source: opens the job's source by its name.
        run: how to carry it out.

    Raises:
        JobError, SourceError: the job or its source cannot be used.
        AlloyAsyncError: the very first call failed.
    """
    worker = ShardWorker(target, open_source, run)
    await asyncio.to_thread(_check_split, place)
    while not run.stop.is_set():
        counts = await asyncio.to_thread(count_shards, place)
        if not counts.unfinished:
            return None
        writer = await _claim(place, counts.phase)
        if writer is None:  # others work on all that is left; one of them may be lost yet
            await asyncio.sleep(POLL_SECONDS)
            continue
        try:
            stopped = await worker.work_on(writer)
        finally:
            await asyncio.shield(asyncio.to_thread(writer.close))
        if stopped is not None:
            return stopped
    return "interrupted"


def _check_split(place: JobPlace) -> None:
    if isinstance(place, Path):
        raise JobError(
            "a job in a file has one worker: resume it; many workers need a job in PostgreSQL, begun with"
            " job=postgresql://host/database#name and on=local:1",
            place,
        )
    if count_shards(place).total:
        return
    with read_store(place) as store:
        state = store.read_header().state
    if state not in ("done", "undone"):
        raise JobError(
            f"the job ({state}) is not split for workers: apply or resume it with on=local:1, say, and others can join in",
            place,
        )


async def _claim(place: JobPlace, phase: Phase) -> JobWriter | None:
    store = await asyncio.to_thread(claim_shard, place, phase)
    return None if store is None else JobWriter(store)


class ShardWorker:
    """One worker, on one shard after the other.

    Args: as of `work_on_shards`.
    """

    def __init__(
        self, target: Directory, open_source: Callable[[str], Awaitable[Source]], run: RunOptions
    ) -> None:
        self._target = target
        self._open_source = open_source
        self._run = run
        self._source: Source | None = None
        self._columns: SourceColumns | None = None

    async def work_on(self, writer: JobWriter) -> str | None:
        """Carry out a shard; None where it is done, and the next one may follow, else why not.

        Raises:
            As `work_on_shards`.
        """
        await check_job(writer, self._target, new_key=self._run.new_key)
        phase = writer.header.phase
        context = await self._open_context(writer, phase)
        engine = Engine(context, phase)
        await engine.recorder.recount()
        await engine.reconcile_doubts()
        stride = (
            count_numbers_per_row(writer.header.mode, self._target.capabilities) if phase == "apply" else 1
        )
        await engine.run(read_planned_rows(context, phase, stride=stride, size=_SLICE, columns=self._columns))
        if engine.guard.never_began and engine.guard.error:
            raise engine.guard.error
        if engine.guard.stopped is None and await writer.call(_has_open_rows, writer, phase):
            await engine.guard.give_up("some rows stay in doubt, as the system could not be asked about them")
        await writer.call(engine.recorder.write_stats)
        if engine.guard.stopped is None:
            await writer.call(cast(ShardedStore, writer.store).finish_shard)
        return engine.guard.stopped

    async def _open_context(self, writer: JobWriter, phase: Phase) -> JobContext:
        if phase == "undo":
            return JobContext(writer, self._target, self._run)
        fresh = self._source is None
        if self._source is None:
            self._source = await self._open_source(writer.header.source_path)
        context = JobContext(writer, self._target, self._run, self._source)
        if fresh:
            await refuse_changed_source(context)
            stride = count_numbers_per_row(writer.header.mode, self._target.capabilities)
            self._columns = SourceColumns(self._source, stride, context.comparer)
        return context


def _has_open_rows(writer: JobWriter, phase: Phase) -> bool:
    return next(writer.store.read_rows(phase, states=("planned", "intended", "doubt")), None) is not None


async def finish_job(
    place: JobPlace,
    target: Directory,
    run: RunOptions,
    *,
    checked: Checked | None = None,
    began: float | None = None,
    stopped: str | None = None,
) -> Report:
    """Bring a job to its end on whose shards nobody works any more, unless the last worker has; `resume` does what is left.

    Raises:
        JobError: somebody still works on it.
    """
    async with open_job(str(place), target, new_key=run.new_key) as writer:
        began = time.monotonic() if began is None else began
        if writer.header.state not in ("running", "undoing"):
            return attrs.evolve(await writer.call(read_run_report, place, stopped, began), check=checked)
        context = JobContext(writer, target, run)
        engine = Engine(context, writer.header.phase)
        if stopped is not None:
            await engine.guard.give_up(stopped)
        return await report_run(context, engine, checked, began)


def read_run_report(place: JobPlace, stopped: str | None, began: float) -> Report:
    """Report a job as it is now, whoever works on it.

    Args:
        place: the job.
        stopped: why this worker stopped, where it did.
        began: when it began, on the monotonic clock.
    """
    with read_store(place) as store:
        header = store.read_header()
        seconds = store.read_seconds()
        return Report(
            job=store.path,
            source=header.source,
            target=header.system,
            mode=header.mode,
            counts=Counts.from_tally(store.tally(header.phase)),
            check=None,
            retries=sum(second.retries for second in seconds),
            waited=sum(second.waited for second in seconds),
            elapsed=time.monotonic() - began,
            stopped=stopped,
            phase=header.phase,
        )
