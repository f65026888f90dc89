"""Eight client processes at one rate-limited server, on real sockets. `python -m benchmarks.shared_limit [--rate N]`.

The servers are buckets with a small burst, fixed and sliding windows of a second, of 1 to 1,000 a second, on bare sockets; the
clients call as fast as they may, each with some calls in flight. Goodput is accepted / (rate * seconds) of what arrived in the
time that is measured; `then` is its second half, when a rate that nobody told is known. Ends with 1 where a bound is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import attrs

from simulation.database_server import DatabaseServer
from simulation.limits.limited_servers import FixedWindow, Server, SlidingWindow, TokenBucket

PROCESSES, IN_FLIGHT = 8, 8
SPARE = 2.0
"""Seconds that the clients call before anything is measured."""
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"userId": "1"}'
NO = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
SECONDS = {1: 60.0, 10: 40.0, 100: 12.0, 1000: 10.0}
"""Seconds that are measured, by requests a second: few requests need longer."""

Sharing = Literal["none", "host", "database"]


@attrs.frozen(eq=False)
class Scenario:
    """One line of the table.

    Args:
        name: of the server's limit.
        server: which decides.
        rate: requests a second that it accepts.
        told: what its clients are told: the rate, and the burst; None: nothing.
        sharing: where the clients have their budget.
        killed: clients that are killed after a third of the time.
        goodput, refused: what is expected: of the whole time where it is told, of the second half where it is learned.
    """

    name: str
    server: Server
    rate: int
    told: tuple[int, int | None] | None
    sharing: Sharing = "database"
    killed: int = 0
    goodput: float = 0.97
    refused: float = 0.01

    @property
    def group(self) -> tuple[float, ...]:
        """Those with the same are measured at once: as many as the machine has room for."""
        if self.rate <= 10:
            return (self.rate,)
        return (self.rate, hash(self))

    @property
    def title(self) -> str:
        told = "told" if self.told else "not told"
        where = {"none": "each for itself", "host": "one budget of the host", "database": "in PostgreSQL"}
        killed = f", {self.killed} of {PROCESSES} killed" if self.killed else ""
        return f"{self.name}, {told}, {where[self.sharing]}{killed}"


@attrs.define
class Meter:
    """Answers by a server's decision, and notes when."""

    server: Server
    accepted: list[float] = attrs.field(factory=list)
    refused: list[float] = attrs.field(factory=list)

    def answer(self) -> bytes:
        now = time.monotonic()
        is_accepted = self.server.answer(now, "")[0] == 200
        (self.accepted if is_accepted else self.refused).append(now)
        return OK if is_accepted else NO

    def measure(self, rate: float, began: float, ended: float) -> tuple[float, float]:
        """Goodput and share of refused requests."""
        accepted, refused = (
            sum(began < at <= ended for at in moments) for moments in (self.accepted, self.refused)
        )
        return accepted / (rate * (ended - began)), refused / max(1, accepted + refused)


