"""Clients that are used within one pool share its connections; others keep their own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from alloy_async import AsyncAlloy
from alloy_async.core.http.shared_connections import SharedConnectionsScope

BODY = b'{"userId":"u1","username":"ada"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)


class Server:
    """A server that counts its connections, and keeps what each request said of its sender."""

    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.open = 0
        self.keys: list[bytes] = []
        self.idle = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.idle.clear()
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
                self.keys.append(fields[b"Authorization"])
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            pass
        finally:
            self.open -= 1
            if not self.open:
                self.idle.set()
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield server
    listening.close()
    if server.connections:
        await server.idle.wait()


@asynccontextmanager
async def client(server: Server, number: int, **options: Any) -> AsyncIterator[AsyncAlloy]:
    async with AsyncAlloy(f"key{number}", base_url=server.url, **options) as made:
        yield made


async def test_one_client_after_the_other_on_one_connection_each_with_its_own_key(server: Server) -> None:
    async with SharedConnectionsScope():
        for number in range(5):
            async with client(server, number) as alloy:
                assert (await alloy.get_a_user("ada")).user_id == "u1"
    assert server.connections == 1
    assert server.keys == [b"bearer key%d" % number for number in range(5)]


async def test_so_many_connections_as_calls_in_flight(server: Server) -> None:
    async def call(number: int) -> None:
        async with client(server, number) as alloy:
            await asyncio.gather(*(alloy.get_a_user("ada") for _ in range(3)))
            await alloy.get_a_user("ada")

    async with SharedConnectionsScope():
        await asyncio.gather(*map(call, range(10)))
        assert server.connections <= 30
        before = server.connections
        await call(10)
        assert server.connections == before
    assert len(server.keys) == 44


async def test_all_are_closed_with_the_pool_and_a_client_goes_on_with_its_own(server: Server) -> None:
    async with client(server, 1) as alloy:
        async with SharedConnectionsScope():
            await alloy.get_a_user("ada")
        await server.idle.wait()
        await alloy.get_a_user("ada")
        assert server.connections == 2


@pytest.mark.parametrize("options", [{"max_connections": 5}, {"ssl": ssl.create_default_context()}])
async def test_settings_of_its_own_keep_a_client_on_its_own_connections(
    server: Server, options: dict[str, Any]
) -> None:
    async with SharedConnectionsScope():
        for number in range(2):
            async with client(server, number, **options) as alloy:
                await alloy.get_a_user("ada")
        assert server.connections == 2


async def test_tasks_outside_of_the_pool_are_not_in_it(server: Server) -> None:
    inside, outside = asyncio.Event(), asyncio.Event()

    async def call_outside() -> None:
        await inside.wait()
        async with client(server, 1) as alloy:
            await alloy.get_a_user("ada")
        outside.set()

    task = asyncio.create_task(call_outside())
    async with SharedConnectionsScope():
        async with client(server, 2) as alloy:
            await alloy.get_a_user("ada")
        inside.set()
        await outside.wait()
    await task
    assert server.connections == 2


async def test_another_loop_is_not_in_it(server: Server) -> None:
    def call_in_thread() -> None:
        async def call() -> None:
            async with client(server, 1) as alloy:
                await alloy.get_a_user("ada")

        asyncio.run(call())

    async with SharedConnectionsScope():
        async with client(server, 2) as alloy:
            await alloy.get_a_user("ada")
        await asyncio.to_thread(call_in_thread)
    assert server.connections == 2
