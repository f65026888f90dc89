"""Eight client processes at one rate-limited server, on real sockets. `python -m benchmarks.shared_limit [--seconds N]`.

The server is a token bucket of 100 a second with a burst of 10, on bare sockets; the clients call as fast as they may, each
with 8 calls in flight. Goodput is accepted / (rate * seconds + burst) of what arrived between the first and the last second.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from simulation.database_server import DatabaseServer

RATE, BURST, PROCESSES, IN_FLIGHT = 100.0, 10.0, 8, 8
SPARE = 4.0
"""Seconds that the clients call longer than is measured, before and after."""
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"userId": "1"}'
NO = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


@attrs.define
class Server:
    """A bucket that answers whatever it is asked."""

    tokens: float = BURST
    at: float = 0.0
    accepted: list[float] = attrs.field(factory=list)
    refused: list[float] = attrs.field(factory=list)

    def answer(self) -> bytes:
        now = time.monotonic()
        self.tokens = min(BURST, self.tokens + RATE * (now - self.at))
        self.at = now
        taken = self.tokens >= 1
        self.tokens -= taken
        (self.accepted if taken else self.refused).append(now)
        return OK if taken else NO


class Connection(asyncio.Protocol):
    """One connection of a client; its GETs have no body."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            self._transport.write(self._server.answer())


async def call_for(seconds: float, url: str, shared: bool, rate: float, database: str | None) -> None:
    """Be one client process."""
    from alloy_async import AlloyAsyncError, AlloyDirectory, AsyncAlloy, Rate
    from alloy_async.provisioning.shared_rate import share_rate

    limit = (
        Rate(rate, int(BURST) if rate < math.inf else None, shared=shared)
        if shared or rate < math.inf
        else None
    )
    async with (
        AsyncAlloy("benchmark", base_url=url, rate_limit=limit) as client,
        share_rate(f"{database}#benchmark" if database else Path(), AlloyDirectory(client)),
    ):
        print("ready", flush=True)
        until = time.monotonic() + seconds

        async def work() -> None:
            while time.monotonic() < until:
                try:
                    await client.get_a_user("1")
                except AlloyAsyncError:
                    await asyncio.sleep(0.01)

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def start_clients(command: Sequence[str]) -> list[subprocess.Popen[bytes]]:
    return [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(PROCESSES)]


async def measure(seconds: float, options: Sequence[str], killed: int) -> tuple[float, float]:
    """Goodput and share of refused requests."""
    state = Server()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(state), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    command = [sys.executable, "-m", "benchmarks.shared_limit", "--client", url, *options]
    clients = start_clients([*command, "--seconds", str(seconds + SPARE)])
    for client in clients:
        assert client.stdout is not None
        await asyncio.to_thread(client.stdout.readline)
    await asyncio.sleep(SPARE / 2)
    began = time.monotonic()
    await asyncio.sleep(seconds / 3)
    for client in clients[:killed]:
        client.send_signal(signal.SIGKILL)
    await asyncio.sleep(seconds * 2 / 3)
    ended = time.monotonic()
    accepted = sum(began < at <= ended for at in state.accepted)
    refused = sum(began < at <= ended for at in state.refused)
    for client in clients:
        client.kill()
        client.communicate()
    server.close()
    return accepted / (RATE * (ended - began)), refused / max(1, accepted + refused)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shared_limit", description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--client", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--shared", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--database", help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=float, default=math.inf, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        asyncio.run(call_for(given.seconds, given.client, given.shared, given.rate, given.database))
        return
    with DatabaseServer() as server:
        measure_all(given.seconds, server.url)


def measure_all(seconds: float, database: str) -> None:
    """Print the figures of every way to share."""
    rows: list[tuple[str, list[str], int]] = [
        ("told, one budget", ["--shared", "--rate", "100"], 0),
        ("told, one budget, 2 of 8 killed", ["--shared", "--rate", "100"], 2),
        ("not told, learned together", ["--shared"], 0),
        ("not told, each for itself", [], 0),
        ("told, in PostgreSQL", ["--database", database, "--rate", "100"], 0),
        ("told, in PostgreSQL, 2 of 8 killed", ["--database", database, "--rate", "100"], 2),
        ("not told, in PostgreSQL", ["--database", database], 0),
    ]
    print(f"{'8 processes, 100 a second':40} goodput  refused")
    for name, options, killed in rows:
        goodput, refused = asyncio.run(measure(seconds, options, killed))
        print(f"{name:40} {goodput:7.1%}  {refused:7.2%}", flush=True)


if __name__ == "__main__":
    main()
