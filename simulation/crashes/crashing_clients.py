"""Whoever begins a shared job is lost, or the scheduler that places its workers; what was begun is carried on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import attrs
import psutil  # type: ignore[import-untyped]

from alloy_async.core.errors import AlloyAsyncError
from alloy_async.provisioning import RunOptions, provision, resume
from alloy_async.provisioning.store.store_opener import open_store_for_reading

from ..dask_cluster import DaskCluster
from ..database_proxy import DatabaseProxy, ProxyPoint
from ..sandbox_directories import directory_of
from .crash_scene import CREDENTIALS, PATIENCE, SHARD, Scene, process_context, wait_for
from .crashing_jobs import BATCH

_ON = "local:2"


@attrs.frozen
class ClientLoss:
    """The client that began the job is killed.

    Args:
        with_workers: and all its workers.
        with_database: and the database.
        point: where, in what it or a worker of it says to the database; None: at any instant.
    """

    with_workers: bool
    with_database: bool
    point: ProxyPoint | None = None

    def __str__(self) -> str:
        others = (" and workers" if self.with_workers else "") + (
            " and database" if self.with_database else ""
        )
        return f"client{others} killed{f' {self.point}' if self.point else ''}"


@attrs.frozen
class SchedulerLoss:
    """The scheduler of a Dask cluster, on which the workers run, is killed and comes back.

    Args:
        point: where, in what the client or a worker says to the database.
    """

    point: ProxyPoint

    def __str__(self) -> str:
        return f"scheduler killed {self.point}"


def be_client(target: Any, place: str, source: Path, on: str | None, *, begins: bool) -> None:
    """Be the process in which the user begins a job, or goes on with it."""
    os.environ.update(CREDENTIALS)  # for the workers that it starts

    async def carry_out() -> int:
        run = RunOptions(concurrency=2, on=on, shard_rows=SHARD)
        async with directory_of(*target, batch_size=BATCH) as directory:
            if begins:
                report = await provision(source, directory, job=place, run=run)
            else:
                report = await resume(place, directory, run=run)
        return 0 if report.complete else 1

    try:
        code = asyncio.run(carry_out())
    except AlloyAsyncError:  # as where a lease lives on; whoever judges counts the ends
        code = 2
    os._exit(code)


def lose_client(scene: Scene, rng: random.Random, loss: ClientLoss) -> None:
    """One job, whose beginner dies, alone or with all workers; then somebody resumes it."""
    process: BaseProcess | None = None
    begun, happened = threading.Event(), threading.Event()

    def act() -> None:
        assert process is not None
        begun.set()
        _kill_client(scene, process, loss)
        happened.set()

    with DatabaseProxy(scene.server.url, loss.point, rng.randrange(1, 7), act) as proxy:
        url = scene.server.url if loss.point is None else proxy.url
        process = _start_client(scene, scene.locate(url), _ON, begins=True)
        if loss.point is None:
            process.join(rng.uniform(0.05, 4.0))
            act()
        wait_for(lambda: begun.is_set() or (process is not None and process.exitcode is not None))
        assert begun.is_set(), "the client ended before it came there"
        happened.wait()
        carry_on(scene, rng.choice((None, _ON)))


def lose_scheduler(scene: Scene, rng: random.Random, loss: SchedulerLoss) -> None:
    """One job on a Dask cluster, whose scheduler dies and comes back, while its workers go on."""
    happened: list[bool] = []

    def act() -> None:
        cluster.restart_scheduler()
        cluster.start_worker()  # those of before end with their scheduler
        happened.append(True)

    with (
        DaskCluster(2, CREDENTIALS) as cluster,
        DatabaseProxy(scene.server.url, loss.point, rng.randrange(1, 13), act) as proxy,
    ):
        process = _start_client(scene, scene.locate(proxy.url), cluster.address, begins=True)
        process.join(PATIENCE)
        assert happened, "the job ended before it came there"
        assert process.exitcode is not None, "the client came to no end"
        if process.exitcode:  # the scheduler was away before the client had ever found it
            carry_on(scene, None)


def _kill_client(scene: Scene, process: BaseProcess, loss: ClientLoss) -> None:
    if loss.with_workers:
        for pid in _find_children(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
    process.kill()
    process.join()
    if loss.with_database:
        scene.server.kill()
        scene.server.start()


def carry_on(scene: Scene, on: str | None) -> None:
    """Resume the job, or begin it where nothing of it was written; its lease, or its workers, live on for a while."""
    begins = _read_state(scene) is None
    ends: list[int | None] = []
    until = time.monotonic() + PATIENCE
    while 0 not in ends and _read_state(scene) != "undone" and time.monotonic() < until:
        last = _start_client(scene, scene.place, on, begins=begins)
        last.join(PATIENCE)
        ends.append(last.exitcode)
    # Somebody else may have brought it to its end; one that was taken back is then not resumed.
    assert 0 in ends or _read_state(scene) == "undone", f"resuming ended with {ends}"


def _start_client(scene: Scene, place: str, on: str | None, *, begins: bool) -> BaseProcess:
    args = (scene.target, place, scene.source, on)
    process = process_context.Process(target=be_client, args=args, kwargs={"begins": begins})
    process.start()
    return process


def _read_state(scene: Scene) -> str | None:
    """Read the state of the job; None where there is none."""
    try:
        with open_store_for_reading(scene.place) as store:
            return store.read_header().state
    except AlloyAsyncError:
        return None


def _find_children(pid: int | None) -> list[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    return []
