"""Promise 6 for tracebacks with local variables (rich, Sentry, capture_locals): no frame of a failing call holds a secret."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from alloy_async import (
    AlloyAsyncError,
    AsyncAlloy,
    ConnectError,
    DecodeError,
    InvalidRequest,
    Operation,
    RequestTimeout,
    Retry,
    Timeout,
    from_wire,
    to_wire,
)
from alloy_async.alloy import models
from alloy_async.alloy.operations import CreateACredential
from alloy_async.core.codec.fields import get_fields
from alloy_async.systems import load_client, load_sync_client
from benchmarks.random_calls.exposure import find_exposures
from benchmarks.random_calls.filled_operations import create_filled, iterate_operations
from tests.systems import SYSTEMS
from tests.waiting import wait_until

from .server import Arrived, Cut, Hang, Reply, Reset, Scripted, closed_port, reply

KEY = "canary-key-Zx9/+=="
SECRET = "canary-secret-7Yq"
OWN = ("/tests/", "benchmarks")
CREDENTIALS: dict[str, dict[str, Any]] = {"smooch": {"token": KEY}}
ONCE: dict[str, Any] = {"retry": Retry(attempts=1)}


def echo(status: int) -> Callable[[Arrived], bytes]:
    """An answer with the whole request in its names, values, numbers and headers."""

    def answer(request: Arrived) -> bytes:
        key = request.headers.get("authorization", "")
        sent = request.body.decode("latin-1")
        body = {"message": f"{request.target} {key}", key: sent, "you": dict(request.headers), "sent": [sent]}
        return reply(status, body, X_Echo=key)

    return answer


FAILURES: dict[str, Reply] = {
    "400": echo(400),
    "401": echo(401),
    "404": echo(404),
    "500": echo(500),
    "reset": Reset(),
    "not JSON": lambda request: reply(200, b"<html>" + request.headers.get("authorization", "").encode()),
    "other JSON": lambda request: reply(200, [json.loads(echo(200)(request).partition(b"\r\n\r\n")[2])] * 2),
    "cut": Cut(reply(200, {"data": {"x": KEY}})[:-5]),
}


def canaries(service: Scripted) -> list[str]:
    sent = {request.headers.get("authorization", KEY) for request in service.arrived}
    return [KEY, quote(KEY, safe=""), SECRET, *sent]


def arguments_of(operation: Operation[Any]) -> dict[str, Any]:
    return {field.name: getattr(operation, field.name) for field in get_fields(type(operation))}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("system", SYSTEMS)
async def test_no_secret_in_the_frames_of_a_failing_call(system: str, failure: str) -> None:
    credential = CREDENTIALS.get(system, {})
    arguments = () if credential else (KEY,)
    failures = 0
    async with (
        Scripted(FAILURES[failure]) as service,
        load_client(system)(*arguments, base_url=service.url, **credential, **ONCE) as client,
    ):
        classes = list(iterate_operations(system))
        for cls in classes:
            operation = create_filled(cls, "ada", SECRET)
            (error,) = await asyncio.gather(
                getattr(client, cls.name)(**arguments_of(operation)), return_exceptions=True
            )
            if isinstance(error, BaseException):
                failures += 1
                assert isinstance(error, AlloyAsyncError)
                assert find_exposures(error, canaries(service), OWN) == []
        assert failures >= len(classes) / 3  # an operation without a result takes any answer of 2xx
        assert len(service.arrived) >= len(classes)


@pytest.mark.parametrize("failure", ["400", "500", "reset"])
@pytest.mark.parametrize("system", SYSTEMS)
async def test_no_secret_in_the_frames_of_a_failing_sync_call(system: str, failure: str) -> None:
    credential = CREDENTIALS.get(system, {})
    arguments = () if credential else (KEY,)
    async with Scripted(FAILURES[failure]) as service:
        with load_sync_client(system)(*arguments, base_url=service.url, **credential, **ONCE) as client:
            for cls in list(iterate_operations(system))[:6]:
                call = functools.partial(
                    getattr(client, cls.name), **arguments_of(create_filled(cls, "ada", SECRET))
                )
                with pytest.raises(AlloyAsyncError) as raised:
                    await asyncio.to_thread(Hidden(call))
                assert find_exposures(raised.value, canaries(service), OWN) == []


class Hidden:
    """A call whose arguments are not ours to hide: the thread's frames hold it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    def __call__(self) -> Any:
        return self._call()


