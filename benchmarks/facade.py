"""The sync client: a call through it against the same call awaited, and against the usual sync libraries."""

from __future__ import annotations

import asyncio

import orjson
import requests
import urllib3
import uvloop

from alloy_async import Alloy, AsyncAlloy

from .harness import Figure, Slice, calls, figure, paired
from .http import HEADERS
from .server import running

CALLS = 128


def _times(call: Slice) -> Slice:
    def run() -> None:
        for _ in range(CALLS):
            call()

    return run


def run(rounds: int) -> list[Figure]:
    with running() as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        client, awaited = Alloy("key", base_url=url), AsyncAlloy("key", base_url=url)
        pool, session = urllib3.PoolManager(), requests.Session()
        user = f"{url}/users/ada"
        variants: dict[str, Slice] = {
            "awaited": calls(loop, lambda: awaited.get_a_user("ada"), CALLS),
            "sync": _times(lambda: client.get_a_user("ada")),
            "urllib3": _times(lambda: orjson.loads(pool.request("GET", user, headers=HEADERS).data)),
            "requests": _times(lambda: session.get(user, headers=HEADERS).json()),
        }
        over_awaited = paired({name: variants[name] for name in ("awaited", "sync")}, "awaited", rounds)
        over_urllib3 = paired({name: variants[name] for name in ("urllib3", "sync")}, "urllib3", rounds)
        over_requests = paired({name: variants[name] for name in ("requests", "sync")}, "requests", rounds)
        pool.clear()
        session.close()
        client.close()
    return [
        figure("sync call against the same call awaited, both on uvloop", over_awaited["sync"], 1.5),
        figure("sync call against urllib3", over_urllib3["sync"], 0.95),
        figure("sync call against requests", over_requests["sync"]),
    ]
