"""All that is used of aiohttp beyond its documentation: what for, a probe that finds it, and what happens without it.

`USES` is the whole list. Nothing else in the package touches a name of aiohttp's that its documentation does not promise, and
nobody uses one of these without asking `is_available`. Without them calls still work, through `ClientSession.request`.
"""

from __future__ import annotations

import asyncio
import inspect
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import aiohttp
from aiohttp import client as aiohttp_client
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http import HttpProcessingError as HttpProcessingError
from yarl import URL

from .timeouts import NEVER, TimeoutScheduler
from .unread_bytes import create_unread_check

NO_CAUSE: BaseException = (ResponseHandler.set_exception.__defaults__ or (Exception(),))[
    0
]  # as aiohttp has it
READ_SIZE = 1 << 16  # bytes that are read at once, at the most


class UndocumentedUse(NamedTuple):
    """One use of something undocumented; its probe gets the connector or session whose names it looks for."""

    purpose: str
    without: str
    probe: Callable[[Any], bool]


def is_available(use: str, of: Any = None) -> bool:
    """Tell whether what a use needs is there, on this connector or session where it is a thing of those."""
    return USES[use].probe(of)


def _create_unconnected() -> Any:
    return ResponseHandler(types.SimpleNamespace(create_future=None))  # type: ignore[arg-type]


def _probe_connection(_: Any) -> bool:
    made = _create_unconnected()
    names = "is_connected read set_exception set_response_params should_close start_timeout writing_paused"
    private = "_drop_timeout _on_read_timeout _payload _read_timeout _reschedule_timeout _skip_payload _tail"
    return all(hasattr(made, name) for name in f"{names} {private} _drain_helper".split())


def _probe_parser(_: Any) -> bool:
    """Whether a parser tells that it has begun another message: aiohttp's in C does, its one in Python does not."""
    told = []
    for unasked in (b"", b"H"):
        connection = _create_unconnected()
        connection.set_response_params(auto_decompress=False, read_until_eof=True)
        connection._parser.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + unasked)
        told.append(connection._parser.feed_eof() is not None)
    return told == [False, True]


def _probe_payload(_: Any) -> bool:
    made = _create_unconnected()
    made.set_response_params(auto_decompress=False, read_until_eof=True)
    messages, *_ = made._parser.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab")
    return list(getattr(messages[0][1], "_buffer", ())) == [b"ab"]


def _list_parameters(owner: Any, name: str) -> list[str] | None:
    method = getattr(owner, name, None)
    return None if method is None else list(inspect.signature(method).parameters)


def _probe_connector(connector: Any) -> bool:
    return (
        _list_parameters(connector, "connect") == ["req", "traces", "timeout"]
        and _list_parameters(connector, "_get") == ["key", "traces"]
        and all(
            callable(getattr(connector, name, None))
            for name in ("_available_connections", "_factory", "_release_waiter")
        )
    )


def _probe_request(_: Any) -> bool:
    parameters = inspect.signature(aiohttp.ClientRequest).parameters
    return {"loop", "ssl", "proxy"} <= parameters.keys() and hasattr(aiohttp.ClientRequest, "connection_key")


_REQUEST: Any = vars(aiohttp.ClientSession).get("_request")
_IS_ORIGINAL = isinstance(_REQUEST, types.FunctionType) and (
    _REQUEST.__code__.co_filename == aiohttp_client.__file__  # else another one stood in its place already
)