async def test_no_secret_in_the_frames_where_there_is_no_connection() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    for system in SYSTEMS:
        credential = CREDENTIALS.get(system, {})
        arguments = () if credential else (KEY,)
        async with load_client(system)(*arguments, base_url=url, **credential, **ONCE) as client:
            for cls in list(iterate_operations(system))[:4]:
                with pytest.raises(ConnectError) as raised:
                    await client.send(create_filled(cls, "ada", SECRET))
                assert find_exposures(raised.value, [KEY, SECRET], OWN) == []


@pytest.mark.parametrize("own_session", [False, True], ids=["direct", "session"])
@pytest.mark.parametrize("proxy_reply", [reply(407, b""), reply(302, b""), Cut(b"HTTP/1.1 2"), Hang()])
async def test_no_proxy_password_in_the_frames_where_there_is_no_tunnel(
    proxy_reply: Reply, own_session: bool
) -> None:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(Scripted(proxy_reply))
        proxy = service.url.replace("://", f"://ada:{SECRET}@")
        options = dict(ONCE)
        if own_session:
            options["session"] = await stack.enter_async_context(aiohttp.ClientSession())
        client = AsyncAlloy(KEY, base_url="https://service.example", proxy=proxy, deadline=0.3, **options)
        async with client:
            with pytest.raises(AlloyAsyncError) as raised:
                await client.get_a_user("ada")
    assert service.arrived
    assert find_exposures(raised.value, [KEY, SECRET], OWN) == []


@pytest.mark.parametrize("own_session", [False, True], ids=["direct", "session"])
async def test_no_proxy_password_in_the_frames_of_a_call_that_is_cancelled(own_session: bool) -> None:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(Scripted(Hang()))
        proxy = service.url.replace("://", f"://ada:{SECRET}@")
        options: dict[str, Any] = (
            {"session": await stack.enter_async_context(aiohttp.ClientSession())} if own_session else {}
        )
        async with AsyncAlloy(KEY, base_url="https://service.example", proxy=proxy, **options) as client:
            call = asyncio.create_task(client.get_a_user("ada"))
            await wait_until(lambda: bool(service.arrived))
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await call
    assert find_exposures(raised.value, [KEY, SECRET], OWN) == []


async def test_no_secret_in_the_frames_of_a_timeout() -> None:
    impatient = Timeout(read=0.2)
    async with (
        Scripted(Hang()) as service,
        AsyncAlloy(KEY, base_url=service.url, timeout=impatient, **ONCE) as client,
    ):
        with pytest.raises(RequestTimeout) as raised:
            await client.send(create_filled(CreateACredential, "ada", SECRET))
        assert find_exposures(raised.value, canaries(service), OWN) == []


def wrong_arguments() -> list[Operation[Any]]:
    """Each refused for another reason, with a secret in what is refused."""
    deep: dict[str, Any] = {}
    deep["self"] = deep
    deep["secret"] = SECRET
    data = [{"a": SECRET, "b": {1}}, {"a": SECRET + "\ud800"}, {"a": SECRET, "b": 2**70}, SECRET, deep]
    return [CreateACredential(models.NewCredential("x", value), "ada") for value in data]  # type: ignore[arg-type]


@pytest.mark.parametrize("operation", wrong_arguments(), ids=range(5))
async def test_no_secret_in_the_frames_of_a_refused_argument(operation: Operation[Any]) -> None:
    async with AsyncAlloy(KEY) as client:
        with pytest.raises(InvalidRequest) as raised:
            await client.send(operation)
        assert find_exposures(raised.value, [KEY, SECRET], OWN) == []


def test_no_secret_in_the_frames_of_a_conversion_that_fails() -> None:
    for value in ({"a": SECRET, "b": {1}}, {"a": SECRET, "b": float("nan")}):
        with pytest.raises(InvalidRequest) as raised:
            to_wire(value)
        assert find_exposures(raised.value, [SECRET], OWN) == []
    with pytest.raises(DecodeError) as wrong:
        from_wire(models.User, {"userId": 5, "token": SECRET})
    assert find_exposures(wrong.value, [SECRET], OWN) == []


@pytest.mark.parametrize("key", [lambda: KEY + "\u00e9", lambda: KEY + "\n" + KEY, lambda: 5])
async def test_no_secret_in_the_frames_of_a_credential_that_cannot_be_sent(key: Any) -> None:
    with pytest.raises(AlloyAsyncError) as raised:
        await AsyncAlloy(key).get_a_user("ada")
    assert find_exposures(raised.value, [KEY], OWN) == []


def test_the_search_finds_what_shows() -> None:
    """A search that finds nothing must be one that could."""

    def fail(secret: str) -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x") as raised:
        fail(SECRET)
    assert find_exposures(raised.value, [SECRET], ("no such file",))
    assert find_exposures(raised.value, [SECRET], OWN) == []
