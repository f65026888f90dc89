"""Attempts over every way of sending: cancellation, the pool, deadlines, uploads, renewed credentials, TLS, IPv6."""

# ruff: noqa: SIM117 (one `with` for the server and one for the client read better)

from __future__ import annotations

import asyncio
import io
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from alloy_async import (
    AlloyAsyncError,
    AsyncClient,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    RequestTimeout,
    Retry,
    Service,
    Timeout,
)
from tests.conftest import FakeClock
from tests.core.server import CERTIFICATE, closed_port, tls_of_localhost

from ...waiting import wait_until
from .ways import END, HANG, ONCE, Create, Pieces, Read, Replace, Send, Ways, answer, chunks

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

# Cancellation: the connection is closed, never used again half read, and none is lost


@pytest.mark.parametrize("turns", range(14))
async def test_a_call_that_is_cancelled_at_any_turn_leaves_the_pool_whole(turns: int, ways: Ways) -> None:
    slow = [b"HTTP/1.1 200 OK\r\nContent-", b"Length: 6\r\n\r\nfi", b"rst-"]
    async with Pieces([*slow, HANG], [answer(b"second")]) as service:
        async with ways.client(service.url, retry=ONCE, max_connections=1, deadline=20) as client:
            call = asyncio.create_task(client.send(Read("first")))
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            if not service.requests:
                service.answers.pop(0)
            for _ in range(3):
                assert await client.send(Read("second")) == b"second"


@pytest.mark.parametrize("part", [1, 2, 3])
async def test_a_call_that_is_cancelled_within_its_answer(part: int, ways: Ways) -> None:
    arrived = asyncio.Event()

    async def tell() -> None:
        arrived.set()
        await asyncio.Event().wait()

    pieces = [b"HTTP/1.1 200 OK\r\nContent-", b"Length: 6\r\n\r\nfi", b"rs"][:part]
    async with Pieces([*pieces, tell], [answer(b"second")]) as service:
        async with ways.client(service.url, retry=ONCE, max_connections=1, deadline=20) as client:
            call = asyncio.create_task(client.send(Read("first")))
            await arrived.wait()
            await asyncio.sleep(0.005)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await client.send(Read("second")) == b"second"
    assert service.connections == 2


async def test_no_connection_is_lost_where_many_wait_and_are_cancelled(ways: Ways) -> None:
    async with Pieces([answer()]) as service:
        async with ways.client(service.url, retry=ONCE, max_connections=2, deadline=20) as client:
            for round_of in range(30):
                calls = [asyncio.create_task(client.send(Read())) for _ in range(12)]
                await asyncio.sleep(0.0007 * (round_of % 5))
                for call in calls[round_of % 3 :: 2]:
                    call.cancel()
                results = await asyncio.gather(*calls, return_exceptions=True)
                assert {b"ok"} >= {result for result in results if isinstance(result, bytes)}
                assert not [result for result in results if isinstance(result, Exception)]
            assert await asyncio.gather(*(client.send(Read()) for _ in range(4))) == [b"ok"] * 4


async def test_a_wake_up_that_reached_a_cancelled_call_goes_on_to_the_next(ways: Ways) -> None:
    """The connection comes free in the very turn in which the first who waits for it is cancelled."""
    free = asyncio.Event()
    async with Pieces([free.wait, answer(), END], [answer()]) as service:
        async with ways.client(service.url, retry=ONCE, max_connections=1, deadline=20) as client:
            first = asyncio.create_task(client.send(Read()))
            await wait_until(lambda: bool(service.requests))
            second, third = (asyncio.create_task(client.send(Read())) for _ in range(2))
            await asyncio.sleep(0.01)
            first.add_done_callback(lambda _: second.cancel())
            free.set()
            assert await first == b"ok"
            with pytest.raises(asyncio.CancelledError):
                await second
            assert await asyncio.wait_for(third, 60) == b"ok"


async def test_a_stream_that_is_left_early_closes_its_connection(ways: Ways) -> None:
    async with Pieces([CHUNKED + chunks(b"a" * 999)[:-5], HANG], [answer()]) as service:
        async with ways.client(service.url, retry=ONCE, max_connections=1, deadline=20) as client:
            async with client.stream(Read()) as stream:
                async for _ in stream:
                    break
            assert await client.send(Read()) == b"ok"
    assert service.connections == 2


# Time


