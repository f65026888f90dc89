"""What is used of aiohttp beyond its documentation: it is there today, and where it is not, nothing is sent twice."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler

import alloy_async
from alloy_async import (
    AlloyAsyncError,
    AsyncClient,
    ConfigurationError,
    ConnectionLost,
    DeadlineExceeded,
    Service,
)
from alloy_async.core.http.aiohttp_internals.custom_connection import READ_SIZE, DeadlineConnection
from alloy_async.core.http.aiohttp_internals.uses import USES, is_available
from alloy_async.core.http.direct_sender import DirectSender
from alloy_async.core.http.session_sender import SessionSender
from alloy_async.testing.aiohttp_mock import mock_aiohttp

from .ways import END, HANG, ONCE, Create, Pieces, Read, Replace, Ways, answer, hide

PACKAGE = Path(alloy_async.__file__).parent
_NOWHERE: Any = SimpleNamespace(host="nowhere", port=80, ssl=True)
PRIVATE = re.compile(r"\.(_[a-z]\w+)\b")


async def test_all_of_it_is_there_in_this_version() -> None:
    async with aiohttp.TCPConnector() as connector, aiohttp.ClientSession() as session:
        found = {use: is_available(use, session if use == "middlewares" else connector) for use in USES}
    assert found == dict.fromkeys(USES, True)


def sender_of(client: AsyncClient) -> Any:
    return client._shared.transport._sessions.get_or_create().sender


async def test_the_usual_way_is_the_direct_one_over_connections_of_ours() -> None:
    async with Pieces([answer()]) as service, Ways("direct").client(service.url) as client:
        await client.send(Read())
        assert isinstance(sender_of(client), DirectSender)
        connector: Any = client._shared.transport._sessions.get_or_create().session.connector
        ((connection, _),) = (kept for line in connector._conns.values() for kept in line)
        assert isinstance(connection, DeadlineConnection)
        assert connection.transport.max_size == READ_SIZE  # type: ignore[union-attr]


@pytest.mark.parametrize("use", ["connection", "parser", "connector", "request", "unpatched"])
async def test_without_one_of_them_calls_go_through_the_session(
    use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, use)
    async with Pieces([answer()]) as service, Ways("direct").client(service.url, retry=ONCE) as client:
        for _ in range(3):
            assert await client.send(Create()) == b"ok"
        assert isinstance(sender_of(client), SessionSender)
    assert service.connections == 1


@pytest.mark.parametrize("hidden", [[], ["send"], ["parser"], [use for use in USES if use != "middlewares"]])
@pytest.mark.parametrize("way", ["direct", "own session"])
async def test_a_put_is_never_sent_twice_in_silence(
    way: str, hidden: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiohttp would send it again by itself where a kept connection breaks, and nobody would count it."""
    hide(monkeypatch, *hidden)
    async with (
        Pieces([answer()], [END], [answer()]) as service,
        Ways(way).client(service.url, retry=ONCE) as client,
    ):
        await client.send(Read())
        with pytest.raises(ConnectionLost) as raised:
            await client.send(Replace())
    assert (raised.value.attempts, raised.value.effect) == (1, "unknown")
    assert [request[:3] for request in service.requests] == [b"GET", b"PUT"]


async def test_without_a_session_s_middlewares_an_own_session_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hide(monkeypatch, "middlewares")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match=r"session: .* cannot be used"):
            AsyncClient("key", system=Service("s", "http://a.example"), session=session)
    async with Pieces([answer()]) as service, Ways("direct").client(service.url) as client:
        assert await client.send(Read()) == b"ok"


async def test_without_the_moment_of_writing_the_effect_is_told_with_care(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hide(monkeypatch, "send")
    async with (
        Pieces([HANG]) as service,
        Ways("own session").client(service.url, retry=ONCE, deadline=1) as client,
    ):
        with pytest.raises(DeadlineExceeded) as raised:
            await client.send(Create())
    assert raised.value.effect == "unknown"


def test_without_the_pool_s_names_a_client_still_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "pool")
    loop = asyncio.new_event_loop()

    async def call() -> AsyncClient:
        async with Pieces([answer()]) as service:
            client = AsyncClient("key", system=Service("s", service.url), retry=ONCE)
            assert await client.send(Read()) == b"ok"
            # Its one connection is closed here: what is left to the garbage collector warns.
            client._shared.transport._sessions.get_or_create().session.connector._close()  # type: ignore[union-attr]
            await asyncio.sleep(0)
            return client

    client = loop.run_until_complete(call())
    loop.close()
    client._shared.transport._sessions.abandon_after_fork()


