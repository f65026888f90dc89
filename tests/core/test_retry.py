"""Promise 1: no retry makes a thing happen twice. The retry table cell by cell, with the sandbox's ledger as judge."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from alloy_async import (
    Alloy,
    AlloyAsyncError,
    AsyncAlloy,
    AsyncClient,
    BadRequest,
    ConnectError,
    ConnectionLost,
    DecodeError,
    Effect,
    NotFound,
    RateLimited,
    Redirected,
    RequestTimeout,
    Retry,
    RetryEvent,
    ServerError,
    StatusError,
    Timeout,
)
from alloy_async.sandbox import Close, ContentType, Fault, Hang, Malformed, Reset, Sandbox, Status, Truncated
from alloy_async.testing import FakeClock

from . import server
from .calls import CALLS, DELETE, LOCAL, PATCH
from .server import Cut, Reply, Scripted, closed_port, reply

COME_AGAIN = {"Retry-After": "3"}


class Row(NamedTuple):
    """What happens, and what is to follow from it."""

    kind: Any
    error: type[AlloyAsyncError]
    effect: Effect
    again: Literal["yes", "if idempotent", "no"]

    def repeats(self, verb: str) -> bool:
        return self.again == "yes" or (self.again == "if idempotent" and verb in ("GET", "PUT", "DELETE"))


TABLE = {
    "reset before the commit": Row(Reset(), ConnectionLost, "unknown", "if idempotent"),
    "reset after the commit": Row(Reset(after_effect=True), ConnectionLost, "unknown", "if idempotent"),
    "close before the commit": Row(Close(), ConnectionLost, "unknown", "if idempotent"),
    "close after the commit": Row(Close(after_effect=True), ConnectionLost, "unknown", "if idempotent"),
    "hang before the commit": Row(Hang(), RequestTimeout, "unknown", "if idempotent"),
    "hang after the commit": Row(Hang(after_effect=True), RequestTimeout, "unknown", "if idempotent"),
    "429": Row(Status(429), RateLimited, "none", "yes"),
    "429 with Retry-After": Row(Status(429, headers=COME_AGAIN), RateLimited, "none", "yes"),
    "503 with Retry-After": Row(Status(503, headers=COME_AGAIN), ServerError, "none", "yes"),
    "408": Row(Status(408), StatusError, "none", "yes"),
    "425": Row(Status(425), StatusError, "none", "yes"),
    "500": Row(Status(500), ServerError, "unknown", "if idempotent"),
    "500 after the commit": Row(Status(500, after_effect=True), ServerError, "unknown", "if idempotent"),
    "502 after the commit": Row(Status(502, after_effect=True), ServerError, "unknown", "if idempotent"),
    "503": Row(Status(503), ServerError, "unknown", "if idempotent"),
    "504 with Retry-After": Row(Status(504, headers=COME_AGAIN), ServerError, "unknown", "if idempotent"),
    "501": Row(Status(501), ServerError, "unknown", "no"),
    "400": Row(Status(400), BadRequest, "none", "no"),
    "404": Row(Status(404), NotFound, "none", "no"),
    "418 with Retry-After": Row(Status(418, headers=COME_AGAIN), StatusError, "none", "no"),
    "301": Row(Status(301, headers={"Location": "/elsewhere"}), Redirected, "none", "no"),
    "304": Row(Status(304), Redirected, "none", "no"),
    "truncated body": Row(Truncated(), ConnectionLost, "applied", "no"),
    "truncated body and reset": Row(Truncated(reset=True), ConnectionLost, "applied", "no"),
    "malformed body": Row(Malformed(), DecodeError, "applied", "no"),
    "HTML for JSON": Row(ContentType(), DecodeError, "applied", "no"),
}
COMMITTED_FIRST = {name for name, row in TABLE.items() if row.effect == "unknown" and row.kind.after_effect}
RETRY = Retry(attempts=3)


def choose_timeout(kind: Any, *, answers_later: bool) -> Timeout:
    """Choose how long to wait: not for what never comes, and long enough for a server that is slow, as on a busy machine."""
    if not isinstance(kind, Hang):
        return Timeout(read=30)
    return Timeout(read=2 if answers_later else 0.2)


def judge(sandbox: Sandbox, verb: str, error: AlloyAsyncError | None) -> None:
    """What the client believes, against what happened."""
    done = sandbox.ledger.count(CALLS[verb].name)
    assert done <= 1 or verb == "PUT", "it happened twice"
    if verb == "GET":
        return
    if error is None or error.effect == "applied":
        assert done, "the client believes that it was done"
    elif error.effect == "none":
        assert not done, "the client believes that nothing was done"


@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize("name", TABLE)
async def test_one_fault(name: str, verb: str, sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    row, retries = TABLE[name], list[RetryEvent]()
    sandbox.faults.add(Fault(row.kind))
    timeout = choose_timeout(row.kind, answers_later=row.repeats(verb))
    client = alloy.with_options(retry=RETRY, timeout=timeout, on_retry=retries.append)
    error = None
    try:
        await client.send(CALLS[verb])
    except AlloyAsyncError as raised:
        error = raised
    judge(sandbox, verb, error)
    assert len(sandbox.requests) == (2 if row.repeats(verb) else 1)
    if row.repeats(verb):
        [retry] = retries
        assert (type(retry.error), retry.error.effect, retry.attempt) == (row.error, row.effect, 1)
        if verb == "DELETE" and name in COMMITTED_FIRST:
            assert isinstance(error, NotFound)
            assert (error.effect, error.attempts) == ("unknown", 2)
        else:
            assert error is None
    else:
        assert retries == []
        assert type(error) is row.error
        assert (error.effect, error.attempts, error.operation) == (row.effect, 1, CALLS[verb].name)


@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize("name", TABLE)
async def test_a_fault_that_stays(name: str, verb: str, sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    row = TABLE[name]
    sandbox.faults.add(Fault(row.kind, times=None))
    timeout = choose_timeout(row.kind, answers_later=False)
    with pytest.raises(row.error) as raised:
        await alloy.with_options(retry=RETRY, timeout=timeout).send(CALLS[verb])
    judge(sandbox, verb, raised.value)
    attempts = RETRY.attempts if row.repeats(verb) else 1
    assert (raised.value.effect, raised.value.attempts) == (row.effect, attempts)
    assert len(sandbox.requests) == attempts


def on_the_wire(kind: Any) -> Reply:
    """The same fault, of a server without a contract."""
    match kind:
        case Reset():
            return server.Reset()
        case Close():
            return Cut()
        case Hang():
            return server.Hang()
        case Status():
            return reply(kind.status, b"", **{k.replace("-", "_"): v for k, v in kind.headers.items()})
        case Truncated():
            return Cut(reply(200, b'{"userId": "1"}')[:-4])
        case Malformed():
            return reply(200, b'{"userId": ')
        case _:
            return reply(200, b"<html></html>", Content_Type="text/html")


@pytest.mark.parametrize("name", TABLE)
async def test_patch_is_not_idempotent(name: str, clock: FakeClock) -> None:
    row = TABLE[name]
    script = [on_the_wire(row.kind), reply(200, {"userId": "1"})]
    timeout = choose_timeout(row.kind, answers_later=False)
    async with (
        Scripted(*script) as service,
        AsyncClient("key", system=LOCAL, base_url=service.url, clock=clock, timeout=timeout) as client,
    ):
        if row.repeats("PATCH"):
            assert (await client.send(PATCH)).user_id == "1"
        else:
            with pytest.raises(row.error) as raised:
                await client.send(PATCH)
            assert (raised.value.effect, raised.value.attempts) == (row.effect, 1)
        assert len(service.arrived) == (2 if row.repeats("PATCH") else 1)


NO_CONNECTION = {
    "refused": lambda url: {"base_url": f"http://127.0.0.1:{closed_port()}"},
    "TLS to a plain port": lambda url: {"base_url": url.replace("http:", "https:")},
    "proxy refused": lambda url: {"base_url": url, "proxy": f"http://127.0.0.1:{closed_port()}"},
}


@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize("reason", NO_CONNECTION)
async def test_no_connection_has_no_effect(
    reason: str, verb: str, sandbox: Sandbox, clock: FakeClock
) -> None:
    where = NO_CONNECTION[reason](sandbox.url)
    async with AsyncAlloy("key", clock=clock, retry=RETRY, **where) as client:
        with pytest.raises(ConnectError) as raised:
            await client.send(CALLS[verb])
    assert (raised.value.effect, raised.value.attempts) == ("none", 3)
    assert not sandbox.requests


async def test_a_call_survives_the_death_of_a_kept_connection(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    """A kept connection that the server closes while idle costs a POST nothing, and is never a hidden second request."""
    for number in range(3):
        await alloy.create_a_user(f"user {number}")
        sandbox.faults.add(Fault(Close(after_effect=True), "get_a_user"))
        await alloy.get_a_user(f"user {number}")
    assert sandbox.ledger.count("create_a_user") == 3
    assert len(sandbox.requests) == 9


EFFECTS_OVER_ATTEMPTS: list[tuple[str, list[Any], type[AlloyAsyncError], Effect]] = [
    ("DELETE", [Reset(after_effect=True)], NotFound, "unknown"),
    ("DELETE", [Status(502, after_effect=True)], NotFound, "unknown"),
    ("PUT", [Status(500), Status(400)], BadRequest, "unknown"),
    ("PUT", [Status(429), Status(400)], BadRequest, "none"),
    ("PUT", [Reset(), Status(429), Truncated()], ConnectionLost, "applied"),
    ("POST", [Status(429), Reset()], ConnectionLost, "unknown"),
    ("POST", [Status(503, headers=COME_AGAIN), Status(429), Status(404)], NotFound, "none"),
    ("POST", [Status(408), Status(504, after_effect=True)], ServerError, "unknown"),
]


@pytest.mark.parametrize(("verb", "kinds", "cls", "effect"), EFFECTS_OVER_ATTEMPTS)
async def test_effects_add_up_over_attempts(
    verb: str,
    kinds: list[Any],
    cls: type[AlloyAsyncError],
    effect: Effect,
    sandbox: Sandbox,
    alloy: AsyncAlloy,
) -> None:
    for nth, kind in enumerate(kinds, 1):
        sandbox.faults.add(Fault(kind, nth=nth))
    with pytest.raises(cls) as raised:
        await alloy.send(CALLS[verb])
    assert raised.value.effect == effect
    assert raised.value.attempts == len(sandbox.requests) == len(kinds) + (verb == "DELETE")
    judge(sandbox, verb, raised.value)


def test_any_row_of_faults_keeps_the_promise() -> None:
    rows = [row.kind for row in TABLE.values() if not isinstance(row.kind, Hang)]
    with Sandbox("alloy", keys=None) as sandbox:

        @settings(max_examples=150)
        @given(
            st.sampled_from(sorted(CALLS)),
            st.lists(st.sampled_from(rows), max_size=6),
            st.integers(1, 5),
            st.uuids(),
        )
        def check(verb: str, kinds: list[Any], attempts: int, key: Any) -> None:
            sandbox.reset()
            for nth, kind in enumerate(kinds, 1):
                sandbox.faults.add(Fault(kind, nth=nth))
            with Alloy(
                key.hex, base_url=sandbox.url, clock=FakeClock(), retry=Retry(attempts=attempts)
            ) as client:
                error = None
                try:
                    client.send(CALLS[verb])
                except AlloyAsyncError as raised:
                    error = raised
            judge(sandbox, verb, error)
            assert 1 <= len(sandbox.requests) <= attempts
            if error is not None:
                assert error.attempts == len(sandbox.requests)

        check()


async def test_an_operation_may_say_that_it_is_idempotent(clock: FakeClock) -> None:
    class SafeRename(type(PATCH)):  # type: ignore[misc]
        idempotent = True

    async with (
        Scripted(server.Reset(), reply(502), reply(200, {})) as service,
        AsyncClient("key", system=LOCAL, base_url=service.url, clock=clock) as client,
    ):
        await client.send(SafeRename("ada"))
        assert len(service.arrived) == 3


async def test_one_attempt_switches_retrying_off(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Status(429)))
    with pytest.raises(RateLimited):
        await alloy.with_options(retry=Retry(attempts=1)).send(DELETE)
    assert len(sandbox.requests) == 1
