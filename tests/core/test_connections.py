"""AsyncClient's deadline, cancellation and connections: pool, own session, proxies, TLS."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Any

import aiohttp
import pytest

from alloy_async import (
    AsyncAlloy,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    Rate,
    RequestTimeout,
    Retry,
    Timeout,
    Unauthorized,
    __version__,
)
from alloy_async.alloy import models
from alloy_async.sandbox import Delay, Fault, Hang, Limit, Sandbox, Status
from alloy_async.testing import FakeClock
from alloy_async.testing.aiohttp_mock import mock_aiohttp

from ..waiting import wait_until
from .calls import ADA, GET, POST
from .server import CERTIFICATE, Cut, Scripted, reply, tls_of_localhost

# Time


async def test_the_deadline_bounds_the_wait_for_the_rate_limit(sandbox: Sandbox, clock: FakeClock) -> None:
    limited = AsyncAlloy("key", base_url=sandbox.url, clock=clock, rate_limit=Rate(1), deadline=0.5)
    async with limited as client:
        await client.send(GET)
        with pytest.raises(DeadlineExceeded, match="the rate limit holds it") as raised:
            await client.send(POST)
        assert (raised.value.effect, raised.value.attempts) == ("none", 0)
        assert len(sandbox.requests) == 1
        await client.with_options(deadline=5).send(POST)
    assert sum(clock.sleeps) == pytest.approx(1, abs=0.1)


async def test_the_known_rate_is_kept_and_429_is_avoided(sandbox: Sandbox, clock: FakeClock) -> None:
    # A busy machine delays some requests and not the next: they arrive closer than they were sent.
    sandbox.limit = Limit(rate=20, burst=10)
    async with AsyncAlloy("key", base_url=sandbox.url, rate_limit=Rate(20, burst=5)) as client:
        began = time.monotonic()
        await asyncio.gather(*(client.send(GET) for _ in range(12)))
    assert sandbox.limiter.refused == 0
    assert time.monotonic() - began >= 0.3


async def test_nothing_but_its_connections_holds_up_a_burst_of_a_fresh_client(clock: FakeClock) -> None:
    # The server answers nobody before all connections have a request: did the client allow fewer, no call would ever end.
    connections, waves = 40, 5
    waiting: list[asyncio.StreamWriter] = []
    held: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                waiting.append(writer)
                if len(waiting) == connections:
                    held.append(len(waiting))
                    for each in waiting:
                        each.write(reply(body={"username": "ada"}))
                    waiting.clear()
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    options: dict[str, Any] = {"base_url": url, "clock": clock, "max_connections": connections}
    async with server, AsyncAlloy("fresh", **options) as client:
        users = await asyncio.gather(*(client.get_a_user("ada") for _ in range(connections * waves)))
    assert {user.username for user in users} == {"ada"}
    assert held == [connections] * waves
    assert clock.sleeps == []


async def test_the_deadline_bounds_the_wait_for_a_connection(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Hang()))
    async with AsyncAlloy("key", base_url=sandbox.url, max_connections=1, retry=Retry(attempts=1)) as client:
        hanging = asyncio.create_task(client.send(GET))
        await wait_until(lambda: len(sandbox.requests) == 1)
        with pytest.raises(DeadlineExceeded) as deadline:
            await client.with_options(deadline=0.3).send(POST)
        with pytest.raises(RequestTimeout, match="no connection became free") as pool:
            await client.with_options(timeout=Timeout(pool=0.1, connect=0.1)).send(POST)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
    assert (deadline.value.effect, pool.value.effect, pool.value.phase) == ("none", "none", "pool")
    assert sandbox.ledger.count() == 0


async def test_an_answer_that_trickles_for_ever_ends_with_the_deadline(
    sandbox: Sandbox, alloy: AsyncAlloy
) -> None:
    sandbox.faults.add(Fault(Delay(5, after_effect=True)))
    with pytest.raises(DeadlineExceeded) as raised:
        await alloy.with_options(deadline=0.5).send(POST)
    assert raised.value.effect == "unknown"
    assert sandbox.ledger.count("create_a_user") == 1


# Cancellation


@pytest.mark.parametrize("kind", [Hang(), Delay(0.05), Delay(0.05, after_effect=True)])
async def test_cancelling_a_call_gives_its_connection_back(kind: Any, sandbox: Sandbox) -> None:
    async with AsyncAlloy("key", base_url=sandbox.url, max_connections=1) as client:
        for _ in range(3):
            sandbox.faults.clear()
            sandbox.faults.add(Fault(kind))
            seen = len(sandbox.requests)
            call = asyncio.create_task(client.send(GET))
            await wait_until(lambda seen=seen: len(sandbox.requests) > seen)  # type: ignore[misc]
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await client.with_options(deadline=30).send(GET)).username == ADA


async def test_cancelling_a_wait_sends_nothing_more(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Status(503, headers={"Retry-After": "1"})))
    async with AsyncAlloy("key", base_url=sandbox.url) as client:
        call = asyncio.create_task(client.send(GET))
        await wait_until(lambda: len(sandbox.requests) == 1)
        await asyncio.sleep(0.02)  # the answer comes, and the wait begins
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


@pytest.mark.parametrize("own_session", [False, True])
async def test_the_headers_on_the_wire(own_session: bool) -> None:
    heads: list[str] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(reply())
        writer.close()

    async with await asyncio.start_server(once, "127.0.0.1", 0) as server, aiohttp.ClientSession() as session:
        port = server.sockets[0].getsockname()[1]
        for headers in ({}, {"user-agent": "mine", "ACCEPT-encoding": "identity", "X-More": "1"}):
            options: dict[str, Any] = {"session": session} if own_session else {}
            client = AsyncAlloy("key", base_url=f"http://localhost:{port}", headers=headers, **options)
            await client.send(GET)
            await client.aclose()
    ours, theirs = (sorted(line.lower() for line in head.split("\r\n")[1:-2]) for head in heads)
    always = ["accept: application/json", "authorization: bearer key", f"host: localhost:{port}"]
    encodings = "accept-encoding: " + aiohttp.ClientRequest.DEFAULT_HEADERS["Accept-Encoding"]
    assert ours == sorted([*always, encodings, f"user-agent: alloy_async/{__version__}"])
    assert theirs == sorted([*always, "accept-encoding: identity", "user-agent: mine", "x-more: 1"])


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
    return tls_of_localhost()


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
        await wait_until(lambda: bool(service.arrived))
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


async def test_users_may_mock_aiohttp(mocked: mock_aiohttp) -> None:
    mocked.get("http://service.example/users/ada", payload={"username": "Ada"})
    mocked.post("http://service.example/users/", status=401, payload={"message": "who are you?"})
    async with AsyncAlloy("key", base_url="http://service.example") as client:
        assert (await client.get_a_user("ada")).username == "Ada"
        with pytest.raises(Unauthorized, match="who are you") as raised:
            await client.send(POST)
    assert raised.value.body == models.ErrorMessage("who are you?")
