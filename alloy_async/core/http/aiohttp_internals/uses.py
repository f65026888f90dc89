"""Each use of something of aiohttp that it does not promise: what for, a probe that finds it, and what happens without it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import aiohttp
from aiohttp import client as aiohttp_client
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError as HttpProcessingError


class UndocumentedUse(NamedTuple):
    """One use of something undocumented; its probe gets the connector or session whose names it looks for."""

    purpose: str
    without: str
    probe: Callable[[Any], bool]


def is_available(use: str, of: Any = None) -> bool:
    """Tell whether what a use needs is there, on this connector or session where it is a thing of those."""
    return USES[use].probe(of)


def _create_unconnected_handler() -> Any:
    return ResponseHandler(types.SimpleNamespace(create_future=None))  # type: ignore[arg-type]


def _probe_connection(_: Any) -> bool:
    made = _create_unconnected_handler()
    names = "is_connected read set_exception set_response_params should_close start_timeout writing_paused"
    private = "_drop_timeout _on_read_timeout _payload _read_timeout _reschedule_timeout _skip_payload _tail"
    return all(hasattr(made, name) for name in f"{names} {private} _drain_helper".split())


def _probe_parser(_: Any) -> bool:
    """Tell whether a parser reports that it has begun another message: aiohttp's in C does, its one in Python does not."""
    told = []
    for unasked in (b"", b"H"):
        connection = _create_unconnected_handler()
        connection.set_response_params(auto_decompress=False, read_until_eof=True)
        connection._parser.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + unasked)
        told.append(connection._parser.feed_eof() is not None)
    return told == [False, True]


def _probe_payload(_: Any) -> bool:
    made = _create_unconnected_handler()
    made.set_response_params(auto_decompress=False, read_until_eof=True)
    messages, *_ = made._parser.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab")
    return list(getattr(messages[0][1], "_buffer", ())) == [b"ab"]


def _list_parameters(owner: Any, name: str) -> list[str] | None:
    method = getattr(owner, name, None)
    if method is None:
        return None
    if inspect.ismethod(method):
        return _list_function_parameters(method.__func__)[1:]
    return _list_function_parameters(method)


@functools.lru_cache(32)
def _list_function_parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)  # takes a while, and is asked for each client


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
    "session loop": UndocumentedUse(
        "ClientSession._loop: whether an own session belongs to the event loop that a call runs on",
        "a call on another loop fails in aiohttp's own words, or writes to a connection behind that loop's back",
        lambda session: isinstance(getattr(session, "_loop", None), asyncio.AbstractEventLoop),
    ),
    "unpatched": UndocumentedUse(
        "ClientSession._request: whether somebody has put his own in its place, as mocks and tracers do",
        "calls go through ClientSession.request, where his is honoured",
        lambda _: _IS_ORIGINAL and getattr(aiohttp.ClientSession, "_request", None) is _REQUEST,
    ),
    "pool": UndocumentedUse(
        "TCPConnector._conns, _acquired and _closed: sockets of a loop that is gone are closed without it, and a client that is"
        " closed ends its calls at once",
        "they are left to the garbage collector, which warns of them; the calls end with their deadline",
        lambda connector: all(hasattr(connector, name) for name in ("_conns", "_acquired", "_closed")),
    ),
}
