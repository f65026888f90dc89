"""Calls that are gathered on a fresh client, far more than it has connections, against the same on bare aiohttp: real time."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Iterable

import aiohttp

from alloy_async import AsyncAlloy
from alloy_async.core.http.loop_sessions import MAX_CONNECTIONS

from ..measuring.harness import Figure, figure
from ..measuring.server import run_server
from .http import create_bare_call

DEADLINE = 300.0
"""Seconds; bare aiohttp's own."""
BUDGET = 1.3

keys = itertools.count()


async def gather_by_hand(url: str, user: str, count: int) -> float:
    """Make all calls at once on a session of their own; the seconds that it took."""
    connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        call = create_bare_call(session, "GET", f"{url}/users/{user}")
        return await _time(call() for _ in range(count))


async def gather_ours(url: str, user: str, count: int) -> float:
    """Make all calls at once on a client whose host and credential nobody has called before; any error is raised."""
    async with AsyncAlloy(f"fresh {next(keys)}", base_url=url, deadline=DEADLINE) as client:
        return await _time(client.get_a_user(user) for _ in range(count))


async def _time(calls: Iterable[Awaitable[object]]) -> float:
    began = time.perf_counter()
    await asyncio.gather(*calls)
    return time.perf_counter() - began


def measure(url: str, user: str, count: int, rounds: int) -> list[float]:
    """The seconds of ours over those by hand, for each round."""
    return [
        asyncio.run(gather_ours(url, user, count)) / asyncio.run(gather_by_hand(url, user, count))
        for _ in range(rounds)
    ]


def run(rounds: int) -> list[Figure]:
    with run_server() as url:
        at_once = measure(url, "ada", 10_000, max(3, rounds // 10))
        slow = measure(url, "slow", 2_000, 1)
    return [
        figure("10,000 gathered calls of a fresh client against bare aiohttp, real time", at_once, BUDGET),
        figure("2,000 gathered calls that take a second each, the same", slow, BUDGET),
    ]
