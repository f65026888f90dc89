"""`provision` against canned answers: CPU of a row, rows a second, memory, and what the job file costs of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson

from .harness import Figure, figure
from .many import peak_megabytes
from .server import run_server


def write_users(path: Path, rows: int) -> None:
    """A CSV file as an export of a personnel system is."""
    with path.open("w", encoding="utf-8") as file:
        file.write("username,full_name,email\n")
        file.writelines(f"user{n},Given{n} Family{n},user{n}@example.com\n" for n in range(rows))


def measured(url: str, source: Path) -> dict[str, float]:
    """One job in this process."""
    from alloy_async.alloy import AsyncAlloy
    from alloy_async.alloy.directory import AlloyDirectory
    from alloy_async.provisioning import Event, Run, provision

    journal = 0.0

    def watch(event: Event) -> None:
        nonlocal journal
        for thread in threading.enumerate():
            if thread.name.startswith("job-") and thread.ident is not None:
                journal = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))

    async def job() -> int:
        async with AsyncAlloy("key", base_url=url) as client:
            report = await provision(source, AlloyDirectory(client), run=Run(on_event=watch))
            assert report.complete, report
            return report.counts.created

    import gc

    gc.collect()
    before, began, cpu = peak_megabytes(), time.perf_counter(), time.process_time()
    rows = asyncio.run(job())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    return {
        "microseconds": cpu / rows * 1e6,
        "whole": time.process_time() / rows * 1e6,
        "bytes": source.with_suffix(".job").stat().st_size / rows,
        "journal": journal / rows * 1e6,
        "rows_per_second": rows / wall,
        "megabytes": peak_megabytes(),
        "before": before,
    }


def in_own_process(url: str, rows: int) -> dict[str, float]:
    """The figures of one job of so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "users.csv"
        write_users(source, rows)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.provision", url, str(source)], check=True, capture_output=True
        )
    figures: dict[str, float] = orjson.loads(done.stdout)
    return figures


def run_bare_script(url: str, rows: int) -> float:
    """The CPU time of the bare script for so many rows, in microseconds a row."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "users.csv"
        write_users(source, rows)
        command = [sys.executable, "-m", "benchmarks.bare_provision", url, str(source)]
        return float(subprocess.run(command, check=True, capture_output=True).stdout)


def run(rounds: int, rows: int = 100_000, many: int = 1_000_000) -> list[Figure]:
    with run_server() as url:
        few = in_own_process(url, 10_000)
        some, ratios = [], []
        for _ in range(max(3, rounds // 10)):  # in turn, so that both meet the same machine
            some.append(in_own_process(url, rows))
            ratios.append(some[-1]["whole"] / run_bare_script(url, rows))
        lots = in_own_process(url, many)
    share = [figures["journal"] / figures["microseconds"] * 100 for figures in some]
    return [
        figure(f"provision of {rows:,} over a bare script, imports included", ratios, 2.0),
        figure(f"the job file of {rows:,}, bytes a row", [one["bytes"] for one in some], 25, unit="B"),
        figure(f"provision of {rows:,}, CPU of a row", [one["microseconds"] for one in some], 15, unit="us"),
        figure("of that in the thread of the job file", [one["journal"] for one in some], unit="us"),
        figure("the same, as a share", share, unit="%"),
        figure(f"provision of {rows:,}, rows a second", [one["rows_per_second"] for one in some]),
        figure(f"provision of {many:,}, CPU of a row", [lots["microseconds"]], unit="us"),
        figure(f"provision of {many:,}, rows a second", [lots["rows_per_second"]]),
        figure(f"provision of {many:,}, peak memory", [lots["megabytes"]], unit="MB"),
        figure(
            f"provision of {many:,}, peak memory over that of 10,000",
            [lots["megabytes"] - few["megabytes"]],
            60,
            unit="MB",
        ),
    ]


if __name__ == "__main__":
    print(orjson.dumps(measured(sys.argv[1], Path(sys.argv[2]))).decode())
