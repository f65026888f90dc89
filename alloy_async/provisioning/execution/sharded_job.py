"""A job in shards: it is split for many workers, and brought to its end once none of them is left.

The store decides who works on what: a worker claims the next shard on which nobody works, and loses it where it does not
answer for the length of a lease. So whatever starts workers, and starts them again, needs to know nothing of the job.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import cast

import attrs

from ...core.argument_errors import format_argument_name
from ...core.errors import ConfigurationError
from ...directory import Directory
from ..database_outages import POLL_SECONDS, survive_outages
from ..errors import JobInUse, JobPlace
from ..events import INTERRUPTED, Checked, Counts, Paused
from ..job_context import JobContext
from ..results import Report
from ..run_options import RunOptions
from ..store.header import Phase
from ..store.job_store import ShardClaim, ShardedStore
from ..store.store_opener import (
    get_lease_seconds_of_place,
    open_store_for_reading,
    read_claims,
    split_password,
)
from ..workers.supervisor import supervise_workers
from ..workers.worker_factory import create_workers
from .engine import Engine
from .job_opening import open_job
from .recorder import ProgressRecorder
from .run_phases import end_run_with_report


async def split_job(context: JobContext) -> None:
    """Split what is left of a job for many workers; rows that failed are planned again.

    Raises:
        ConfigurationError: the job, or its source, is not for more than one worker.
    """
    store, header = context.store, context.header
    phase = header.phase
    if phase == "apply" and header.source_digest is None:
        raise ConfigurationError(
            f"{format_argument_name('on')} needs a source that every worker can read; this one can be read only once:"
            " write it to a file first"
        )
    await ProgressRecorder(context.writer).begin_run(reopen_unknown=context.run.sends_again)
    size = max(context.run.shard_rows // context.numbers_per_row, 1) * context.numbers_per_row
    sharded = cast(ShardedStore, store)
    await context.writer.call(sharded.split_into_shards, phase, size, durable=True)


def check_can_have_workers(run: RunOptions, place: JobPlace) -> None:
    """Make sure that workers can share a job.

    Raises:
        ConfigurationError: `run.on` is not a place of workers, or the job is not where they can share it.
    """
    if run.on is None:
        return
    secrets = {} if isinstance(place, Path) else split_password(place)[1]
    create_workers(run.on, (), secrets)
    if isinstance(place, Path):
        raise ConfigurationError(
            f"{format_argument_name('on')} needs a job in PostgreSQL, which workers can share, and not in a file as {place}:"
            f" say {format_argument_name('job', 'postgresql://host/database#name')}"
        )


async def take_up_or_join_workers(
    place: JobPlace,
    run: RunOptions,
    take_up: Callable[[], Awaitable[Report | None]],
    *,
    joins: Sequence[Phase] = (),
) -> Report | None:
    """Take a job up, also where whoever worked on it was lost; or leave it to workers that others started, and to more of them.

    A claim of a lost worker ends with its lease, which is waited for. One that is renewed meanwhile, as a live worker does
    three times in the length of a lease, or that is new, is not.

    Args:
        place: the job.
        run: with the place of the further workers; told of whom it waits for.
        take_up: opens the job, carries it out or splits it.
        joins: phases whose shards are left to those who work on them, and to the further workers; None is the result then.

    Raises:
        JobInUse: somebody works on it. Where there is a place of further workers, the whole job is waited for as long as a
            lease lasts: who has it may be about to split it.
    """
    claims: list[ShardClaim] = []
    patient_until = -math.inf
    if run.on is not None:
        patient_until = time.monotonic() + get_lease_seconds_of_place(place) + POLL_SECONDS
    while True:
        try:
            return await take_up()
        except JobInUse as error:
            if isinstance(place, Path):
                raise
            before, claims = claims, await asyncio.to_thread(read_claims, place)
            if any(claim.shard and claim.phase in joins for claim in claims):
                return None
            if not before and claims:
                run.on_event(Paused(_describe_wait(claims)))
            ends = {claim.epoch: claim.ends for claim in before}
            live = next((one for one in claims if before and ends.get(one.epoch) != one.ends), None)
            if live is not None and (live.shard or time.monotonic() > patient_until):
                raise JobInUse(f"{live}, and is at work; wait for it, or stop it", error.path) from None
            if run.stop.is_set():
                raise
        await asyncio.sleep(POLL_SECONDS)


def _describe_wait(claims: Sequence[ShardClaim]) -> str:
    """Say for whom, and until when, a job is not taken up yet."""
    last = max(claims, key=lambda claim: claim.seconds_left)
    others = f" (and {len(claims) - 1} more)" if len(claims) > 1 else ""
    until = time.strftime("%H:%M:%S", time.localtime(time.time() + last.seconds_left))
    return f"{last}{others} until {until}; the job goes on then, unless that worker turns out to be alive"


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
    shown, secrets = split_password(place)
    command = ["work", shown, "--base-url", target.base_url, "--progress", "none", *run.worker_options]
    workers = create_workers(run.on, command, secrets)
    stopped = await supervise_workers(place, workers, run)

    async def finish() -> Report:
        while True:
            try:
                return await finish_job(place, target, run, checked=checked, began=began, stopped=stopped)
            except JobInUse:
                reason = INTERRUPTED if run.stop.is_set() else stopped
            if reason is not None:
                # Workers that others started go on: the job is theirs, and this run only ends.
                return await asyncio.to_thread(read_run_report, place, reason, began)
            await asyncio.sleep(POLL_SECONDS)  # one of them brings it to its end, or is lost

    return await survive_outages(place, target, run, finish)


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
        engine = Engine(context)
        if stopped is not None:
            await engine.guard.stop_sending(stopped)
        return await end_run_with_report(context, engine, checked, began)


def read_run_report(place: JobPlace, stopped: str | None, began: float) -> Report:
    """Report a job as it is now, whoever works on it.

    Args:
        place: the job.
        stopped: why this worker stopped, where it did.
        began: when it began, on the monotonic clock.
    """
    with open_store_for_reading(place) as store:
        header = store.read_header()
        seconds = store.read_seconds()
        return Report(
            job=store.path,
            source=header.source,
            target=header.system,
            mode=header.mode,
            counts=Counts.from_tally(store.count_outcomes(header.phase)),
            check=None,
            retries=sum(second.retries for second in seconds),
            waited=sum(second.waited for second in seconds),
            elapsed=time.monotonic() - began,
            stopped=stopped,
            phase=header.phase,
        )
