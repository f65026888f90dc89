"""An answer belongs to its call: a connection on which anything came that nobody asked for is never used again."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from typing import Any

import aiohttp
import pytest
from yarl import URL

from alloy_async import AlloyAsyncError, AsyncClient, Retry, Timeout
from alloy_async.core.http.aiohttp_internals.custom_connection import DeadlineConnection
from alloy_async.core.http.direct_sender import DirectSender
from alloy_async.core.http.failures import BytesOnNewConnection
from alloy_async.core.http.outgoing_request import OutgoingRequest, RequestHead
from alloy_async.core.http.timeouts import TimeoutScheduler

from .ways import ONCE, Pieces, Read, Ways, answer


class Echo:
    """A server that answers each GET with its target, and says more than that at chosen moments.

    Args:
        unasked: what is written beyond an answer, on every connection.
        when: "with" it, in one piece; "after" it, in a piece of its own; or "idle", once the client rests.
    """

    def __init__(self, unasked: bytes, when: str) -> None:
        self.unasked, self.when = unasked, when
        self.asked = 0
        self.connections = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Echo:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked += 1
                found = re.match(rb"GET /things/(\S+) ", head)
                assert found is not None
                writer.write(answer(found[1]) + (self.unasked if self.when == "with" else b""))
                if self.when == "after":
                    await asyncio.sleep(0)
                    writer.write(self.unasked)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        """End each connection that rests."""
        for writer in self._open:
            writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    def speak(self) -> None:
        """Write on each connection that rests."""
        for writer in self._open:
            writer.write(self.unasked)


async def ask(client: AsyncClient, name: str) -> bytes | AlloyAsyncError:
    try:
        return await client.send(Read(name))
    except AlloyAsyncError as error:
        return error


UNASKED = {
    "an answer": answer(b"another's"),
    "a 408": answer(b"", 408, "Connection: close"),
    "half an answer": answer(b"another's")[:-3],
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "one letter": b"H",
    "a blank line": b"\r\n",
    "no HTTP": b"\x15\x03\x01 alert",
    "an interim answer": b"HTTP/1.1 102 Processing\r\n\r\n",
    "many answers": answer(b"another's") * 50,
}


@pytest.mark.parametrize("when", ["with", "after", "idle"])
@pytest.mark.parametrize("name", UNASKED)
async def test_no_call_gets_what_another_one_was_sent(name: str, when: str, ways: Ways) -> None:
    async with Echo(UNASKED[name], when) as service, ways.client(service.url, retry=ONCE) as client:
        for number in range(12):
            asked = f"user-{number}"
            got = await ask(client, asked)
            assert isinstance(got, AlloyAsyncError) or got == asked.encode()
            if when == "idle":
                assert got == asked.encode()
                service.speak()
                if number % 2:  # else the bytes are still in the socket when the next call looks
                    await asyncio.sleep(0.005)
        assert service.asked == 12


@pytest.mark.parametrize("name", UNASKED)
async def test_unasked_bytes_right_before_writing(name: str, ways: Ways) -> None:
    """The loop has not run since they came: only the socket knows of them."""
    async with Echo(UNASKED[name], "idle") as service, ways.client(service.url, retry=ONCE) as client:
        for number in range(6):
            assert await ask(client, f"user-{number}") == f"user-{number}".encode()
            service.speak()
            time.sleep(0.002)  # the kernel carries them over, the loop stands still
        assert service.connections == 6


async def test_many_at_once_get_their_own(ways: Ways) -> None:
    options: dict[str, Any] = {"retry": Retry(attempts=3), "max_connections": 5}
    async with Echo(UNASKED["an answer"], "after") as service, ways.client(service.url, **options) as client:
        names = [f"user-{number}" for number in range(200)]
        got = await asyncio.gather(*(ask(client, name) for name in names))
    assert got == [name.encode() for name in names]


async def test_a_clean_connection_is_kept(ways: Ways) -> None:
    async with Echo(b"", "idle") as service, ways.client(service.url, retry=ONCE) as client:
        for number in range(20):
            assert await ask(client, f"{number}") == f"{number}".encode()
    assert service.connections == 1


async def test_a_kept_connection_that_the_server_closed_is_not_written_on(ways: Ways) -> None:
    async with Echo(b"", "idle") as service, ways.client(service.url, retry=ONCE) as client:
        for number in range(10):
            assert await ask(client, f"{number}") == f"{number}".encode()
            service.hang_up()
            time.sleep(0.002)  # the end of it is in the socket; the loop has not seen it
    assert service.connections == 10


async def test_a_new_connection_on_which_something_came_is_not_written_on() -> None:
    """Whether the words are there in time is a race on a real socket, so the bytes are handed over by hand."""
    asked: list[bytes] = []

    class Speaking(DeadlineConnection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.data_received(answer(b"another's"))

    async with Pieces([answer()]) as service, aiohttp.TCPConnector() as connector:
        scheduler = TimeoutScheduler(asyncio.get_running_loop())
        sender = DirectSender(connector, scheduler, URL(service.url), None)
        connector._factory = lambda: Speaking(scheduler)  # type: ignore[assignment]
        request = OutgoingRequest(RequestHead("GET", "", {"Host": "x"}), "/", None)
        with pytest.raises(BytesOnNewConnection):
            await sender.send(request, Timeout().to_aiohttp(5), scheduler.now() + 5)
        assert (request.written, asked) == (False, service.requests)
