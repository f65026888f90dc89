"""Goodput against rate limits, in virtual time. `python -m benchmarks.limits [--seeds N] [--markdown]`; 1 where one misses.

Goodput is accepted / allowed, with unlimited demand; fairness is Jain's index over the callers; a wait is from a call's begin
to its end. A call that is refused four times while nobody is let through, or has to wait past its deadline of 60 s, is an
error. Figures are medians of the seeds; waits, fairness and errors are the worst of them.

Nothing is paced before a server has shown a limit, so the first volley is refused whatever the limiter is: of 64 callers at
10 a second 54 are. `then` is what comes after the first fifth of a run, or half of it where a window lasts a minute; so are the
errors. The oracle knows the server from the first refusal on
(simulation.limits.oracle_budget): what it gets, and what is refused to it, is the floor.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from statistics import median

import attrs

from simulation.limits.crowd import Outcome, Simulation, wait_at_low_traffic
from simulation.limits.limited_servers import (
    Families,
    FixedWindow,
    Free,
    Server,
    TokenBucket,
    limit_single_operation,
)
from simulation.limits.oracle_budget import OracleBudget

from .limit_scenarios import Scenario, list_families, list_scenarios, phase

MISSED = "MISSED"


@attrs.frozen
class Run:
    """What one simulation of a scenario has shown."""

    goodput: float
    then_goodput: float
    refused: float
    then_refused: float
    wait: float
    fairness: float
    errors: int


def simulate(scenario: Scenario, seed: int, oracle: bool = False) -> tuple[Outcome, Simulation]:
    """Simulate a scenario, with our limiter or the oracle's."""
    server, options = scenario.make(seed), dict(scenario.simulation)
    make_budget = options.pop("budget", None)
    budget = make_budget() if make_budget else None
    if oracle:
        assert scenario.rate is not None
        budget = OracleBudget(server, scenario.rate)
        options |= {"rate": None}
    simulation = Simulation(server, seed, budget=budget, **options)
    return simulation.run(), simulation


def summarize(
    outcome: Outcome, simulation: Simulation, allowed: float, since: float, allowed_then: float
) -> Run:
    """Summarize a simulation; what is allowed is told, in all and from a moment on."""
    return Run(
        len(outcome.accepted) / allowed,
        outcome.accepted_between(since, simulation.seconds) / allowed_then,
        outcome.refused_share(),
        outcome.refused_share(since),
        outcome.worst_wait(),
        outcome.fairness(simulation.workers),
        sum(at > since for at, _ in outcome.errors),
    )


