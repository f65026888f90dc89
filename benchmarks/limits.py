"""Goodput against rate limits, in virtual time. `python -m benchmarks.limits [--seeds N] [--markdown]`.

Goodput is accepted / allowed, with unlimited demand; fairness is Jain's index over the callers; a wait is from a call's begin
to its end. A call that is refused four times, or has to wait past its deadline of 60 s, is an error. Medians of the seeds;
behind a stroke the worst one. What misses what it should be is marked with `!`.

A limit of 10 a second is met by 64 callers at once, before anything is known of it: 54 of them are refused, which is 1 % of
what it accepts in ten minutes. So slow limits are simulated for ten minutes, fast ones for 20 s.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from statistics import median
from typing import Any

import attrs

from alloy_async.core.ratelimit.adaptive_budget import AdaptiveBudget
from alloy_async.core.ratelimit.rate import Rate
from simulation.crowd import Outcome, Simulation, wait_at_low_traffic
from simulation.limited_servers import (
    Concurrency,
    FixedWindow,
    Free,
    Only,
    Server,
    SlidingWindow,
    TokenBucket,
)

MakeServer = Callable[[int], Server]  # by seed
TEN_MINUTES = 600.0


def phase(seed: int) -> float:
    """How much of the first window is over: spread evenly over the seeds."""
    return seed * 0.618 % 1


@attrs.frozen
class Scenario:
    """One row of the table: a server, how it is used, and what is expected."""

    name: str
    make: MakeServer
    goodput: float
    refused: float = 0.06
    errors: bool = False
    """Whether calls may end in errors, since the server tells waits past their deadline."""
    fairness: float = 0.9
    simulation: dict[str, Any] = attrs.field(factory=dict)


def _slow(retry_after: bool) -> Iterator[Scenario]:
    told = ", Retry-After" if retry_after else ""
    ten = {"seconds": TEN_MINUTES}
    far = {"seconds": TEN_MINUTES, "latency": (0.9, 1.1)}
    eight = {"seconds": TEN_MINUTES, "workers": 8}
    yield Scenario(
        f"10 a second, burst 10{told}", lambda _: TokenBucket(10, 10, retry_after), 0.97, simulation=ten
    )
    yield Scenario(
        f"window of 10 a second{told}",
        lambda seed: FixedWindow(10, retry_after, phase=phase(seed)),
        0.85,
        simulation=ten,
    )
    yield Scenario(
        f"sliding window of 10 a second{told}",
        lambda _: SlidingWindow(10, retry_after=retry_after),
        0.8,
        simulation=ten,
    )
    yield Scenario(
        f"5 in flight, for 0.3 s{told}",
        lambda _: Concurrency(5, 0.3, retry_after),
        0.85,
        simulation=ten | {"service": 0.3},
    )
    yield Scenario(
        f"20 a second, answers after 1 s{told}",
        lambda _: TokenBucket(20, 20, retry_after),
        0.9,
        simulation=far,
    )
    yield Scenario(
        f"60 a minute, burst 60, 8 callers{told}",
        lambda _: TokenBucket(1, 60, retry_after),
        0.97,
        simulation=eight,
    )
    yield Scenario(
        f"sliding window of 60 a minute, 8 callers{told}",
        lambda _: SlidingWindow(60, 60.0, retry_after),
        0.75,
        refused=0.12,
        errors=True,
        simulation=eight,
    )


def _fast(rate: int, burst: int) -> Iterator[Scenario]:
    first = 64 / (20 * rate)  # the callers that come before the first refusal is seen
    for retry_after in (False, True):
        told = ", Retry-After" if retry_after else ""
        yield Scenario(
            f"{rate} a second, burst {burst}{told}",
            lambda _, told=retry_after: TokenBucket(rate, burst, told),  # type: ignore[misc]
            0.9,
            refused=0.01 + first,
        )
        yield Scenario(
            f"window of {rate} a second{told}",
            lambda seed, told=retry_after: FixedWindow(rate, told, phase=phase(seed)),  # type: ignore[misc]
            0.9,
            refused=0.03 + first,
            errors=True,
        )
    yield Scenario(
        f"{rate} a second, in RateLimit headers",
        lambda _: TokenBucket(rate, burst, quota_headers=True),
        0.95,
        refused=0.01 + first,
    )
    yield Scenario(
        f"window of {rate}, in X-RateLimit headers",
        lambda _: FixedWindow(rate, quota_headers="epoch"),
        0.97,
        refused=first,
    )
    yield Scenario(
        f"{rate} a second, told by the user",
        lambda _: TokenBucket(rate, burst),
        0.99,
        refused=0.001,
        simulation={"rate": Rate(rate, burst)},
    )


def _shared() -> Iterator[Scenario]:
    eight = {"workers": 64, "processes": 8, "seconds": 60.0}
    told = Rate(100, 10, shared=True)
    yield Scenario(
        "8 processes, one budget of 100 a second",
        lambda _: TokenBucket(100, 10),
        0.97,
        refused=0.01,
        simulation=eight | {"budget": partial(AdaptiveBudget, told, 0.0)},
    )
    yield Scenario(
        "the same, 2 of the 8 killed",
        lambda _: TokenBucket(100, 10),
        0.95,
        refused=0.01,
        fairness=0.0,
        simulation=eight | {"budget": partial(AdaptiveBudget, told, 0.0), "killed": (20.0, 2)},
    )
    yield Scenario(
        "8 processes that learn 100 a second together",
        lambda _: TokenBucket(100, 10),
        0.9,
        refused=0.06,
        simulation=eight | {"budget": AdaptiveBudget},
    )
    yield Scenario(
        "8 processes, each for itself",
        lambda _: TokenBucket(100, 10),
        0.0,
        refused=1.0,
        errors=True,
        fairness=0.0,
        simulation=eight,
    )


def scenarios() -> Iterator[Scenario]:
    """All rows."""
    for retry_after in (False, True):
        yield from _slow(retry_after)
    for rate, burst in ((500, 50), (120, 12)):
        yield from _fast(rate, burst)
    yield from _shared()


def run(scenario: Scenario, seed: int) -> tuple[Outcome, float, float]:
    """Simulate a scenario; the outcome, goodput and fairness."""
    server, options = scenario.make(seed), dict(scenario.simulation)
    make_budget = options.pop("budget", None)
    simulation = Simulation(server, seed, budget=make_budget() if make_budget else None, **options)
    allowed = server.allowed(simulation.seconds)
    outcome = simulation.run()
    return outcome, len(outcome.accepted) / allowed, outcome.fairness(simulation.workers)


def measure(scenario: Scenario, seeds: int) -> list[str]:
    """The cells of a scenario's row."""
    runs = [run(scenario, seed) for seed in range(1, seeds + 1)]
    goodputs = [goodput for _, goodput, _ in runs]
    refused = [outcome.refused_share() for outcome, _, _ in runs]
    fairness = min(fairness for _, _, fairness in runs)
    errors = max(len(outcome.errors) for outcome, _, _ in runs)
    wait = max(outcome.worst_wait() for outcome, _, _ in runs)
    return [
        scenario.name,
        f"{median(goodputs):.1%} / {min(goodputs):.1%}{_mark(median(goodputs) < scenario.goodput)}",
        f"{median(refused):.1%} / {max(refused):.1%}{_mark(median(refused) > scenario.refused)}",
        f"{wait:.1f} s",
        f"{fairness:.3f}{_mark(fairness < scenario.fairness)}",
        f"{errors}{_mark(errors > 0 and not scenario.errors)}",
    ]


