"""`provision` against canned answers: CPU of a row over a bare script, memory, the job file, and what a host notices of it.

Each job and each bare script is a process of its own, in turn, imports included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..measuring.harness import Figure, figure
from ..measuring.server import run_server

_FAULTY = (
    "user{n},Given,user{n}@",
    ",Given Family,x@example.com",
    "user{n}",
    "..,Given Family,a@example.com",
)


def write_users(path: Path, rows: int) -> None:
    """Write a CSV file as an export of a personnel system is."""
    with path.open("w", encoding="utf-8") as file:
        file.write("username,full_name,email\n")
        file.writelines(f"user{n},Given{n} Family{n},user{n}@example.com\n" for n in range(rows))


def write_faulty_users(path: Path, rows: int) -> None:
    """Write the same, one row in a hundred of which has a fault."""
    with path.open("w", encoding="utf-8") as file:
        file.write("username,full_name,email\n")
        for n in range(rows):
            faulty = _FAULTY[n // 100 % len(_FAULTY)].format(n=n)
            file.write(f"{faulty if n % 100 == 50 else f'user{n},Given{n} Family{n},user{n}@example.com'}\n")


def write_json_lines(path: Path, rows: int) -> None:
    """Write the same users as JSON, one a line."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(rows):
            user = {
                "username": f"user{n}",
                "full_name": f"Given{n} Family{n}",
                "email": f"user{n}@example.com",
            }
            file.write(json.dumps(user) + "\n")


def write_parquet(path: Path, rows: int) -> None:
    """Write the same users as a Parquet file."""
    import pyarrow as pa  # type: ignore[import-untyped, import-not-found, unused-ignore]
    from pyarrow import parquet  # type: ignore[import-untyped, import-not-found, unused-ignore]

    columns = {
        "username": [f"user{n}" for n in range(rows)],
        "full_name": [f"Given{n} Family{n}" for n in range(rows)],
        "email": [f"user{n}@example.com" for n in range(rows)],
    }
    parquet.write_table(pa.table(columns), path)


@contextmanager
def write_source(write: Callable[[Path, int], None], rows: int, name: str = "users.csv") -> Iterator[Path]:
    """Write a source to a folder that goes again, with the job file in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path, rows)
        yield path


def run_job(what: str, url: str, source: Path) -> dict[str, float]:
    """Run a job of `provision_job`; its figures."""
    if what != "apply":
        source.with_suffix(".job").unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.jobs.provision_job", what, url, str(source)]
    figures: dict[str, float] = json.loads(run_process(command))
    return figures


def run_bare_script(url: str, source: Path) -> float:
    """Run the bare script; its CPU time in microseconds a row."""
    command = [sys.executable, "-m", "benchmarks.jobs.bare_provision", url, str(source)]
    return float(run_process(command))


def run_process(command: Sequence[str]) -> bytes:
    """Run a process that keeps what it compiles, as an installed package is compiled; what it prints."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, check=True, capture_output=True, env=environment).stdout


def compare_jobs(
    url: str,
    rows: int,
    pairs: int,
    write: Callable[[Path, int], None],
    name: str = "users.csv",
    what: str = "provision",
) -> list[tuple[dict[str, float], float]]:
    """Run jobs and bare scripts of as many clean rows in turn, so that both meet the same machine: figures, and the ratio."""
    found = []
    with write_source(write, rows, name) as source, write_source(write_users, rows) as clean:
        for _ in range(pairs):
            if what == "apply":
                run_job("plan", url, source)
            figures = run_job(what, url, source)
            created = figures["rows"] / rows  # a job's figures are of the rows that went in
            found.append((figures, figures["whole"] * created / run_bare_script(url, clean)))
    return found


def run_batched(url: str, pairs: int, rows: int) -> Iterator[Figure]:
    """Compare jobs of a system that takes batches with the bare script."""

    def ratios(
        write: Callable[[Path, int], None], name: str = "users.csv", what: str = "provision"
    ) -> list[float]:
        return [ratio for _, ratio in compare_jobs(url, rows, pairs, write, name, what)]

    clean = compare_jobs(url, rows, pairs, write_users)
    jobs = [figures for figures, _ in clean]
    share = [one["journal"] / one["microseconds"] * 100 for one in jobs]
    yield figure(
        f"provision of {rows:,} over a bare script, imports included", [ratio for _, ratio in clean], 2.0
    )
    yield figure("the same, of a plan that another process made", ratios(write_users, what="apply"), 2.5)
    yield figure("the same, one row in a hundred faulty", ratios(write_faulty_users), 3.0)
    yield figure("the same, of JSON lines", ratios(write_json_lines, "users.jsonl"), 2.5)
    yield figure("the same, of a Parquet file", ratios(write_parquet, "users.parquet"), 2.5)
    yield figure(f"the job file of {rows:,}, bytes a row", [one["bytes"] for one in jobs], 25, unit="B")
    yield figure(
        f"provision of {rows:,}, CPU of a row, without imports",
        [one["microseconds"] for one in jobs],
        unit="us",
    )
    yield figure("of that in the thread of the job file", [one["journal"] for one in jobs], unit="us")
    yield figure("the same, as a share", share, unit="%")
    yield figure(f"provision of {rows:,}, rows a second", [one["rows_per_second"] for one in jobs])


def run_large(url: str, pairs: int, rows: int) -> Iterator[Figure]:
    """Look at a large job: its ratio again, and its memory."""
    lots = compare_jobs(url, rows, pairs, write_users)
    with write_source(write_users, 10_000) as source:
        few = run_job("provision", url, source)
    jobs = [figures for figures, _ in lots]
    grown = [one["megabytes"] - few["megabytes"] for one in jobs]
    yield figure(
        f"provision of {rows:,} over a bare script, imports included", [ratio for _, ratio in lots], 2.0
    )
    yield figure(f"the job file of {rows:,}", [one["bytes"] * rows / 1e6 for one in jobs], 25, unit="MB")
    yield figure(f"provision of {rows:,}, rows a second", [one["rows_per_second"] for one in jobs])
    yield figure(f"provision of {rows:,}, peak memory", [one["megabytes"] for one in jobs], unit="MB")
    yield figure(f"provision of {rows:,}, peak memory over that of 10,000", grown, 40, unit="MB")


def run_single(url: str, pairs: int, rows: int) -> Iterator[Figure]:
    """Look at jobs of a system that takes one user a request, against the calls of its directory alone."""
    costs, jobs = [], []
    with write_source(write_users, rows) as source:
        for _ in range(pairs):
            calls = run_job("calls", url, source)["microseconds"]
            jobs.append(run_job("single", url, source)["microseconds"])
            costs.append((jobs[-1] - calls) / calls)
    yield figure("one request a row (Smooch): job over the directory's calls alone, what it adds", costs, 0.5)
    yield figure("the same, CPU of a row", jobs, unit="us")


def run_lag(url: str, pairs: int, rows: int) -> Iterator[Figure]:
    """Look at how late a host's loop comes to its other work while a job runs in it."""
    with write_source(write_users, rows) as source:
        lags = [run_job("lag", url, source)["lag"] for _ in range(pairs)]
    yield figure(f"lag of the host's loop during a job of {rows:,}, 99 %", lags, 15, unit="ms")


def run(rounds: int, rows: int = 100_000, many: int = 1_000_000) -> Iterator[Figure]:
    pairs = max(3, rounds // 6)
    with run_server() as url:
        yield from run_batched(url, pairs, rows)
        yield from run_single(url, pairs, 30_000)
        yield from run_lag(url, pairs, 3 * rows)
        yield from run_large(url, max(1, pairs // 3), many)
