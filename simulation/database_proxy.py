"""A proxy between a worker and its database, which acts amid what the worker says: within a record, or a transaction."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self, TypeAlias
from urllib.parse import parse_qs, urlsplit

from alloy_async.core.background_loop import get_background_loop

ProxyPoint: TypeAlias = Literal["amid writing", "amid transaction"]
_CLOSED = OSError, RuntimeError
"""What is raised where the other side is closed; uvloop raises the second."""
_COPY_DATA, _INSERT = b"d", b"INSERT INTO alloy_async.events_"
_IN_TRANSACTION, _COMMIT = b"synchronous_commit", b"COMMIT"
"""In the first message of each transaction of a worker, and in the last: one that only writes a little has a single message."""


class DatabaseProxy:
    """Forwards to the socket of a server, on a port of this host; a context manager.

    Args:
        url: of the server.
        point: where to act; None: nowhere.
        count: at the how-manieth time.
        act: called there, once, in the middle of what is forwarded; the rest waits until it is done.
    """

    def __init__(self, url: str, point: ProxyPoint | None, count: int, act: Callable[[], None]) -> None:
        self._path = f"{parse_qs(urlsplit(url).query)['host'][0]}/.s.PGSQL.5432"
        self._point, self._left, self._act = point, count, act
        self._tasks: set[asyncio.Task[None]] = set()
        self.url: str = ""

    def __enter__(self) -> Self:
        self._server: asyncio.Server = get_background_loop().run(
            lambda: asyncio.start_server(self._connect, "127.0.0.1", 0)
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        get_background_loop().run(self._close)

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            back, forth = await asyncio.open_unix_connection(self._path)
        except OSError:  # the server is down
            writer.close()
            return
        finally:
            self._tasks.discard(task)
        for one in (self._forward(reader, forth), _copy(back, writer)):
            task = asyncio.create_task(one)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*_CLOSED), contextlib.closing(writer):
            while data := await reader.read(65536):
                if self._is_there(data):
                    half = self._find_middle(data)
                    writer.write(data[:half])
                    await writer.drain()
                    await asyncio.to_thread(self._act)
                    data = data[half:]
                writer.write(data)
                await writer.drain()

    def _is_there(self, data: bytes) -> bool:
        is_writing = data[:1] == _COPY_DATA or _INSERT in data
        is_transaction = _IN_TRANSACTION in data and _COMMIT not in data
        here = is_writing if self._point == "amid writing" else is_transaction and self._point is not None
        self._left -= here
        return here and self._left == 0

    def _find_middle(self, data: bytes) -> int:
        if self._point == "amid transaction":
            return len(data)
        return len(data) // 2 if data[:1] == _COPY_DATA else data.index(_INSERT) + len(_INSERT)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(*_CLOSED), contextlib.closing(writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
