"""Keep workers running until no shard of a job is left, and report their progress."""

from __future__ import annotations

import asyncio
import time

from ..database_outages import POLL_SECONDS, wait_for_database
from ..errors import JobPlace, JobUnavailable
from ..events import INTERRUPTED, Counts, Progress, Stopped
from ..run_options import RunOptions
from ..store.store_opener import count_shards_by_state, open_store_for_reading
from .interface import Workers, WorkersFailed

_SHARE = 0.2
"""The share of the time that goes into counting rows at most: the more rows there are, the longer that takes."""
_LOOKS = 3


async def supervise_workers(place: JobPlace, workers: Workers, run: RunOptions) -> str | None:
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
        while (look := await _read_counts_despite_outages(place, run)) is not None:
            if run.stop.is_set():
                reason = INTERRUPTED
                break
            counts, seconds = look
            # Before any worker begins: whoever cuts the run off from then on must know that rows may have left.
            run.on_event(Progress(counts, counts.rows))
            await workers.start_missing(progress=counts != before)
            before = counts
            await asyncio.sleep(max(POLL_SECONDS, seconds / _SHARE))
    except WorkersFailed as failure:
        reason = str(failure)
    finally:
        await asyncio.shield(workers.stop())
    if reason is not None:
        run.on_event(Stopped(reason, goes_on=run.stop.is_set() and await _are_others_working(place)))
    return reason


async def _are_others_working(place: JobPlace) -> bool:
    """Tell whether workers that others started go on, once the own ones were stopped."""
    for _ in range(_LOOKS):
        try:
            counts = await asyncio.to_thread(count_shards_by_state, place)
        except JobUnavailable:
            return False
        if counts.live or not counts.unfinished_shards:
            return bool(counts.live)
        await asyncio.sleep(POLL_SECONDS)  # one may be between two shards
    return False


async def _read_counts_despite_outages(place: JobPlace, run: RunOptions) -> tuple[Counts, float] | None:
    """Count the rows, and say how long that took; None where no shard is open. Workers wait by themselves in an outage."""
    while True:
        try:
            return await asyncio.to_thread(_read_counts, place)
        except JobUnavailable as error:
            await wait_for_database(place, error, run)


def _read_counts(place: JobPlace) -> tuple[Counts, float] | None:
    began = time.monotonic()
    if not count_shards_by_state(place).unfinished_shards:
        return None
    with open_store_for_reading(place) as store:
        counts = Counts.from_tally(store.count_outcomes(store.read_header().phase))
    return counts, time.monotonic() - began
