"""Uploads from each kind of source: what arrives, what is sent again, and what is left open."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from alloy_async import (
    AsyncSmooch,
    ConnectError,
    ConnectionLost,
    ContentTooLarge,
    InvalidRequest,
    RateLimited,
    RequestTimeout,
    ServerError,
    Smooch,
    Unauthorized,
    Upload,
)
from alloy_async.core.http.transport import Timeout
from alloy_async.core.messages.upload import CHUNK, FileSource
from alloy_async.sandbox import Fault, Reset, Sandbox, Status
from alloy_async.sandbox.smooch.service import APP_ID, KEY_ID, SECRET
from alloy_async.smooch import SignedTokens
from alloy_async.testing import FakeClock

OPEN_FILES = Path("/proc/self/fd")
IMAGE = os.urandom(CHUNK * 2 + 17)
BUSY = Status(429, headers={"Retry-After": "0"})


async def chunks(content: bytes = IMAGE) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


class Pipe(io.RawIOBase):
    """A file that cannot be rewound, like a pipe's end."""

    def __init__(self, content: bytes = IMAGE) -> None:
        self._rest = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(size)

    def readable(self) -> bool:
        return True


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ada's “photo”.png"
    path.write_bytes(IMAGE)
    return path


@pytest.fixture
def ada(sandbox: Sandbox) -> str:
    world: Any = sandbox.service
    user_id: str = next(iter(world.users))
    return user_id


def images(sandbox: Sandbox) -> list[Any]:
    """The images that were received whole, in order."""
    world: Any = sandbox.service
    return [message.image for conversation in world.messages.values() for message in conversation]


def is_whole(image: str) -> bool:
    return image == hashlib.sha256(IMAGE).hexdigest()


# Kinds of source


@pytest.mark.parametrize(
    ("source", "filename", "content_type", "length_known"),
    [
        (lambda path: path, "ada's “photo”.png", "image/png", True),
        (lambda path: str(path), "ada's “photo”.png", "image/png", True),
        (lambda path: path.open("rb"), "ada's “photo”.png", "image/png", True),
        (lambda path: io.BytesIO(IMAGE), "source", "application/octet-stream", True),
        (lambda path: IMAGE, "source", "application/octet-stream", True),
        (lambda path: Pipe(), "source", "application/octet-stream", False),
        (lambda path: chunks(), "source", "application/octet-stream", False),
        (lambda path: Upload(chunks(), 'a"b\r\n.gif'), "a%22b%0D%0A.gif", "image/gif", False),
        (lambda path: Upload(chunks(), size=len(IMAGE)), "source", "application/octet-stream", True),
        (lambda path: Upload(Pipe(), "x.raw", "image/x; depth=8", len(IMAGE)), "x.raw", "image/x; depth=8", True),
        (lambda path: Upload(path, "other.jpg"), "other.jpg", "image/jpeg", True),
        (lambda path: Upload(IMAGE, content_type="image/webp"), "source", "image/webp", True),
    ],
    ids=["path", "text", "file", "BytesIO", "bytes", "pipe", "iterator", "named", "sized", "all told", "renamed", "typed"],
)  # fmt: skip
async def test_every_kind_of_source_arrives_whole(
    smooch: AsyncSmooch,
    sandbox: Sandbox,
    ada: str,
    path: Path,
    source: Callable[[Path], Any],
    filename: str,
    content_type: str,
    length_known: bool,
) -> None:
    content = source(path)
    answer = await smooch.post_image_message(APP_ID, ada, content, "appUser")
    (image,) = images(sandbox)
    assert is_whole(image)
    assert (image.filename, image.content_type, image.size) == (filename, content_type, len(IMAGE))
    assert answer.message is not None
    assert answer.message.media_type == content_type
    headers = sandbox.requests[-1].headers
    assert ("Content-Length" in headers, "Transfer-Encoding" in headers) == (length_known, not length_known)
    if isinstance(content, io.BufferedReader):
        assert (content.closed, content.tell()) == (False, 0), "the caller's file stays as it was"
        content.close()


