"""Small calls: alloy_async against bare aiohttp with orjson, on the standard loop and on uvloop."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
import uvloop

from alloy_async import AsyncAlloy, Rate

from ..measuring.harness import Figure, Slice, calls, compare, figure, malloc_keeps, one_core
from ..measuring.server import run_server

HEADERS = {"Authorization": "bearer key", "Content-Type": "application/json"}
BODY = orjson.dumps({"username": "ada@example.com", "fullName": "Ada Quist"})


MOST = {(1, "GET"): 0.80, (64, "GET"): 0.70, (1, "POST"): 0.85, (64, "POST"): 0.75}
"""What a call may cost against bare aiohttp, by calls in flight and verb."""


def create_bare_call(session: aiohttp.ClientSession, verb: str, url: str) -> Callable[[], Awaitable[object]]:
    """A call as one writes it by hand, without retries, types or errors."""
    body = BODY if verb == "POST" else None

    async def call() -> object:
        async with session.request(verb, url, headers=HEADERS, data=body) as response:
            return orjson.loads(await response.read())

    return call


def create_warm_client(url: str, *loops: asyncio.Runner) -> AsyncAlloy:
    """A client in its steady state: the rate limiter counts until thousands of requests have met no limit."""
    client = AsyncAlloy("key", base_url=url)
    for loop in loops:
        calls(loop, lambda: client.get_a_user("ada"), 5120 // len(loops), in_flight=64)()
    return client


async def new_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def measure(url: str, in_flight: int, rounds: int, *, kept: bool) -> list[Figure]:
    """The rows for so many calls in flight, while malloc keeps the standard loop's buffers, or gives them back."""
    malloc_keeps(blocks=kept)
    where = f"{in_flight} in flight, buffers {'kept' if kept else 'given back'}"
    with asyncio.Runner() as loop, asyncio.Runner(loop_factory=uvloop.new_event_loop) as fast:
        session, uv_session = loop.run(new_session()), fast.run(new_session())
        client = create_warm_client(url, loop, fast)
        limited = AsyncAlloy("another key", base_url=url, rate_limit=Rate(1e6))
        user, users = f"{url}/users/ada", f"{url}/users/"

        def ours(client: AsyncAlloy, on: asyncio.Runner = loop) -> Slice:
            return calls(on, lambda: client.get_a_user("ada"), in_flight=in_flight)

        get = create_bare_call(session, "GET", user)
        gets = {
            "bare": calls(loop, get, in_flight=in_flight),
            "bare again": calls(loop, get, in_flight=in_flight),
            "bare on uvloop": calls(fast, create_bare_call(uv_session, "GET", user), in_flight=in_flight),
            "ours": ours(client),
            "ours, limited": ours(limited),
            "ours on uvloop": ours(client, fast),
        }
        create = lambda: client.create_a_user("ada@example.com", full_name="Ada Quist")  # noqa: E731
        posts = {
            "bare": calls(loop, create_bare_call(session, "POST", users), in_flight=in_flight),
            "ours": calls(loop, create, in_flight=in_flight),
        }
        of_get, of_post = compare(gets, "bare", rounds), compare(posts, "bare", rounds)
        loop.run(session.close())
        fast.run(uv_session.close())
    return [
        figure(f"noise: bare GET against itself, {where}", of_get["bare again"]),
        figure(f"GET against bare aiohttp, {where}", of_get["ours"], MOST[in_flight, "GET"]),
        figure(f"the same with a told rate limit, {where}", of_get["ours, limited"]),
        figure(f"GET on uvloop against bare on the standard loop, {where}", of_get["ours on uvloop"], 0.55),
        figure(f"floor of that: bare on uvloop, {where}", of_get["bare on uvloop"]),
        figure(f"POST against bare aiohttp, {where}", of_post["ours"], MOST[in_flight, "POST"]),
    ]


def measure_new_clients(url: str, rounds: int, count: int = 128) -> Figure:
    """The row for clients that are made for so many calls, while the rate limiter counts; against sessions made for as many."""
    malloc_keeps(blocks=True)
    keys = itertools.count()

    async def by_hand() -> None:
        async with aiohttp.ClientSession() as session:
            call = create_bare_call(session, "GET", f"{url}/users/ada")
            for _ in range(count):
                await call()

    async def ours() -> None:
        async with AsyncAlloy(f"key {next(keys)}", base_url=url) as client:
            for _ in range(count):
                await client.get_a_user("ada")

    with asyncio.Runner() as loop:
        variants = {"bare": lambda: loop.run(by_hand()), "ours": lambda: loop.run(ours())}
        ratios = compare(variants, "bare", rounds)
    return figure(f"{count} GETs of a new client against as many of a new session", ratios["ours"], 1.0)


def run(rounds: int) -> list[Figure]:
    rows = []
    with one_core(), run_server() as url:
        for in_flight in (1, 64):
            for kept in (True, False):
                rows += measure(url, in_flight, rounds, kept=kept)
        rows.append(measure_new_clients(url, rounds))
    return rows
