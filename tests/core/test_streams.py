"""A stream is entered and read once, within its block; all else is refused in words: no part of a body passes for the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alloy_async import Alloy, AsyncAlloy, ConfigurationError, ConnectionLost, InvalidRequest
from alloy_async.testing import Sandbox

from .server import Cut, Scripted, reply

LIST = Alloy.list_all_users.operation()
LONG = b"ada,ida\r\n" * 200_000


async def read_again(stream: Any) -> None:
    assert b"".join([piece async for piece in stream])
    [piece async for piece in stream]


async def read_lines_and_rows(stream: Any) -> None:
    assert [line async for line in stream.lines()]
    [row async for row in stream.rows()]


async def stop_and_read_on(stream: Any) -> None:
    async for _ in stream.lines():
        break
    [piece async for piece in stream]


async def enter_again(stream: Any) -> None:
    async with stream:
        pass


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (read_again, "a stream is read once, as bytes, lines or rows"),
        (read_lines_and_rows, "a stream is read once"),
        (stop_and_read_on, "a stream is read once"),
        (enter_again, "a stream is entered once; for another answer make another one"),
    ],
)
async def test_a_stream_is_used_once(use: Any, message: str) -> None:
    async with (
        Scripted(reply(200, LONG, Content_Type="text/csv")) as service,
        AsyncAlloy("key", base_url=service.url) as alloy,
    ):
        async with alloy.stream(LIST) as stream:
            with pytest.raises(ConfigurationError, match=f"list_all_users: {message}"):
                await use(stream)
        assert len(service.arrived) == 1


@pytest.mark.parametrize("look", [lambda stream: stream.status, lambda stream: stream.headers])
async def test_status_and_headers_are_known_within_the_block(look: Callable[[Any], Any]) -> None:
    async with Scripted(reply(200)) as service, AsyncAlloy("key", base_url=service.url) as alloy:
        stream = alloy.stream(LIST)
        with pytest.raises(ConfigurationError, match="a stream is entered first"):
            look(stream)
        async with stream:
            assert look(stream)
        with pytest.raises(ConfigurationError, match="is read within its block, which was left"):
            look(stream)


async def test_what_is_left_in_the_buffer_of_a_stream_that_was_left_is_not_read() -> None:
    async with (
        Scripted(reply(200, LONG)) as service,
        AsyncAlloy("key", base_url=service.url) as alloy,
    ):
        async with alloy.stream(LIST) as stream:
            pieces = aiter(stream)
            assert await anext(pieces)
        with pytest.raises(ConfigurationError, match="is read within its block, which was left"):
            await anext(pieces)
        with pytest.raises(ConfigurationError, match="is entered once"):
            await stream.__aenter__()


async def test_a_client_that_is_closed_ends_its_streams_with_an_error() -> None:
    async with (
        Scripted(Cut(reply(200, LONG)[:-1])) as service,
        AsyncAlloy("key", base_url=service.url) as alloy,
    ):
        async with alloy.stream(LIST) as stream:
            pieces = aiter(stream)
            assert await anext(pieces)
            await alloy.aclose()
            with pytest.raises(ConnectionLost) as raised:
                [piece async for piece in pieces]
        assert raised.value.effect == "applied"


def test_without_await() -> None:
    with Sandbox("alloy") as sandbox, sandbox.client() as alloy:
        stream = alloy.stream(LIST)
        for use in (
            list,
            lambda one: one.status,
            lambda one: list(one.lines()),
            lambda one: list(one.rows()),
        ):
            with pytest.raises(ConfigurationError, match="a stream is entered first"):
                use(stream)
        assert not sandbox.requests
        with stream:
            assert list(stream)
            for use in (list, lambda one: list(one.lines()), lambda one: list(one.rows())):
                with pytest.raises(ConfigurationError, match="a stream is read once"):
                    use(stream)
        with pytest.raises(ConfigurationError, match="was left"):
            list(stream)
        with pytest.raises(ConfigurationError, match="is entered once"), stream:
            pass


@pytest.mark.parametrize("encoding", ["no-such", "base64", "", 5, "a\0b", "\ud800"])
async def test_an_encoding_that_is_none_is_refused(encoding: Any) -> None:
    async with (
        Scripted(reply(200, b"ada")) as service,
        AsyncAlloy("key", base_url=service.url) as alloy,
        alloy.stream(LIST) as stream,
    ):
        with pytest.raises(InvalidRequest, match="encoding is the name of one of text, as 'utf-8'"):
            [line async for line in stream.lines(encoding)]
        assert [line async for line in stream.lines("latin-1")] == ["ada"]


@pytest.mark.parametrize("model", [5, "User", dict, [Alloy]])
async def test_rows_are_read_as_models(model: Any) -> None:
    async with (
        Scripted(reply(200, b"a,b")) as service,
        AsyncAlloy("key", base_url=service.url) as alloy,
        alloy.stream(LIST) as stream,
    ):
        with pytest.raises(InvalidRequest, match="rows are read as a model, got"):
            [row async for row in stream.rows(model)]
