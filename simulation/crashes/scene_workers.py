"""The workers of a scene, which wait at a boundary for whoever watches them."""

from __future__ import annotations

import asyncio
import os
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from alloy_async.core.http.transport import Timeout
from alloy_async.provisioning import RunOptions, provision, work
from alloy_async.provisioning.execution.crash_points import CrashPoint, crash_hook
from alloy_async.provisioning.execution.job_opening import (
    create_job,
    create_job_header,
    open_given_source,
    open_job,
)
from alloy_async.provisioning.execution.sharded_job import split_job
from alloy_async.provisioning.job_context import JobContext
from alloy_async.provisioning.planning.job_planner import plan_whole_source
from alloy_async.provisioning.planning.undo_planner import write_undo_rows

from ..sandbox_directories import directory_of
from .crash_scene import SHARD, Scene, process_context
from .crashing_jobs import BATCH


async def split(scene: Scene, shard_rows: int = SHARD) -> None:
    """Plan and split a job whose workers the run starts."""
    async with directory_of(*scene.target, batch_size=BATCH) as target:
        source = await open_given_source(scene.source, target)
        header = await create_job_header(source, target, "create", None, {"look_up": False})
        async with create_job(scene.place, header) as writer:
            context = JobContext(writer, target, RunOptions(on="local:1", shard_rows=shard_rows), source)
            await plan_whole_source(context)
            await split_job(context)


async def split_undo(scene: Scene) -> None:
    """Carry a job out, plan to take it back, and split that for workers that the run starts."""
    async with directory_of(*scene.target, batch_size=BATCH, timeout=Timeout(read=60)) as target:
        await provision(scene.source, target, job=scene.place)
        async with open_job(scene.place, target, new_key=False) as writer:
            context = JobContext(writer, target, RunOptions(on="local:1", shard_rows=SHARD))
            await write_undo_rows(context, remove_adopted=False)
            await split_job(context)


def start_worker(
    scene: Scene, url: str | None = None, point: CrashPoint | None = None, count: int = 1
) -> tuple[BaseProcess, Connection]:
    """Start a worker that says when it comes to a boundary for the `count`-th time, and waits there for a word."""
    ours, theirs = process_context.Pipe()
    place = scene.locate(url or scene.server.url)
    process = process_context.Process(
        target=be_worker, args=(scene.target, place, point, count, theirs), daemon=True
    )
    process.start()
    theirs.close()
    return process, ours


def be_worker(target: Any, place: str, point: CrashPoint | None, count: int, told: Connection) -> None:
    """Be a worker; the exit code is 0 where the whole job is in."""

    def at(here: CrashPoint) -> None:
        nonlocal count
        count -= here == point
        if here == point and count == 0:
            told.send(os.getpid())
            told.recv()

    async def carry_out() -> int:
        async with directory_of(*target, batch_size=BATCH) as directory:
            report = await work(place, directory, run=RunOptions(concurrency=2))
        return 0 if report.complete else 1

    if point is not None:
        crash_hook.set(at)
    os._exit(asyncio.run(carry_out()))  # without what the fork server's own exit would do
