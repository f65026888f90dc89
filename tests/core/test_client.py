"""AsyncClient: options, connections, hooks, log, deadline and cancellation."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest

from alloy_async import (
    AsyncAlloy,
    AsyncClient,
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    InvalidRequest,
    NotFound,
    Rate,
    Redirected,
    RequestEvent,
    RequestTimeout,
    ResponseEvent,
    Retry,
    RetryEvent,
    Timeout,
    Unauthorized,
    __version__,
)
from alloy_async.alloy import models
from alloy_async.sandbox import Delay, Fault, Hang, Limit, Reset, Sandbox, Status
from tests.conftest import FakeClock, Mocked

from .calls import ADA, GET, LOCAL, POST
from .server import Cut, Scripted, reply

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Of 127.0.0.1, self-signed, with its key; it serves these tests alone."""


# What a client is made with


def test_the_environment_stands_in_for_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    monkeypatch.setenv("ALLOY_BASE_URL", "http://localhost:1/base/")
    assert repr(AsyncAlloy()) == "AsyncAlloy(base_url='http://localhost:1/base')"
    assert repr(AsyncAlloy(base_url="http://localhost:2")) == "AsyncAlloy(base_url='http://localhost:2')"


def test_without_a_credential_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "")
    with pytest.raises(
        ConfigurationError, match="give api_key= or set the environment variable ALLOY_API_KEY"
    ):
        AsyncAlloy()
    with pytest.raises(ConfigurationError, match="give base_url= or set LOCAL_BASE_URL"):
        AsyncClient("key", system=LOCAL)


def test_the_address_is_the_service_s_own_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOY_BASE_URL", raising=False)
    assert "https://embedded.runalloy.com/2024-03" in repr(AsyncAlloy("key"))


@pytest.mark.parametrize(
    "url",
    [
        "localhost",
        "ftp://localhost",
        "http://",
        "http://a..b",
        "http://localhost/?a=1",
        "http://localhost/#a",
        "http://me:pass@localhost",
        "http://localhost:port",
        "//localhost",
    ],
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as raised:
        AsyncAlloy("key", base_url=url)
    assert "pass@" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"deadline": 0}, ConfigurationError, "deadline is in seconds, above 0 and finite"),
        ({"deadline": float("inf")}, ConfigurationError, "deadline"),
        ({"deadline": "60"}, ConfigurationError, "deadline"),
        ({"timeout": 5}, (TypeError, ConfigurationError), "timeout"),
        ({"retry": 3}, (TypeError, ConfigurationError), "retry"),
        ({"headers": {"X-A": "b\r\nX-C: d"}}, ConfigurationError, "'X-A' needs text without line breaks"),
        ({"headers": {"X-A": 1}}, ConfigurationError, "'X-A' needs text"),
        ({"ssl": "/no/such/file.pem"}, ConfigurationError, "cannot read certificate authorities"),
        ({"max_conections": 1}, TypeError, "has no option max_conections"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        AsyncAlloy("key", base_url="http://localhost", **options)


@pytest.mark.parametrize("phase", ["connect", "read", "pool"])
def test_a_timeout_is_above_zero(phase: str) -> None:
    with pytest.raises(ValueError, match=phase):
        Timeout(**{phase: 0})


async def test_what_is_no_operation_is_refused(alloy: AsyncAlloy) -> None:
    with pytest.raises(InvalidRequest, match=r"expected an operation, as GetAUser\('ada'\), got str"):
        await alloy.send("get_a_user")  # type: ignore[arg-type]


# What goes on the wire


async def test_the_headers_of_a_request() -> None:
    headers = {"X-Team": "blue", "User-Agent": "me/1"}
    async with Scripted() as service:
        async with AsyncAlloy("key", base_url=service.url) as client:
            await client.send(GET)
            await client.with_options(headers=headers).send(POST)
            await client.send(POST)
    plain, own, again = (request.headers for request in service.arrived)
    assert plain["user-agent"] == f"alloy_async/{__version__}"
    assert (plain["accept"], plain["authorization"]) == ("application/json", "bearer key")
    assert (own["x-team"], own["user-agent"]) == ("blue", "me/1")
    assert own["content-type"] == again["content-type"] == "application/json"
    assert "x-team" not in again


async def test_base_url_may_have_a_path_with_or_without_a_slash() -> None:
    async with Scripted() as service:
        for base in ("", "/", "/v1", "/v1/"):
            async with AsyncAlloy("key", base_url=service.url + base) as client:
                await client.send(POST)
    assert [request.target for request in service.arrived] == [
        "/users/",
        "/users/",
        "/v1/users/",
        "/v1/users/",
    ]


async def test_a_redirect_is_not_followed_and_no_cookie_is_kept() -> None:
    async with Scripted() as elsewhere, Scripted() as service:
        service.script = [
            reply(200, Set_Cookie="session=1"),
            reply(307, b"", Location=f"{elsewhere.url}/users"),
        ]
        async with AsyncAlloy("key", base_url=service.url) as client:
            await client.send(GET)
            with pytest.raises(Redirected, match="307 Temporary Redirect") as raised:
                await client.send(GET)
    assert raised.value.headers["location"].startswith(elsewhere.url)
    assert not elsewhere.arrived
    assert "cookie" not in service.arrived[1].headers


async def test_an_answer_comes_with_its_facts(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Status(503)))
    answer = await alloy.answer(GET)
    assert isinstance(answer.result, models.User)
    assert (answer.status, answer.attempts, answer.request_id) == (200, 2, "sandbox-2")
    assert answer.headers["content-type"].startswith("application/json")
    assert 0 < answer.elapsed < 60
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        answer.status = 1  # type: ignore[misc]


