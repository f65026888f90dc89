"""How a credential gets on a request: fetched once for all who wait, again after one 401, and handed over when cancelled."""

from __future__ import annotations

import asyncio
import functools
import itertools
import pickle
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from typing import Any

import pytest

from alloy_async import (
    Alloy,
    AsyncAlloy,
    AsyncClient,
    ConfigurationError,
    CredentialError,
    DeadlineExceeded,
    Service,
    Token,
    Unauthorized,
)
from alloy_async.core.auth import create_scheme_presenter
from alloy_async.sandbox import Fault, Sandbox, Status

from ..waiting import wait_until
from .calls import ADA, GET, POST
from .server import Scripted, reply


class Source:
    """A source of credentials that can be made to wait, and counts how often it is asked."""

    def __init__(self, *keys: Any) -> None:
        self.keys = itertools.chain(keys, itertools.repeat(keys[-1]))
        self.fetches = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self) -> Any:
        self.fetches += 1
        key = next(self.keys)
        await self.open.wait()
        if isinstance(key, Exception):
            raise key
        return key


@pytest.fixture
async def client_of(sandbox: Sandbox) -> AsyncIterator[Callable[[Any], AsyncAlloy]]:
    made: list[AsyncAlloy] = []

    def make(source: Any) -> AsyncAlloy:
        made.append(AsyncAlloy(source, base_url=sandbox.url))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.mark.parametrize(
    ("key", "header"),
    [
        ("k", "bearer k"),
        ("Basic abc", "Basic abc"),
        ("Bearer k", "Bearer k"),
        ("  k\n", "bearer k"),
    ],
)
async def test_a_bare_key_gets_a_scheme_and_others_stay(key: str, header: str) -> None:
    async with Scripted() as service, AsyncAlloy(key, base_url=service.url) as client:
        await client.send(GET)
        assert service.arrived[0].headers["authorization"] == header
    assert create_scheme_presenter("X")("k") == "X k"


