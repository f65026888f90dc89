"""Connections of our own class in a connector's pool, and what else is done with what aiohttp does not promise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http import HttpProcessingError as HttpProcessingError
from yarl import URL

from ..timeouts import NEVER, TimeoutScheduler
from ..unread_bytes import create_unread_check

# As aiohttp has it.
NO_CAUSE: BaseException = (ResponseHandler.set_exception.__defaults__ or (Exception(),))[0]
READ_SIZE = 1 << 16  # bytes that are read at once, at the most


def belongs_to_loop(session: Any, loop: asyncio.AbstractEventLoop) -> bool:
    """Tell whether an own session belongs to an event loop (use: session loop)."""
    return session._loop is loop


def get_middlewares(session: Any) -> tuple[Any, ...]:
    """Return the middlewares of an own session (use: middlewares)."""
    return tuple(session._middlewares)


def abandon_connector(connector: Any, drop: Callable[[Any], None]) -> None:
    """Drop the transport of each connection, and mark the connector closed (use: pool)."""
    kept = [protocol for waiting in connector._conns.values() for protocol, _ in waiting]
    for protocol in [*kept, *connector._acquired]:
        drop(getattr(protocol, "transport", None))
    connector._closed = True


class ClientClosedDuringAnswer(aiohttp.ClientConnectionError):
    """The client was closed while somebody waited for an answer."""


def break_connections(connector: Any) -> None:
    """Tell all who wait for an answer, or the rest of one, that the client is closed (use: pool): aiohttp tells nobody."""
    for connection in [*connector._acquired]:
        _break_body(connection, ClientClosedDuringAnswer())
        connection.set_exception(ClientClosedDuringAnswer())


class Destination(aiohttp.ClientRequest):
    """Where a connector connects to (use: request)."""

    def __init__(self, url: URL, proxy: URL | None, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__("GET", url, loop=loop, proxy=proxy)
        self.key: ConnectionKey = super().connection_key  # of all connections that go there


def _break_body(connection: Any, exc: BaseException, cause: BaseException = NO_CAUSE) -> None:
    """Let the reader of a body that has not come as a whole know that it will not."""
    payload = connection._payload
    if payload is not None and not payload.is_eof() and payload.exception() is None:
        payload.set_exception(exc, cause)


def _break_body_when_lost(self: ResponseHandler, exc: BaseException | None) -> None:
    """Break off a body that was to last until the connection's end: aiohttp takes a reset for that, but it is not whole."""
    if exc is not None:
        _break_body(self, aiohttp.ClientOSError(*exc.args))
    ResponseHandler.connection_lost(self, exc)