def measure_changes(seeds: int) -> Iterator[list[str]]:
    """How a limit that changes is followed: seconds until 90 % of the new one is used."""
    for rate, burst in ((500, 50), (120, 12)):
        for after in (rate // 2, rate * 2):
            makers: dict[str, Callable[[float, int], Server]] = {
                f"{rate} a second, to {after}": lambda at, to, r=rate, b=burst: TokenBucket(  # type: ignore[misc]
                    r, b, change=(at, to)
                ),
                f"window of {rate}, to {after}": lambda at, to, r=rate: FixedWindow(r, change=(at, to)),  # type: ignore[misc]
            }
            for name, make in makers.items():
                found, refused = [], []
                for seed in range(1, seeds + 1):
                    at = 10.0 + phase(seed) * 5
                    outcome = Simulation(make(at, after), seed, seconds=at + 15).run()
                    found.append(_find_recovery(outcome, at, after))
                    refused.append(outcome.refused_share())
                late = _mark(median(found) > 10)
                yield [name, f"{median(found):.1f} s / {max(found):.1f} s{late}", f"{median(refused):.1%}"]


def _find_recovery(outcome: Outcome, at: float, rate: int) -> float:
    """Seconds after the change until a second begins in which 90 % of the new rate is accepted."""
    steps = (step / 4 for step in range(56))
    return next((s for s in steps if outcome.accepted_between(at + s, at + s + 1) >= 0.9 * rate), 15.0)


def measure_low_traffic() -> Iterator[list[str]]:
    """The longest wait after what the server said, for each pace of calls and number of refusals."""
    for every in (0.4, 2.0, 20.0, 300.0):
        for times in (1, 2, 5):
            waits = [wait_at_low_traffic(every, times, told) for told in (0.0, 1.0, 2.0, 30.0, None)]
            yield [
                f"every {every:g} s, {times} refused",
                *(f"{wait:.1f} s{_mark(wait > 2)}" for wait in waits),
            ]


def measure_limited_operation() -> Iterator[list[str]]:
    """How many GETs go on beside a POST that is limited to 10 a minute."""
    server = Only("create", TokenBucket(10 / 60, 10, retry_after=True))
    beside = Simulation(server, 1, operations=("create", "get"), workers=8, seconds=120.0).run()
    alone = Simulation(Free(), 1, operations=("get",), workers=4, seconds=120.0).run()
    gets = sum(call.operation == "get" for call, _ in beside.calls)
    posts = sum(call.operation == "create" for call, _ in beside.calls)
    share = gets / len(alone.calls)
    yield [
        f"{gets:,} GETs beside {posts} POSTs, of {len(alone.calls):,} alone",
        f"{share:.1%}{_mark(share < 0.9)}",
    ]


def _mark(missed: bool) -> str:
    return " !" if missed else ""


def show(title: str, head: list[str], rows: Iterable[list[str]], markdown: bool) -> None:
    """Print a table."""
    print(f"\n{title}\n", flush=True)
    if markdown:
        print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows if markdown else [head, *rows]:
        line = (
            f"| {' | '.join(row)} |"
            if markdown
            else f"{row[0]:46}" + "".join(f"{cell:>19}" for cell in row[1:])
        )
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    head = ["limit", "goodput", "refused", "worst wait", "fairness", "errors"]
    rows = (measure(scenario, given.seeds) for scenario in scenarios())
    show("Unlimited demand of 64 callers", head, rows, given.markdown)
    show(
        "A limit that changes",
        ["limit", "found after", "refused"],
        measure_changes(given.seeds),
        given.markdown,
    )
    waits = ["calls", *(f"Retry-After {told}" for told in ("0", "1", "2", "30")), "none"]
    show("Low traffic: longest wait after what the server said", waits, measure_low_traffic(), given.markdown)
    show("One operation is limited", ["calls in 120 s", "share"], measure_limited_operation(), given.markdown)


if __name__ == "__main__":
    main()
