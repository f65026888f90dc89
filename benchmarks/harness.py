"""How the ratios are measured: variants in one process, in short slices, in turn; client CPU time; paired ratios."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs

Slice = Callable[[], object]
"""Does a fixed amount of work once."""


@attrs.frozen
class Figure:
    """One measured figure, and its budget where it has one.

    `low` and `high` bound the median with 95 % confidence (order statistics of the samples).
    """

    name: str
    value: float
    low: float
    high: float
    budget: float | None = None
    at_least: bool = False
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the budget is met; None where there is none."""
        if self.budget is None:
            return None
        return self.value >= self.budget if self.at_least else self.value <= self.budget


def figure(
    name: str,
    samples: Sequence[float],
    budget: float | None = None,
    *,
    at_least: bool = False,
    unit: str = "",
) -> Figure:
    """The median of the samples with its interval."""
    ordered = sorted(samples)
    n = len(ordered)
    reach = int(0.98 * n**0.5)
    low, high = ordered[max(0, n // 2 - reach)], ordered[min(n - 1, n // 2 + reach)]
    return Figure(name, statistics.median(ordered), low, high, budget, at_least, unit)


def paired(variants: Mapping[str, Slice], base: str, rounds: int) -> dict[str, list[float]]:
    """CPU time of each variant over that of `base` in the same round, for each round."""
    ratios: dict[str, list[float]] = {name: [] for name in variants}
    order = list(variants)
    for name in order:
        variants[name]()
    for _ in range(rounds):
        random.shuffle(order)
        cost = {}
        for name in order:
            began = time.process_time()
            variants[name]()
            cost[name] = time.process_time() - began
        for name in order:
            ratios[name].append(cost[name] / cost[base])
    return ratios


def calls(
    runner: asyncio.Runner, call: Callable[[], Awaitable[object]], count: int = 128, in_flight: int = 1
) -> Slice:
    """`count` calls on the runner's loop, so many at a time."""

    async def worker(share: int) -> None:
        for _ in range(share):
            await call()

    async def all_of_them() -> None:
        if in_flight == 1:
            await worker(count)
        else:
            await asyncio.gather(*(worker(count // in_flight) for _ in range(in_flight)))

    return lambda: runner.run(all_of_them())