USES: Mapping[str, UndocumentedUse] = {
    "connection": UndocumentedUse(
        "ResponseHandler: our connections are its subclass, with read timeouts on one timer, and never used again once"
        " something came on them that nobody asked for",
        "calls go through ClientSession.request",
        _probe_connection,
    ),
    "parser": UndocumentedUse(
        "HttpResponseParser.feed_eof: tells whether the bytes of an answer went on into another one",
        "calls go through ClientSession.request",
        _probe_parser,
    ),
    "connector": UndocumentedUse(
        "TCPConnector.connect, _get, _available_connections, _factory, _release_waiter: a connection of our class from its"
        " pool, and whether that is full; a wake-up that reached somebody who was cancelled is handed on",
        "calls go through ClientSession.request",
        _probe_connector,
    ),
    "request": UndocumentedUse(
        "ClientRequest, made once: it tells the connector where to connect to",
        "calls go through ClientSession.request",
        _probe_request,
    ),
    "send": UndocumentedUse(
        "ClientRequest.send: the moment before a request of an own session is written, to look at the connection once more",
        "an own session's kept connection is used as it comes; of a call that ends while it connects the effect is unknown",
        lambda _: _list_parameters(aiohttp.ClientRequest, "send") == ["self", "conn"],
    ),
    "payload": UndocumentedUse(
        "StreamReader._buffer: the pieces of a body that is there as a whole, without another run of the parser for nothing",
        "calls go through ClientSession.request",
        _probe_payload,
    ),
    "middlewares": UndocumentedUse(
        "ClientSession._middlewares: those of an own session, to add ours to them",
        "an own session is refused: its own middlewares would be left out, or a request silently sent twice",
        lambda session: isinstance(getattr(session, "_middlewares", None), tuple | list),
    ),
    "unpatched": UndocumentedUse(
        "ClientSession._request: whether somebody has put his own in its place, as mocks and tracers do",
        "calls go through ClientSession.request, where his is honoured",
        lambda _: _IS_ORIGINAL and getattr(aiohttp.ClientSession, "_request", None) is _REQUEST,
    ),
    "pool": UndocumentedUse(
        "TCPConnector._conns, _acquired and _closed: sockets of a loop that is gone are closed without it",
        "they are left to the garbage collector, which warns of them",
        lambda connector: all(hasattr(connector, name) for name in ("_conns", "_acquired", "_closed")),
    ),
}


def find_middlewares(session: Any) -> tuple[Any, ...]:
    """Return the middlewares of an own session (use: middlewares)."""
    return tuple(session._middlewares)


def abandon_connector(connector: Any, drop: Callable[[Any], None]) -> None:
    """Drop the transport of each connection, and mark the connector closed (use: pool)."""
    kept = [protocol for waiting in connector._conns.values() for protocol, _ in waiting]
    for protocol in [*kept, *connector._acquired]:
        drop(getattr(protocol, "transport", None))
    connector._closed = True


class Destination(aiohttp.ClientRequest):
    """Where a connector connects to (use: request)."""

    def __init__(self, url: URL, proxy: URL | None, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__("GET", url, loop=loop, proxy=proxy)
        self.key: ConnectionKey = super().connection_key  # of all connections that go there


def _lose_connection(self: ResponseHandler, exc: BaseException | None) -> None:
    """Break off a body that was to last until the connection's end: aiohttp takes a reset for that, but it is not whole."""
    payload: Any = self._payload
    if exc is not None and payload is not None and not payload.is_eof() and payload.exception() is None:
        payload.set_exception(aiohttp.ClientOSError(*exc.args))
    ResponseHandler.connection_lost(self, exc)


class TimedConnection(ResponseHandler):
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

    connection_lost = _lose_connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read in smaller pieces than asyncio, whose 256 KiB are so large that malloc may map them anew for each answer."""
        super().connection_made(transport)
        if hasattr(transport, "max_size"):  # asyncio's
            transport.max_size = READ_SIZE

    def expect(self, has_body: bool, read_timeout: float | None, deadline: float) -> None:
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
        self._scheduler.add(self)

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
        payload: Any = self._payload
        super().set_exception(exc, exc_cause)
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            payload.set_exception(exc, exc_cause)

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
            scheduler.add(self)

    start_timeout = _reschedule_timeout

    def _drop_timeout(self) -> None:
        self._scheduler.discard(self)


def take_buffered(payload: Any) -> bytes:
    """Return the whole of a body that has ended and of which nothing was read (use: payload)."""
    pieces: Sequence[bytes] = getattr(payload, "_buffer", ())  # an empty one may have none
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def watch_for_reset(connection: Any) -> None:
    """Let a connection of an own session tell of a reset as ours do (use: connection)."""
    connection.connection_lost = partial(_lose_connection, connection)


def prepare_pool(connector: Any, scheduler: TimeoutScheduler) -> Callable[[Any, list[Any]], Awaitable[Any]]:
    """Let a connector make timed connections; return what takes one that rests in its pool, or None (use: connector)."""
    connector._factory = lambda: TimedConnection(scheduler)
    return connector._get  # type: ignore[no-any-return]


def is_full(connector: aiohttp.TCPConnector, key: Any) -> bool:
    """Tell whether a connection has to be given back before there is another one."""
    return connector._available_connections(key) <= 0


async def acquire_connection(connector: Any, destination: Destination, timeout: aiohttp.ClientTimeout) -> Any:
    """Return a connection from the pool, or a new one, or wait for one (use: connector)."""
    try:
        return await connector.connect(destination, [], timeout)
    except BaseException:
        # Whoever waits for a free connection is woken by the one that gives it back. Cancelled in that very moment, it
        # keeps the wake-up for itself, and the others would sleep on beside a free connection.
        connector._release_waiter()
        raise