class Connection(asyncio.Protocol):
    """One connection of a client; its GETs have no body."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            self._transport.write(self._meter.answer())


async def call_forever(
    account: str, url: str, told: list[int | None] | None, sharing: Sharing, place: str
) -> None:
    """Be one client of a scenario."""
    from alloy_async import AlloyAsyncError, AlloyDirectory, AsyncAlloy, Rate
    from alloy_async.provisioning.shared_rate import share_rate

    limit = Rate(told[0] or 1, told[1]) if told else None
    if sharing == "host":
        limit = attrs.evolve(limit or Rate(math.inf), shared=True)
    async with (
        AsyncAlloy(account, base_url=url, rate_limit=limit, deadline=100) as client,
        share_rate(place if sharing == "database" else Path(), AlloyDirectory(client)),
    ):
        print("ready", flush=True)

        async def work() -> None:
            while True:
                try:
                    await client.get_a_user("1")
                except AlloyAsyncError:
                    await asyncio.sleep(0.01)

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


async def run_clients(clients: list[list[Any]]) -> None:
    """Be one client of each of some scenarios."""
    await asyncio.gather(*(call_forever(*client) for client in clients))


def list_scenarios() -> Iterator[Scenario]:
    """List what is measured."""
    for rate in SECONDS:
        burst = 2 + rate // 10
        for told in (True, False):
            bucket, rough = ((0.97, 0.01), (0.9, 0.05)) if told else ((0.9, 0.05), (0.8, 0.06))
            servers: list[tuple[str, Server, int | None, tuple[float, float]]] = [
                (f"{rate} a second, burst {burst}", TokenBucket(rate, burst), burst, bucket),
                (f"window of {rate} a second", FixedWindow(rate, phase=0.3), None, bucket),
                # One that comes a millisecond early is refused: requests are not that punctual.
                (f"sliding window of {rate} a second", SlidingWindow(rate), None, rough),
            ]
            for name, server, known_burst, expected in servers:
                known = (rate, known_burst) if told else None
                yield Scenario(name, server, rate, known, "database", 0, *expected)
    name, known = "100 a second, burst 12", (100, 12)
    yield Scenario(name, TokenBucket(100, 12), 100, known, "database", 2, 0.95)
    yield Scenario(name, TokenBucket(100, 12), 100, known, "host", 0)
    yield Scenario(name, TokenBucket(100, 12), 100, known, "host", 2, 0.95)
    yield Scenario(name, TokenBucket(100, 12), 100, None, "host", 0, 0.9, 0.05)
    yield Scenario(name, TokenBucket(100, 12), 100, None, "none", 0, 0.9, 0.2)


def start_clients(clients: list[list[Any]]) -> list[subprocess.Popen[bytes]]:
    """Start the processes, each of which is a client of every scenario, and wait until all are ready."""
    command = [sys.executable, "-m", "benchmarks.shared_limit", "--clients", json.dumps(clients)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
    for process in processes:
        assert process.stdout is not None
        for _ in clients:
            process.stdout.readline()
    return processes


async def measure_together(scenarios: Sequence[Scenario], database: str) -> bool:
    """Measure scenarios of one group, and print a line each; whether all is as expected."""
    loop = asyncio.get_running_loop()
    meters, clients, servers = [], [], []
    for scenario in scenarios:
        meter = Meter(scenario.server)
        server = await loop.create_server(lambda meter=meter: Connection(meter), "127.0.0.1", 0)  # type: ignore[misc]
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        place = f"{database}#benchmark" if scenario.sharing == "database" else ""
        clients.append([f"{scenario.title} {time.time()}", url, scenario.told, scenario.sharing, place])
        meters.append(meter)
        servers.append(server)
    processes = await asyncio.to_thread(start_clients, clients)
    seconds = SECONDS[scenarios[0].rate]
    await asyncio.sleep(SPARE)
    began = time.monotonic()
    await asyncio.sleep(seconds / 3)
    for process in processes[: scenarios[0].killed]:
        process.kill()
    await asyncio.sleep(seconds * 2 / 3)
    for process in processes:
        process.kill()
        process.communicate()
    for server in servers:
        server.close()
    met = [print_line(*it, began, seconds) for it in zip(scenarios, meters, strict=True)]
    return all(met)


def print_line(scenario: Scenario, meter: Meter, began: float, seconds: float) -> bool:
    """Print what a server has seen; whether it is as expected."""
    whole = meter.measure(scenario.rate, began, began + seconds)
    then = meter.measure(scenario.rate, began + seconds / 2, began + seconds)
    goodput, refused = whole if scenario.told else then
    is_met = goodput >= scenario.goodput and refused <= scenario.refused
    figures = f"{whole[0]:.1%}, {then[0]:.1%} | {whole[1]:.2%}, {then[1]:.2%}"
    print(f"| {scenario.title} | {figures} | {'met' if is_met else '**missed**'} |", flush=True)
    return is_met


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shared_limit", description=__doc__)
    parser.add_argument("--rate", type=int, choices=SECONDS, help="only limits of so many a second")
    parser.add_argument("--clients", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.clients:
        asyncio.run(run_clients(json.loads(given.clients)))
        return 0
    scenarios = sorted(
        (it for it in list_scenarios() if given.rate in (None, it.rate)), key=lambda it: it.group
    )
    print("| 8 processes | goodput, then | refused, then | expected |\n|---|---|---|---|", flush=True)
    with DatabaseServer() as server:
        met = [
            asyncio.run(measure_together([*group], server.url))
            for _, group in groupby(scenarios, key=lambda it: it.group)
        ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
