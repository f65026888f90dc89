"""Small calls over HTTP: alloy_async against bare aiohttp with orjson."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import orjson

from alloy_async import AsyncAlloy

from .harness import Figure, Slice, paired, summary
from .server import running

CALLS = 128


def slices(call: Callable[[], Awaitable[object]], in_flight: int, calls: int = CALLS) -> Slice:
    """`calls` calls, so many at a time."""

    async def worker(count: int) -> None:
        for _ in range(count):
            await call()

    async def run() -> None:
        if in_flight == 1:
            await worker(calls)
        else:
            await asyncio.gather(*(worker(calls // in_flight) for _ in range(in_flight)))

    return run


async def measure(url: str, rounds: int, in_flight: int) -> list[Figure]:
    body = orjson.dumps({"username": "ada@example.com", "fullName": "Ada Quist"})
    headers = {"Authorization": "bearer key", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session, AsyncAlloy("key", base_url=url) as client:

        async def bare_get() -> object:
            async with session.get(f"{url}/users/ada", headers=headers) as response:
                return orjson.loads(await response.read())

        async def bare_post() -> object:
            async with session.post(f"{url}/users/", headers=headers, data=body) as response:
                return orjson.loads(await response.read())

        gets = {
            "bare": bare_get,
            "bare again": bare_get,
            "ours": lambda: client.get_a_user("ada"),
        }
        posts = {
            "bare": bare_post,
            "ours": lambda: client.create_a_user("ada@example.com", full_name="Ada Quist"),
        }
        get = await paired({name: slices(call, in_flight) for name, call in gets.items()}, "bare", rounds)
        post = await paired({name: slices(call, in_flight) for name, call in posts.items()}, "bare", rounds)
    flight = f"{in_flight} in flight"
    return [
        summary(f"noise: bare GET against itself, {flight}", get["bare again"]),
        summary(f"GET, {flight}, against bare aiohttp", get["ours"], 1.20),
        summary(f"POST, {flight}, against bare aiohttp", post["ours"], 1.30),
    ]


def run(rounds: int) -> list[Figure]:
    with running() as url:
        figures = []
        for in_flight in (1, 64):
            figures += asyncio.run(measure(url, rounds, in_flight))
        return figures
