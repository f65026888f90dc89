"""Send a request by aiohttp's connector and parser, without its session: the usual way.

`ClientSession.request` makes objects for each request (its request, response, writer, URL, headers, timer) that cost as much as
all the rest of a small call. Here the head is bytes that were made once, and a call is: a connection from the pool, one write,
the parser's answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import aiohttp
from yarl import URL

from ..calls.timing import current_timing
from .aiohttp_internals.custom_connection import (
    DeadlineConnection,
    Destination,
    acquire_connection,
    is_pool_full,
    prepare_pool,
    take_buffered_body,
)
from .aiohttp_internals.uses import is_available
from .failures import BytesOnNewConnection
from .open_response import OpenResponse
from .outgoing_request import OutgoingRequest
from .timeouts import DeadlineScope, TimeoutScheduler


class Sender(Protocol):
    """One way to send requests. There are two; which one a call takes is decided in `LoopSession` alone."""

    async def send(
        self, request: OutgoingRequest, timeout: aiohttp.ClientTimeout, deadline: float
    ) -> OpenResponse:
        """Send a request and return its answer as soon as the head is there.

        Args:
            request: what is sent.
            timeout: longest waits for a connection and between two pieces of the answer.
            deadline: when the whole answer must be there, by the clock of the loop's scheduler.

        Raises:
            BROKEN: whatever of these happened; `request.written` tells whether it was before or after writing began.
        """
        ...


def can_send_directly(session: aiohttp.ClientSession, connector: aiohttp.TCPConnector) -> bool:
    """Tell whether this aiohttp has all that the direct way needs, and nobody watches the session."""
    # A session has traces here only where a tracer puts some into each new one; they are to see our requests too.
    return not session.trace_configs and all(
        is_available(use, connector) for use in ("connection", "parser", "connector", "request", "payload")
    )


class DirectSender:
    """Send through a connector's own connections.

    Args:
        connector: whose pool it is; from now on it makes timed connections.
        scheduler: of the read timeouts.
        url: whom to connect to: the service; or the proxy, where that takes whole URLs.
        proxy: one that is asked for a tunnel to the service.
    """

    def __init__(
        self, connector: aiohttp.TCPConnector, scheduler: TimeoutScheduler, url: URL, proxy: URL | None
    ) -> None:
        self._connector = connector
        self._scheduler = scheduler
        self._destination = Destination(url, proxy, scheduler.loop)
        self._key = self._destination.key
        self._take: Callable[..., Any] = prepare_pool(connector, scheduler)

    async def send(
        self, request: OutgoingRequest, timeout: aiohttp.ClientTimeout, deadline: float
    ) -> OpenResponse:
        # The usual call takes what rests in the pool; all that may have to wait is in `_connect`.
        connection = rested = await self._take(self._key, [])
        protocol: Any = None if rested is None else rested.protocol
        if protocol is None or protocol.is_stale():
            with DeadlineScope(self._scheduler, deadline), self._time_connecting():
                connection = await self._connect(timeout, rested)
            protocol = connection.protocol
        upload: asyncio.Task[None] | None = None
        try:
            protocol.prepare_for_answer(request.head.verb != "HEAD", timeout.sock_read, deadline)
            # Nothing is awaited between the last look at the connection and this write, so nothing can come in between.
            request.written = True
            protocol.transport.write(request.encode())
            if protocol.writing_paused or not (request.body is None or type(request.body) is bytes):
                protocol.start_deadline()
                upload = asyncio.create_task(_write_body(protocol, request))
            else:
                protocol.start_timeout()
            while True:
                message, payload = await protocol.read()
                status = message.code
                if not 100 <= status < 200 or status == 101:
                    return DirectResponse(status, message.headers, payload, connection, upload)
                del message  # an interim answer; what is next may fail, and should not show its headers
                if upload is None or upload.done():
                    protocol.start_timeout()  # which ended with this one
        except BaseException:
            if upload is not None:
                upload.cancel()
            connection.close()
            raise

    @contextmanager
    def _time_connecting(self) -> Iterator[None]:
        """Count the wait for a connection, where somebody asks for it."""
        timing = current_timing.get()
        if timing is None:
            yield
            return
        before = timing.enter("pool" if is_pool_full(self._connector, self._key) else "connect")
        try:
            yield
        finally:
            timing.enter(before)

    async def _connect(self, timeout: aiohttp.ClientTimeout, stale: Any) -> Any:
        """Find a connection on which nothing came unasked; a stale one is closed first."""
        while True:
            if stale is not None:
                stale.close()
            try:
                connection = await acquire_connection(self._connector, self._destination, timeout)
            except TimeoutError as error:
                raise aiohttp.ConnectionTimeoutError from error
            if not connection.protocol.is_stale():
                return connection
            if connection.protocol.is_new:
                connection.close()
                raise BytesOnNewConnection("the server sent something before it was asked")
            stale = connection


class DirectResponse(OpenResponse):
    """An answer on a connection of ours."""

    __slots__ = ("_connection", "_upload")

    _take_buffered = staticmethod(take_buffered_body)

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        payload: aiohttp.StreamReader,
        connection: Any,
        upload: asyncio.Task[None] | None,
    ) -> None:
        # As OpenResponse does it, whose call would cost more than all of this.
        self.status: int = status
        self.headers: Mapping[str, str] = headers
        self._payload = payload
        self._pieces = self._decompressor = None
        self._connection, self._upload = connection, upload

    def lift_deadline(self) -> None:
        if self._connection.protocol is not None:
            self._connection.protocol.lift_deadline()

    def release(self) -> None:
        if self._upload is not None and not self._upload.done():
            # The server has answered without having read it all: the rest must not go on, nor another request after it.
            self.close()
            return
        protocol = self._connection.protocol
        if protocol is not None:
            protocol.prepare_to_keep()
        self._connection.release()

    def close(self) -> None:
        if self._upload is not None:
            self._upload.cancel()
        self._connection.close()


def _write_piece(protocol: DeadlineConnection, piece: bytes) -> None:
    if protocol.transport is None or protocol.transport.is_closing():
        raise ConnectionResetError("it was closed while the body was being written")
    protocol.transport.write(piece)


async def _write_body(protocol: DeadlineConnection, request: OutgoingRequest) -> None:
    """Write the rest of a request while its answer may be coming already."""
    try:
        await protocol.drain()
        if request.body is not None and not isinstance(request.body, bytes):
            chunked = request.body.size is None
            async for piece in request.body.read_pieces():
                _write_piece(protocol, b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                await protocol.drain()
            if chunked:
                _write_piece(protocol, b"0\r\n\r\n")
        protocol.start_timeout()
    except Exception as error:
        # Whoever waits for the answer gets it; half a request is never followed by another one on this connection.
        protocol.set_exception(error)