# Copies


async def test_copies_share_the_connections_and_have_options_of_their_own(sandbox: Sandbox) -> None:
    seen: list[Any] = []
    async with Scripted() as service:
        client = AsyncAlloy("key", base_url=service.url, headers={"X-A": "1"}, on_request=seen.append)
        copy = client.with_options(headers={"X-B": "2"}, on_request=None)
        await client.send(GET)
        await copy.send(GET)
        async with copy:
            pass  # closing a copy leaves the connections open
        await copy.aclose()
        await client.send(GET)
        assert service.connections == 1
        await client.aclose()
        with pytest.raises(ConfigurationError, match="this client is closed"):
            await copy.send(GET)
    assert len(seen) == 2
    assert [("x-a" in r.headers, "x-b" in r.headers) for r in service.arrived[:2]] == [
        (True, False),
        (False, True),
    ]
    assert type(copy) is AsyncAlloy


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base_url": "http://localhost"}, "cannot change base_url: make a new client"),
        ({"proxy": "http://localhost"}, "cannot change proxy"),
        ({"dedline": 5}, "has no option dedline"),
    ],
)
def test_a_copy_cannot_have_everything(options: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        AsyncAlloy("key", base_url="http://localhost").with_options(**options)


# Hooks and the log


async def test_hooks_are_told_of_every_attempt(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Reset()), Fault(Status(503, headers={"Retry-After": "1"}), nth=2))
    events: list[Any] = []
    watched = alloy.with_options(on_request=events.append, on_response=events.append, on_retry=events.append)
    await watched.send(GET)
    assert [(type(event), event.attempt) for event in events] == [
        (RequestEvent, 1),
        (ResponseEvent, 1),
        (RetryEvent, 1),
        (RequestEvent, 2),
        (ResponseEvent, 2),
        (RetryEvent, 2),
        (RequestEvent, 3),
        (ResponseEvent, 3),
    ]
    assert {event.operation for event in events} == {"get_a_user"}
    assert events[0] == RequestEvent("get_a_user", "GET", "/users/{userId}", 1)
    assert (events[1].status, events[1].request_id, type(events[1].error).__name__) == (
        None,
        None,
        "ConnectionLost",
    )
    assert (events[7].status, events[7].request_id, events[7].error) == (200, "sandbox-3", None)
    assert events[5].wait >= 1
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        events[0].attempt = 5


