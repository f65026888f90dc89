"""Every shape of an answer, over every way of sending: what is a result, what an error, and what that says of the effect."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from typing import Any

import pytest

from alloy_async import AlloyAsyncError, AsyncClient, ConnectionLost, DecodeError, StatusError
from alloy_async.core.http.content_encoding import DECOMPRESSORS

from .ways import END, ONCE, RESET, Create, Look, Pieces, Read, Step, Ways, answer, chunks

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"
BODY = b'{"name": "Ada"}' * 500
ZIPPED = gzip.compress(BODY)
_bare = zlib.compressobj(wbits=-15)
BARE_DEFLATE = _bare.compress(BODY) + _bare.flush()


def halves(raw: bytes) -> list[bytes]:
    return [raw[: len(raw) // 2], raw[len(raw) // 2 :]]


def zipped(body: bytes, encoding: str = "gzip") -> bytes:
    return answer(body, 200, f"Content-Encoding: {encoding}")


WHOLE: dict[str, tuple[Sequence[Step], bytes]] = {
    "with its length": ([answer(BODY)], BODY),
    "byte by byte": ([bytes([byte]) for byte in answer(b"ok")], b"ok"),
    "empty": ([answer(b"")], b""),
    "204": ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
    "205": ([b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"], b""),
    "chunked": ([CHUNKED + chunks(b"o", b"k")], b"ok"),
    "chunked, in pieces": ([CHUNKED, *halves(chunks(BODY[:100], BODY[100:]))], BODY),
    "chunked, with an extension and a trailer": (
        [CHUNKED + b"2;a=b\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n"],
        b"ok",
    ),
    "until the connection ends": ([UNTIL_CLOSE, *halves(BODY), END], BODY),
    "HTTP/1.0": ([b"HTTP/1.0 200 OK\r\n\r\nok", END], b"ok"),
    "HTTP/1.0, kept": ([b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"], b"ok"),
    "after 100": ([b"HTTP/1.1 100 Continue\r\n\r\n" + answer()], b"ok"),
    "after 102 and 103, in pieces": (
        [b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", answer()],
        b"ok",
    ),
    "without a reason": ([b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"], b"ok"),
    "gzip": ([zipped(ZIPPED)], BODY),
    "x-gzip, in pieces": ([*halves(zipped(ZIPPED, "x-gzip"))], BODY),
    "gzip, two members": ([zipped(gzip.compress(b"o") + gzip.compress(b"k"))], b"ok"),
    "gzip, chunked": (
        [CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n" + chunks(*halves(ZIPPED))],
        BODY,
    ),
    "gzip until the connection ends": (
        [UNTIL_CLOSE[:-2] + b"Content-Encoding: gzip\r\n\r\n" + ZIPPED, END],
        BODY,
    ),
    "gzip, nothing in it": ([zipped(b"")], b""),
    "deflate": ([zipped(zlib.compress(BODY), "Deflate")], BODY),
    "deflate without its header": ([zipped(BARE_DEFLATE, "deflate")], BODY),
    "an encoding that is none": ([zipped(b"ok", "utf-8")], b"ok"),
}

FAILED: dict[str, tuple[Sequence[Step], type[AlloyAsyncError], str, str]] = {
    "no answer": ([END], ConnectionLost, "unknown", "lost after sending began"),
    "a reset": ([RESET], ConnectionLost, "unknown", "lost after sending began"),
    "half a head": ([b"HTTP/1.1 200 OK\r\nContent-Le", END], ConnectionLost, "unknown", "lost after sending"),
    "only 100": ([b"HTTP/1.1 100 Continue\r\n\r\n", END], ConnectionLost, "unknown", "lost after sending"),
    "101": (
        [b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
        StatusError,
        "unknown",
        "101",
    ),
    "000": ([b"HTTP/1.1 000 X\r\nContent-Length: 2\r\n\r\nok"], StatusError, "unknown", "000|: 0"),
    "099": ([b"HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nok"], StatusError, "unknown", "99"),
    "fewer bytes than its length": ([answer(BODY)[:-1], END], ConnectionLost, "applied", "broke off"),
    "a reset within": ([answer(BODY)[:-1], RESET], ConnectionLost, "applied", "broke off"),
    "a reset in what lasts until the end": (
        [UNTIL_CLOSE, *halves(BODY), RESET],
        ConnectionLost,
        "applied",
        "broke off",
    ),
    "cut within a chunk": ([CHUNKED + b"5\r\nok", END], ConnectionLost, "applied", "broke off"),
    "cut between chunks": ([CHUNKED + b"2\r\nok\r\n", END], ConnectionLost, "applied", "broke off"),
    "gzip cut short, well framed": (
        [zipped(ZIPPED[:-9])],
        ConnectionLost,
        "applied",
        "compressed body is cut",
    ),
    "gzip cut short in its trailer": (
        [zipped(ZIPPED[:-1])],
        ConnectionLost,
        "applied",
        "compressed body is cut",
    ),
    "gzip cut short, chunked": (
        [CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n" + chunks(ZIPPED[:50])],
        ConnectionLost,
        "applied",
        "compressed body is cut",
    ),
    "gzip cut short by the end": (
        [UNTIL_CLOSE[:-2] + b"Content-Encoding: gzip\r\n\r\n" + ZIPPED[:50], END],
        ConnectionLost,
        "applied",
        "compressed body is cut",
    ),
    "deflate cut short": ([zipped(zlib.compress(BODY)[:-2], "deflate")], ConnectionLost, "applied", "is cut"),
    "not gzip": ([zipped(b"plain")], DecodeError, "applied", "is not gzip"),
    "an encoding nobody reads": (
        [zipped(b"xx", "compress")],
        DecodeError,
        "applied",
        "compressed as 'compress'",
    ),
    "encoded twice": ([zipped(ZIPPED, "gzip, br")], DecodeError, "applied", "more than once"),
    "a header too long": (
        [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9000 + b"\r\nContent-Length: 2\r\n\r\nok"],
        ConnectionLost,
        "unknown",
        "did not keep to HTTP: Got more than 8190 bytes",
    ),
    "too many headers": (
        [b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 129 + b"Content-Length: 2\r\n\r\nok"],
        ConnectionLost,
        "unknown",
        "Too many headers",
    ),
    "two lengths": (
        [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"],
        ConnectionLost,
        "unknown",
        "Duplicate Content-Length",
    ),
    "a chunk without a size": ([CHUNKED + b"zz\r\nok\r\n"], ConnectionLost, "unknown", "chunk size"),
    "another protocol": ([b"SSH-2.0-OpenSSH_9.6\r\n"], ConnectionLost, "unknown", "Bad status line"),
    "bytes beyond its length": ([answer(b"ok") + b"more"], ConnectionLost, "unknown", "Bad status line"),
}


async def read_stream(client: AsyncClient) -> bytes:
    async with client.stream(Read()) as stream:
        return b"".join([piece async for piece in stream])


@pytest.mark.parametrize("name", WHOLE)
async def test_a_whole_answer(name: str, ways: Ways) -> None:
    steps, body = WHOLE[name]
    async with Pieces(steps) as service, ways.client(service.url, retry=ONCE, deadline=30) as client:
        assert await client.send(Read()) == body
        assert await client.send(Create()) == body


@pytest.mark.parametrize("name", WHOLE)
async def test_a_whole_answer_as_a_stream(name: str, ways: Ways) -> None:
    steps, body = WHOLE[name]
    async with Pieces(steps) as service, ways.client(service.url, retry=ONCE, deadline=30) as client:
        for _ in range(2):
            assert await read_stream(client) == body


@pytest.mark.parametrize("name", FAILED)
async def test_no_whole_answer(name: str, ways: Ways) -> None:
    steps, kind, effect, words = FAILED[name]
    async with Pieces(steps) as service, ways.client(service.url, retry=ONCE, deadline=30) as client:
        with pytest.raises(kind, match=words) as raised:
            await client.send(Create())
        assert (type(raised.value), raised.value.effect, raised.value.attempts) == (kind, effect, 1)
        assert len(service.requests) == 1


@pytest.mark.parametrize("name", [name for name, (_, _, effect, _) in FAILED.items() if effect == "applied"])
async def test_no_whole_stream(name: str, ways: Ways) -> None:
    steps, kind, effect, words = FAILED[name]
    async with Pieces(steps) as service, ways.client(service.url, retry=ONCE, deadline=30) as client:
        with pytest.raises(kind, match=words) as raised:
            await read_stream(client)
        assert (raised.value.effect, raised.value.operation) == (effect, "read")


async def test_a_later_piece_that_breaks_the_chunks_ends_the_call(ways: Ways) -> None:
    steps = [CHUNKED + b"2\r\nok\r\n", b"zz\r\n"]
    async with Pieces(steps) as service, ways.client(service.url, retry=ONCE, deadline=1) as client:
        with pytest.raises(AlloyAsyncError) as raised:
            await client.send(Create())
    assert raised.value.effect == "applied"
    if ways.way == "direct":  # aiohttp itself tells the reader nothing, which then waits for the deadline
        assert "chunk size" in str(raised.value)


async def test_head_has_no_body_whatever_its_headers_say(ways: Ways) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nContent-Encoding: gzip\r\n\r\n"
    async with Pieces([head]) as service, ways.client(service.url, retry=ONCE, deadline=30) as client:
        for _ in range(3):
            await client.send(Look())
    assert service.connections == 1


@pytest.mark.parametrize("broken", [END, RESET])
@pytest.mark.parametrize("status", [400, 404, 409, 422, 503])
async def test_a_refusal_whose_body_breaks_off_is_a_refusal(status: int, broken: str, ways: Ways) -> None:
    refusal = answer(b'{"message": "exists already"}' + b" " * 999, status)[:-999]
    async with Pieces([refusal, broken]) as service, ways.client(service.url, retry=ONCE) as client:
        with pytest.raises(StatusError) as raised:
            await client.send(Create())
    error = raised.value
    assert (error.status, error.effect) == (status, "unknown" if status == 503 else "none")
    if broken == END:  # a reset may overtake what was sent before
        assert "exists already" in str(error)


async def test_a_refusal_is_not_sent_again_because_its_body_broke_off(ways: Ways) -> None:
    async with Pieces([answer(b"x" * 99, 404)[:-9], END]) as service, ways.client(service.url) as client:
        with pytest.raises(StatusError):
            await client.send(Read())
    assert len(service.requests) == 1


@pytest.mark.parametrize("encoding", ["br", "zstd"])
async def test_other_encodings_where_their_library_is_there(encoding: str, ways: Ways) -> None:
    if encoding not in DECOMPRESSORS:
        pytest.skip("its library is not installed")
    compress: Any = {
        "br": lambda: pytest.importorskip("brotli").compress,
        "zstd": lambda: pytest.importorskip("backports.zstd").compress,
    }[encoding]()
    raw = compress(BODY * 200)
    service = Pieces([zipped(raw, encoding)], [zipped(raw[:-3], encoding)])
    async with service, ways.client(service.url, retry=ONCE) as client:
        assert await client.send(Create()) == BODY * 200
        with pytest.raises(ConnectionLost, match="cut short"):
            await client.send(Create())
