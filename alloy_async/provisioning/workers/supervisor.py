"""Keep workers running until no shard of a job is left, and report their progress."""

from __future__ import annotations

import asyncio
import math
import time

from ..async_helpers import run_or_cancel_on_stop
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
    watch = _JobWatch(place, run)
    try:
        while await watch.look_again():
            if run.stop.is_set():
                reason = INTERRUPTED
                break
            # Before any worker begins: whoever cuts the run off from then on must know that rows may have left.
            run.on_event(Progress(watch.counts, watch.counts.rows))
            await workers.start_missing(progress=watch.made_progress)
            await run_or_cancel_on_stop(run.stop, asyncio.sleep(POLL_SECONDS))
    except WorkersFailed as failure:
        reason = str(failure)
    except asyncio.CancelledError:
        if run.stop.is_set():  # for the second time
            await asyncio.shield(workers.cut_off())
        raise
    finally:
        await _stop_or_cut_off(workers)
    if run.stop.is_set() and await _are_others_working(place):
        run.on_event(Stopped(INTERRUPTED, goes_on=True))
    return reason


async def _stop_or_cut_off(workers: Workers) -> None:
    """Let workers finish what they are sending, unless this run is cut off meanwhile: then they are, too."""
    stopping = asyncio.create_task(workers.stop())
    try:
        await asyncio.shield(stopping)
    except asyncio.CancelledError:
        await asyncio.shield(workers.cut_off())
        await stopping
        raise


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


class _JobWatch:
    """What is seen of a job whose workers are elsewhere: its shards each time, its rows as rarely as counting them is slow.

    Args:
        place: the job.
        run: told of outages of its database; workers wait by themselves in one.
    """

    def __init__(self, place: JobPlace, run: RunOptions) -> None:
        self.counts: Counts = Counts()
        self.made_progress: bool = True
        self._place = place
        self._run = run
        self._finished_shards = -1
        self._count_again_at = -math.inf

    async def look_again(self) -> bool:
        """Look at the job; tell whether any shard is open."""
        while True:
            try:
                return await asyncio.to_thread(self._look)
            except JobUnavailable as error:
                await wait_for_database(self._place, error, self._run)

    def _look(self) -> bool:
        shards = count_shards_by_state(self._place)
        before = self._finished_shards, self.counts
        self._finished_shards = shards.done
        if not shards.unfinished_shards:
            return False
        began = time.monotonic()
        if began >= self._count_again_at:
            with open_store_for_reading(self._place) as store:
                self.counts = Counts.from_tally(store.count_outcomes(store.read_header().phase))
            now = time.monotonic()
            self._count_again_at = now + (now - began) / _SHARE
        self.made_progress = before != (self._finished_shards, self.counts)
        return True
