"""Small calls: alloy_async against bare aiohttp with orjson, on the standard loop and on uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
import uvloop

from alloy_async import AsyncAlloy, Rate

from .harness import Figure, calls, figure, one_core, paired
from .server import running

HEADERS = {"Authorization": "bearer key", "Content-Type": "application/json"}
BODY = orjson.dumps({"username": "ada@example.com", "fullName": "Ada Quist"})


def bare(session: aiohttp.ClientSession, verb: str, url: str) -> Callable[[], Awaitable[object]]:
    """A call as one writes it by hand, without retries, types or errors."""
    body = BODY if verb == "POST" else None

    async def call() -> object:
        async with session.request(verb, url, headers=HEADERS, data=body) as response:
            return orjson.loads(await response.read())

    return call


def warmed(url: str, *loops: asyncio.Runner) -> AsyncAlloy:
    """A client in its steady state: the rate limiter counts until thousands of requests have met no limit."""
    client = AsyncAlloy("key", base_url=url)
    for loop in loops:
        calls(loop, lambda: client.get_a_user("ada"), 5120 // len(loops), in_flight=64)()
    return client


async def new_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def measure(url: str, in_flight: int, rounds: int) -> list[Figure]:
    """The rows for so many calls in flight."""
    with asyncio.Runner() as loop, asyncio.Runner(loop_factory=uvloop.new_event_loop) as fast:
        session = loop.run(new_session())
        client = warmed(url, loop, fast)
        limited = AsyncAlloy("another key", base_url=url, rate_limit=Rate(1e6))
        get, post = bare(session, "GET", f"{url}/users/ada"), bare(session, "POST", f"{url}/users/")
        gets = {
            "bare": calls(loop, get, in_flight=in_flight),
            "bare again": calls(loop, get, in_flight=in_flight),
            "ours": calls(loop, lambda: client.get_a_user("ada"), in_flight=in_flight),
            "ours, limited": calls(loop, lambda: limited.get_a_user("ada"), in_flight=in_flight),
            "ours on uvloop": calls(fast, lambda: client.get_a_user("ada"), in_flight=in_flight),
        }
        posts = {
            "bare": calls(loop, post, in_flight=in_flight),
            "ours": calls(
                loop,
                lambda: client.create_a_user("ada@example.com", full_name="Ada Quist"),
                in_flight=in_flight,
            ),
        }
        of_get, of_post = paired(gets, "bare", rounds), paired(posts, "bare", rounds)
        loop.run(session.close())
    return [
        figure(f"noise: bare GET against itself, {in_flight} in flight", of_get["bare again"]),
        figure(f"GET against bare aiohttp, {in_flight} in flight", of_get["ours"], 1.20),
        figure(f"the same with a told rate limit, {in_flight} in flight", of_get["ours, limited"]),
        figure(
            f"GET on uvloop against bare aiohttp on the standard loop, {in_flight} in flight",
            of_get["ours on uvloop"],
            0.95,
        ),
        figure(f"POST against bare aiohttp, {in_flight} in flight", of_post["ours"], 1.30),
    ]


def run(rounds: int) -> list[Figure]:
    with one_core(), running() as url:
        return [row for in_flight in (1, 64) for row in measure(url, in_flight, rounds)]