def measure(scenario: Scenario, seeds: int) -> list[str]:
    """The cells of a scenario's row."""
    runs, floors = [], []
    for seed in range(1, seeds + 1):
        outcome, simulation = simulate(scenario, seed)
        allowed = simulation.server.allowed(simulation.seconds)
        since = simulation.seconds * scenario.known_after
        then = allowed - simulation.server.allowed(since)
        if scenario.rate is not None:
            best, oracle = simulate(scenario, seed, oracle=True)
            if allowed == float("inf"):
                allowed = len(best.accepted)
                then = best.accepted_between(since, oracle.seconds)
            floors.append(summarize(best, oracle, allowed, since, then))
        runs.append(summarize(outcome, simulation, allowed, since, then))
    goodput, refused = median(run.goodput for run in runs), median(run.refused for run in runs)
    then_goodput = median(run.then_goodput for run in runs)
    then_refused = median(run.then_refused for run in runs)
    fairness, errors = min(run.fairness for run in runs), max(run.errors for run in runs)
    floor = "-"
    if floors:
        floor = f"{median(run.goodput for run in floors):.1%}, {median(run.refused for run in floors):.1%}"
    misses = [
        name
        for name, missed in (
            (f"goodput {scenario.goodput:.1%}", round(goodput, 3) < scenario.goodput),
            (f"refused {scenario.refused:.2%}", refused > scenario.refused),
            (f"goodput then {scenario.then_goodput:.1%}", round(then_goodput, 3) < scenario.then_goodput),
            (f"refused then {scenario.then_refused:.2%}", then_refused > scenario.then_refused),
            (f"fairness {scenario.fairness}", fairness < scenario.fairness),
            ("no errors", errors > 0),
        )
        if missed
    ]
    return [
        scenario.name,
        f"{goodput:.1%}, {then_goodput:.1%}",
        f"{refused:.2%}, {then_refused:.2%}",
        floor,
        f"{max(run.wait for run in runs):.1f} s",
        f"{fairness:.3f}",
        str(errors),
        f"{MISSED}: {', '.join(misses)}" if misses else "met",
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
                verdict = f"{MISSED}: 10 s" if median(found) > 10 else "met"
                yield [
                    name,
                    f"{median(found):.1f} s, at most {max(found):.1f} s",
                    f"{median(refused):.1%}",
                    verdict,
                ]


def _find_recovery(outcome: Outcome, at: float, rate: int) -> float:
    """Seconds after the change until a second begins in which 90 % of the new rate is accepted."""
    steps = (step / 4 for step in range(56))
    return next((s for s in steps if outcome.accepted_between(at + s, at + s + 1) >= 0.9 * rate), 15.0)


def measure_low_traffic() -> Iterator[list[str]]:
    """The longest wait after what the server said, for each pace of calls and number of refusals."""
    for every in (0.4, 2.0, 20.0, 300.0):
        for times in (1, 2, 5):
            waits = [wait_at_low_traffic(every, times, told) for told in (0.0, 1.0, 2.0, 30.0, None)]
            verdict = f"{MISSED}: 2 s" if max(waits) > 2 else "met"
            yield [f"every {every:g} s, {times} refused", *(f"{wait:.1f} s" for wait in waits), verdict]


def measure_limited_operation() -> Iterator[list[str]]:
    """How many GETs go on beside a POST that is limited to 10 a minute."""
    server = limit_single_operation("create", TokenBucket(10 / 60, 10, retry_after=True))
    beside = Simulation(server, 1, operations=("create", "get"), workers=8, seconds=120.0).run()
    alone = Simulation(Free(), 1, operations=("get",), workers=4, seconds=120.0).run()
    gets = sum(call.operation == "get" for call, _ in beside.calls)
    posts = sum(call.operation == "create" for call, _ in beside.calls)
    share = gets / len(alone.calls)
    yield [
        f"{gets:,} GETs beside {posts} POSTs, of {len(alone.calls):,} alone",
        f"{share:.1%}",
        f"{MISSED}: 90 %" if share < 0.9 else "met",
    ]


def measure_families(seeds: int) -> Iterator[list[str]]:
    """What each family of operations gets that a system limits apart, whether its answers name the family or not."""
    for scenario in list_families():
        for header in (None, "x-ratelimit-resource"):
            shares: list[dict[str, float]] = []
            refused, errors = [], 0
            for seed in range(1, seeds + 1):
                server = Families(scenario.make(), scenario.family_of, header)
                run = Simulation(
                    server,
                    seed,
                    seconds=scenario.seconds,
                    workers=scenario.workers,
                    operations=tuple(scenario.family_of),
                )
                outcome = run.run()
                shares.append(server.compute_shares(run.seconds))
                refused.append(outcome.refused_share())
                # A wait of a minute that the server tells is more than their deadline leaves to some.
                late = (error for at, error in outcome.errors if at > run.seconds / 2)
                errors += sum(error != "DeadlineExceeded" for error in late)
            medians = {family: median(share[family] for share in shares) for family in shares[0]}
            expected = scenario.goodput if header is None else scenario.told
            is_met = min(medians.values()) >= expected and median(refused) <= 0.1 and not errors
            yield [
                f"{scenario.name}{'' if header is None else ', named'}",
                ", ".join(f"{share:.0%}" for share in medians.values()),
                f"{min(min(share.values()) for share in shares):.0%}",
                f"{median(refused):.1%}",
                str(errors),
                "met" if is_met else f"{MISSED}: {expected:.0%} each, 10% refused, no errors",
            ]


def show(title: str, head: list[str], rows: Iterable[list[str]], markdown: bool) -> int:
    """Print a table, and count the rows that miss what they should be."""
    print(f"\n### {title}\n", flush=True)
    if markdown:
        print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    missed = 0
    for row in rows if markdown else [head, *rows]:
        missed += row[-1].startswith(MISSED)
        line = (
            f"| {' | '.join(row)} |"
            if markdown
            else f"{row[0]:54}" + "".join(f"{cell:>16}" for cell in row[1:-1]) + f"  {row[-1]}"
        )
        print(line, flush=True)
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    seeds, markdown = given.seeds, given.markdown
    head = [
        "limit",
        "goodput, then",
        "refused, then",
        "oracle",
        "worst wait",
        "fairness",
        "errors",
        "expected",
    ]
    rows = (measure(scenario, seeds) for scenario in list_scenarios())
    missed = show("Unlimited demand of 64 callers", head, rows, markdown)
    head = ["limit", "found after", "refused", "expected"]
    missed += show("A limit that changes", head, measure_changes(seeds), markdown)
    waits = ["calls", *(f"Retry-After {told}" for told in ("0", "1", "2", "30")), "none", "expected"]
    missed += show(
        "Low traffic: longest wait after what the server said", waits, measure_low_traffic(), markdown
    )
    head = ["calls in 120 s", "share", "expected"]
    missed += show("One operation is limited", head, measure_limited_operation(), markdown)
    head = ["limits", "goodput of each", "least of all seeds", "refused", "errors", "expected"]
    missed += show("Families of operations that are limited apart", head, measure_families(seeds), markdown)
    print(f"\n{missed} missed" if missed else "\nall met")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
