"""What goes wrong on command, seen from the other end of the socket."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Callable

import pytest

from alloy_async.sandbox import (
    Close,
    ContentType,
    Delay,
    Fault,
    Hang,
    Malformed,
    Reset,
    Sandbox,
    Status,
    Trickle,
    Truncated,
)
from alloy_async.sandbox.fault_kinds import FaultBehaviour
from alloy_async.sandbox.faults import Faults

from ..waiting import wait_until


async def send(sandbox: Sandbox, username: str = "ada") -> bytes:
    """Create a user over a socket of our own; everything that comes back, up to the end."""
    port = int(sandbox.url.split(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        body = json.dumps({"username": username}).encode()
        writer.write(
            b"POST /2024-03/users/ HTTP/1.1\r\nHost: x\r\nAuthorization: bearer key\r\n"
            b"Connection: close\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.transport.abort()


def head_and_body(answer: bytes) -> tuple[str, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body


def created(sandbox: Sandbox) -> int:
    return sandbox.ledger.count("create_a_user", "ada", "created")


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_reset_is_a_reset(sandbox: Sandbox, after_effect: bool) -> None:
    sandbox.faults.add(Fault(Reset(after_effect)))
    with pytest.raises(ConnectionResetError):
        await send(sandbox)
    assert created(sandbox) == after_effect
    (request,) = sandbox.requests
    assert (request.operation, request.status, request.committed) == ("create_a_user", None, after_effect)


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_close_sends_nothing(sandbox: Sandbox, after_effect: bool) -> None:
    sandbox.faults.add(Fault(Close(after_effect)))
    assert await send(sandbox) == b""
    assert created(sandbox) == after_effect


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_status_stands_for_the_answer(sandbox: Sandbox, after_effect: bool) -> None:
    kind = Status(503, {"message": "busy"}, {"Retry-After": "2"}, after_effect)
    sandbox.faults.add(Fault(kind))
    head, body = head_and_body(await send(sandbox))
    assert head.startswith("HTTP/1.1 503 ")
    assert "Retry-After: 2" in head
    assert body == b'{"message":"busy"}'
    assert created(sandbox) == after_effect
    assert sandbox.requests[0].status == 503


@pytest.mark.parametrize("with_reset", [False, True])
async def test_a_truncated_body_is_shorter_than_promised(sandbox: Sandbox, with_reset: bool) -> None:
    sandbox.faults.add(Fault(Truncated(with_reset)))
    if with_reset:
        with pytest.raises(ConnectionResetError):
            await send(sandbox)
    else:
        head, body = head_and_body(await send(sandbox))
        assert "Content-Length: 37" in head
        assert len(body) == 18
    assert created(sandbox) == 1
    assert sandbox.requests[0].status == 200


async def test_a_malformed_body_is_complete_but_no_json(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Malformed()))
    head, body = head_and_body(await send(sandbox))
    assert f"Content-Length: {len(body)}" in head
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert created(sandbox) == 1


async def test_a_wrong_content_type_comes_with_its_body(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(ContentType()))
    head, body = head_and_body(await send(sandbox))
    assert head.startswith("HTTP/1.1 200 ")
    assert "Content-Type: text/html" in head
    assert body.startswith(b"<html>")


async def test_a_trickle_arrives_whole_and_late(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Trickle(0.001)))
    start = asyncio.get_running_loop().time()
    head, body = head_and_body(await send(sandbox))
    assert asyncio.get_running_loop().time() - start > 0.037
    assert "Content-Length: 37" in head
    assert set(json.loads(body)) == {"userId"}


async def test_a_delayed_request_is_carried_out_without_its_client(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Delay(0.3)))
    waiting = asyncio.create_task(send(sandbox))
    await wait_until(lambda: len(sandbox.requests) == 1)
    assert created(sandbox) == 0
    waiting.cancel()
    await wait_until(lambda: created(sandbox) == 1)


async def test_a_delay_after_the_effect_holds_back_the_answer_alone(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Delay(0.3, after_effect=True)))
    waiting = asyncio.create_task(send(sandbox))
    await wait_until(lambda: created(sandbox) == 1)
    assert not waiting.done()
    assert (await waiting).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_hanging_request_ends_with_the_sandbox(after_effect: bool) -> None:
    async with Sandbox("alloy") as sandbox:
        sandbox.faults.add(Fault(Hang(after_effect)))
        waiting = asyncio.create_task(send(sandbox))
        await wait_until(lambda: len(sandbox.requests) == 1 and created(sandbox) == after_effect)
        assert not waiting.done()
    assert await waiting == b""
    assert created(sandbox) == after_effect


async def test_faults_may_be_combined(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Delay(0.02)), Fault(Trickle(0)), Fault(Truncated()))
    assert len(head_and_body(await send(sandbox))[1]) == 18


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for Windows")
def test_a_reset_is_a_reset_on_uvloop_too() -> None:
    uvloop = pytest.importorskip("uvloop", reason="the extra `speed` is not installed")

    async def story() -> None:
        async with Sandbox("alloy") as sandbox:
            sandbox.faults.add(Fault(Reset(after_effect=True)))
            with pytest.raises(ConnectionResetError):
                await send(sandbox)
            assert created(sandbox) == 1

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())


def hits(fault: Fault, operations: list[str]) -> list[bool]:
    faults = Faults(random.Random(0), "abc")
    faults.add(fault)
    return [bool(faults.choose_faults(operation)) for operation in operations]


KIND: FaultBehaviour = Reset()


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        (Fault(KIND), [1, 0, 0, 0, 0]),
        (Fault(KIND, "b"), [0, 1, 0, 0, 0]),
        (Fault(KIND, nth=3), [0, 0, 1, 0, 0]),
        (Fault(KIND, "a", nth=2), [0, 0, 1, 0, 0]),
        (Fault(KIND, times=2), [1, 1, 0, 0, 0]),
        (Fault(KIND, "a", nth=2, times=None), [0, 0, 1, 0, 1]),
        (Fault(KIND, probability=1e-12), [0, 0, 0, 0, 0]),
        (Fault(KIND, "c"), [0, 0, 0, 0, 0]),
    ],
)
def test_a_rule_hits_what_it_names(fault: Fault, hit: list[int]) -> None:
    assert hits(fault, ["a", "b", "a", "b", "a"]) == [bool(one) for one in hit]


def test_chance_is_repeatable_and_fair() -> None:
    fault = Fault(KIND, times=None, probability=0.25)
    first = hits(fault, ["a"] * 2000)
    assert first == hits(fault, ["a"] * 2000)
    assert 400 < sum(first) < 600


async def test_requests_that_are_refused_do_not_use_up_a_fault(sandbox: Sandbox) -> None:
    sandbox.keys = {"another"}
    sandbox.faults.add(Fault(Status(500)))
    assert (await send(sandbox)).startswith(b"HTTP/1.1 401 ")
    sandbox.keys = {"key"}
    assert (await send(sandbox)).startswith(b"HTTP/1.1 500 ")
    sandbox.faults.add(Fault(Status(500)))
    sandbox.faults.clear()
    assert (await send(sandbox)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Status("500"), "status is a whole number"),  # type: ignore[arg-type]
        (lambda: Status(5), "status is a whole number"),
        (lambda: Delay(-1), "seconds is a number"),
        (lambda: Trickle(float("inf")), "seconds is a number"),
        (lambda: Fault(Reset), "kind is what goes wrong"),  # type: ignore[arg-type]
        (lambda: Fault(KIND, nth=0), "nth counts from 1"),
        (lambda: Fault(KIND, times=0), "times is at least 1"),
        (lambda: Fault(KIND, probability=5), "probability is above 0"),
        (lambda: Fault(KIND, probability=0), "probability is above 0"),
    ],
)
def test_a_rule_that_could_never_hit_is_refused(make: Callable[[], object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make()


async def test_an_unknown_operation_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(
        ValueError, match=r"there is no operation 'create_user'; did you mean 'create_a_user'\?"
    ):
        sandbox.faults.add(Fault(Reset(), "create_user"))


async def test_rules_that_hit_nothing_are_told(sandbox: Sandbox) -> None:
    met, unmet = Fault(Status(500)), Fault(Status(500), "delete_a_user")
    sandbox.faults.add(met, unmet)
    await send(sandbox)
    assert sandbox.faults.unhit == [unmet]
