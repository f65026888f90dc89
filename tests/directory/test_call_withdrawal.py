"""What of a piece of work may have happened, and who may still withdraw it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal, TypeAlias

import pytest

from alloy_async.core.errors import ConnectError, RateLimited
from alloy_async.core.http.outgoing_request import OutgoingRequest, RequestHead
from alloy_async.directory.call_withdrawal import CallWithdrawn, WithdrawableCall, get_current_call
from alloy_async.smooch.operations import GetAppUser, PreCreateAppUser

Step: TypeAlias = Literal["asks", "begins", "leaves", "is refused", "question fails"]
ASKING = GetAppUser("app", "ada")
CHANGING = PreCreateAppUser("app", {"user_id": "ada"})  # type: ignore[arg-type]


def take(work: WithdrawableCall, steps: Sequence[Step]) -> None:
    """Follow requests that fare like this."""
    request = OutgoingRequest(RequestHead("POST", "", {}), "/", None)
    for step in steps:
        match step:
            case "asks":
                asked = OutgoingRequest(RequestHead("GET", "", {}), "/", None)
                work.follow(ASKING, asked)
                asked.written = True
            case "begins":
                request = OutgoingRequest(RequestHead("POST", "", {}), "/", None)
                work.follow(CHANGING, request)
            case "leaves":
                request.written = True
            case "is refused":
                work.note_failure(CHANGING, RateLimited("429", effect="none"))
            case "question fails":
                work.note_failure(ASKING, ConnectError("away", effect="none"))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), False),
        (("asks",), False),
        (("begins",), False),
        (("begins", "leaves"), True),
        (("begins", "leaves", "is refused"), False),
        (("begins", "leaves", "is refused", "begins"), False),
        (("begins", "leaves", "is refused", "begins", "leaves"), True),
        (("begins", "leaves", "begins", "is refused"), True),
        (("begins", "leaves", "asks", "question fails"), True),
        (("begins", "asks", "leaves"), True),
        (("begins", "begins"), True),  # two at once: of the first one nobody knows any more
    ],
)
def test_what_may_have_happened(steps: Sequence[Step], expected: bool) -> None:
    work = WithdrawableCall()
    take(work, steps)
    assert work.may_have_acted is expected


async def test_what_has_not_left_is_withdrawn_and_the_task_goes_on() -> None:
    work = WithdrawableCall()
    running = asyncio.create_task(work.run(asyncio.Event().wait))
    await asyncio.sleep(0)
    work.withdraw()
    work.withdraw()  # again and again
    with pytest.raises(CallWithdrawn):
        await running
    assert not running.cancelling()


async def test_what_has_left_runs_to_its_end() -> None:
    work, answered = WithdrawableCall(), asyncio.Event()
    running = asyncio.create_task(work.run(answered.wait))
    await asyncio.sleep(0)
    take(work, ["begins", "leaves"])
    work.withdraw()
    answered.set()
    assert await running is True


async def test_work_that_nobody_can_follow_runs_to_its_end() -> None:
    work, answered = WithdrawableCall(is_followed=False), asyncio.Event()
    running = asyncio.create_task(work.run(answered.wait))
    await asyncio.sleep(0)
    work.withdraw()
    answered.set()
    assert await running is True


async def test_who_cancels_the_task_is_heard_also_while_it_is_withdrawn() -> None:
    work = WithdrawableCall()
    running = asyncio.create_task(work.run(asyncio.Event().wait))
    await asyncio.sleep(0)
    work.withdraw()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert running.cancelled()


async def test_parts_are_withdrawn_one_by_one_once_one_of_them_may_have_acted() -> None:
    work, answered = WithdrawableCall(), asyncio.Event()

    async def divide() -> list[object]:
        assert get_current_call() is work
        work.parts |= {"ada": WithdrawableCall(), "ben": WithdrawableCall()}
        parts = [part.run(answered.wait) for part in work.parts.values()]
        return await asyncio.gather(*parts, return_exceptions=True)

    running = asyncio.create_task(work.run(divide))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    take(work.parts["ada"], ["begins", "leaves"])
    work.withdraw()
    answered.set()
    ada, ben = await running
    assert ada is True
    assert isinstance(ben, CallWithdrawn)
