"""How the ratios are measured: variants in one process, in short slices, in turn; client CPU time; compare ratios."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import attrs

Slice = Callable[[], object]
"""Does a fixed amount of work once."""


on_one_core = True
"""Whether `one_core` does what it says."""


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and those that it starts, on one processor, where the system knows how.

    Left alone, the kernel puts client, its threads and the server now on one processor, now on two; a wake-up across processors
    costs so much that one and the same call takes 60 us in one slice and 90 us in the next, and three times the spread with
    threads. No budget can be read off that. On one processor the same slices agree to a few percent.
    """
    if not on_one_core or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def malloc_keeps(blocks: bool) -> None:
    """Whether malloc (of glibc) keeps a freed block of 256 KiB for the next one, or gives it back to the system.

    The standard loop takes such a block for each piece that it reads. In a process as it starts malloc gives it back each time,
    most often, which makes a bare call a third dearer; once larger blocks were freed, it does not. Our connections take smaller
    blocks, and uvloop none, so the ratios differ. Here both states are set, so that a figure belongs to one of them.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
        mallopt(mmap_threshold, 1 << 25 if blocks else 1 << 17)
        mallopt(trim_threshold, 1 << 26 if blocks else 1 << 17)


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


def compare(variants: Mapping[str, Slice], base: str, rounds: int) -> dict[str, list[float]]:
    """CPU time of each variant over that of `base` in the same round, for each round."""
    ratios: dict[str, list[float]] = {name: [] for name in variants}
    order = list(variants)
    for name in order:
        variants[name]()
    gc.collect()
    gc.freeze()  # what one of them has imported is not walked over at the cost of another
    for _ in range(rounds):
        random.shuffle(order)
        cost = {}
        for name in order:
            began = time.process_time()
            variants[name]()
            cost[name] = time.process_time() - began
        for name in order:
            ratios[name].append(cost[name] / cost[base])
    gc.unfreeze()
    return ratios


def times(count: int, call: Slice) -> Slice:
    """`count` calls, one after the other."""

    def run() -> None:
        for _ in range(count):
            call()

    return run


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
