"""Random answers over both ways of sending, compared one by one: `python -m benchmarks.wire_fuzz [COUNT] [SEED]`; exit code 1
where one was wrong.

Each answer is made from the number that is asked for: status, framing, compression, interim answers, where it is split, where
it is cut or reset, and what comes behind it that nobody asked for. So both ways are sent the same, and what may come of it is
known: never another call's answer, never an error of a foreign class, never a wrong effect.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random
from typing import Annotated, Any, TypeAlias

import aiohttp
import attrs

from alloy_async import AlloyAsyncError, AsyncClient, Operation, Retry, Service, Timeout
from alloy_async.core.operation.markers import Path

Outcome: TypeAlias = tuple[str, str]
"""Kind and details: ("result", the body) or ("error", effect)."""


@attrs.frozen(eq=False, repr=False)
class Ask(Operation[bytes]):
    """Ask for the answer of a number."""

    verb = "GET"
    route = "/answers/{number}"
    number: Annotated[str, Path("number")]


STATUSES = (*[200] * 16, 201, 204, 304, 400, 404, 409, 418, 500, 502, 101, 99)
UNASKED = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nanother's",
    b"HTTP/1.1 20",
    b"H",
    b"\r\n",
    b"garbage\r\n\r\n",
)


class RandomAnswer:
    """What the server sends to a question, and all that may come of it.

    Attributes:
        pieces: written one after the other.
        ends: whether the connection ends then.
        resets: whether it ends by a TCP reset, which may overtake what was sent before.
        late: written behind them that nobody asked for, while the connection rests. (What a server writes once the next
            request is under way to it is that one's answer, as far as anybody can tell.)
        allowed: the outcomes that are right. More than one where it depends on which bytes are read together.
    """

    def __init__(self, number: int) -> None:
        random = Random(number)
        self.body = f"answer {number} ".encode() * random.choice((1, 1, 1, 30, 2000))
        status = random.choice(STATUSES)
        framing = random.choice(("length", "length", "length", "chunked", "chunked", "close"))
        encoding = random.choice((None, None, None, "gzip", "deflate"))
        head, payload = self._frame(random, status, framing, encoding)
        raw = head + payload
        self.ends = framing == "close" or status in (101, 99)
        self.late = b""
        self.resets = random.random() < 0.1
        cut = random.randrange(len(raw)) if random.random() < 0.2 else None
        if self.resets:
            cut = random.choice((random.randrange(len(raw)), len(head), len(raw)))
            self.ends = True
            self.allowed = self._judge_reset(status, framing, cut, len(head), len(raw))
            raw = raw[:cut]
        elif cut is not None:
            self.ends = True
            self.allowed = {self._judge_cut(status, framing, encoding, cut, len(head))}
            raw = raw[:cut]
        else:
            self.allowed = {self._judge(status)}
            if not self.ends and random.random() < 0.2:
                # Read together with the answer's end, what is not HTTP spoils the answer.
                self.allowed |= {("error", "unknown"), ("error", "applied")}
                if random.random() < 0.5:
                    raw += random.choice(UNASKED)
                else:
                    self.late = random.choice(UNASKED)
        self.pieces = self._split(random, raw)

    def _frame(self, random: Random, status: int, framing: str, encoding: str | None) -> tuple[bytes, bytes]:
        body = self.body
        if status in (204, 304, 101):
            return b"%bHTTP/1.1 %d X\r\n\r\n" % (self._interim(random), status), b""
        lines = [f"HTTP/1.{random.choice('11110') if framing != 'chunked' else '1'} {status:03} X"]
        if encoding is not None:
            body = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
            lines.append(f"Content-Encoding: {encoding}")
        if framing == "length":
            lines += [f"Content-Length: {len(body)}", "Connection: keep-alive"]
        elif framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
            size = random.choice((1, 7, 100, 5000)) if len(body) < 2000 else 5000
            parts = [body[start : start + size] for start in range(0, len(body), size)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
        return self._interim(random) + "\r\n".join([*lines, "", ""]).encode(), body

    def _interim(self, random: Random) -> bytes:
        return b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" * random.choice((0, 0, 0, 0, 1, 2))

    def _judge(self, status: int) -> Outcome:
        if 200 <= status < 300:
            return "result", "" if status == 204 else self.body.decode()
        return "error", "none" if 300 <= status < 500 else "unknown"

    def _judge_cut(self, status: int, framing: str, encoding: str | None, cut: int, head: int) -> Outcome:
        if cut < head:
            return "error", "unknown"
        if not 200 <= status < 300:
            return self._judge(status)
        if framing == "close" and encoding is None:  # nobody can tell that there was more
            return "result", self.body[: cut - head].decode()
        if framing == "close" and cut == head:  # an empty body, which is not cut short
            return "result", ""
        return "error", "applied"

    def _judge_reset(self, status: int, framing: str, cut: int, head: int, whole: int) -> set[Outcome]:
        allowed = {("error", "unknown")}
        if cut >= head:
            allowed.add(("error", "applied") if 200 <= status < 300 else self._judge(status))
        if cut == whole and (framing != "close" or cut == head):
            allowed.add(self._judge(status))
        return allowed

    def _split(self, random: Random, raw: bytes) -> list[bytes]:
        cuts = sorted(random.randrange(len(raw) + 1) for _ in range(random.choice((0, 0, 0, 1, 2, 5))))
        edges = [0, *cuts, len(raw)]
        return [raw[start:end] for start, end in pairwise(edges) if start < end]


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"/answers/(\d+)", head)
            assert found is not None
            answer = RandomAnswer(int(found[1]))
            for number, piece in enumerate(answer.pieces):
                if number:
                    await asyncio.sleep(0)
                writer.write(piece)
            if answer.resets:
                await _reset(writer)
            if answer.ends:
                return
            if answer.late:
                await asyncio.sleep(0)
                writer.write(answer.late)
    except (ConnectionError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


async def _reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.set_write_buffer_limits(0)
    await writer.drain()
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def ask(client: AsyncClient, number: int) -> Outcome:
    """The outcome of one call; an exception of another class than ours is one too."""
    try:
        return "result", (await client.send(Ask(str(number)))).decode()
    except AlloyAsyncError as error:
        return "error", error.effect
    except Exception as error:
        return "foreign", repr(error)


@asynccontextmanager
async def both_ways(url: str) -> AsyncIterator[tuple[AsyncClient, AsyncClient]]:
    """A client that sends directly, and one that sends through a session."""
    # Nothing here waits, so what is late is the machine: a call that hangs is found all the same.
    patience = Timeout(connect=120, read=120, pool=120)
    options: dict[str, Any] = {"retry": Retry(attempts=1), "deadline": 120, "timeout": patience}
    service = Service("fuzz", url)
    async with (
        aiohttp.ClientSession() as session,
        AsyncClient("key", system=service, **options) as direct,
        AsyncClient("key", system=service, session=session, **options) as through,
    ):
        yield direct, through


async def compare_ways(count: int, seed: int, in_flight: int = 32) -> tuple[Counter[str], list[str]]:
    """Ask for so many answers over both ways.

    Returns:
        How often each kind of outcome came, and a line for each that was wrong.
    """
    numbers = iter(range(seed, seed + count))
    seen: Counter[str] = Counter()
    wrong: list[str] = []

    async def work(direct: AsyncClient, through: AsyncClient) -> None:
        for number in numbers:
            allowed = RandomAnswer(number).allowed
            outcomes = await ask(direct, number), await ask(through, number)
            seen["not the same over both ways"] += outcomes[0] != outcomes[1]
            for way, outcome in zip(("direct", "session"), outcomes, strict=True):
                seen[f"{way}: {outcome[0]} {'' if outcome[0] == 'result' else outcome[1]}".strip()] += 1
                if outcome not in allowed:
                    wrong.append(f"answer {number} over {way}: {outcome!r:.200}, allowed {allowed!r:.200}")

    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, both_ways(url) as clients:
        await asyncio.gather(*(work(*clients) for _ in range(in_flight)))
    return seen, wrong


def main(count: int = 100_000, seed: int = 0) -> int:
    began = time.monotonic()
    seen, wrong = asyncio.run(compare_ways(count, seed))
    for kind, number in sorted(seen.items()):
        print(f"{kind:<40} {number:>9}")
    print(f"{count} answers over both ways in {time.monotonic() - began:.0f} s, {len(wrong)} wrong")
    print(*wrong[:50], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
