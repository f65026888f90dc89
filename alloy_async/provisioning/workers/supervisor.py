"""Keep workers running until no shard of a job is left, and report their progress."""

from __future__ import annotations

import asyncio

from ..errors import JobPlace
from ..events import Counts, Progress, Stopped
from ..options import RunOptions
from ..store.store_opener import count_shards, read_store
from .interface import Workers, WorkersFailed

POLL_SECONDS = 1.0


async def supervise(place: JobPlace, workers: Workers, run: RunOptions) -> str | None:
    """Keep workers running until every shard is done; None then, else why not.

    Args:
        place: the job.
        workers: the workers.
        run: told of the progress; stops when `run.stop` is set.

    Raises:
        JobError: the job cannot be read.
    """
    reason: str | None = None
    before: Counts | None = None
    try:
        while (await asyncio.to_thread(count_shards, place)).unfinished:
            if run.stop.is_set():
                reason = "interrupted"
                break
            counts = await asyncio.to_thread(_read_counts, place)
            await workers.keep_running(progress=counts != before)
            before = counts
            run.on_event(Progress(counts, counts.rows))
            await asyncio.sleep(POLL_SECONDS)
    except WorkersFailed as failure:
        reason = str(failure)
    finally:
        await asyncio.shield(workers.stop())
    if reason is not None:
        run.on_event(Stopped(reason))
    return reason


def _read_counts(place: JobPlace) -> Counts:
    with read_store(place) as store:
        return Counts.from_tally(store.tally(store.read_header().phase))
