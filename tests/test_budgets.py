"""The budgets as coarse gates: a landslide is noticed, and a noisy machine is not. `python -m benchmarks` has them exactly."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def run_benchmark(name: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """Run it in a process of its own, as its command does: threads of other tests are on any processor."""
    command = [sys.executable, "-m", "benchmarks", name, "--rounds", "9", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert figures, done.stderr
    return done, figures


def get_value(figures: list[dict[str, Any]], start: str) -> float:
    return float(next(figure["value"] for figure in figures if figure["name"].startswith(start)))


def test_a_call_costs_less_than_bare_aiohttp() -> None:
    assert get_value(run_benchmark("http")[1], "GET against bare aiohttp") <= 1.1


def test_a_sync_call_costs_little_more_and_the_command_fails_where_a_budget_is_missed() -> None:
    done, figures = run_benchmark("facade")
    assert get_value(figures, "sync call against the same call awaited") <= 2.0
    assert len(figures) >= 3
    assert all("sync call" in figure["name"] or figure["name"].startswith("noise:") for figure in figures)
    assert done.returncode == any(figure["met"] is False for figure in figures), done.stderr


def test_an_unknown_benchmark_is_refused_with_those_that_there_are() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", "htpp"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "no benchmark htpp; there are http, decode" in done.stderr
