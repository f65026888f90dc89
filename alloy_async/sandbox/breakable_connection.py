"""The server's end of a connection: sends answers, and breaks off as a fault demands."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import Any

from aiohttp import web

from .fault_kinds import ConnectionGone
from .messages import Reply

MAX_BODY = 64 * 1024 * 1024
_RST_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class BreakableConnection:
    """The server's end of the connection that a request came on."""

    def __init__(self, http: web.BaseRequest, stopping: asyncio.Event) -> None:
        self._http = http
        self._stopping = stopping

    def reset(self) -> None:
        transport = self._http.transport
        if transport is not None:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
            transport.abort()

    def close(self) -> None:
        if self._http.transport is not None:
            self._http.transport.close()

    async def pause(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        self.close()
        raise ConnectionGone

    async def send_reply(self, answer: Reply, number: int) -> web.StreamResponse:
        headers = {"X-Request-Id": f"sandbox-{number}", **answer.headers}
        if answer.content_type is not None:
            headers["Content-Type"] = answer.content_type
        if isinstance(answer.body, bytes):
            return web.Response(status=answer.status, body=answer.body, headers=headers)
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(self._http)
        async for chunk in answer.body:
            await response.write(chunk)
        await response.write_eof()
        return response


def create_request(
    message: Any,
    payload: Any,
    protocol: Any,
    writer: Any,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    """Make an aiohttp request that may bring a body of up to MAX_BODY bytes."""
    return web.BaseRequest(
        message,
        payload,
        protocol,
        writer,
        task,
        asyncio.get_running_loop(),
        client_max_size=MAX_BODY,
    )
