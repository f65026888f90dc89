"""Memory does not grow with the number of rows."""

from __future__ import annotations

from benchmarks.provision import in_own_process
from benchmarks.server import run_server

GROWTH = 15
"""Megabytes that ten times the rows may take more: caches that fill up, no more."""


def test_ten_times_the_rows_take_no_more_memory() -> None:
    with run_server() as url:
        few, many = (in_own_process(url, rows)["megabytes"] for rows in (10_000, 100_000))
    assert many - few < GROWTH
