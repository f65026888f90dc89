"""A server of canned answers, in its own process: it must cost the client's process nothing and not be the bottleneck.

GET /users/ID (after a second where ID is "slow"), POST /users/ and POST /users/batch answer like Alloy, GET /users with 100
users; POST .../appusers like Smooch.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import cast

import orjson


def user(n: int) -> dict[str, object]:
    """A user of 12 members, with a nested list and a timestamp."""
    return {
        "userId": f"5f3c{n:020x}",
        "username": f"user{n}@example.com",
        "fullName": f"Given{n} Family{n}",
        "email": f"user{n}@example.com",
        "department": "Research and Development",
        "active": True,
        "loginCount": n,
        "createdAt": "2026-03-01T09:30:00.000Z",
        "locale": "en-GB",
        "timeZone": "Europe/London",
        "externalId": f"{n:06d}",
        "roles": [{"roleId": "r1", "name": "reader"}, {"roleId": "r2", "name": "writer"}],
    }


def page(size: int) -> bytes:
    """A list of users as the services send it."""
    return orjson.dumps({"data": [user(n) for n in range(size)]})


def _answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


SLOW = b"GET /users/slow "
ANSWERS = {
    b"GET /users/": _answer(orjson.dumps(user(1))),
    b"GET /agilicus/users/": _answer(
        b'{"type":"user","id":"1","email":"ada@example.com","first_name":"Ada"}'
    ),
    b"GET /users ": _answer(page(100)),
    b"POST /users/batch": _answer(b'{"message":"ok","invalidUsers":[]}'),
    b"POST /users/ ": _answer(b'{"userId":"5f3c00000000000000000001"}'),
    b"POST /v1/apps/a/appusers": _answer(b'{"appUser":{"_id":"5f3c00000000000000000001"}}'),
}


class Canned(asyncio.Protocol):
    """HTTP just far enough: it finds the end of each request and writes the answer of its route."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + size:
                return
            request, self.buffer = self.buffer, self.buffer[end + 4 + size :]
            answer = next(answer for start, answer in ANSWERS.items() if request.startswith(start))
            if request.startswith(SLOW):
                asyncio.get_running_loop().call_later(1.0, self.transport.write, answer)
            else:
                self.transport.write(answer)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def run_server() -> Iterator[str]:
    """The base URL of a server in its own process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.measuring.server"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        try:
            import uvloop
        except ImportError:
            asyncio.run(_serve())
        else:
            uvloop.run(_serve())
