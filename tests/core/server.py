"""A server that answers byte by byte as it is told: for all that the sandbox, true to its contract, does not do."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Of 127.0.0.1, self-signed, with its key; it serves these tests alone."""


class Arrived(NamedTuple):
    """One request, read to its end."""

    verb: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Reset:
    """Ends the connection with a TCP RST."""


class Hang:
    """Never answers."""


class Cut(bytes):
    """Sent as they are, and then the connection ends."""


Reply = bytes | Reset | Hang | Callable[[Arrived], bytes]
"""What a request gets; bytes are sent as they are."""


def reply(status: int = 200, body: Any = b"{}", **headers: str) -> bytes:
    """An HTTP answer; `headers` as Retry_After="3"."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(raw)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + raw


class Scripted:
    """Gives each request the next reply of the script; the last one for ever."""

    def __init__(self, *script: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.script = list(script) or [reply()]
        self.arrived: list[Arrived] = []
        self.connections = 0
        self._open: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._tls = tls

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task, writer in list(self._open.items()):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()
            del self._open[task]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await _read(reader)
            self.arrived.append(request)
            step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if isinstance(step, Hang):
                await asyncio.Event().wait()
            elif isinstance(step, Reset):
                reset_when_closed(writer)
                return
            else:
                raw = step if isinstance(step, bytes) else step(request)
                writer.write(raw)
                await writer.drain()
                if isinstance(raw, Cut):
                    return


def reset_when_closed(writer: asyncio.StreamWriter) -> None:
    """Let the connection end with a TCP RST."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def tls_of_localhost() -> ssl.SSLContext:
    """What a server with the certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


async def _read(reader: asyncio.StreamReader) -> Arrived:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    verb, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Arrived(verb, target, headers, body)


def _reserve_port() -> int:
    """Bind a port without listening; its descriptor stays open, so that nobody else is given it."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    holder.detach()
    return port


_closed_port = _reserve_port()


def closed_port() -> int:
    """A port that nobody listens on."""
    return _closed_port
