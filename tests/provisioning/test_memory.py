"""Memory does not grow with the number of rows."""

from __future__ import annotations

from benchmarks.jobs.provision import run_job, write_source, write_users
from benchmarks.measuring.server import run_server

GROWTH = 15
"""Megabytes that ten times the rows may take more: caches that fill up, no more."""


def measure_peak(url: str, rows: int) -> float:
    with write_source(write_users, rows) as source:
        return run_job("provision", url, source)["megabytes"]


def test_ten_times_the_rows_take_no_more_memory() -> None:
    with run_server() as url:
        assert measure_peak(url, 100_000) - measure_peak(url, 10_000) < GROWTH