async def test_a_deadline_while_it_connects_has_no_effect_however_late_the_loop_is(ways: Ways) -> None:
    """Nothing was written: the loop stands still over the deadline's moment, and over that of the connect timeout before it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        try:
            async with ways.client(f"http://127.0.0.1:{port}", retry=ONCE, deadline=0.2) as client:
                call = asyncio.create_task(client.send(Create()))
                await asyncio.sleep(0.15)
                time.sleep(0.2)
                with pytest.raises(AlloyAsyncError) as raised:
                    await call
        finally:
            for filler in fillers:
                filler.close()
    assert raised.value.effect == "none"
    assert isinstance(raised.value, DeadlineExceeded | RequestTimeout)


async def test_a_deadline_after_writing_leaves_the_effect_unknown(ways: Ways) -> None:
    async with Pieces([HANG]) as service, ways.client(service.url, retry=ONCE, deadline=1) as client:
        with pytest.raises(DeadlineExceeded, match="no answer began") as raised:
            await client.send(Create())
    assert raised.value.effect == "unknown"


async def test_a_deadline_within_the_answer(ways: Ways) -> None:
    async with Pieces([answer(b"x" * 99)[:-9], HANG]) as service:
        async with ways.client(service.url, retry=ONCE, deadline=1) as client:
            with pytest.raises(DeadlineExceeded, match="was not complete") as raised:
                await client.send(Create())
    assert (raised.value.effect, raised.value.status) == ("applied", 200)


async def test_silence_is_told_from_slowness(ways: Ways) -> None:
    options: dict[str, Any] = {"retry": ONCE, "timeout": Timeout(read=0.2), "deadline": 20}
    async with Pieces([HANG]) as service, ways.client(service.url, **options) as client:
        with pytest.raises(RequestTimeout, match=r"sent nothing for 0\.2 s") as raised:
            await client.send(Create())
    assert (raised.value.effect, raised.value.phase) == ("unknown", "read")


async def test_nobody_listens(ways: Ways) -> None:
    async with ways.client(f"http://127.0.0.1:{closed_port()}", retry=ONCE) as client:
        with pytest.raises(ConnectError, match="nothing was sent") as raised:
            await client.send(Create())
    assert (raised.value.effect, raised.value.hopeless) == ("none", False)


# What is sent, and how often


@pytest.mark.parametrize("kept", [False, True])
async def test_what_breaks_is_sent_again_only_where_it_may_be_and_counted(
    kept: bool, ways: Ways, clock: FakeClock
) -> None:
    first = [[answer()]] if kept else []
    for operation, attempts in ((Read(), 3), (Replace(), 3), (Create(), 1)):
        async with Pieces(*first, [END]) as service:
            async with ways.client(service.url, retry=Retry(attempts=3), clock=clock) as client:
                if kept:
                    await client.send(Read())
                with pytest.raises(ConnectionLost) as raised:
                    await client.send(operation)
        assert (raised.value.attempts, len(service.requests) - len(first)) == (attempts, attempts)


async def test_the_requests_are_the_same_over_each_way() -> None:
    seen: dict[str, list[list[bytes]]] = {}
    for way in ("direct", "own session"):
        async with (
            Pieces([answer()]) as service,
            Ways(way).client(service.url + "/base", retry=ONCE) as client,
        ):
            for operation in (Read("a b/ü"), Create("é"), Replace(), Send(io.BytesIO(b"abc"))):
                await client.send(operation)
            host = service.url.removeprefix("http://").encode()
            seen[way] = [normalize(request, host) for request in service.requests]
    assert seen["direct"] == seen["own session"]
    assert seen["direct"][0][0] == b"GET /base/things/a%20b%2F%C3%BC HTTP/1.1"


def normalize(request: bytes, host: bytes) -> list[bytes]:
    """Its lines with the headers in order, without what is another one each time."""
    head, _, body = request.replace(host, b"HOST").partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    for header in headers:
        if b"boundary=" in header:
            body = body.replace(header.split(b"boundary=")[1], b"BOUNDARY")
    plain = sorted(header.split(b"boundary=")[0].title() for header in headers)
    return [first, *plain, body]


@pytest.mark.parametrize("known", [True, False])
async def test_an_upload_in_pieces_is_rewound(known: bool, ways: Ways, clock: FakeClock) -> None:
    content = b"0123456789" * 100_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 65536):
            yield content[start : start + 65536]

    source: Any = io.BytesIO(content) if known else pieces()
    async with Pieces([answer(b"later", 503, "Retry-After: 1")], [answer()]) as service:
        async with ways.client(service.url, retry=Retry(attempts=2), clock=clock, deadline=30) as client:
            if known:
                assert await client.send(Send(source)) == b"ok"
            else:
                with pytest.raises(AlloyAsyncError):
                    await client.send(Send(source))
    assert len(service.requests) == (2 if known else 1)
    assert all(len(request) > len(content) for request in service.requests)
    assert (b"chunked" in service.requests[0]) is not known


async def test_an_answer_that_comes_before_the_upload_is_over(ways: Ways) -> None:
    async def never_ending() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"too much", 413))
        await writer.drain()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1 << 40)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with ways.client(url, retry=ONCE, deadline=20) as client:
            with pytest.raises(AlloyAsyncError) as raised:
                await client.send(Send(never_ending()))
    assert raised.value.status == 413


async def test_an_upload_whose_source_breaks(ways: Ways) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"x" * 10
        raise OSError("the disk is gone")

    async with Pieces([answer()]) as service, ways.client(service.url, retry=ONCE, deadline=20) as client:
        with pytest.raises(ConnectionLost, match="the disk is gone") as raised:
            await client.send(Send(breaking()))
        assert raised.value.effect == "unknown"
        assert await client.send(Read()) == b"ok"


async def test_a_large_body_to_a_server_that_reads_late(ways: Ways) -> None:
    """Its silence counts from when the body is written: before, it is not its turn."""

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(1.3)
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
        writer.write(answer())
        writer.close()

    async with await asyncio.start_server(late, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with ways.client(url, retry=ONCE, timeout=Timeout(read=1), deadline=60) as client:
            assert await client.send(Create("x" * 16_000_000)) == b"ok"


async def test_a_credential_is_renewed_once_after_a_401(ways: Ways) -> None:
    keys = iter(["old", "new", "newer"])
    async with Pieces([answer(b"", 401)], [answer()]) as service:
        async with ways.client(service.url, key=lambda: next(keys), retry=ONCE) as client:  # type: ignore[arg-type]
            assert await client.send(Create()) == b"ok"
    assert [b"Bearer old" in request for request in service.requests] == [True, False]
    assert b"Bearer new\r\n" in service.requests[1]


# Where to


async def test_over_tls(ways: Ways) -> None:
    trusting: Any = ssl.create_default_context(cafile=CERTIFICATE)
    async with Pieces([answer()], tls=tls_of_localhost()) as service:
        async with ways.client(service.url, ssl=trusting, retry=ONCE) as client:
            for _ in range(3):
                assert await client.send(Create()) == b"ok"
        assert service.connections == 1
        async with ways.client(service.url, retry=Retry(attempts=5)) as client:
            with pytest.raises(ConnectError, match="certificate") as raised:
                await client.send(Create())
    assert (raised.value.attempts, raised.value.hopeless, raised.value.effect) == (1, True, "none")


async def test_unasked_bytes_over_tls(ways: Ways) -> None:
    trusting: Any = ssl.create_default_context(cafile=CERTIFICATE)
    async with Pieces([answer() + answer(b"another's")], tls=tls_of_localhost()) as service:
        async with ways.client(service.url, ssl=trusting, retry=ONCE) as client:
            for _ in range(5):
                assert await client.send(Create()) == b"ok"
    assert service.connections == 5


async def test_over_ipv6(ways: Ways) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer())
        writer.close()

    heads: list[bytes] = []
    try:
        server = await asyncio.start_server(serve, "::1", 0)
    except OSError:
        pytest.skip("there is no IPv6 here")
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with ways.client(f"http://[::1]:{port}", retry=ONCE) as client:
            assert await client.send(Read()) == b"ok"
    assert f"Host: [::1]:{port}".encode() in heads[0]


async def test_an_own_session_over_a_unix_socket(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer())
        await reader.read()
        writer.close()

    socket_path = str(tmp_path / "s")
    async with (
        await asyncio.start_unix_server(serve, socket_path),
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket_path)) as session,
        AsyncClient("key", system=Service("s", "http://localhost"), session=session) as client,
    ):
        assert [await client.send(Read()) for _ in range(2)] == [b"ok"] * 2
