"""Workers on one job in PostgreSQL: how much faster two are than one, and what memory one takes for a large job.

Each worker is a process that has everything loaded before the clock starts; the plan is made before it, too. The two
variants run in turn, on a system that takes one user a request, whose worth is the client's own work.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alloy_async import provisioning
from alloy_async.directory import Directory
from alloy_async.provisioning.execution.job_opening import create_job, create_job_header, open_job_source
from alloy_async.provisioning.execution.run_phases import plan_before_sending
from alloy_async.provisioning.execution.sharded_job import split_job
from alloy_async.provisioning.job_context import JobContext
from alloy_async.provisioning.store.store_opener import count_shards
from alloy_async.sandbox import Sandbox
from simulation import crash_scene, scene_workers
from simulation.database_server import DatabaseServer

from . import job_memory
from .harness import Figure, figure
from .provision import write_users
from .provision_job import read_peak_megabytes
from .server import run_server

SHARDS = 8


async def split(source: str, target: Directory, place: str, shard_rows: int) -> None:
    """Plan a job without asking about each user, as `provision` does, and split it."""
    opened = await open_job_source(source, target)
    header = await create_job_header(opened, target, "create", None, {"look_up": False})
    async with create_job(place, header) as writer:
        run = provisioning.RunOptions(on="local:1", shard_rows=shard_rows)
        context = JobContext(writer, target, run, opened)
        await plan_before_sending(context)
        await split_job(context)


async def be_worker(system: str, url: str, place: str, source: str, shard_rows: int) -> float:
    """Plan the job, or be a worker of it once a word comes; the peak memory in megabytes."""
    from alloy_async import AlloyDirectory, AsyncAlloy, AsyncSmooch, SmoochDirectory

    client: Any = AsyncSmooch("key", base_url=url) if system == "smooch" else AsyncAlloy("key", base_url=url)
    async with client:
        target = SmoochDirectory(client, app_id="a") if system == "smooch" else AlloyDirectory(client)
        if source:
            await split(source, target, place, shard_rows)
            return read_peak_megabytes()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        report = await provisioning.work(place, target)
        assert report.complete, report
    return read_peak_megabytes()


def run_workers(system: str, url: str, database: str, rows: int, count: int) -> tuple[float, float]:
    """Carry out a job by so many workers: seconds, and the most megabytes that one took."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "users.csv"
        write_users(source, rows)
        place = f"{database}#{uuid.uuid4()}"
        command = [sys.executable, "-m", "benchmarks.workers", system, url, place, str(rows // SHARDS)]
        subprocess.run([*command, str(source)], check=True, capture_output=True)
        workers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)
        ]
        for worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()
        began = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(b"go\n")
            worker.stdin.flush()
        said = [worker.communicate()[0] for worker in workers]
        return time.perf_counter() - began, max(json.loads(one) for one in said)


def measure_takeover(server: DatabaseServer) -> float:
    """Kill a worker that has sent nothing of its shard yet; seconds until another one has done it."""
    with Sandbox("alloy", seed_users=0) as sandbox, tempfile.TemporaryDirectory() as folder:
        scene = crash_scene.Scene(server, sandbox, Path(folder) / "users.csv")
        crash_scene.write_source(scene.source)
        asyncio.run(scene_workers.split(scene))
        lost, said = scene_workers.start_worker(scene, point="after intent")
        said.recv()
        other, _ = scene_workers.start_worker(scene)
        while count_shards(scene.place).done < 3:
            time.sleep(0.01)
        killed = time.monotonic()
        lost.kill()
        while count_shards(scene.place).done < 4:
            time.sleep(0.01)
        seconds = time.monotonic() - killed
        other.join()
        return seconds


def run_under_kills(server: DatabaseServer, lives: int, every: float) -> list[int]:
    """Kill the only worker of a job every so many seconds; the users that each created."""
    created = []
    with Sandbox("smooch", seed_users=0, latency=0.05) as sandbox, tempfile.TemporaryDirectory() as folder:
        scene = crash_scene.Scene(server, sandbox, Path(folder) / "users.csv")
        crash_scene.write_source(scene.source, 20_000)
        asyncio.run(scene_workers.split(scene))
        for _ in range(lives):
            before = sandbox.ledger.count(what="created")
            worker, _ = scene_workers.start_worker(scene)
            worker.join(every)
            worker.kill()
            created.append(sandbox.ledger.count(what="created") - before)
    return created


def run(rounds: int, rows: int = 16_000, many: int = 1_000_000) -> Iterator[Figure]:
    gains = []
    with DatabaseServer() as server, run_server() as url:
        for _ in range(max(3, rounds // 10)):
            one, _ = run_workers("smooch", url, server.url, rows, 1)
            two, _ = run_workers("smooch", url, server.url, rows, 2)
            gains.append(one / two)
        yield figure(
            "two workers of a job over one, one request a row, rows a second", gains, 1.5, at_least=True
        )
        waits = [measure_takeover(server) for _ in range(3)]
        yield figure(
            f"takeover of a lost worker's shard, lease {crash_scene.LEASE:g} s",
            waits,
            crash_scene.LEASE + 2,
            unit="s",
        )
        lives = run_under_kills(server, 4, 10.0)
        yield figure("users that a worker creates which is killed after 10 s", lives, 1, at_least=True)
        yield from job_memory.compare(server)
        seconds, megabytes = run_workers("alloy", url, server.url, many, 1)
        yield figure(f"a worker of a job of {many:,}, peak memory", [megabytes], 120, unit="MB")
        yield figure(f"a worker of a job of {many:,}, rows a second", [many / seconds])


if __name__ == "__main__":
    system, url, place, shard_rows, *source = sys.argv[1:]
    print(asyncio.run(be_worker(system, url, place, source[0] if source else "", int(shard_rows))))
