"""What memory an undo, and rows in doubt, take of a large job in PostgreSQL: over that of a small one.

The job is written by one process; another plans to take it back, or asks the system for each row in doubt.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing

from alloy_async.provisioning import RunOptions
from alloy_async.provisioning.execution.engine import Engine
from alloy_async.provisioning.job_context import JobContext
from alloy_async.provisioning.planning.undo_planner import write_undo_rows
from alloy_async.provisioning.store.header import JobHeader
from alloy_async.provisioning.store.planned_batches import create_batch_of_columns
from alloy_async.provisioning.store.rows import RowResult
from alloy_async.provisioning.store.store_opener import create_store, open_store
from alloy_async.provisioning.store.writer import open_job_writer
from simulation.database_server import DatabaseServer
from simulation.memory_directory import MemoryDirectory

from ..measuring.harness import Figure, figure
from .provision_job import read_peak_megabytes

_BATCH = 1000
_FEW, _UNDONE, _IN_DOUBT = 3_000, 300_000, 100_000
_MEMORY_BUDGET = 20.0


def write_job(place: str, rows: int, *, answered: bool) -> None:
    """Write a job that sent its rows, and got an answer to each or to none."""
    header = JobHeader(
        source="", system="Memory", base_url="", mode="create", state="done" if answered else "running"
    )
    with closing(create_store(place, header)) as store:
        for first in range(1, rows + 1, _BATCH):
            numbers = range(first, first + _BATCH)
            keys, digests = [f"user{number}@x.example" for number in numbers], b"123456789" * _BATCH
            store.insert_batches(
                "apply", [create_batch_of_columns(first, "create", numbers, keys, digests=digests)]
            )
            store.record_intents("apply", [RowResult(first, "planned", "intend", rows=_BATCH)])
            outcomes = (
                RowResult(number, "intended", "settle", "created", None, f"id{number}") for number in numbers
            )
            store.record_results("apply", [*outcomes] if answered else [])


async def take_up(place: str, what: str) -> tuple[float, float]:
    """Plan the undo of a job, or reconcile its rows in doubt: CPU seconds, and the peak memory in megabytes."""
    async with open_job_writer(open_store, place) as writer:
        context = JobContext(writer, MemoryDirectory(), RunOptions())
        began = time.process_time()
        if what == "undo":
            await write_undo_rows(context, remove_adopted=False)
            done = await writer.call(writer.store.count_outcomes, "undo")
        else:
            engine = Engine(context)
            await engine.recorder.recount()
            await engine.reconcile_doubts()
            done = await writer.call(writer.store.count_outcomes, "apply")
        assert set(done) == {"planned"}, done
        return time.process_time() - began, read_peak_megabytes()


def measure(database: str, what: str, rows: int) -> tuple[float, float]:
    """Measure one job, in a process of its own."""
    place = f"{database}#{uuid.uuid4()}"
    write_job(place, rows, answered=what == "undo")
    command = [sys.executable, "-m", "benchmarks.jobs.job_memory", place, what]
    seconds, megabytes = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return seconds, megabytes


def compare(server: DatabaseServer) -> Iterator[Figure]:
    """Compare a large job with a small one."""
    for what, name, rows in (
        ("undo", "planning the undo", _UNDONE),
        ("doubts", "asking for doubts", _IN_DOUBT),
    ):
        _, least = measure(server.url, what, _FEW)
        seconds, most = measure(server.url, what, rows)
        yield figure(
            f"{name}: {rows:,} rows in PostgreSQL, memory over that of {_FEW:,}",
            [most - least],
            _MEMORY_BUDGET,
            unit="MB",
        )
        yield figure(f"{name}: {rows:,} rows in PostgreSQL, CPU a row", [seconds / rows * 1e6], unit="us")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(take_up(*sys.argv[1:]))))
