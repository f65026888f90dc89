"""A client or session that is closed while something is under way: each call ends at once, in an error that says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from alloy_async import (
    AsyncClient,
    Client,
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    RequestEvent,
    Retry,
    Service,
)
from alloy_async.testing import FakeClock

from .ways import HANG, ONCE, Create, Pieces, Read, Step, Ways, answer

CLOSABLE = ("direct", "fallback")
"""The ways whose session is the client's own to close."""
PATIENT = Retry(attempts=4, wait_initial=0)


def create_steps(*before: Step) -> tuple[asyncio.Event, list[Step]]:
    """Create the steps of a server that goes on for ever, and the event of its having taken them."""
    reached = asyncio.Event()

    async def note() -> None:
        reached.set()

    return reached, [*before, note, HANG]


async def close_within(
    reached: asyncio.Event, client: AsyncClient, calls: int = 1
) -> list[BaseException | bytes]:
    """Make calls, and close the client once the server has taken its steps."""
    tasks = [asyncio.create_task(client.send(Create())) for _ in range(calls)]
    await reached.wait()
    await asyncio.sleep(0.01)  # so that what was answered has arrived
    await client.aclose()
    async with asyncio.timeout(60):
        return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("steps", "effect", "words"),
    [
        ([], "unknown", "lost after sending began: the client was closed"),
        (
            [b"HTTP/1.1 200 OK\r\nContent-Le"],
            "unknown",
            "lost after sending began: the client was closed",
        ),
        ([answer(b"x" * 9)[:-1]], "applied", r"the answer \(200\) broke off: the client was closed"),
        (
            [b"HTTP/1.1 200 OK\r\n\r\npart"],
            "applied",
            r"the answer \(200\) broke off: the client was closed",
        ),
        (
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"],
            "applied",
            r"the answer \(200\) broke off: the client was closed",
        ),
    ],
)
@pytest.mark.parametrize("retry", [ONCE, PATIENT])
@pytest.mark.parametrize("ways", CLOSABLE, indirect=True)
async def test_a_call_ends_with_its_client(
    steps: list[Step], effect: str, words: str, retry: Retry, ways: Ways
) -> None:
    reached, all_steps = create_steps(*steps)
    async with Pieces(all_steps) as service, ways.client(service.url, retry=retry, deadline=30) as client:
        (error,) = await close_within(reached, client)
        assert isinstance(error, ConnectionLost)
        assert (error.effect, error.attempts) == (effect, 1)
        with pytest.raises(ConnectionLost, match=words):
            raise error
        with pytest.raises(ConfigurationError, match="this client is closed; make a new one"):
            await client.send(Read())


@pytest.mark.parametrize("ways", CLOSABLE, indirect=True)
async def test_who_waits_for_a_connection_is_told_and_not_cancelled(ways: Ways) -> None:
    reached, steps = create_steps()
    async with (
        Pieces(steps) as service,
        ways.client(service.url, retry=PATIENT, deadline=30, max_connections=1) as client,
    ):
        errors = await close_within(reached, client, calls=3)
        assert len(service.requests) == 1
        for error in errors[1:]:
            assert isinstance(error, ConnectError)
            assert error.effect == "none"
            assert "no connection: the client was closed; nothing was sent" in str(error)


async def test_a_wait_that_is_cancelled_stays_cancelled_in_a_closed_client() -> None:
    service_of = Service("local", None)
    reached, steps = create_steps()
    async with Pieces(steps) as service:
        client = AsyncClient("key", system=service_of, base_url=service.url, max_connections=1)
        tasks = [asyncio.create_task(client.send(Create())) for _ in range(2)]
        await reached.wait()
        tasks[1].cancel()
        await client.aclose()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(ends[0], ConnectionLost)
        assert isinstance(ends[1], asyncio.CancelledError)


async def test_an_own_session_that_is_closed_is_told() -> None:
    service_of = Service("local", None)
    reached, steps = create_steps()
    async with Pieces([answer(b"ok")], steps) as service:
        session = aiohttp.ClientSession()
        client = AsyncClient("key", system=service_of, base_url=service.url, session=session, retry=PATIENT)
        assert await client.send(Read()) == b"ok"
        task = asyncio.create_task(client.send(Read()))
        await reached.wait()
        await session.close()
        with pytest.raises(ConnectionLost, match="the client was closed"):
            await task
        with pytest.raises(ConfigurationError, match="given as session= is closed; make a new client"):
            await client.send(Read())
        assert len(service.requests) == 2


def test_an_own_session_of_another_loop_is_refused() -> None:
    async def create() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def send(client: AsyncClient) -> None:
        await client.send(Read())

    service = Service("local", "http://127.0.0.1:9")
    with asyncio.Runner() as runner:
        session = runner.run(create())
        refuses = pytest.raises(
            ConfigurationError, match="session= belongs to another event loop; leave session= out"
        )
        with refuses:
            asyncio.run(send(AsyncClient("key", system=service, session=session)))
        with refuses:
            Client("key", system=service, session=session).send(Read())
        runner.run(session.close())


class InterruptedClock(FakeClock):
    """A clock during whose sleep something happens."""

    def __init__(self, interrupt: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.interrupt = interrupt
        self.passed = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.passed

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await self.interrupt()


@pytest.mark.parametrize("ways", CLOSABLE, indirect=True)
async def test_what_a_closed_client_does_not_send_is_not_counted(ways: Ways) -> None:
    async def close() -> None:
        await client.aclose()

    clock = InterruptedClock(close)
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    async with Pieces([busy]) as service, ways.client(service.url, retry=PATIENT, clock=clock) as client:
        for attempts in (1, 0):
            with pytest.raises(ConfigurationError, match="this client is closed") as raised:
                await client.send(Read())
            assert raised.value.attempts == attempts
            assert raised.value.effect == ("unknown" if attempts else "none")
        assert len(service.requests) == 1
    assert len(clock.sleeps) == 1


async def no_interruption() -> None: ...


async def test_a_request_that_a_hook_held_up_past_the_deadline_is_not_counted() -> None:
    clock = InterruptedClock(no_interruption)
    seen: list[int] = []

    def hold_up(event: RequestEvent) -> None:
        clock.passed = 100.0

    async with (
        Pieces([b""]) as service,
        AsyncClient(
            "key",
            system=Service("x", service.url),
            clock=clock,
            on_request=hold_up,
            on_response=lambda event: seen.append(event.attempt),
        ) as client,
    ):
        with pytest.raises(DeadlineExceeded, match="before it was sent") as raised:
            await client.send(Read())
    assert (raised.value.attempts, raised.value.effect, service.requests, seen) == (0, "none", [], [1])