@pytest.mark.parametrize(
    "key", ["", " ", "\n", "schlüssel", "a\nb", "a\0b", "-----BEGIN\tKEY-----", 5, b"key"]
)
def test_a_key_that_no_header_can_carry_is_refused(key: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        AsyncAlloy(key, base_url="http://localhost")
    if isinstance(key, str) and key.strip():
        assert key not in str(raised.value)


async def test_a_service_may_have_its_own_header_or_a_query_parameter() -> None:
    by_header = Service("local", None, present=str, header="X-API-Key")
    by_query = Service("local", None, present=str, query_key="apikey")
    async with Scripted() as service:
        async with AsyncClient("k&1", system=by_header, base_url=service.url) as client:
            await client.send(GET)
        async with AsyncClient("k&1", system=by_query, base_url=service.url) as client:
            await client.send(GET)
        first, second = service.arrived
    assert first.headers["x-api-key"] == "k&1"
    assert "authorization" not in first.headers
    assert second.target.endswith("?apikey=k%261")
    assert not {"authorization", "x-api-key"} & second.headers.keys()


async def an_async_function() -> str:
    return "key"


class AsyncCallable:
    async def __call__(self) -> Token:
        return Token("key", time.time() + 3600)


async def half_applied(word: str) -> str:
    return word


@pytest.mark.parametrize(
    "source",
    [
        "key",
        lambda: "key",
        lambda: Token("key", time.time() + 3600),
        lambda: an_async_function(),
        an_async_function,
        AsyncCallable(),
        functools.partial(half_applied, "key"),
    ],
)
async def test_every_kind_of_source(source: Any, client_of: Any, sandbox: Sandbox) -> None:
    client = client_of(source)
    for _ in range(2):
        await client.send(GET)
    assert [request.headers["Authorization"] for request in sandbox.requests] == ["bearer key"] * 2


async def test_a_plain_callable_does_not_block_the_event_loop(client_of: Any) -> None:
    threads = []

    def slow() -> str:
        threads.append(threading.current_thread())
        return "key"

    await client_of(slow).send(GET)
    assert threads != [threading.current_thread()]


async def test_many_waiters_fetch_once(client_of: Any) -> None:
    source = Source("key")
    source.open.clear()
    client = client_of(source)
    calls = [asyncio.create_task(client.with_options(deadline=30).send(GET)) for _ in range(50)]
    await wait_until(lambda: source.fetches == 1)
    source.open.set()
    await asyncio.gather(*calls)
    assert source.fetches == 1


def test_two_event_loops_in_two_threads_fetch_once() -> None:
    fetches, inside = [], threading.Barrier(2, timeout=60)

    async def fetch() -> str:
        fetches.append(threading.current_thread())
        await asyncio.to_thread(time.sleep, 0.03)
        return "key"

    with Sandbox("alloy") as sandbox:
        client = AsyncAlloy(fetch, base_url=sandbox.url)

        async def calls() -> None:
            await asyncio.to_thread(inside.wait)
            await asyncio.gather(*(client.send(GET) for _ in range(5)))

        threads = [threading.Thread(target=asyncio.run, args=(calls(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(sandbox.requests) == 10
    assert len(fetches) == 1


async def test_a_refused_key_is_fetched_anew_once_for_all(client_of: Any, sandbox: Sandbox) -> None:
    source = Source("old", "key")
    client = client_of(source)
    await asyncio.gather(*(client.send(GET) for _ in range(20)))
    assert source.fetches == 2
    assert (await client.answer(GET)).attempts == 1


async def test_a_post_may_follow_its_401_since_nothing_was_done(client_of: Any, sandbox: Sandbox) -> None:
    answer = await client_of(Source("old", "key")).answer(POST)
    assert answer.attempts == 2
    assert sandbox.ledger.count("create_a_user") == 1


async def test_a_second_401_is_raised(client_of: Any, sandbox: Sandbox) -> None:
    source = Source("old", "also old")
    with pytest.raises(Unauthorized) as raised:
        await client_of(source).send(GET)
    assert (source.fetches, raised.value.attempts, raised.value.effect) == (2, 2, "none")
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        (
            -7200.0,
            r"this host's clock is 7\d{3} s ahead of the server's, and its token lapses by it: set the clock right",
        ),
        (7200.0, r"this host's clock is 7\d{3} s behind the server's"),
        (None, r"the credential is wrong, or this host's clock is, by which its token lapses"),
        (0.0, None),
    ],
)
async def test_a_refused_token_may_be_the_clock_s_fault(date: float | None, reason: str | None) -> None:
    """The error blamed the credential alone, also where it had been signed by a clock that was hours wrong."""
    headers = {} if date is None else {"Date": formatdate(time.time() + date, usegmt=True)}
    async with Scripted(reply(401, **headers)) as server:
        async with AsyncAlloy(lambda: Token("key", time.time() + 60), base_url=server.url) as client:
            with pytest.raises(Unauthorized) as raised:
                await client.send(GET)
        assert len(server.arrived) == 2, "one was fetched anew"
    if reason is None:
        assert "clock" not in str(raised.value)
    else:
        assert re.search(reason, str(raised.value))


async def test_a_key_without_a_time_is_not_the_clock_s_fault() -> None:
    async with Scripted(reply(401)) as server, AsyncAlloy("key", base_url=server.url) as client:
        with pytest.raises(Unauthorized) as raised:
            await client.send(GET)
    assert "clock" not in str(raised.value)


async def test_a_fixed_key_is_not_tried_twice(client_of: Any, sandbox: Sandbox) -> None:
    with pytest.raises(Unauthorized, match="401 Unauthorized"):
        await client_of("old").send(GET)
    assert len(sandbox.requests) == 1


async def test_a_retry_may_follow_the_renewal(sandbox: Sandbox, clock: Any) -> None:
    sandbox.faults.add(Fault(Status(500)))
    async with AsyncAlloy(Source("old", "key"), base_url=sandbox.url, clock=clock) as client:
        assert (await client.answer(GET)).attempts == 3


@pytest.mark.parametrize(
    ("left", "lapsed"), [(3600.0, False), (30.1, False), (30.0, True), (1.0, True), (-5.0, True)]
)
def test_a_token_lapses_half_a_minute_early(left: float, lapsed: bool) -> None:
    assert Token("k", 1000.0 + left).is_expired(lambda: 1000.0) is lapsed


async def test_a_lapsed_token_is_fetched_again_before_it_is_refused(client_of: Any, sandbox: Sandbox) -> None:
    source = Source(Token("key", time.time() + 10), Token("key", time.time() + 3600))
    client = client_of(source)
    for _ in range(3):
        await client.send(GET)
    assert source.fetches == 2
    assert {request.status for request in sandbox.requests} == {200}


async def test_a_cancelled_fetcher_hands_over_to_the_next(client_of: Any) -> None:
    source = Source("key")
    source.open.clear()
    client = client_of(source)
    first, second, third = (asyncio.create_task(client.send(GET)) for _ in range(3))
    await wait_until(lambda: source.fetches == 1)
    first.cancel()
    await wait_until(lambda: source.fetches == 2)
    source.open.set()
    assert (await second).username == (await third).username == ADA
    assert source.fetches == 2
    assert first.cancelled()


async def test_all_waiters_can_be_cancelled_together(client_of: Any, sandbox: Sandbox) -> None:
    source = Source("key")
    source.open.clear()
    client = client_of(source)
    calls = [asyncio.create_task(client.send(GET)) for _ in range(5)]
    await wait_until(lambda: source.fetches == 1)
    for call in calls:
        call.cancel()
    done, pending = await asyncio.wait(calls, timeout=30)
    assert not pending
    assert all(call.cancelled() for call in done)
    assert source.fetches == 1
    assert not sandbox.requests


async def test_the_deadline_bounds_the_fetch(client_of: Any) -> None:
    source = Source("key")
    source.open.clear()
    client = client_of(source)
    with pytest.raises(DeadlineExceeded, match="no credential within") as raised:
        await client.with_options(deadline=0.2).send(POST)
    assert (raised.value.effect, raised.value.attempts) == ("none", 0)
    source.open.set()
    await client.send(GET)


async def test_a_failing_source_fails_each_call_with_an_error_of_its_own(
    client_of: Any, sandbox: Sandbox
) -> None:
    trouble = OSError("vault is sealed")
    source = Source(trouble, "key")
    source.open.clear()
    client = client_of(source)
    calls = [asyncio.create_task(client.send(operation)) for operation in (GET, POST, GET)]
    await wait_until(lambda: source.fetches == 1)
    source.open.set()
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert [error.operation for error in errors] == ["get_a_user", "create_a_user", "get_a_user"]  # type: ignore[union-attr]
    for error in errors:
        assert isinstance(error, CredentialError)
        assert (error.effect, error.attempts, error.__cause__) == ("none", 0, trouble)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert (source.fetches, len(sandbox.requests)) == (1, 0)
    await client.send(GET)  # a failure is not remembered


@pytest.mark.parametrize("bad", ["", "schlüssel", 5, None, Token("", 1e12)])
async def test_a_source_that_gives_no_credential(bad: Any, client_of: Any) -> None:
    with pytest.raises(CredentialError, match=r"could not be fetched: .*(credential|text|characters)"):
        await client_of(lambda: bad).send(GET)


def test_the_sync_client_takes_the_same_sources() -> None:
    with Sandbox("alloy") as sandbox:
        for source in (lambda: "key", an_async_function):
            with Alloy(source, base_url=sandbox.url) as client:
                assert client.get_a_user(ADA).username == ADA


def test_a_source_may_use_the_sync_client_of_another_key() -> None:
    with Sandbox("alloy") as sandbox, Alloy("key", base_url=sandbox.url) as vault:

        def fetch() -> str:
            return "key" if vault.get_a_user(ADA) else ""

        with Alloy(fetch, base_url=sandbox.url) as client:
            assert client.get_a_user(ADA).username == ADA


async def test_no_credential_goes_with_an_operation_that_takes_none() -> None:
    class Open(type(GET)):  # type: ignore[misc]
        authenticated = False

    async with Scripted(reply()) as service, AsyncAlloy(Source("key"), base_url=service.url) as client:
        await client.send(Open("ada"))
        assert "authorization" not in service.arrived[0].headers
