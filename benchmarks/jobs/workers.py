"""Workers on one job in PostgreSQL, against one process with a job file; and what memory one takes for a large job.

Each is a process that has everything loaded before the clock starts; the plan is made before it, too. They run in turn.
What two workers are worth is told by CPU time, as if each had a processor of its own and database and system were elsewhere:
here they share two with all of that, and two that run at once take more for the same work than one alone. So they are compared
with two processes at once, each with a job of half the rows. A system that answers at once leaves nothing but the client's
work. Where it is the system that takes its time, real time tells.
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
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from alloy_async import provisioning
from alloy_async.directory import Directory
from alloy_async.provisioning.errors import JobPlace
from alloy_async.provisioning.execution.job_opening import create_job, create_job_header, open_given_source
from alloy_async.provisioning.execution.sharded_job import split_job
from alloy_async.provisioning.job_context import JobContext
from alloy_async.provisioning.planning.job_planner import plan_whole_source
from alloy_async.provisioning.store.store_opener import count_shards_by_state, parse_job_place
from alloy_async.sandbox import Sandbox
from simulation.crashes import crash_scene, scene_workers
from simulation.database_server import DatabaseServer

from ..measuring.harness import Figure, figure
from ..measuring.server import run_server
from . import job_memory
from .provision import write_users
from .provision_job import read_peak_megabytes

SHARDS = 8
_LATENCY, _SLOW_ROWS, _SLOW_SHARDS = 0.2, 720, 4


async def split(source: str, target: Directory, place: JobPlace, shard_rows: int) -> None:
    """Plan a job without asking about each user, as `provision` does, and split it where it is for workers."""
    opened = await open_given_source(source, target)
    header = await create_job_header(opened, target, "create", None, {"look_up": False})
    async with create_job(place, header) as writer:
        run = provisioning.RunOptions(on="local:1", shard_rows=shard_rows)
        context = JobContext(writer, target, run, opened)
        await plan_whole_source(context)
        if isinstance(place, str):
            await split_job(context)
        else:  # what planning ends with is written with the next call
            await writer.call(writer.store.count_actions)


class Pace(NamedTuple):
    """How fast each process may go: its calls in flight, and the calls a second that it was told, of all together."""

    concurrency: int = 8
    rate: float | None = None


async def be_worker(
    system: str, url: str, place: str, source: str, shard_rows: int, pace: Pace
) -> tuple[float, float]:
    """Plan the job, or work on it once a word comes: the peak memory in megabytes, and CPU seconds from then on."""
    from alloy_async import AlloyDirectory, AsyncAlloy, AsyncSmooch, Rate, SmoochDirectory

    kind: Any = AsyncSmooch if system == "smooch" else AsyncAlloy
    async with kind("key", base_url=url, rate_limit=pace.rate and Rate(pace.rate)) as client:
        target = SmoochDirectory(client, app_id="a") if system == "smooch" else AlloyDirectory(client)
        if source:
            await split(source, target, parse_job_place(place), shard_rows)
            return read_peak_megabytes(), 0.0
        if not isinstance(parse_job_place(place), Path):
            import_module("alloy_async.provisioning.store.postgres.rate_budget.database_budget")
            import_module("alloy_async.provisioning.store.postgres.shard_claimer")
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.process_time()
        carry_out = provisioning.apply if isinstance(parse_job_place(place), Path) else provisioning.work
        report = await carry_out(place, target, run=provisioning.RunOptions(concurrency=pace.concurrency))
        assert report.complete, report
        return read_peak_megabytes(), time.process_time() - began


class Taken(NamedTuple):
    """What a job took: seconds, the most megabytes of a process, and microseconds of CPU a row, of all and of the database."""

    seconds: float
    megabytes: float
    cpu: float
    database_cpu: float


def run_workers(
    system: str,
    url: str,
    server: DatabaseServer,
    rows: int,
    count: int,
    pace: Pace = Pace(),  # noqa: B008 -- is not changed
    shards: int = SHARDS,
    processes: int = 1,
) -> Taken:
    """Carry out a job by so many workers; 0: by so many processes, each with a job file of its part of the rows."""
    with tempfile.TemporaryDirectory() as folder:
        shared = f"{server.url}#{uuid.uuid4()}"
        places = [shared] if count else [f"{folder}/{number}.job" for number in range(processes)]
        commands: list[list[str]] = []
        for number, place in enumerate(places):
            source = Path(folder) / f"{number}.csv"
            write_users(source, rows // len(places))
            words = [system, url, place, str(rows // shards), json.dumps(pace)]
            commands.append([sys.executable, "-m", __spec__.name, *words])
            subprocess.run([*commands[-1], str(source)], check=True, capture_output=True)
        workers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for command in commands * max(count, 1)
        ]
        for worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()
        began, database = time.perf_counter(), server.cpu_seconds
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(b"go\n")
            worker.stdin.flush()
        said = [json.loads(worker.communicate()[0]) for worker in workers]
        seconds, database = time.perf_counter() - began, server.cpu_seconds - database
        cpu = sum(one for _, one in said)
        return Taken(seconds, max(one for one, _ in said), cpu / rows * 1e6, database / rows * 1e6)


def compare_with_process(server: DatabaseServer, url: str, rounds: int) -> Iterator[Figure]:
    """Compare two workers with one process, where nothing but the client's work counts."""
    for system, rows, what in (
        ("smooch", 16_000, "one request a row"),
        ("alloy", 300_000, "batches of 1,000"),
    ):
        taken = [
            [run_workers(system, url, server, rows, count) for count in (0, 1, 2)]
            + [run_workers(system, url, server, rows, 0, processes=2)]
            for _ in range(rounds)
        ]
        process, one, two, two_processes = zip(*taken, strict=True)
        yield figure(
            f"{what}: CPU a row, of a process with a job file", [run.cpu for run in process], unit="us"
        )
        yield figure(f"{what}: of two at once", [run.cpu for run in two_processes], unit="us")
        yield figure(f"{what}: of a worker", [run.cpu for run in one], unit="us")
        yield figure(f"{what}: of two workers", [run.cpu for run in two], unit="us")
        yield figure(f"{what}: of PostgreSQL", [run.database_cpu for run in one], unit="us")
        yield figure(
            f"{what}: two workers over one process, each with a processor of its own",
            [2 * base.cpu / run.cpu for base, run in zip(two_processes, two, strict=True)],
            1.5,
            at_least=True,
        )
        gains = [base.seconds / run.seconds for base, run in zip(process, two, strict=True)]
        yield figure(f"{what}: the same, all on this machine, rows a second", gains)