def test_the_sync_client_uploads_too(path: Path) -> None:
    with Sandbox("smooch") as sandbox, Smooch(key_id=KEY_ID, secret=SECRET, base_url=sandbox.url) as smooch:
        world: Any = sandbox.service
        for source in (path, IMAGE, chunks()):
            smooch.post_image_message(APP_ID, next(iter(world.users)), source, "appMaker")
        assert [is_whole(image) for image in images(sandbox)] == [True] * 3


async def test_a_file_is_read_from_where_it_stands(smooch: AsyncSmooch, sandbox: Sandbox, ada: str) -> None:
    file = io.BytesIO(b"headimage")
    file.seek(4)
    for _ in range(2):
        await smooch.post_image_message(APP_ID, ada, file, "appUser")
        assert file.tell() == 4
    assert images(sandbox) == [hashlib.sha256(b"image").hexdigest()] * 2


async def test_30_mb_go_through_little_memory(tmp_path: Path) -> None:
    size = 30 * 1024 * 1024
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(size)
    received = 0

    async def swallow(request: web.Request) -> web.Response:
        nonlocal received
        async for part in await request.multipart():
            assert not isinstance(part, web.BaseRequest)
            while piece := await part.read_chunk(CHUNK):  # type: ignore[union-attr]
                received += len(piece) if part.name == "source" else 0  # type: ignore[union-attr]
        return web.json_response({"message": {}, "conversation": {}}, status=201)

    app = web.Application()
    app.router.add_post("/{path:.*}", swallow)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with AsyncSmooch("a.ready.token", base_url=url) as smooch:
        await smooch.post_image_message(APP_ID, "ada", b"warm", "appUser")
        received = 0
        tracemalloc.start()
        await smooch.post_image_message(APP_ID, "ada", path, "appUser")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    await runner.cleanup()
    assert received == size
    assert peak < 4 * 1024 * 1024, f"{peak} bytes at the peak"


