"""The budgets as coarse gates: a landslide is noticed, and a noisy machine is not. `python -m benchmarks` has them exactly."""

from __future__ import annotations

from benchmarks import facade, http
from benchmarks.harness import Figure
from benchmarks.server import running


def value(figures: list[Figure], start: str) -> float:
    return next(figure.value for figure in figures if figure.name.startswith(start))


def test_a_call_costs_little_more_than_bare_aiohttp() -> None:
    with running() as url:
        assert value(http.measure(url, in_flight=1, rounds=9, kept=True), "GET against bare aiohttp") <= 1.6


def test_a_sync_call_costs_little_more_than_the_same_call_awaited() -> None:
    assert value(facade.run(rounds=9), "sync call against the same call awaited") <= 2.5
