"""Go on with a job after its database was away: nothing is sent meanwhile, and then the job is taken up again."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ..core.calls.scope import run_before_each_attempt
from ..directory import Directory
from .async_helpers import run_or_cancel_on_stop
from .errors import JobError, JobInUse, JobPlace, JobUnavailable
from .events import Paused
from .run_options import RunOptions
from .shared_rate import share_rate
from .store.store_opener import check_database, get_lease_seconds_of_place

T = TypeVar("T")

PATIENCE = 3600.0
"""Seconds that a database may be away before the job is left to whoever resumes it."""
POLL_SECONDS = 1.0
_LONGEST_PAUSE = 30.0
"""Seconds between two attempts at most, where the database answers and yet the work fails at once, as on a full disk."""
_LEASES = 2
"""Lengths of a lease after which that of our own broken connection has surely lapsed."""


async def survive_outages(
    place: JobPlace, target: Directory, run: RunOptions, work: Callable[[], Awaitable[T]]
) -> T:
    """Work on a job; when its database goes away meanwhile, wait until it is back, and take the job up again.

    Args:
        place: the job; one in a file is never away.
        target: the directory, whose rate limit is shared with all who work on jobs in that database.
        run: told of the outage; `run.stop` ends the waiting.
        work: opens the job, works on it and closes it; awaited again after an outage.

    Raises:
        JobUnavailable: it cannot even be reached the first time, or is away for longer than an hour.
        Whatever `work` raises.
    """
    if isinstance(place, Path):
        return await work()
    await asyncio.to_thread(check_database, place)
    is_open = False
    while True:
        try:
            async with share_rate(place, target) as check_budget:
                is_open = True

                async def work_while_budget_answers() -> T:
                    # Else it would be taken for the system's limit.
                    with end_run_where_check_fails(check_budget):
                        return await work()

                return await _work_again(place, run, work_while_budget_answers)
        except JobUnavailable as error:
            if is_open:  # it was away for too long
                raise
            await wait_for_database(place, error, run)


async def _work_again(place: JobPlace, run: RunOptions, work: Callable[[], Awaitable[T]]) -> T:
    free_at = -1.0  # the moment from which nobody can be working on it but another worker
    failed_since, pause = math.inf, POLL_SECONDS
    while True:
        began = time.monotonic()
        try:
            return await work()
        except JobUnavailable as error:
            now = time.monotonic()
            if now - began > _LONGEST_PAUSE:  # it went well for a while
                failed_since, pause = math.inf, POLL_SECONDS
            failed_since = min(failed_since, now)
            if now - failed_since > PATIENCE:
                raise
            await wait_for_database(place, error, run)
            await run_or_cancel_on_stop(run.stop, asyncio.sleep(pause))
            pause = min(2 * pause, _LONGEST_PAUSE)
            free_at = time.monotonic() + _LEASES * get_lease_seconds_of_place(place)
        except JobInUse:
            if time.monotonic() >= free_at or run.stop.is_set():
                raise
            await asyncio.sleep(POLL_SECONDS)


async def wait_for_database(place: JobPlace, error: JobUnavailable, run: RunOptions) -> None:
    """Wait until the database of a job answers.

    Args:
        place: the job.
        error: what showed that it does not.
        run: told of it.

    Raises:
        JobUnavailable: it does not within an hour, or the run was stopped.
    """
    run.on_event(Paused(f"{error}; nothing is sent before the job's database answers, then the job goes on"))
    began = time.monotonic()
    while True:
        if run.stop.is_set() or time.monotonic() - began > PATIENCE:
            raise error
        try:
            return await asyncio.to_thread(check_database, place)
        except JobUnavailable as failure:
            error = failure
        await asyncio.sleep(POLL_SECONDS)


class _RunMustEnd(Exception):
    """The run may send nothing more; no AlloyAsyncError, which a directory would take for what became of one user."""

    def __init__(self, reason: JobError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@contextmanager
def end_run_where_check_fails(check: Callable[[], None]) -> Iterator[None]:
    """Have `check` called right before each attempt of the calls in a block is sent; where it fails, the block ends.

    Args:
        check: raises a JobError where nothing may be sent any more.

    Raises:
        JobError: as `check` did; nothing was sent by that call, and no row of it has failed.
    """

    def check_for_run() -> None:
        try:
            check()
        except JobError as error:
            raise _RunMustEnd(error) from None

    with raise_reason_of_end(), run_before_each_attempt(check_for_run):
        yield


@contextmanager
def raise_reason_of_end() -> Iterator[None]:
    """Where the run must end within a block, raise why: for who has to tell an outage from what else can go wrong."""
    try:
        yield
    except (_RunMustEnd, BaseExceptionGroup) as error:
        end = _find_end(error)
        if end is None:
            raise
        raise end.reason from None


def _find_end(error: BaseException) -> _RunMustEnd | None:
    """Find it also among the errors of calls that were made at once."""
    if isinstance(error, BaseExceptionGroup):
        return next((end for one in error.exceptions if (end := _find_end(one)) is not None), None)
    return error if isinstance(error, _RunMustEnd) else None
