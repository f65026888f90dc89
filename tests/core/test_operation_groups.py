"""Operations that a system limits apart are limited apart, and those that share a limit together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import pytest

from alloy_async.core.ratelimit.configured_rate import Rate
from alloy_async.core.ratelimit.lanes.operation_lanes import MOST_GROUPS
from alloy_async.core.ratelimit.limiter import Limiter
from alloy_async.core.ratelimit.signals.quota_headers import parse_scope
from benchmarks.limit_scenarios import FamilyScenario, list_families
from simulation.limits.crowd import Simulation
from simulation.limits.limited_servers import (
    Answer,
    Families,
    FixedWindow,
    Free,
    Server,
    TokenBucket,
)

SCENARIOS = list(list_families())


@pytest.mark.parametrize("header", [None, "ratelimit-policy"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_each_family_gets_what_it_is_allowed(scenario: FamilyScenario, header: str | None) -> None:
    server = Families(scenario.make(), scenario.family_of, header)
    seconds = min(scenario.seconds, 300.0)
    run = Simulation(
        server, 1, seconds=seconds, workers=scenario.workers, operations=tuple(scenario.family_of)
    )
    outcome = run.run()
    assert min(server.compute_shares(seconds).values()) >= (0.5 if header is None else 0.9)  # 0.2 in one lane
    assert outcome.refused_share() <= 0.15


@pytest.mark.parametrize("retry_after", [False, True])
def test_reads_go_on_beside_two_writes_that_share_a_limit(retry_after: bool) -> None:
    family_of = {"create": "write", "update": "write"}
    server = Families({"write": TokenBucket(10 / 60, 10, retry_after)}, family_of)
    outcome = Simulation(server, 1, operations=("create", "update", "get"), workers=12, seconds=120).run()
    free = Simulation(Free(), 1, operations=("get",), workers=4, seconds=120).run()
    assert sum(call.operation == "get" for call, _ in outcome.calls) >= 0.8 * len(free.calls)


def test_a_rate_that_the_user_told_is_not_lowered_for_all_by_a_limit_of_some() -> None:
    family_of = {"create": "write", "update": "write"}
    server = Families({"write": TokenBucket(10, 10)}, family_of)
    run = Simulation(
        server, 1, Rate(100), operations=("create", "get", "update", "list"), workers=32, seconds=60
    )
    outcome = run.run()
    assert len(outcome.calls) >= 0.8 * 100 * 60
    assert server.compute_shares(60)["write"] >= 0.9


@pytest.mark.parametrize(
    "make",
    [
        lambda: TokenBucket(10, 10),
        lambda: TokenBucket(10, 10, retry_after=True),
        lambda: TokenBucket(50, 12),
        lambda: FixedWindow(10, phase=0.3),
        lambda: FixedWindow(60, retry_after=True, phase=0.3, window=60.0),
    ],
    ids=["10 a second", "10, Retry-After", "50 a second", "window of 10", "window of a minute, Retry-After"],
)
@pytest.mark.parametrize("operations", [("get", "create"), ("get", "get", "get", "create"), tuple("abcde")])
def test_operations_that_share_a_limit_stay_together(
    make: Callable[[], Server], operations: tuple[str, ...]
) -> None:
    server = make()
    seconds = 600.0 if getattr(server, "window", 1.0) > 1 else 120.0
    workers = 8 if seconds > 120 else 64
    outcome = Simulation(server, 1, operations=operations, workers=workers, seconds=seconds).run()
    assert len(outcome.accepted) >= 0.93 * server.allowed(seconds)
    assert outcome.refused_share() <= 0.2


def test_who_is_let_through_while_another_waits_as_told_shares_no_limit_with_it() -> None:
    now = [1000.0]
    limiter = Limiter(clock=lambda: now[0], random=lambda: 0.5)

    def answer(operation: str, status: int, headers: Mapping[str, str]) -> None:
        permit = limiter.acquire(operation)
        assert permit.wait == 0.0
        now[0] += 0.1
        permit.note_answer(status, headers)

    told = {"retry-after": "30"}
    answer("create", 429, told)
    for _ in range(3):
        answer("get", 200, {})
    for _ in range(3):  # of the limit that it has itself
        answer("get", 429, told)
        now[0] += 31
        answer("create", 429, told)
        now[0] += 31
    answer("get", 429, told)
    assert limiter.acquire("create").wait == 0.0


@pytest.mark.parametrize(
    ("headers", "other"),
    [
        ({"x-ratelimit-resource": "core"}, {"x-ratelimit-resource": "search"}),
        ({"x-ratelimit-bucket": "a1"}, {"x-ratelimit-bucket": "b2"}),
        ({"ratelimit-policy": '"read";q=100;w=1'}, {"ratelimit-policy": '"write";q=10;w=1'}),
        ({"ratelimit": '"read";r=9;t=1'}, {"ratelimit": '"write";r=0;t=1'}),
        ({"x-ratelimit-limit": "100"}, {"x-ratelimit-limit": "10"}),
        ({"ratelimit-limit": "100, 100;w=60"}, {"ratelimit-limit": "10, 10;w=60"}),
        ({"ratelimit": "limit=100, remaining=9, reset=1"}, {"ratelimit": "limit=10, remaining=0, reset=1"}),
    ],
)
def test_the_limit_that_an_answer_is_about(headers: dict[str, str], other: dict[str, str]) -> None:
    assert parse_scope(headers)
    assert parse_scope(headers) != parse_scope(other)
    less = {
        name: value.replace("r=9", "r=3").replace("remaining=9", "remaining=3")
        for name, value in headers.items()
    }
    assert parse_scope(less) == parse_scope(headers)
    assert parse_scope({}) == ""


def test_a_server_that_names_a_new_limit_with_each_operation_does_not_fill_the_memory() -> None:
    limiter = Limiter(clock=lambda: 1000.0, random=lambda: 0.5)
    for number in range(1000):
        limiter.acquire(f"get {number}").note_answer(429, {"x-ratelimit-resource": str(number)})
    assert len(limiter._lanes._groups_by_scope) == MOST_GROUPS


def test_a_limit_that_is_known_is_recognized_when_no_more_limits_are() -> None:
    limiter = Limiter(clock=lambda: 1000.0, random=lambda: 0.5)
    for number in range(MOST_GROUPS):
        limiter.acquire(f"get {number}").note_answer(429, {"x-ratelimit-resource": str(number)})
    limiter.acquire("put").note_answer(429, {"x-ratelimit-resource": "3"})
    lanes = limiter._lanes
    assert lanes["put"].group is lanes["get 3"].group


@attrs.define
class NamesInTurn(Free):
    """Refuses as another server does, and names the limit otherwise each time."""

    server: Server
    names: tuple[str, ...]
    refused: int = attrs.field(default=0, init=False)

    def answer(self, now: float, operation: str) -> Answer:
        status, headers = self.server.answer(now, operation)
        if status != 429:
            return status, headers
        self.refused += 1
        return status, {**headers, "x-ratelimit-bucket": self.names[self.refused % len(self.names)]}


@pytest.mark.parametrize("operations", [("get",), ("get", "create", "update")])
@pytest.mark.parametrize("names", ["ab", "abcdefg"])
def test_a_limit_that_is_named_in_several_ways_is_learned(operations: tuple[str, ...], names: str) -> None:
    server = TokenBucket(10, 10)
    named = NamesInTurn(server, tuple(names))
    outcome = Simulation(named, 1, seconds=120, operations=operations, workers=32).run()
    assert named.refused > len(names)
    assert not outcome.errors
    assert len(outcome.accepted) >= 0.95 * server.allowed(120)
    assert outcome.refused_share() <= 0.2