async def test_the_log_has_one_line_an_attempt(
    sandbox: Sandbox, alloy: AsyncAlloy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "alloy_async")
    sandbox.faults.add(Fault(Status(503)))
    await alloy.send(GET)
    lines = [record.getMessage() for record in caplog.records if record.name == "alloy_async"]
    assert len(lines) == 3
    first, waiting, second = lines
    assert first.startswith("get_a_user 503 in ")
    assert first.endswith(" ms, attempt 1")
    assert waiting == "get_a_user again in 0.25 s after ServerError"
    assert second.startswith("get_a_user 200 in ")
    assert {record.levelname for record in caplog.records if record.name == "alloy_async"} == {"DEBUG"}


async def test_nothing_is_logged_without_being_asked_for(
    sandbox: Sandbox, alloy: AsyncAlloy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sandbox.faults.add(Fault(Status(503)))
    await alloy.send(GET)
    with pytest.raises(NotFound):
        await alloy.get_a_user("nobody")
    assert [record for record in caplog.records if record.name.startswith("alloy_async")] == []


# Time


async def test_the_deadline_bounds_the_wait_for_the_rate_limit(sandbox: Sandbox, clock: FakeClock) -> None:
    limited = AsyncAlloy("key", base_url=sandbox.url, clock=clock, rate_limit=Rate(1), deadline=0.5)
    async with limited as client:
        await client.send(GET)
        with pytest.raises(DeadlineExceeded, match="the rate limit would hold it") as raised:
            await client.send(POST)
        assert (raised.value.effect, raised.value.attempts) == ("none", 0)
        assert len(sandbox.requests) == 1
        await client.with_options(deadline=5).send(POST)
    assert sum(clock.sleeps) == pytest.approx(1, abs=0.1)


async def test_the_known_rate_is_kept_and_429_is_avoided(sandbox: Sandbox, clock: FakeClock) -> None:
    sandbox.limit = Limit(rate=20, burst=5)
    async with AsyncAlloy("key", base_url=sandbox.url, rate_limit=Rate(20, burst=5)) as client:
        began = time.monotonic()
        await asyncio.gather(*(client.send(GET) for _ in range(12)))
    assert sandbox.limiter.refused == 0
    assert time.monotonic() - began >= 0.3


async def test_the_deadline_bounds_the_wait_for_a_connection(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Hang()))
    async with AsyncAlloy("key", base_url=sandbox.url, max_connections=1, retry=Retry(attempts=1)) as client:
        hanging = asyncio.create_task(client.with_options(deadline=0.3).send(GET))
        await asyncio.sleep(0.02)
        with pytest.raises(DeadlineExceeded) as deadline:
            await client.with_options(deadline=0.1).send(POST)
        with pytest.raises(RequestTimeout, match="no connection became free") as pool:
            await client.with_options(timeout=Timeout(pool=0.02, connect=0.02)).send(POST)
        with pytest.raises(DeadlineExceeded):
            await hanging
    assert (deadline.value.effect, pool.value.effect, pool.value.phase) == ("none", "none", "pool")
    assert sandbox.ledger.count() == 0


async def test_an_answer_that_trickles_for_ever_ends_with_the_deadline(
    sandbox: Sandbox, alloy: AsyncAlloy
) -> None:
    sandbox.faults.add(Fault(Delay(5, after_commit=True)))
    with pytest.raises(DeadlineExceeded) as raised:
        await alloy.with_options(deadline=0.05).send(POST)
    assert raised.value.effect == "unknown"
    assert sandbox.ledger.count("create_a_user") == 1


# Cancellation


@pytest.mark.parametrize("kind", [Hang(), Delay(0.05), Delay(0.05, after_commit=True)])
async def test_cancelling_a_call_gives_its_connection_back(kind: Any, sandbox: Sandbox) -> None:
    async with AsyncAlloy("key", base_url=sandbox.url, max_connections=1) as client:
        for _ in range(3):
            sandbox.faults.clear()
            sandbox.faults.add(Fault(kind))
            call = asyncio.create_task(client.send(GET))
            await asyncio.sleep(0.01)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await client.with_options(deadline=1).send(GET)).username == ADA


async def test_cancelling_a_wait_sends_nothing_more(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Status(503, headers={"Retry-After": "30"})))
    async with AsyncAlloy("key", base_url=sandbox.url) as client:
        call = asyncio.create_task(client.send(GET))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await client.send(GET)
    assert len(sandbox.requests) == 2


