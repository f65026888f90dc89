"""The servers that benchmarks.limits is run against, how they are used, and what is expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from alloy_async.core.ratelimit.adaptive_budget import AdaptiveBudget
from alloy_async.core.ratelimit.configured_rate import Rate
from simulation.limits.limited_servers import (
    Concurrency,
    FixedWindow,
    Moody,
    Server,
    SlidingWindow,
    TokenBucket,
)

MakeServer = Callable[[int], Server]  # by seed
TEN_MINUTES = 600.0


def phase(seed: int) -> float:
    """How much of the first window is over: spread evenly over the seeds."""
    return seed * 0.618 % 1


class OneBudget(AdaptiveBudget):
    """A budget of several processes, as SharedBudget is one, without a file."""


@attrs.frozen
class Scenario:
    """One row of the table.

    Args:
        rate: of the server, for the oracle; None where it is not limited by a rate.
        goodput, refused: what is expected of the whole run, the first volley included.
        then_goodput, then_refused: what is expected once the limit is known, beside that no call ends in an error.
        known_after: the part of the run before that.
    """

    name: str
    make: MakeServer
    rate: float | None
    goodput: float
    refused: float = 0.06
    then_goodput: float = 0.0
    then_refused: float = 0.06
    known_after: float = 0.2
    fairness: float = 0.9
    simulation: dict[str, Any] = attrs.field(factory=dict)


def list_slow_limits(retry_after: bool) -> Iterator[Scenario]:
    """Limits of some requests a second or a minute, for ten minutes."""
    told = ", Retry-After" if retry_after else ""
    ten = {"seconds": TEN_MINUTES}
    far = ten | {"latency": (0.9, 1.1)}
    eight = ten | {"workers": 8}
    servers: list[tuple[str, MakeServer, float | None, float, dict[str, Any]]] = [
        ("10 a second, burst 10", lambda _: TokenBucket(10, 10, retry_after), 10, 0.97, ten),
        (
            "window of 10 a second",
            lambda seed: FixedWindow(10, retry_after, phase=phase(seed)),
            10,
            0.85,
            ten,
        ),
        ("sliding window of 10 a second", lambda _: SlidingWindow(10, 1.0, retry_after), 10, 0.8, ten),
        (
            "5 in flight, for 0.3 s",
            lambda _: Concurrency(5, 0.3, retry_after),
            None,
            0.85,
            ten | {"service": 0.3},
        ),
        ("20 a second, answers after 1 s", lambda _: TokenBucket(20, 20, retry_after), 20, 0.9, far),
        ("60 a minute, burst 60, 8 callers", lambda _: TokenBucket(1, 60, retry_after), 1, 0.97, eight),
        (
            "window of 60 a minute, 8 callers",
            lambda seed: FixedWindow(60, retry_after, phase=phase(seed), window=60.0),
            1,
            0.97,
            eight,
        ),
        (
            "sliding window of 60 a minute, 8 callers",
            lambda _: SlidingWindow(60, 60.0, retry_after),
            1,
            0.97,
            eight,
        ),
    ]
    for name, make, rate, goodput, simulation in servers:
        known_after = 0.5 if "window of 60" in name else 0.2  # five of such windows
        yield Scenario(f"{name}{told}", make, rate, goodput, known_after=known_after, simulation=simulation)


def list_fast_limits(rate: int, burst: int) -> Iterator[Scenario]:
    """Limits of hundreds a second, for 20 s; once they are known, what pacing from the start on has reached is expected."""
    bucket, window = {500: (0.0016, 0.0088), 120: (0.0054, 0.0091)}[rate]
    used, window_used = {500: (0.999, 0.986), 120: (0.995, 0.971)}[rate]
    for retry_after in (False, True):
        told = ", Retry-After" if retry_after else ""
        # Retry-After: 1 is waited for once, which is a twentieth of the run.
        goodput = 0.97 - 0.05 * retry_after
        yield Scenario(
            f"{rate} a second, burst {burst}{told}",
            lambda _, told=retry_after: TokenBucket(rate, burst, told),  # type: ignore[misc]
            rate,
            goodput,
            then_goodput=used,
            then_refused=bucket,
        )
        yield Scenario(
            f"window of {rate} a second{told}",
            lambda seed, told=retry_after: FixedWindow(rate, told, phase=phase(seed)),  # type: ignore[misc]
            rate,
            goodput,
            then_goodput=window_used,
            then_refused=window,
        )
    yield Scenario(
        f"{rate} a second, in RateLimit headers",
        lambda _: TokenBucket(rate, burst, quota_headers=True),
        None,
        0.97,
        then_goodput=used,
        then_refused=bucket,
    )
    yield Scenario(
        f"window of {rate}, in X-RateLimit headers",
        lambda _: FixedWindow(rate, quota_headers="epoch"),
        None,
        0.97,
        then_refused=0.0,
    )
    yield Scenario(
        f"{rate} a second, told by the user",
        lambda _: TokenBucket(rate, burst),
        None,
        0.994,
        refused=0.0004,
        simulation={"rate": Rate(rate, burst)},
    )


def list_shared_limits() -> Iterator[Scenario]:
    """One limit of several processes."""
    eight = {"workers": 64, "processes": 8, "seconds": 60.0}
    told = {"budget": lambda: OneBudget(Rate(100, 10, shared=True), 0.0)}

    def make(_: int) -> Server:
        return TokenBucket(100, 10)

    yield Scenario("8 processes, one budget of 100 a second", make, 100, 0.97, 0.01, simulation=eight | told)
    yield Scenario(
        "the same, 2 of the 8 killed",
        make,
        100,
        0.95,
        0.01,
        fairness=0.0,  # those who are killed get less
        simulation=eight | told | {"killed": (20.0, 2)},
    )
    yield Scenario(
        "8 processes that learn 100 a second together",
        make,
        100,
        0.9,
        simulation=eight | {"budget": OneBudget},
    )
    yield Scenario(
        "8 processes, each for itself", make, 100, 0.9, 0.12, 0.0, 0.12, fairness=0.5, simulation=eight
    )


def list_chance() -> Iterator[Scenario]:
    """Refusals that are of no rate, or look so; here all that an oracle gets is allowed."""
    for share in (0.01, 0.05):
        for retry_after in (None, "1"):
            yield Scenario(
                f"{share:.0%} refused at random{', Retry-After' if retry_after else ''}",
                lambda _, share=share, asked=retry_after: Moody(share, asked),  # type: ignore[misc]
                math.inf,
                0.5,
                fairness=0.85,
                simulation={"workers": 32},
            )


def list_scenarios() -> Iterator[Scenario]:
    """All rows."""
    for retry_after in (False, True):
        yield from list_slow_limits(retry_after)
    for rate, burst in ((500, 50), (120, 12)):
        yield from list_fast_limits(rate, burst)
    yield from list_chance()
    yield from list_shared_limits()


@attrs.frozen
class FamilyScenario:
    """Operations that a system limits apart, and what each family of them is expected to get at least.

    Args:
        family_of: the family of each operation.
        told: what is expected where the answers name the family; else it shows by the refusals.
    """

    name: str
    make: Callable[[], dict[str, Server]]
    family_of: dict[str, str]
    goodput: float = 0.85
    told: float = 0.95
    seconds: float = 120.0
    workers: int = 64


def list_families() -> Iterator[FamilyScenario]:
    """Systems that limit reads and writes, or users and invitations, apart."""
    two = {"get": "read", "create": "write"}
    four = two | {"list": "read", "update": "write"}
    three = two | {"invite": "invitation"}
    for told in (False, True):
        yield FamilyScenario(
            f"reads 100 a second, writes 10{', Retry-After' if told else ''}",
            lambda told=told: {"read": TokenBucket(100, 100, told), "write": TokenBucket(10, 10, told)},  # type: ignore[misc,arg-type]
            two,
        )
    yield FamilyScenario(
        "the same, two operations each",
        lambda: {"read": TokenBucket(100, 100), "write": TokenBucket(10, 10)},
        four,
    )
    yield FamilyScenario(
        "users 50 a second, invitations 20",
        lambda: {"read": TokenBucket(50, 50), "write": TokenBucket(20, 20)},
        two,
    )
    for told in (False, True):
        yield FamilyScenario(
            f"windows of 600 and 60 a minute{', Retry-After' if told else ''}",
            lambda told=told: {  # type: ignore[misc,arg-type]
                "read": FixedWindow(600, told, phase=0.3, window=60.0),
                "write": FixedWindow(60, told, phase=0.3, window=60.0),
            },
            two,
            seconds=TEN_MINUTES,
            workers=16,
        )
    yield FamilyScenario(
        "100, 10 and 1 a second",
        lambda: {
            "read": TokenBucket(100, 100),
            "write": TokenBucket(10, 10),
            "invitation": TokenBucket(1, 5),
        },
        three,
        goodput=0.75,
        workers=63,
    )
    yield FamilyScenario(
        "one limit of 10 a second, two operations",
        lambda: {"all": TokenBucket(10, 10)},
        dict.fromkeys(two, "all"),
    )
