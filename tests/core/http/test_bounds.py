"""Answers without end: each is cut off at a bound, with an error that names it, and its connection is closed."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cache

import pytest

from alloy_async import ConfigurationError, DecodeError, NotFound, ServerError
from alloy_async.core.http.open_response import ERROR_BODY

from .ways import ONCE, Create, Pieces, Read, Ways, answer

LIMIT = 1 << 20
BLAST = 64 << 20
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"


@cache
def create_bomb() -> bytes:
    return gzip.compress(bytes(BLAST), 9)


def endless(status: int) -> Iterator[bytes]:
    yield b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n" % status
    while True:
        yield CHUNK


def declared(status: int) -> Iterator[bytes]:
    yield b"HTTP/1.1 %d X\r\nContent-Length: 10000000000\r\n\r\n" % status
    while True:
        yield b"x" * 65536


def until_close(status: int) -> Iterator[bytes]:
    yield b"HTTP/1.1 %d X\r\n\r\n" % status
    while True:
        yield b"x" * 65536


def bomb(status: int) -> Iterator[bytes]:
    assert len(create_bomb()) < LIMIT
    yield answer(create_bomb(), status, "Content-Encoding: gzip")


SHAPES = [endless, declared, until_close, bomb]


@asynccontextmanager
async def flooding(pieces: Callable[[], Iterator[bytes]]) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that writes the pieces for as long as somebody takes them; with how many bytes each connection took."""
    taken: list[int] = []
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        await reader.readuntil(b"\r\n\r\n")
        taken.append(0)
        try:
            for piece in pieces():
                writer.write(piece)
                taken[-1] += len(piece)
                await writer.drain()
            await reader.read()
        except ConnectionError:
            pass
        finally:
            served.discard(task)
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", taken
        for _ in range(1000):
            if not served:
                break
            await asyncio.sleep(0.002)
        assert not served, "a connection was left open"


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_answer_without_end(shape: Callable[[int], Iterator[bytes]], ways: Ways) -> None:
    options = {"retry": ONCE, "max_response_size": LIMIT, "deadline": 30}
    async with flooding(lambda: shape(200)) as (url, taken), ways.client(url, **options) as client:
        tracemalloc.start()
        with pytest.raises(DecodeError, match="larger than max_response_size") as raised:
            await client.send(Create())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (raised.value.effect, raised.value.status, len(taken)) == ("applied", 200, 1)
        if shape is not bomb:  # the server's own bytes are in this process too
            assert peak < 12 * LIMIT


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (500, ServerError)])
async def test_an_error_without_end_is_that_error(
    status: int, kind: type[Exception], shape: Callable[[int], Iterator[bytes]], ways: Ways
) -> None:
    options = {"retry": ONCE, "deadline": 30}
    async with flooding(lambda: shape(status)) as (url, taken), ways.client(url, **options) as client:
        with pytest.raises(kind):
            await client.send(Create())
        assert taken[0] < ERROR_BODY + (32 << 20)  # what the kernel's buffers hold is on top


async def test_the_bound_is_of_what_is_decompressed_and_exact(ways: Ways) -> None:
    body = b"x" * 5000
    zipped = answer(gzip.compress(body), 200, "Content-Encoding: gzip")
    async with Pieces([answer(body)], [zipped], [answer(body)], [zipped]) as service:
        async with ways.client(service.url, retry=ONCE, max_response_size=5000) as client:
            assert [await client.send(Read()) for _ in range(2)] == [body] * 2
        async with ways.client(service.url, retry=ONCE, max_response_size=4999) as client:
            for _ in range(2):
                with pytest.raises(DecodeError, match="which is 4999 bytes"):
                    await client.send(Read())


async def test_a_stream_has_no_bound_and_comes_in_pieces(ways: Ways) -> None:
    async with flooding(lambda: bomb(200)) as (url, _), ways.client(url, max_response_size=LIMIT) as client:
        size = 0
        async with client.stream(Read()) as stream:
            async for piece in stream:
                assert len(piece) <= LIMIT
                size += len(piece)
    assert size == BLAST


@pytest.mark.parametrize("bound", [0, -1, 1.5, "1", True])
async def test_what_cannot_be_a_bound(bound: object, ways: Ways) -> None:
    with pytest.raises(ConfigurationError, match="max_response_size must be 1 or more"):
        async with ways.client("http://a.example", max_response_size=bound):
            pass
