"""Many operations at once: each comes back exactly once, memory stays bounded, and nothing runs on after the end."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from alloy_async import Alloy, AsyncAlloy, InvalidRequest, NotFound, Unauthorized
from alloy_async.alloy.operations import CreateAUser, GetAUser
from alloy_async.core.calls.map_unordered import map_concurrently
from alloy_async.sandbox import Delay, Fault, Hang, Sandbox

from .calls import ADA

Outcomes = list[tuple[Any, Any]]


class Broken(Exception):
    """The source of the operations cannot go on."""


class Service:
    """Answers after some turns of the event loop; counts what is in flight."""

    def __init__(self, turns: list[int]) -> None:
        self.turns = turns
        self.in_flight = self.most_in_flight = self.begun = 0

    async def send(self, operation: int) -> int:
        self.begun += 1
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        try:
            for _ in range(self.turns[operation % len(self.turns)]):
                await asyncio.sleep(0)
            if operation % 7 == 3:
                raise ValueError(operation)
            return operation * 10
        finally:
            self.in_flight -= 1


def source(count: int, breaks: bool, is_async: bool) -> Any:
    def plain() -> Iterator[int]:
        yield from range(count)
        if breaks:
            raise Broken

    async def with_waits() -> AsyncIterator[int]:
        for number in plain():
            await asyncio.sleep(0)
            yield number

    return with_waits() if is_async else plain()


@settings(max_examples=80)
@given(
    st.integers(0, 60),
    st.integers(1, 20),
    st.lists(st.integers(0, 5), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_none_is_lost_and_none_comes_twice(
    count: int, concurrency: int, turns: list[int], breaks: bool, is_async: bool
) -> None:
    async def run() -> None:
        service = Service(turns)
        outcomes: Outcomes = []
        try:
            async for outcome in map_concurrently(service.send, source(count, breaks, is_async), concurrency):  # type: ignore[type-var]
                outcomes.append(outcome)
        except Broken:
            assert breaks
        else:
            assert not breaks
        assert sorted(operation for operation, _ in outcomes) == list(range(count))
        for operation, outcome in outcomes:
            if operation % 7 == 3:
                assert isinstance(outcome, ValueError)
                assert outcome.args == (operation,)
            else:
                assert outcome == operation * 10
        assert service.most_in_flight <= concurrency

    asyncio.run(run())


async def test_operations_are_taken_only_as_fast_as_results_are() -> None:
    taken, given_out = 0, 0

    def numbers() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    async for _ in map_concurrently(Service([1]).send, numbers(), 4):  # type: ignore[type-var, arg-type]
        given_out += 1
        for _ in range(5):
            await asyncio.sleep(0)
        assert taken - given_out <= 4 * 4
    assert given_out == 1000


async def test_all_the_concurrency_is_used() -> None:
    service = Service([3])
    async for _ in map_concurrently(service.send, range(100), 8):  # type: ignore[type-var, arg-type]
        pass
    assert service.most_in_flight == 8


async def test_leaving_early_cancels_what_runs() -> None:
    service = Service([0, 100])
    walk = map_concurrently(service.send, range(100), 4)  # type: ignore[type-var, arg-type]
    async for _ in walk:
        break
    await walk.aclose()  # type: ignore[attr-defined]
    assert service.in_flight == 0
    assert service.begun < 20


async def test_cancelling_the_reader_cancels_what_runs() -> None:
    service = Service([10_000])

    async def read() -> None:
        async for _ in map_concurrently(service.send, range(100), 4):  # type: ignore[type-var, arg-type]
            pass

    reader = asyncio.create_task(read())
    for _ in range(10):
        await asyncio.sleep(0)
    assert service.in_flight == 4
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert (service.in_flight, service.begun) == (0, 4)


async def test_results_that_nobody_takes_hold_the_rest_back() -> None:
    service = Service([0])
    walk = map_concurrently(service.send, range(1000), 4)  # type: ignore[type-var, arg-type]
    await anext(walk)
    for _ in range(100):
        await asyncio.sleep(0)
    assert service.begun <= 4 * 4
    await walk.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("concurrency", [0, -1])
async def test_a_concurrency_that_cannot_be(concurrency: int, alloy: AsyncAlloy, sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="concurrency must be 1 or more"):
        alloy.map([], concurrency=concurrency)
    with Alloy("key", base_url=sandbox.url) as sync, pytest.raises(ValueError, match="concurrency must be"):
        sync.map([], concurrency=concurrency)


async def test_errors_of_every_kind_belong_to_their_operation(alloy: AsyncAlloy) -> None:
    operations = [GetAUser(ADA), GetAUser("nobody"), GetAUser(""), "no operation", GetAUser(ADA)]
    found = {
        id(operation): outcome
        async for operation, outcome in alloy.map(operations)  # type: ignore[type-var, arg-type]
    }
    outcomes = [found[id(operation)] for operation in operations]
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "User",
        NotFound.__name__,
        InvalidRequest.__name__,
        InvalidRequest.__name__,
        "User",
    ]


def test_the_sync_client_maps_too() -> None:
    with Sandbox("alloy") as sandbox, Alloy("key", base_url=sandbox.url) as alloy:
        creations = [CreateAUser(f"user {number}") for number in range(100)]
        outcomes = list(alloy.map(iter(creations), concurrency=7))
        assert {id(operation) for operation, _ in outcomes} == {id(operation) for operation in creations}
        assert not [outcome for _, outcome in outcomes if isinstance(outcome, Exception)]
        assert sandbox.ledger.count("create_a_user") == 100

        def users() -> Iterator[GetAUser]:
            """A source that uses the same client."""
            for number in range(3):
                yield GetAUser(alloy.get_a_user(f"user {number}").user_id or "")
            raise Broken

        names = []

        def collect() -> None:
            for _, user in alloy.map(users()):
                names.append(user.username)  # type: ignore[union-attr]

        with pytest.raises(Broken):
            collect()
        assert sorted(names) == ["user 0", "user 1", "user 2"]


def test_leaving_the_sync_map_early_leaves_nothing_running(caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox("alloy") as sandbox, Alloy("key", base_url=sandbox.url) as alloy:
        sandbox.faults.add(Fault(Delay(0.01), times=None))
        for _ in alloy.map([GetAUser("nobody")] * 2000, concurrency=16):
            time.sleep(0.03)  # others finish meanwhile, and nobody takes their errors
            break
        alloy.get_a_user(ADA)  # by now the cancellations have been carried out
        sent = len(sandbox.requests)
        assert sent < 1900
        sandbox.faults.clear()
        alloy.get_a_user(ADA)
        assert len(sandbox.requests) == sent + 1
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_a_call_that_hangs_does_not_hold_up_the_others(alloy: AsyncAlloy, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Hang(), "get_a_user"))
    client = alloy.with_options(deadline=1)
    order = [type(outcome).__name__ async for _, outcome in client.map([GetAUser(ADA)] * 10, concurrency=2)]
    assert order == ["User"] * 9 + ["DeadlineExceeded"]


async def test_a_wrong_key_is_an_outcome_like_others(sandbox: Sandbox) -> None:
    async with AsyncAlloy("wrong", base_url=sandbox.url) as client:
        async for _, outcome in client.map([GetAUser(ADA)] * 3):
            assert isinstance(outcome, Unauthorized)
