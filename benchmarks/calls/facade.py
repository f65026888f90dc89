"""The sync client: a call through it against the same call awaited, and against the usual sync libraries."""

from __future__ import annotations

import asyncio

import orjson
import requests
import urllib3
import uvloop

from alloy_async import Alloy

from ..measuring.harness import Figure, Slice, calls, compare, figure, malloc_keeps, one_core, times
from ..measuring.server import run_server
from .http import HEADERS, create_warm_client

CALLS = 128


def measure(rounds: int, where: str) -> list[Figure]:
    """The rows; `where` says on which processors."""
    malloc_keeps(blocks=True)
    with (
        run_server() as url,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as fast,
        asyncio.Runner() as loop,
    ):
        awaited, client = create_warm_client(url, fast, loop), Alloy("key", base_url=url)
        pool, session = urllib3.PoolManager(), requests.Session()
        user = f"{url}/users/ada"
        variants: dict[str, Slice] = {
            "awaited": calls(fast, lambda: awaited.get_a_user("ada"), CALLS),
            "awaited again": calls(fast, lambda: awaited.get_a_user("ada"), CALLS),
            "awaited on the standard loop": calls(loop, lambda: awaited.get_a_user("ada"), CALLS),
            "sync": times(CALLS, lambda: client.get_a_user("ada")),
            "urllib3": times(CALLS, lambda: orjson.loads(pool.request("GET", user, headers=HEADERS).data)),
            "requests": times(CALLS, lambda: session.get(user, headers=HEADERS).json()),
        }

        def against(base: str, *others: str) -> dict[str, list[float]]:
            return compare({name: variants[name] for name in (base, "sync", *others)}, base, rounds)

        over_awaited = against("awaited", "awaited again")
        over_standard = against("awaited on the standard loop")
        over_urllib3, over_requests = against("urllib3"), against("requests")
        pool.clear()
        session.close()
        client.close()
    same = "sync call against the same call awaited"
    return [
        figure(f"noise: the awaited call against itself{where}", over_awaited["awaited again"]),
        figure(f"{same}, both on uvloop{where}", over_awaited["sync"], 1.3),
        figure(f"{same} on the standard loop{where}", over_standard["sync"], 1.3),
        figure(f"sync call against urllib3{where}", over_urllib3["sync"], 0.75),
        figure(f"sync call against requests{where}", over_requests["sync"]),
    ]


def run(rounds: int) -> list[Figure]:
    with one_core():
        rows = measure(rounds, "")
    # With what wake-ups across processors add, and all their noise.
    return rows + measure(rounds, ", on any processor")