async def test_an_own_session_s_middlewares_traces_and_headers_are_honoured() -> None:
    seen: list[str] = []

    async def middleware(request: aiohttp.ClientRequest, handler: Any) -> aiohttp.ClientResponse:
        seen.append("middleware")
        request.headers["X-Middleware"] = "1"
        return await handler(request)  # type: ignore[no-any-return]

    async def trace(*_: Any) -> None:
        seen.append("trace")

    config = aiohttp.TraceConfig()
    config.on_request_start.append(trace)
    async with (
        Pieces([answer(b"ok", 200, "Set-Cookie: a=b")], [answer()]) as service,
        aiohttp.ClientSession(
            headers={"X-Session": "1"},
            middlewares=(middleware,),
            trace_configs=[config],
            raise_for_status=True,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        ) as session,
        AsyncClient("key", system=Service("s", service.url), session=session) as client,
    ):
        for _ in range(2):
            await client.send(Read())
    assert sorted(seen) == ["middleware"] * 2 + ["trace"] * 2
    assert all(b"X-Middleware: 1" in request and b"X-Session: 1" in request for request in service.requests)
    assert b"Cookie: a=b" in service.requests[1].title().replace(b"A=B", b"a=b")


async def test_a_session_that_raises_for_statuses_by_itself_does_not_hide_them() -> None:
    async with (
        Pieces([answer(b"gone", 410)]) as service,
        aiohttp.ClientSession(raise_for_status=True) as session,
    ):
        client = AsyncClient("key", system=Service("s", service.url), session=session)
        with pytest.raises(alloy_async.StatusError, match="410"):
            await client.send(Read())


async def test_mocks_that_come_and_go_are_honoured(mocked: mock_aiohttp) -> None:
    mocked.get("http://service.example/things/x", body=b"mocked")
    async with AsyncClient("key", system=Service("s", "http://service.example")) as client:
        assert await client.send(Read()) == b"mocked"
        assert isinstance(sender_of(client), SessionSender)
        mocked.stop()
        assert isinstance(sender_of(client), DirectSender)
        mocked.start()


@pytest.mark.parametrize(
    ("error", "effect"),
    [
        (aiohttp.ServerDisconnectedError(), "unknown"),
        (aiohttp.ClientOSError(104, "reset"), "unknown"),
        (TimeoutError(), "unknown"),
        (aiohttp.ConnectionTimeoutError(), "none"),
        (aiohttp.ClientConnectorError(_NOWHERE, OSError(111, "refused")), "none"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
async def test_a_mock_s_error_does_not_say_that_nothing_was_sent(
    error: Exception, effect: str, mocked: mock_aiohttp
) -> None:
    mocked.post("http://service.example/things", exception=error)
    async with AsyncClient("key", system=Service("s", "http://service.example"), retry=ONCE) as client:
        with pytest.raises(AlloyAsyncError) as raised:
            await client.send(Create())
    assert raised.value.effect == effect


async def test_a_tracer_that_is_put_into_each_new_session_sees_the_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    async def trace(*facts: Any) -> None:
        seen.append(facts)

    made = aiohttp.ClientSession.__init__

    def instrumented(self: aiohttp.ClientSession, *args: Any, **options: Any) -> None:
        config = aiohttp.TraceConfig()
        config.on_request_end.append(trace)
        made(self, *args, **{**options, "trace_configs": [config]})

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", instrumented)
    async with Pieces([answer()]) as service, Ways("direct").client(service.url) as client:
        await client.send(Read())
    assert len(seen) == 1


def private_names(path: Path) -> Iterator[str]:
    """The private attributes that a file uses of other objects than its own."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.startswith("__"):
            continue
        if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "other")):
            yield node.attr


def test_no_other_file_of_the_room_touches_what_aiohttp_keeps_to_itself() -> None:
    theirs = {
        name
        for cls in (
            aiohttp.ClientSession,
            aiohttp.ClientRequest,
            aiohttp.ClientResponse,
            aiohttp.BaseConnector,
            aiohttp.TCPConnector,
            ResponseHandler,
        )
        for name in PRIVATE.findall(inspect.getsource(cls).replace("self.", "x."))
    }
    assert {"_conns", "_middlewares", "_factory", "_reschedule_timeout"} <= theirs
    for path in (PACKAGE / "core").rglob("*.py"):
        if path.parent.name != "aiohttp_internals":
            text = path.read_text()
            assert "aiohttp." not in text or not set(private_names(path)) & (
                theirs - {"_closed", "_loop", "_transport"}
            ), path
            assert "from aiohttp." not in text, path


def test_each_use_says_what_it_is_for() -> None:
    for use in USES.values():
        assert use.purpose
        assert use.without