def compare_on_slow_system(server: DatabaseServer) -> Iterator[Figure]:
    """Compare workers with one process in real time, where each call takes long; a ledger knows who was created."""
    for what, count, pace in (
        ("one process with a job file, 16 calls in flight", 0, Pace(16)),
        ("one worker with as many", 1, Pace(16)),
        ("two workers with as many each", 2, Pace(16)),
        ("four workers with as many each", 4, Pace(16)),
        ("one process with a job file, 64 calls in flight", 0, Pace(64)),
        ("the same, told 200 calls a second", 0, Pace(64, 200)),
        ("four workers, told 200 calls a second together", 4, Pace(16, 200)),
    ):
        with Sandbox("smooch", seed_users=0, app_id="a", keys=None, latency=_LATENCY) as sandbox:
            taken = run_workers("smooch", sandbox.url, server, _SLOW_ROWS, count, pace, _SLOW_SHARDS)
            created = [change.key for change in sandbox.ledger.find(what="created")]
        assert len(set(created)) == len(created) == _SLOW_ROWS
        yield figure(f"{_LATENCY:g} s a call: {what}, users a second", [_SLOW_ROWS / taken.seconds])


def measure_takeover(server: DatabaseServer) -> float:
    """Kill a worker that has sent nothing of its shard yet; seconds until another one has done it."""
    with Sandbox("alloy", seed_users=0) as sandbox, tempfile.TemporaryDirectory() as folder:
        scene = crash_scene.Scene(server, sandbox, Path(folder) / "users.csv")
        crash_scene.write_source(scene.source)
        asyncio.run(scene_workers.split(scene))
        lost, said = scene_workers.start_worker(scene, point="after intent")
        said.recv()
        other, _ = scene_workers.start_worker(scene)
        while count_shards_by_state(scene.place).done < 3:
            time.sleep(0.01)
        killed = time.monotonic()
        lost.kill()
        while count_shards_by_state(scene.place).done < 4:
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


def run(rounds: int, many: int = 1_000_000) -> Iterator[Figure]:
    with DatabaseServer() as server, run_server() as url:
        yield from compare_with_process(server, url, max(3, rounds // 10))
        yield from compare_on_slow_system(server)
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
        taken = run_workers("alloy", url, server, many, 1)
        yield figure(f"a worker of a job of {many:,}, peak memory", [taken.megabytes], 120, unit="MB")
        yield figure(f"a worker of a job of {many:,}, rows a second", [many / taken.seconds])


def main() -> None:
    """Be the process that `run_workers` starts; print its figures as JSON."""
    system, url, place, shard_rows, pace, *source = sys.argv[1:]
    figures = be_worker(
        system, url, place, source[0] if source else "", int(shard_rows), Pace(*json.loads(pace))
    )
    print(json.dumps(asyncio.run(figures)))


if __name__ == "__main__":
    main()