# Refused before anything is sent


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("no/such/file.png", "source: cannot read 'no/such/file.png': No such file or directory"),
        (Path(), r"source: cannot read '\.': it is not a regular file"),
        (io.StringIO("text"), "source: expected a file opened in binary mode"),
        (Upload(b"abc", size=4), "source: cannot read the bytes given: its size is 3 bytes, not the 4"),
        (Upload(b"abc", size=-1), "source: expected a size in bytes"),
        (Upload(b"abc", content_type="image/png\r\nX: y"), "source: expected a content_type such as"),
        (Upload(b"abc", content_type="png"), "source: expected a content_type such as"),
        (Upload(b"abc", filename=3), "source: expected text as filename"),  # type: ignore[arg-type]
        (None, "source: expected a path, bytes"),
        (Upload(5), "source: expected a path, bytes"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused(
    smooch: AsyncSmooch, sandbox: Sandbox, ada: str, source: Any, reason: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"^post_image_message: {reason}.*; nothing was sent$") as caught:
        await smooch.post_image_message(APP_ID, ada, source, "appUser")
    assert (caught.value.effect, caught.value.attempts) == ("none", 0)
    assert not sandbox.requests


async def test_a_closed_file_is_refused(smooch: AsyncSmooch, sandbox: Sandbox, path: Path) -> None:
    with path.open("rb") as file:
        pass
    with pytest.raises(InvalidRequest, match="closed file"):
        await smooch.post_image_message(APP_ID, "ada", file, "appUser")
    with path.open() as text, pytest.raises(InvalidRequest, match="binary mode"):
        await smooch.post_image_message(APP_ID, "ada", text, "appUser")  # type: ignore[arg-type]
    assert not sandbox.requests


async def test_a_member_of_a_zip_file_is_binary(
    smooch: AsyncSmooch, sandbox: Sandbox, ada: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("ada.png", IMAGE)
    with zipfile.ZipFile(tmp_path / "images.zip") as archive, archive.open("ada.png") as member:
        await smooch.post_image_message(APP_ID, ada, member, "appUser")
    assert IMAGE in sandbox.requests[-1].body


async def test_one_file_object_serves_one_call_at_a_time(
    smooch: AsyncSmooch, sandbox: Sandbox, ada: str
) -> None:
    file = io.BytesIO(IMAGE)
    outcomes = await asyncio.gather(
        *(smooch.post_image_message(APP_ID, ada, file, "appUser") for _ in range(3)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert all(isinstance(error, InvalidRequest) for error in refused)
    assert all("another call is uploading it" in str(error) for error in refused)
    assert len(images(sandbox)) == 3 - len(refused) >= 1
    assert all(map(is_whole, images(sandbox)))
    await smooch.post_image_message(APP_ID, ada, file, "appUser")
    assert is_whole(images(sandbox)[-1])


# Sent again


REWINDABLE = {
    "path": lambda path: path,
    "bytes": lambda path: IMAGE,
    "file": lambda path: io.BytesIO(IMAGE),
    "upload": lambda path: Upload(path, "a.png"),
}
ONCE = {
    "pipe": lambda path: Pipe(),
    "iterator": lambda path: chunks(),
    "upload": lambda path: Upload(chunks()),
}

rewindable = pytest.mark.parametrize("source", REWINDABLE.values(), ids=REWINDABLE)
once = pytest.mark.parametrize("source", ONCE.values(), ids=ONCE)
Source = Callable[[Path], FileSource]


@rewindable
async def test_after_a_refusal_it_is_sent_again_whole(
    smooch: AsyncSmooch, sandbox: Sandbox, ada: str, path: Path, source: Source
) -> None:
    sandbox.faults.add(Fault(BUSY, "post_image_message", times=2))
    await smooch.post_image_message(APP_ID, ada, source(path), "appUser")
    assert [request.status for request in sandbox.requests] == [429, 429, 201]
    bodies = [request.body for request in sandbox.requests]
    assert bodies[0] == bodies[1] == bodies[2]
    assert [is_whole(image) for image in images(sandbox)] == [True]


@once
async def test_what_cannot_be_rewound_is_sent_once(
    smooch: AsyncSmooch, sandbox: Sandbox, ada: str, path: Path, source: Source, clock: FakeClock
) -> None:
    sandbox.faults.add(Fault(BUSY, "post_image_message"))
    with pytest.raises(RateLimited) as caught:
        await smooch.post_image_message(APP_ID, ada, source(path), "appUser")
    assert (caught.value.effect, caught.value.attempts) == ("none", 1)
    assert (len(sandbox.requests), clock.sleeps) == (1, [])


@pytest.mark.parametrize("source", [*REWINDABLE.values(), *ONCE.values()], ids=[*REWINDABLE, *ONCE])
@pytest.mark.parametrize(
    ("kind", "error"), [(Reset(after_effect=True), ConnectionLost), (Status(502), ServerError)]
)
async def test_a_doubtful_upload_is_never_sent_again(
    smooch: AsyncSmooch, sandbox: Sandbox, ada: str, path: Path, source: Source, kind: Any, error: Any
) -> None:
    sandbox.faults.add(Fault(kind, "post_image_message"))
    with pytest.raises(error) as caught:
        await smooch.post_image_message(APP_ID, ada, source(path), "appUser")
    assert (caught.value.effect, len(sandbox.requests)) == ("unknown", 1)


@pytest.mark.parametrize("source", [*REWINDABLE.values(), *ONCE.values()], ids=[*REWINDABLE, *ONCE])
async def test_where_nothing_was_read_yet_it_is_tried_again(
    clock: FakeClock, path: Path, source: Source
) -> None:
    async with AsyncSmooch("a.ready.token", base_url="http://127.0.0.1:1", clock=clock) as smooch:
        with pytest.raises(ConnectError) as caught:
            await smooch.post_image_message(APP_ID, "ada", source(path), "appUser")
    assert (caught.value.effect, caught.value.attempts) == ("none", 4)


def tokens() -> Callable[[], str]:
    """First a token that is refused, then one that is good."""
    left = iter([SignedTokens(KEY_ID, "rotated")().value, SignedTokens(KEY_ID, SECRET)().value])
    return lambda: next(left)


@rewindable
async def test_it_is_sent_again_with_a_fresh_credential(
    sandbox: Sandbox, ada: str, path: Path, source: Source
) -> None:
    async with AsyncSmooch(tokens(), base_url=sandbox.url) as smooch:
        await smooch.post_image_message(APP_ID, ada, source(path), "appUser")
    assert [request.status for request in sandbox.requests] == [401, 201]
    assert [is_whole(image) for image in images(sandbox)] == [True]


@once
async def test_what_cannot_be_rewound_is_not_sent_with_a_fresh_credential(
    sandbox: Sandbox, ada: str, path: Path, source: Source
) -> None:
    async with AsyncSmooch(tokens(), base_url=sandbox.url) as smooch:
        with pytest.raises(Unauthorized):
            await smooch.post_image_message(APP_ID, ada, source(path), "appUser")
        assert len(sandbox.requests) == 1
        await smooch.post_image_message(APP_ID, ada, source(path), "appUser")
    assert [request.status for request in sandbox.requests] == [401, 201], "the next call has the fresh one"


# Breaking off


async def broken() -> AsyncIterator[bytes]:
    yield IMAGE
    raise KeyError("the camera is gone")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (broken, "async_generator given could not be read on: KeyError: 'the camera is gone'"),
        (lambda: Upload(chunks(), size=len(IMAGE) + 1), "gave 524305 bytes, and 524306 were announced"),
        (lambda: Upload(chunks(), size=10), "gave more bytes, and 10 were announced"),
        (lambda: Upload(Pipe(), size=10), "gave more bytes, and 10 were announced"),
    ],
)
async def test_a_source_that_breaks_off_says_so(
    smooch: AsyncSmooch, sandbox: Sandbox, ada: str, source: Callable[[], Any], reason: str
) -> None:
    with pytest.raises(ConnectionLost, match=reason) as caught:
        await smooch.post_image_message(APP_ID, ada, source(), "appUser")
    assert caught.value.attempts == 1
    assert caught.value.__cause__ is not None
    assert not images(sandbox)
    await smooch.post_image_message(APP_ID, ada, IMAGE, "appUser")  # the client goes on
    assert len(images(sandbox)) == 1


async def test_an_early_answer_ends_the_upload() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        over.set()

    over = asyncio.Event()
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(CHUNK)

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with AsyncSmooch("a.ready.token", base_url=f"http://127.0.0.1:{port}") as smooch:
            with pytest.raises(ContentTooLarge):
                await smooch.post_image_message(APP_ID, "ada", endless(), "appUser")
        at_the_end = taken
        await asyncio.wait_for(over.wait(), 60)
        assert taken == at_the_end


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="the system does not list open files")
async def test_files_are_closed_however_the_call_ends(sandbox: Sandbox, ada: str, path: Path) -> None:
    sandbox.latency = 60
    sent = asyncio.Event()
    async with AsyncSmooch(
        key_id=KEY_ID, secret=SECRET, base_url=sandbox.url, on_request=lambda _: sent.set()
    ) as smooch:
        hasty = smooch.with_options(timeout=Timeout(read=0.5))
        with pytest.raises(RequestTimeout):
            await hasty.post_image_message(APP_ID, ada, path, "appUser")
        assert not is_open(path)
        sent.clear()
        task = asyncio.ensure_future(smooch.post_image_message(APP_ID, ada, path, "appUser"))
        await sent.wait()
        assert is_open(path)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not is_open(path)


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="the system does not list open files")
async def test_a_call_given_up_while_the_file_is_opened_leaves_none_open(
    smooch: AsyncSmooch, sandbox: Sandbox, ada: str, path: Path
) -> None:
    for _ in range(20):
        task = asyncio.ensure_future(smooch.post_image_message(APP_ID, ada, path, "appUser"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(lambda: None)
        assert not is_open(path)
    assert not sandbox.requests


def is_open(path: Path) -> bool:
    return path in {link.readlink() for link in OPEN_FILES.iterdir() if link.is_symlink()}
