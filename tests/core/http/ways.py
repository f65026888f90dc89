"""Both ways of sending, and a server that writes what it is told, piece by piece."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Annotated, Any, Self

import aiohttp
import attrs
import pytest

from alloy_async import AsyncClient, Operation, Retry, Service
from alloy_async.core.http.aiohttp_internals.uses import USES
from alloy_async.core.messages.upload import FileSource
from alloy_async.core.operation.markers import Json, Part, Path
from tests.core.server import reset_when_closed

WAYS = ("direct", "own session", "fallback")
"""The usual way; an own session; and what is left where aiohttp lacks what the usual way needs."""

ONCE = Retry(attempts=1)


@attrs.frozen(eq=False, repr=False)
class Read(Operation[bytes]):
    """An idempotent operation whose result is the body as it is."""

    verb = "GET"
    route = "/things/{name}"
    name_of_thing: Annotated[str, Path("name")] = "x"


@attrs.frozen(eq=False, repr=False)
class Look(Operation[None]):
    """An operation without a body in its answer."""

    verb = "HEAD"
    route = "/things"


@attrs.frozen(eq=False, repr=False)
class Create(Operation[bytes]):
    """An operation that must not be sent twice."""

    verb = "POST"
    route = "/things"
    text: Annotated[str, Json("text")] = "new"


@attrs.frozen(eq=False, repr=False)
class Replace(Create):
    """An idempotent operation with a body."""

    verb = "PUT"


@attrs.frozen(eq=False, repr=False)
class Send(Operation[bytes]):
    """An upload."""

    verb = "POST"
    route = "/files"
    file: Annotated[FileSource, Part("file")]


def hide(monkeypatch: pytest.MonkeyPatch, *uses: str) -> None:
    """Let a use of aiohttp's internals look as if aiohttp did not have it."""
    for use in uses:
        hidden = USES[use]._replace(probe=lambda _: False)
        monkeypatch.setitem(USES, use, hidden)  # type: ignore[arg-type]


class Ways:
    """Make clients that send in one of the ways."""

    def __init__(self, way: str) -> None:
        self.way = way

    @contextlib.asynccontextmanager
    async def client(self, url: str, key: str = "key", **options: Any) -> AsyncIterator[AsyncClient]:
        async with contextlib.AsyncExitStack() as stack:
            if self.way == "own session":
                connector = aiohttp.TCPConnector(
                    limit=options.pop("max_connections", 100), ssl=options.pop("ssl", True)
                )
                options["session"] = await stack.enter_async_context(
                    aiohttp.ClientSession(connector=connector)
                )
            service = Service("local", url)
            yield await stack.enter_async_context(AsyncClient(key, system=service, **options))


@pytest.fixture(params=WAYS)
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Each of the ways in turn."""
    if request.param == "fallback":
        hide(monkeypatch, "parser")
    return Ways(request.param)


END, RESET, HANG, GO_ON = "end", "reset", "hang", "go on"
Step = bytes | str | Callable[[], Any]
"""Bytes to write; or END, RESET or HANG; or something to call and await."""


class Pieces:
    """A server that answers each request with the next list of steps; the last list for ever.

    After the steps the connection is kept, unless one of them ends it.
    """

    def __init__(self, *answers: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        """Head and body of each, as they came."""
        self.connections = 0
        self.first_words = b""
        """What is written on each new connection before anything is read."""
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        host = "127.0.0.1"
        self._server = await asyncio.start_server(self._connect, host, 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            await task

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self.first_words:
                writer.write(self.first_words)
            while True:
                self.requests.append(await read_request(reader))
                steps = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                for step in steps:
                    if isinstance(step, bytes):
                        writer.write(step)
                        await writer.drain()
                        await asyncio.sleep(0.002)  # so that the pieces are pieces for the client too
                    elif step == END:
                        return
                    elif step == RESET:
                        reset_when_closed(writer)
                        writer.transport.abort()
                        return
                    elif step == HANG:
                        await asyncio.Event().wait()
                    elif not isinstance(step, str):
                        await step()
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request to its end, whichever way its body is framed."""
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size + 2)
        await reader.readline()
        return head + body
    at = lowered.find(b"content-length:")
    size = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    return head + await reader.readexactly(size)


def answer(body: bytes = b"ok", status: int = 200, *headers: str) -> bytes:
    """An answer with its length."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunks(*pieces: bytes) -> bytes:
    """A chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
