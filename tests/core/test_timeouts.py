"""Deadlines and read timeouts on one timer of the event loop: when they fall due, what they cost, and on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from hypothesis import given, strategies as st

from alloy_async import AsyncAlloy, RequestTimeout, Retry, Timeout
from alloy_async.core.http.timeouts import DeadlineScope, TimeoutScheduler
from alloy_async.sandbox import Sandbox

from .calls import ADA, GET
from .server import Scripted, reply


class Timer:
    """What a loop's call_later gives; it counts."""

    def __init__(self, moment: float, ring: Callable[[], None]) -> None:
        self.moment, self.ring, self.cancelled = moment, ring, False

    def cancel(self) -> None:
        self.cancelled = True


class Time:
    """A clock and the timers of an event loop, which ring as it is moved on."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.timers: list[Timer] = []

    def now(self) -> float:
        return self.seconds

    def call_later(self, delay: float, ring: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.seconds + delay, ring))
        return self.timers[-1]

    @property
    def pending(self) -> list[Timer]:
        return [timer for timer in self.timers if not timer.cancelled and timer.moment < float("inf")]

    def pass_to(self, moment: float) -> None:
        while ripe := [timer for timer in self.pending if timer.moment <= moment]:
            first = min(ripe, key=lambda timer: timer.moment)
            self.seconds, first.cancelled = max(self.seconds, first.moment), True
            first.ring()
        self.seconds = moment

    def watch(self) -> TimeoutScheduler:
        return TimeoutScheduler(self, self.now)  # type: ignore[arg-type] # of a loop it uses call_later only


class Thing:
    """Something watched, that remembers when it expired."""

    def __init__(self, time: Time, due: float) -> None:
        self.due, self.time, self.expired = due, time, list[float]()

    def expire(self) -> None:
        self.expired.append(self.time.seconds)


# When things fall due


def test_a_thousand_timeouts_that_are_dropped_cost_one_timer() -> None:
    time = Time()
    watch = time.watch()
    for number in range(1000):
        time.pass_to(number / 100)
        thing = Thing(time, time.seconds + 60)
        watch.schedule(thing)
        watch.discard(thing)
    assert len(time.timers) == 1
    time.pass_to(1000)
    assert len(time.timers) == 1
    assert thing.expired == []


def test_one_that_is_due_sooner_rings_sooner() -> None:
    time = Time()
    watch, late, soon = time.watch(), Thing(time, 10), Thing(time, 2)
    watch.schedule(late)
    watch.schedule(soon)
    time.pass_to(20)
    assert (soon.expired, late.expired) == ([2], [10])
    assert len(time.timers) == 3


def test_one_that_was_put_off_expires_at_its_new_time() -> None:
    time = Time()
    watch, thing = time.watch(), Thing(time, 5)
    watch.schedule(thing)
    for moment in (4, 8, 12):
        time.pass_to(moment)
        thing.due = moment + 5
        watch.schedule(thing)
    time.pass_to(100)
    assert thing.expired == [17]
    assert len(time.timers) <= 4


def test_what_is_due_soon_one_after_the_other_is_looked_through_a_few_times_only() -> None:
    time = Time()
    watch, things = time.watch(), [Thing(time, 1 + number * 1e-5) for number in range(1000)]
    for thing in things:
        watch.schedule(thing)
    time.pass_to(2)
    assert all(thing.due <= thing.expired[0] <= thing.due + 0.004 for thing in things)
    assert len(time.timers) < 20


def test_one_that_is_discarded_by_another_thread_while_it_rings_stops_nothing() -> None:
    time = Time()
    watch = time.watch()

    class Discarding(Thing):
        @property
        def due(self) -> float:
            watch.discard(other)
            return 1.0

        @due.setter
        def due(self, moment: float) -> None: ...

    other, late = Thing(time, 1), Thing(time, 3)
    for thing in (late, other, Discarding(time, 1)):
        watch.schedule(thing)
    time.pass_to(5)
    assert late.expired == [3]


def test_at_rest_it_has_no_timer_and_begins_anew() -> None:
    time = Time()
    watch, thing = time.watch(), Thing(time, 5)
    watch.schedule(thing)
    watch.stop_if_idle()
    assert len(time.pending) == 1
    watch.discard(thing)
    watch.stop_if_idle()
    assert time.pending == []
    watch.schedule(thing)
    time.pass_to(10)
    assert thing.expired == [5]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 9), st.integers(1, 30)),
        st.tuples(st.just("discard"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("pass"), st.just(0), st.integers(1, 20)),
    ),
    max_size=60,
)


@given(STEPS)
def test_each_expires_once_when_it_is_due_and_never_otherwise(steps: list[tuple[str, int, int]]) -> None:
    time = Time()
    watch, things, expected = (
        time.watch(),
        [Thing(time, 0) for _ in range(10)],
        [list[float]() for _ in range(10)],
    )
    due: dict[int, float] = {}
    for step, which, amount in steps:
        if step == "add":
            things[which].due = due[which] = time.seconds + amount
            watch.schedule(things[which])
        elif step == "discard":
            due.pop(which, None)
            watch.discard(things[which])
        else:
            end = time.seconds + amount
            for number in [number for number, moment in due.items() if moment <= end]:
                expected[number].append(due.pop(number))
            time.pass_to(end)
        assert len(time.pending) <= 1
    assert [thing.expired for thing in things] == expected


# A deadline


async def wait(watch: TimeoutScheduler, due: float, future: asyncio.Future[str]) -> str:
    with DeadlineScope(watch, due):
        return await future


async def test_a_deadline_ends_in_a_timeout_error() -> None:
    time = Time()
    waiting = asyncio.create_task(wait(time.watch(), 1, asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    time.pass_to(1)
    with pytest.raises(TimeoutError):
        await waiting
    assert waiting.cancelling() == 0


async def test_what_is_done_in_time_is_let_be() -> None:
    time, future = Time(), asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(wait(time.watch(), 1, future))
    await asyncio.sleep(0)
    future.set_result("done")
    assert await waiting == "done"
    time.pass_to(10)
    await asyncio.sleep(0)
    assert not waiting.cancelled()


async def test_a_cancellation_by_the_caller_stays_one_even_when_it_is_due() -> None:
    time = Time()
    waiting = asyncio.create_task(wait(time.watch(), 1, asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    waiting.cancel()
    time.pass_to(1)
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_inner_of_two_deadlines_is_the_one_that_ends() -> None:
    time = Time()
    watch = time.watch()

    async def twice() -> str:
        with DeadlineScope(watch, 5):
            try:
                return await wait(watch, 1, asyncio.get_running_loop().create_future())
            except TimeoutError:
                return "the inner one"

    waiting = asyncio.create_task(twice())
    await asyncio.sleep(0)
    time.pass_to(1)
    assert await waiting == "the inner one"


# On real sockets


class Counting(asyncio.SelectorEventLoop):
    """Counts the timers that are made on it."""

    made = 0

    def call_at(self, *args: Any, **context: Any) -> asyncio.TimerHandle:
        self.made += 1
        return super().call_at(*args, **context)


def test_calls_one_after_the_other_make_no_timer_each() -> None:
    async def calls() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Counting)
        async with Sandbox("alloy") as sandbox, AsyncAlloy("key", base_url=sandbox.url) as client:
            await client.get_a_user(ADA)
            before = loop.made
            for _ in range(50):
                await client.get_a_user(ADA)
            return loop.made - before

    with asyncio.Runner(loop_factory=Counting) as runner:
        assert runner.run(calls()) < 10


@pytest.mark.parametrize("own_session", [False, True])
def test_a_closed_client_leaves_no_timer(own_session: bool) -> None:
    async def call() -> list[asyncio.TimerHandle]:
        async with Sandbox("alloy") as sandbox, aiohttp.ClientSession() as session:
            options: dict[str, Any] = {"session": session} if own_session else {}
            async with AsyncAlloy("key", base_url=sandbox.url, deadline=3600, **options) as client:
                await client.get_a_user(ADA)
        loop: Any = asyncio.get_running_loop()
        return [
            timer for timer in loop._scheduled if not timer.cancelled() and "TimeoutScheduler" in repr(timer)
        ]

    with asyncio.Runner(loop_factory=Counting) as runner:
        assert runner.run(call()) == []


async def test_the_read_timeout_is_between_two_pieces() -> None:
    sent = 0

    async def trickling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        for piece in [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"{", b" ", b" ", b" "]:
            writer.write(piece)
            await asyncio.sleep(0.35)
            sent += 1
        await reader.read()
        writer.close()

    async with await asyncio.start_server(trickling, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        once = Retry(attempts=1)
        async with AsyncAlloy("key", base_url=url, timeout=Timeout(read=1.5), retry=once) as client:
            with pytest.raises(RequestTimeout, match=r"sent nothing for 1\.5 s") as raised:
                await client.send(GET)
    assert (raised.value.phase, raised.value.effect, raised.value.status) == ("read", "applied", 200)
    assert sent == 5


async def test_a_kept_connection_that_rests_longer_than_the_read_timeout_is_used_again() -> None:
    async with Scripted(reply(), reply()) as service:
        client = AsyncAlloy("key", base_url=service.url, timeout=Timeout(read=1.5))
        await client.send(GET)
        await asyncio.sleep(1.6)
        await client.send(GET)
        await client.aclose()
    assert service.connections == 1
