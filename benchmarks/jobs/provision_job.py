"""One job in a process of its own that imports nothing else: `python -m benchmarks.jobs.provision_job WHAT URL SOURCE`.

WHAT is `provision`, `plan` (what comes before `apply`), `apply`, `lag` (provision in a host whose loop has other work), or
`calls` and `single`: the users of a system that takes one a request, by its directory alone and by a job.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from alloy_async import provisioning
from alloy_async.directory import Directory, UserRecord

_BEAT = 0.005
"""Seconds between two looks at a host's loop."""
_IN_FLIGHT = 8


def read_peak_megabytes() -> float:
    """Read this process's peak memory; ru_maxrss will not do, since a process starts with that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


class WriterClock:
    """Listens to a job, and knows the CPU time of the threads that write job files."""

    seconds = 0.0

    def __call__(self, event: provisioning.Event) -> None:
        threads = [thread for thread in threading.enumerate() if thread.name.startswith("job-writer")]
        self.seconds = sum(time.clock_gettime(time.pthread_getcpuclockid(one.ident or 0)) for one in threads)


async def carry_out(what: str, target: Directory, source: Path, clock: WriterClock) -> int:
    """Carry out one job; the users that it created."""
    run = provisioning.RunOptions(on_event=clock)
    job = source.with_suffix(".job")
    if what == "plan":
        return (await provisioning.plan(source, target, job=job)).actions.get("create", 0)
    if what == "apply":
        report = await provisioning.apply(job, target, run=run)
    else:
        report = await provisioning.provision(source, target, job=job, run=run)
    assert not report.counts.unfinished + report.counts.failed, report
    return report.counts.created


async def call_for_each(target: Directory, source: Path) -> int:
    """Create every user of the source by a call of the directory, and do nothing else."""
    with source.open(encoding="utf-8") as file:
        rows = [line.rstrip("\n").split(",") for line in file][1:]
    records = (UserRecord(username=username, email=email) for username, _, email in rows)

    async def create_users() -> None:
        for record in records:
            await target.create([record])

    await asyncio.gather(*(create_users() for _ in range(_IN_FLIGHT)))
    return len(rows)


async def watch_loop(job: Coroutine[Any, Any, int]) -> tuple[int, list[float]]:
    """Carry out a job beside a task that comes every 5 ms, and tell how late it came each time."""
    delays: list[float] = []

    async def beat() -> None:
        while True:
            due = time.perf_counter() + _BEAT
            await asyncio.sleep(_BEAT)
            delays.append(time.perf_counter() - due)

    beating = asyncio.create_task(beat())
    rows = await job
    beating.cancel()
    return rows, delays


async def measure(what: str, url: str, source: Path) -> dict[str, float]:
    """Carry out what is asked for, and take its figures."""
    clock, delays = WriterClock(), [0.0]
    client: Any
    target: Directory
    if what in ("calls", "single"):
        from alloy_async import AsyncSmooch, SmoochDirectory

        client = AsyncSmooch("key", base_url=url)
        target = SmoochDirectory(client, app_id="a")
    else:
        from alloy_async import AlloyDirectory, AsyncAlloy

        client = AsyncAlloy("key", base_url=url)
        target = AlloyDirectory(client)
    async with client:
        before, began, cpu = read_peak_megabytes(), time.perf_counter(), time.process_time()
        if what == "calls":
            rows = await call_for_each(target, source)
        elif what == "lag":
            rows, delays = await watch_loop(carry_out(what, target, source, clock))
        else:
            rows = await carry_out(what, target, source, clock)
    job = source.with_suffix(".job")
    return {
        "rows": rows,
        "microseconds": (time.process_time() - cpu) / rows * 1e6,
        "whole": time.process_time() / rows * 1e6,
        "bytes": job.stat().st_size / rows if job.exists() else 0,
        "journal": clock.seconds / rows * 1e6,
        "rows_per_second": rows / (time.perf_counter() - began),
        "megabytes": read_peak_megabytes(),
        "before": before,
        "lag": sorted(delays)[int(len(delays) * 0.99)] * 1e3,
    }


def main() -> None:
    """Print the figures as JSON."""
    what, url, source = sys.argv[1:]
    if what in ("lag", "calls", "single"):
        # What they ask is small beside what others on the machine do to it.
        with suppress(AttributeError, PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    gc.collect()
    print(json.dumps(asyncio.run(measure(what, url, Path(source)))))


if __name__ == "__main__":
    main()
