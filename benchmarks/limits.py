"""Goodput against rate limits, in virtual time: 20 s of unlimited demand from 64 workers. `python -m benchmarks.limits`.

Goodput is accepted / allowed, where a token bucket allows rate * 20 + burst and a fixed window rate * 20, or
rate * (20 + phase) where the first second is cut short by the phase but has a whole quota all the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from statistics import median

from alloy_async.core.ratelimit.limiter import Rate
from tests.core.simulated_limit import FixedWindow, Outcome, Server, Simulation, TokenBucket

LIMITS = ((500, 50), (120, 12))
MakeServer = Callable[[int], Server]  # by seed


def phase(seed: int) -> float:
    """How much of the first second is over: spread evenly over the seeds."""
    return seed * 0.618 % 1


def servers(rate: int, burst: int) -> dict[str, MakeServer]:
    """The servers of the table that tell no quota, and those that do."""
    return {
        "token bucket": lambda _: TokenBucket(rate, burst),
        "token bucket, Retry-After": lambda _: TokenBucket(rate, burst, retry_after=True),
        "window": lambda _: FixedWindow(rate),
        "window, Retry-After": lambda _: FixedWindow(rate, retry_after=True),
        "window, any phase": lambda seed: FixedWindow(rate, phase=phase(seed)),
        "window, any phase, Retry-After": lambda seed: FixedWindow(rate, phase=phase(seed), retry_after=True),
    }


def quota_servers(rate: int, burst: int) -> dict[str, MakeServer]:
    return {
        "token bucket, RateLimit-*": lambda _: TokenBucket(rate, burst, quota_headers=True),
        "window, X-RateLimit-* (epoch)": lambda _: FixedWindow(rate, quota_headers="epoch"),
        "window, X-RateLimit-* (delta)": lambda _: FixedWindow(rate, quota_headers="delta"),
    }


def changing_servers(rate: int, burst: int, after: int) -> dict[str, MakeServer]:
    return {
        "token bucket": lambda _: TokenBucket(rate, burst, change=(10.0, after)),
        "window": lambda _: FixedWindow(rate, change=(10.0, after)),
    }


def row(name: str, make: MakeServer, seeds: int, told: Rate | None = None) -> str:
    """Median and worst over the seeds."""
    goodput, refused = [], []
    for seed in range(seeds):
        server = make(seed)
        allowed = server.allowed(20.0)
        outcome = Simulation(server, seed, rate=told).run()
        goodput.append(len(outcome.accepted) / allowed)
        refused.append(outcome.refused_share())
    return (
        f"  {name:32} {median(goodput):8.1%} {min(goodput):8.1%}   {median(refused):8.2%} {max(refused):8.2%}"
    )


def change_row(name: str, make: MakeServer, after: int, seeds: int) -> str:
    """How a limit that changes at 10 s is followed: share used of the ten seconds after, and time to 90 % of it."""
    used, recovered, refused = [], [], []
    for seed in range(seeds):
        outcome = Simulation(make(seed), seed).run()
        used.append(outcome.accepted_between(10, 20) / (10 * after))
        recovered.append(_seconds_to_recover(outcome, after))
        refused.append(outcome.refused_share())
    return (
        f"  {name:32} {median(used):8.1%} {min(used):8.1%}   {median(refused):8.2%} {max(refused):8.2%}"
        f"   {median(recovered):5.1f} {max(recovered):5.1f}"
    )


def _seconds_to_recover(outcome: Outcome, rate: int) -> float:
    """Seconds after the change until a second begins in which 90 % of the new rate is accepted."""
    steps = (step / 4 for step in range(36))
    return next((s for s in steps if outcome.accepted_between(10 + s, 11 + s) >= 0.9 * rate), 10.0)


def table(rate: int, burst: int, seeds: int) -> Iterator[str]:
    """The lines for one limit."""
    yield f"\n{rate} requests/s, burst {burst}: median and worst of {seeds} seeds"
    yield f"  {'':32} {'goodput':>8} {'worst':>8}   {'429s':>8} {'worst':>8}"
    yield " not told"
    for name, make in servers(rate, burst).items():
        yield row(name, make, seeds)
    yield " told by the server's headers"
    for name, make in quota_servers(rate, burst).items():
        yield row(name, make, seeds)
    yield " told by the user"
    yield row("token bucket", lambda _: TokenBucket(rate, burst), seeds, Rate(rate, burst))
    yield row("window", lambda _: FixedWindow(rate), seeds, Rate(rate))
    yield " not told, and changing after 10 s (last columns: seconds until 90 % of the new limit is used)"
    for after in (rate // 2, rate * 2):
        for name, make in changing_servers(rate, burst, after).items():
            yield change_row(f"{name}, to {after}", make, after, seeds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds: int = parser.parse_args().seeds
    for rate, burst in LIMITS:
        for line in table(rate, burst, seeds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
