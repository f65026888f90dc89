"""One worker of a job in shards: it claims one after the other, settles what others left in doubt, and carries it out."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ...directory import Directory
from ..database_outages import POLL_SECONDS
from ..errors import JobError, JobInUse, JobPlace
from ..events import INTERRUPTED, Counts
from ..job_context import JobContext
from ..planning.source_rereader import SourceRereader, refuse_changed_source
from ..run_options import RunOptions
from ..sources import Source
from ..store.header import Phase
from ..store.job_store import NoOpenShard, ShardedStore
from ..store.store_opener import count_shards_by_state, create_shard_claimer, open_store_for_reading
from ..store.writer import JobWriter, open_job_writer
from .engine import Engine
from .job_opening import check_job_target, open_job
from .row_batches import read_planned_rows
from .sharded_job import split_job

if TYPE_CHECKING:
    from ..store.postgres.shard_claimer import ShardClaimer

_SHARE_OF_COUNTING = 0.05
"""The share of a worker's time that goes into counting the rows of the whole job."""


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
    await _ensure_split(place, target, open_source, run)
    async with _open_claimer(place) as claimer:
        while not run.stop.is_set():
            try:
                async with open_job_writer(claimer.claim) as writer:
                    stopped = await worker.work_on(writer)
            except NoOpenShard:
                if not (await asyncio.to_thread(count_shards_by_state, place)).unfinished_shards:
                    return None
                # Others work on all that is left; one of them may be lost yet.
                await asyncio.sleep(POLL_SECONDS)
                continue
            if stopped is not None:
                return stopped
    return INTERRUPTED


async def _ensure_split(
    place: JobPlace, target: Directory, open_source: Callable[[str], Awaitable[Source]], run: RunOptions
) -> None:
    """Make sure that a job has shards: whoever comes first to a plan splits it."""
    if isinstance(place, Path):
        raise JobError(
            "a job in a file has one worker: resume it; many workers need a job in PostgreSQL, begun with"
            " job=postgresql://host/database#name and on=local:1",
            place,
        )
    while not run.stop.is_set():
        state, is_held = await asyncio.to_thread(_read_state_and_whether_worked_on, place)
        if state in ("done", "undone") or (await asyncio.to_thread(count_shards_by_state, place)).total:
            return
        if state != "planned" and not is_held:
            raise JobError(
                f"the job ({state}) is not split for workers: resume it with on=local:1, say, and others can join in",
                place,
            )
        try:
            if state == "planned":
                await _split_job_into_shards(place, target, open_source, run)
                continue
        except JobInUse:  # another one splits it
            pass
        await asyncio.sleep(POLL_SECONDS)


def _read_state_and_whether_worked_on(place: JobPlace) -> tuple[str, bool]:
    """Read the state of a job, and whether somebody works on it."""
    with open_store_for_reading(place) as store:
        return store.read_header().state, store.worker is not None


async def _split_job_into_shards(
    place: JobPlace, target: Directory, open_source: Callable[[str], Awaitable[Source]], run: RunOptions
) -> None:
    async with open_job(str(place), target, new_key=run.new_key) as writer:
        if writer.header.state == "planned":  # else another one was quicker
            source = await open_source(writer.header.source_path)
            context = JobContext(writer, target, run, source)
            await refuse_changed_source(context)
            await split_job(context)


@asynccontextmanager
async def _open_claimer(place: JobPlace) -> AsyncIterator[ShardClaimer]:
    claimer = create_shard_claimer(place)
    try:
        yield claimer
    finally:
        await asyncio.shield(asyncio.to_thread(claimer.close))


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
        self._rereader: SourceRereader | None = None
        self._tally: Counter[str] = Counter()
        self._counted_phase: Phase | None = None
        self._count_again_at = 0.0

    async def work_on(self, writer: JobWriter) -> str | None:
        """Carry out a shard; None where it is done, and the next one may follow, else why not.

        Raises:
            As `work_on_shards`.
        """
        await check_job_target(writer, self._target, new_key=self._run.new_key)
        phase = writer.header.phase
        context = await self._create_context(writer, phase)
        engine = Engine(context)
        store = cast(ShardedStore, writer.store)
        engine.recorder.begin_shard(
            await self._count_outcomes_of_whole_job(writer, phase),
            await writer.call(store.count_outcomes_of_shard, phase),
        )
        await engine.reconcile_doubts()
        await engine.run(read_planned_rows(context, self._rereader))
        if engine.guard.never_began and engine.guard.error:
            raise engine.guard.error
        shard = await writer.call(store.count_outcomes_of_shard, phase)
        if engine.guard.stopped is None and Counts.from_tally(shard).unfinished:
            await engine.guard.stop_sending(
                "some rows stay in doubt, as the system could not be asked about them"
            )
        await writer.call(engine.recorder.write_last_stats)
        if engine.guard.stopped is None:
            await writer.call(store.finish_shard)
        return engine.guard.stopped

    async def _count_outcomes_of_whole_job(self, writer: JobWriter, phase: Phase) -> Counter[str]:
        """Count the rows of the whole job, for who watches; rarely where that takes long, as it does of a large one."""
        began = time.monotonic()
        if began >= self._count_again_at or phase != self._counted_phase:
            self._tally = await writer.call(writer.store.count_outcomes, phase)
            now = time.monotonic()
            self._counted_phase, self._count_again_at = phase, now + (now - began) / _SHARE_OF_COUNTING
        return self._tally

    async def _create_context(self, writer: JobWriter, phase: Phase) -> JobContext:
        if phase == "undo":
            return JobContext(writer, self._target, self._run)
        fresh = self._source is None
        if self._source is None:
            self._source = await self._open_source(writer.header.source_path)
        context = JobContext(writer, self._target, self._run, self._source)
        if fresh:
            await refuse_changed_source(context)
            self._rereader = SourceRereader(self._source, context.numbers_per_row, context.comparer)
        return context
