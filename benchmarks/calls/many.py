"""`map` of many small operations against the same done by hand on bare aiohttp: rows a second and peak memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import orjson

from alloy_async import AsyncAlloy

from ..measuring.harness import Figure, figure
from ..measuring.server import run_server
from .http import create_bare_call

CONCURRENCY = 64


async def by_hand(url: str, rows: int) -> None:
    """Workers that share an iterator."""
    numbers = iter(range(rows))
    async with aiohttp.ClientSession() as session:
        call: Callable[[], Awaitable[object]] = create_bare_call(session, "GET", f"{url}/users/ada")

        async def worker() -> None:
            for _ in numbers:
                await call()

        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))


async def mapped(url: str, rows: int) -> None:
    """The same through `map`."""
    get = AsyncAlloy.get_a_user.operation
    async with AsyncAlloy("key", base_url=url) as client:
        done = 0
        async for _, outcome in client.map((get("ada") for _ in range(rows)), concurrency=CONCURRENCY):
            assert not isinstance(outcome, Exception), outcome
            done += 1
        assert done == rows


def peak_megabytes() -> float:
    """Of this process; ru_maxrss will not do, since a process starts with that of its parent."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _in_own_process(name: str, url: str, rows: int) -> tuple[float, float]:
    """Rows a second and peak megabytes."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.calls.many", name, url, str(rows)], check=True, capture_output=True
    )
    result = orjson.loads(done.stdout)
    return result["rows_per_second"], result["megabytes"]


def run(rounds: int, rows: int = 100_000) -> list[Figure]:
    speed, memory = [], []
    with run_server() as url:
        for _ in range(max(3, rounds // 10)):
            (fast, small), (ours, large) = (
                _in_own_process(name, url, rows) for name in ("by_hand", "mapped")
            )
            speed.append(ours / fast)
            memory.append(large - small)
    return [
        figure(f"map of {rows:,}, rows a second against bare aiohttp", speed, 0.75, at_least=True),
        figure(f"map of {rows:,}, peak memory over bare aiohttp", memory, 30, unit="MB"),
    ]


if __name__ == "__main__":
    name, url, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    began = time.perf_counter()
    asyncio.run({"by_hand": by_hand, "mapped": mapped}[name](url, rows))
    elapsed = time.perf_counter() - began
    print(orjson.dumps({"rows_per_second": rows / elapsed, "megabytes": peak_megabytes()}).decode())