class DeadlineConnection(ResponseHandler):
    """aiohttp's side of one connection (use: connection), with two things of our own.

    Its read timeout is on the scheduler instead of on a timer for each piece of data. And it knows whether it may be used:
    an answer belongs to its call, so a connection on which anything came that was not asked for is never used again.
    """

    def __init__(self, scheduler: TimeoutScheduler) -> None:
        super().__init__(scheduler.loop)
        self.due: float = NEVER
        self.deadline: float = NEVER
        self._scheduler = scheduler
        self._has_unread: Callable[[], object] | None = None
        self._rested_parser: Any = None

    connection_lost = _break_body_when_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read in smaller pieces than asyncio, whose 256 KiB are so large that malloc may map them anew for each answer."""
        super().connection_made(transport)
        of_asyncio: Any = transport
        if hasattr(of_asyncio, "max_size"):
            of_asyncio.max_size = READ_SIZE

    def prepare_for_answer(self, has_body: bool, read_timeout: float | None, deadline: float) -> None:
        """Make it ready for the answer to the request that is written next.

        Args:
            has_body: False where the answer has none, whatever its headers say (HEAD).
            read_timeout: seconds that the server may be silent, from `start_timeout` on: before, it is not its turn.
            deadline: when the whole answer must be there, by the scheduler's clock; it holds from `start_deadline` or
                `start_timeout` on, of which one has to follow before anything is awaited.
        """
        self.due = self.deadline = deadline
        if has_body and self._rested_parser is not None:
            self._parser, self._read_timeout = self._rested_parser, read_timeout
            return
        self.set_response_params(
            skip_payload=not has_body, read_until_eof=True, auto_decompress=False, read_timeout=read_timeout
        )

    def start_deadline(self) -> None:
        """Let the deadline hold from now on."""
        self._scheduler.schedule(self)

    def lift_deadline(self) -> None:
        """Let only the read timeout hold from now on."""
        self.deadline = NEVER
        payload: Any = self._payload
        if payload is not None and not payload.is_eof():
            self._reschedule_timeout()

    def prepare_to_keep(self) -> None:
        """Make it ready to be kept, after its answer was read; a closing one is left to the pool, which drops it."""
        self._scheduler.discard(self)
        parser: Any = self._parser
        payload: Any = self._payload
        if payload is not None and payload.is_eof():
            self._payload = None  # or aiohttp would ask it again and again
        if parser is None or self.should_close:
            return
        try:
            clean = parser.feed_eof() is None
        except Exception:  # the parser's own complaint about bytes that nobody asked for: reason enough
            clean = False
        # Without a parser, whatever comes from now on is put by, and then `should_close` is true.
        self._parser, self._rested_parser = None, None if self._skip_payload else parser
        if not clean:
            self.force_close()
        elif self._has_unread is None:
            self._has_unread = create_unread_check(self.transport)

    @property
    def is_new(self) -> bool:
        """Whether no answer was read on it yet."""
        return self._has_unread is None

    async def drain(self) -> None:
        """Wait until the transport takes more."""
        if self.writing_paused:
            await self._drain_helper()

    def is_stale(self) -> bool:
        """Tell whether it must not be used: something came on it, was put by or is still unread, that nobody asked for.

        To be asked right before writing. A new connection is not looked into: over TLS it may have tickets waiting.
        """
        return self.should_close or (self._has_unread is not None and bool(self._has_unread()))

    def set_exception(self, exc: BaseException, exc_cause: BaseException = NO_CAUSE) -> None:
        """Let the reader of the body know too: aiohttp does not where a later piece breaks the chunked encoding."""
        _break_body(self, exc, exc_cause)
        super().set_exception(exc, exc_cause)

    def expire(self) -> None:
        """Break the connection off: the deadline has passed, or the server was silent for too long."""
        if self.due >= self.deadline:
            self.set_exception(TimeoutError())
        else:
            self._on_read_timeout()

    def _reschedule_timeout(self) -> None:
        scheduler = self._scheduler
        due = scheduler.now() + (self._read_timeout or NEVER)
        self.due = due = due if due < self.deadline else self.deadline
        # Else to add it would change nothing, and this is asked for each piece of an answer.
        if due < scheduler.next_look or self not in scheduler.expiring:
            scheduler.schedule(self)

    start_timeout = _reschedule_timeout

    def _drop_timeout(self) -> None:
        self._scheduler.discard(self)


def take_buffered_body(payload: Any) -> bytes:
    """Return the whole of a body that has ended and of which nothing was read (use: payload)."""
    pieces: Sequence[bytes] = getattr(payload, "_buffer", ())  # an empty one may have none
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def watch_for_reset(connection: Any) -> None:
    """Let a connection of an own session tell of a reset as ours do (use: connection)."""
    connection.connection_lost = partial(_break_body_when_lost, connection)


def prepare_pool(connector: Any, scheduler: TimeoutScheduler) -> Callable[[Any, list[Any]], Awaitable[Any]]:
    """Let a connector make timed connections; return what takes one that rests in its pool, or None (use: connector)."""
    connector._factory = lambda: DeadlineConnection(scheduler)
    return connector._get  # type: ignore[no-any-return]


def is_pool_full(connector: aiohttp.TCPConnector, key: Any) -> bool:
    """Tell whether a connection has to be given back before there is another one."""
    return connector._available_connections(key) <= 0


async def acquire_connection(connector: Any, destination: Destination, timeout: aiohttp.ClientTimeout) -> Any:
    """Return a connection from the pool, or a new one, or wait for one (use: connector)."""
    try:
        return await connector.connect(destination, [], timeout)
    except BaseException as error:
        # Whoever waits for a free connection is woken by the one that gives it back. Cancelled in that very moment, it
        # keeps the wake-up for itself, and the others would sleep on beside a free connection.
        connector._release_waiter()
        # Without aiohttp's frames: their local variables hold the proxy's password.
        raise error.with_traceback(None) from error.__cause__


def close_socket(transport: Any) -> None:
    """Close a transport's socket without its loop, and without the warning that its collection would give."""
    if transport is None:
        return
    inner = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    if inner is not None:
        transport._closed = True
        close_socket(inner)
    sock = getattr(transport, "_sock", None)
    if sock is not None:
        sock.close()
        transport._sock = None


def abort_transport(transport: Any) -> None:
    """End a transport at once, from its loop."""
    if transport is not None:
        transport.abort()