async def test_a_timeout_of_the_caller_is_the_caller_s(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Hang()))
    with pytest.raises(TimeoutError) as raised:
        async with asyncio.timeout(0.02):
            await alloy.send(GET)
    assert type(raised.value) is TimeoutError


# Connections


async def test_an_own_session_is_used_and_left_open(sandbox: Sandbox) -> None:
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector, headers={"X-Mine": "1"}) as session:
        async with AsyncAlloy("key", base_url=sandbox.url, session=session) as client:
            await client.send(GET)
        assert not session.closed
        assert sandbox.requests[0].headers["X-Mine"] == "1"


@pytest.mark.parametrize("broken", [Cut(), Cut(b"HTTP/1.1 200 OK\r\nContent-Le")])
async def test_no_hidden_second_request_on_an_own_session(broken: bytes) -> None:
    async with Scripted(reply(), broken, reply()) as service, aiohttp.ClientSession() as session:
        client = AsyncAlloy("key", base_url=service.url, session=session, retry=Retry(attempts=1))
        await client.send(GET)
        with pytest.raises(ConnectionLost) as raised:
            await client.send(GET)
    assert raised.value.attempts == len(service.arrived) - 1


async def test_a_proxy_forwards_plain_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Scripted() as proxy:
        async with AsyncAlloy("key", base_url="http://service.example", proxy=proxy.url) as client:
            await client.send(POST)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "direct.example")
        async with AsyncAlloy("key", base_url="http://service.example") as client:
            await client.send(POST)
    assert [request.target for request in proxy.arrived] == ["http://service.example/users/"] * 2


async def test_no_proxy_is_respected(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    async with Scripted() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with AsyncAlloy("key", base_url=sandbox.url) as client:
            await client.send(GET)
    assert (len(proxy.arrived), len(sandbox.requests)) == (0, 1)


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy that knows CONNECT alone."""
    verb, authority, _ = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode().split()
    assert verb == "CONNECT"
    host, _, port = authority.partition(":")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while piece := await source.read(4096):
            sink.write(piece)
        sink.close()

    await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))


@pytest.fixture
def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


async def test_own_certificate_authorities(server_tls: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    async with Scripted(tls=server_tls) as service:
        for tls in (str(CERTIFICATE), trusting):
            async with AsyncAlloy("key", base_url=service.url, ssl=tls) as client:
                await client.send(POST)
        async with AsyncAlloy("key", base_url=service.url, retry=Retry(attempts=1)) as client:
            with pytest.raises(ConnectError, match="certificate") as raised:
                await client.send(POST)
    assert raised.value.effect == "none"
    assert len(service.arrived) == 2


async def test_tls_goes_through_a_tunnel(server_tls: ssl.SSLContext) -> None:
    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    async with proxy, Scripted(tls=server_tls) as service:
        async with AsyncAlloy("key", base_url=service.url, ssl=str(CERTIFICATE), proxy=address) as client:
            await client.send(POST)
        await asyncio.sleep(0.01)
    assert service.arrived[0].target == "/users/"


async def test_a_proxy_that_refuses_the_tunnel_has_no_effect() -> None:
    async with Scripted(reply(407, b"")) as proxy:
        client = AsyncAlloy(
            "key", base_url="https://service.example", proxy=proxy.url, retry=Retry(attempts=1)
        )
        async with client:
            with pytest.raises(ConnectError, match="the proxy answered 407") as raised:
                await client.send(POST)
    assert raised.value.effect == "none"
    assert [(request.verb, request.target) for request in proxy.arrived] == [
        ("CONNECT", "service.example:443")
    ]
    assert "authorization" not in proxy.arrived[0].headers


# With aiohttp mocked by the caller


async def test_users_may_mock_aiohttp(mocked: Mocked) -> None:
    mocked.get("http://service.example/users/ada", payload={"username": "Ada"})
    mocked.post("http://service.example/users/", status=401, payload={"message": "who are you?"})
    async with AsyncAlloy("key", base_url="http://service.example") as client:
        assert (await client.get_a_user("ada")).username == "Ada"
        with pytest.raises(Unauthorized, match="who are you") as raised:
            await client.send(POST)
    assert raised.value.body == models.ErrorMessage("who are you?")
