"""One request that is refused while all others are let through: it ends early, says so, and holds up nobody."""

from __future__ import annotations

import asyncio

import pytest

from alloy_async import AsyncAlloy, RateLimited, Retry
from simulation.limits.crowd import Simulation
from simulation.limits.limited_servers import FixedWindow, Free, Moody, Server, TokenBucket

from .server import Arrived, Scripted, reply

USER = {"userId": "u1", "username": "ada"}


@pytest.mark.parametrize("server", [Free(), TokenBucket(100, 100), TokenBucket(10, 10, retry_after=True)])
def test_a_request_that_alone_is_refused_ends_early_and_holds_up_no_other(server: Server) -> None:
    run = Simulation(server, 1, workers=16, seconds=60, pause=0.1, poison=3, deadline=600.0)
    outcome = run.run()
    ended = [error for _, error in outcome.errors]
    assert ended
    assert set(ended) == {"singled out"}
    others = [call for call, _ in outcome.calls if call.caller != 3]
    assert len(others) >= 0.9 * min(server.allowed(60), 15 * 60 / 0.115)


@pytest.mark.parametrize(
    "server",
    [
        TokenBucket(10, 10),
        TokenBucket(1, 1),
        TokenBucket(120, 12, retry_after=True),
        FixedWindow(10, phase=0.3),
        FixedWindow(60, phase=0.3, window=60.0),
        Moody(0.2),
        Moody(0.5, "1"),
    ],
)
@pytest.mark.parametrize("operations", [("get",), ("get", "create", "list")])
def test_what_a_limit_refuses_is_never_laid_to_the_call(server: Server, operations: tuple[str, ...]) -> None:
    outcome = Simulation(
        server, 2, workers=32, seconds=200, operations=operations, retry=Retry(attempts=50), deadline=600.0
    ).run()
    assert outcome.refused
    assert "singled out" not in {error for _, error in outcome.errors}


def refuse_one(request: Arrived) -> bytes:
    return reply(429) if "poison" in request.target else reply(200, USER)


class CallClock:
    """A clock that goes by the calls of others: each takes 50 ms, and whoever sleeps waits for them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:  # noqa: ASYNC110
            await asyncio.sleep(0)

    def random(self) -> float:
        return 0.5


async def test_the_error_says_that_others_are_let_through() -> None:
    clock = CallClock()
    async with (
        Scripted(refuse_one) as server,
        AsyncAlloy("key", base_url=server.url, clock=clock, deadline=1e6) as alloy,
    ):
        poison = asyncio.create_task(alloy.get_a_user("poison"))

        async def call_until_it_ends() -> int:
            calls = 0
            while not poison.done():
                await alloy.get_a_user("ada")
                clock.now += 0.05
                calls += 1
            return calls

        others = await asyncio.gather(*(call_until_it_ends() for _ in range(4)))
        with pytest.raises(RateLimited, match="while others are let through") as raised:
            await poison
    assert raised.value.effect == "none"
    assert raised.value.attempts <= 6
    assert min(others) > 20
