"""`provision_many` of 100 tenants against one job of as many rows; and what an outage of one costs the rest."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from alloy_async.alloy import AsyncAlloy
from alloy_async.alloy.directory import AlloyDirectory
from alloy_async.directory import Outcome, UserRecord
from alloy_async.provisioning import Event, RunOptions, Tenant, TenantResult, provision_many
from simulation.memory_directory import MemoryDirectory

from ..calls.many import peak_megabytes
from ..measuring.harness import Figure, figure
from ..measuring.server import run_server
from .provision import write_users

TENANTS = 100
ROWS = 1_000
_CALLS = 10
_LATENCY = 0.5
"""Seconds of each call: a tenant takes five, which is less than a real one does."""
_OUTAGE = 60.0


def measure(url: str, folder: Path, tenants: int, rows: int) -> dict[str, float]:
    """Provision so many tenants in this process: CPU of it all, memory and threads at their most."""
    source = folder / "users.csv"
    write_users(source, rows)
    most_threads = 0

    def watch(name: str, event: object) -> None:
        nonlocal most_threads
        most_threads = max(most_threads, threading.active_count())

    @asynccontextmanager
    async def open_target(number: int) -> AsyncIterator[AlloyDirectory]:
        async with AsyncAlloy(f"key{number}", base_url=url) as client:
            yield AlloyDirectory(client)

    def create_tenant(number: int) -> Tenant:
        target, job = partial(open_target, number), folder / f"{number}.job"
        return Tenant(name=str(number), source=source, target=target, job=job)

    cpu = time.process_time()
    report = asyncio.run(provision_many(map(create_tenant, range(tenants)), on_event=watch))
    cpu = time.process_time() - cpu
    assert report.complete, report.errors
    return {"cpu": cpu, "megabytes": peak_megabytes(), "threads": float(most_threads)}


class PacedDirectory(MemoryDirectory):
    """A directory whose system takes its time; in an outage, it takes none of what it is sent."""

    def __init__(self, number: int, outage: float) -> None:
        super().__init__(batch_size=1)
        self.account = str(number)
        self._outage = outage

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        await asyncio.sleep(self._outage or _LATENCY)
        return await super().create(records)


async def wait_for_others(folder: Path, outage: float) -> float:
    """Provision tenants whose systems are slow; seconds after which all but the first are done, on average.

    Args:
        folder: for their jobs.
        outage: seconds for which the first one's system gives no answer.
    """
    source = folder / "users.csv"
    write_users(source, _CALLS)
    tenants = [
        Tenant(
            name=str(number),
            source=source,
            target=PacedDirectory(number, outage if number == 0 else 0.0),
            job=folder / f"{number}.job",
        )
        for number in range(TENANTS)
    ]
    done, began, ends = asyncio.Event(), time.monotonic(), list[float]()

    def watch(name: str, event: Event | TenantResult[Any]) -> None:
        if isinstance(event, TenantResult) and name != "0":
            ends.append(time.monotonic() - began)
            if len(ends) == TENANTS - 1:
                done.set()

    running = asyncio.create_task(provision_many(tenants, run=RunOptions(concurrency=1), on_event=watch))
    await done.wait()
    running.cancel()
    await asyncio.wait([running])
    return statistics.mean(ends)


def in_own_process(url: str, tenants: int, rows: int) -> dict[str, float]:
    """The figures of so many tenants with so many rows each."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.jobs.tenants", url, folder, str(tenants), str(rows)]
        done = subprocess.run(command, check=True, capture_output=True)
    figures: dict[str, float] = orjson.loads(done.stdout)
    return figures


def compare_outage() -> float:
    """How much later the others are done where one tenant's system gives no answer for a minute, as a share."""
    elapsed = []
    for outage in (0.0, _OUTAGE):
        with tempfile.TemporaryDirectory() as folder:
            elapsed.append(asyncio.run(wait_for_others(Path(folder), outage)))
    return elapsed[1] / elapsed[0]


def run(rounds: int) -> list[Figure]:
    ratios, memory, threads = [], [], []
    with run_server() as url:
        for _ in range(max(3, rounds // 10)):  # in turn, so that all meet the same machine
            one, small = in_own_process(url, 1, TENANTS * ROWS), in_own_process(url, 1, ROWS)
            many = in_own_process(url, TENANTS, ROWS)
            ratios.append(many["cpu"] / one["cpu"])
            memory.append(many["megabytes"] - small["megabytes"])
            threads.append(many["threads"] - small["threads"])
    delays = [compare_outage() for _ in range(max(1, rounds // 20))]
    jobs = f"{TENANTS} tenants of {ROWS:,} rows"
    return [
        figure(f"{jobs}, CPU over one job of {TENANTS * ROWS:,}", ratios, 1.3),
        figure(f"{jobs}, memory over one tenant", memory, 100, unit="MB"),
        figure(f"{jobs}, threads over one tenant", threads, 10),
        figure(f"the other {TENANTS - 1} tenants, where one is away for {_OUTAGE:.0f} s", delays, 1.02),
    ]


if __name__ == "__main__":
    address, place, tenants, rows = sys.argv[1:]
    print(orjson.dumps(measure(address, Path(place), int(tenants), int(rows))).decode())
