"""A system, or a proxy before it, that answers with somebody else's record: nothing is done to that one, nor claimed."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alloy_async import AsyncAlloy
from alloy_async.alloy.directory import AlloyDirectory
from alloy_async.core.errors import AlloyAsyncError, DecodeError
from alloy_async.directory import UserRecord
from alloy_async.directory.adapter import Adapter
from alloy_async.directory.user_differences import refuse_answer_about_another
from alloy_async.sandbox import Fault, Sandbox, Status
from alloy_async.sandbox.fault_kinds import FaultableConnection
from alloy_async.sandbox.messages import Reply

from .cases import Case

READS = {
    "alloy": ("get_a_user",),
    "alsid": ("api_users_get",),
    "opendatasoft": ("get_user",),
    "smooch": ("get_app_user",),
    "agilicus": ("get_user",),
}


class MixedUp:
    """Answers all requests as it answered the first, which are carried out all the same."""

    after_effect = True

    def __init__(self) -> None:
        self.first: Reply | None = None
        self.played = 0

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        assert reply is not None
        self.played += 1
        self.first = self.first or reply
        return self.first


async def find_by_listing(directory: Adapter[Any], key: str) -> UserRecord | None:
    if "list" not in directory.capabilities.abilities:
        return await directory.find(key)
    users = [user async for user in directory.list()]
    return next((user for user in users if directory.get_key(user) == key), None)


async def test_a_creation_that_is_answered_with_another_user(
    case: Case, sandbox: Sandbox, directory: Adapter[Any]
) -> None:
    if case.system == "alloy":
        pytest.skip("its answer names only those who were refused")
    fault = MixedUp()
    sandbox.faults.add(Fault(fault, case.create, times=None))
    bob, ada = case.person("bob"), case.person("ada")
    await directory.create([attrs.evolve(bob, roles=())])
    before = await find_by_listing(directory, case.key("bob"))
    assert before is not None
    try:
        (outcome,) = await directory.create([ada])
    except AlloyAsyncError as error:
        assert error.effect != "none"  # noqa: PT017 (it need not raise)
    else:
        assert outcome.status in ("unknown", "created")
        assert outcome.remote_id != before.remote_id
    assert fault.played == 2
    assert await find_by_listing(directory, case.key("bob")) == before, "Ada's roles were given to Bob"


async def test_a_question_that_is_answered_with_another_user(
    case: Case, sandbox: Sandbox, directory: Adapter[Any]
) -> None:
    await directory.create([case.person("bob"), case.person("ada")])
    bob, ada = [await directory.find(case.key(name)) for name in ("bob", "ada")]
    assert bob is not None
    assert ada is not None
    fault = MixedUp()
    for name in READS[case.system]:
        sandbox.faults.add(Fault(fault, name, times=None))
    await directory.find(bob.remote_id or "")
    first = len(sandbox.ledger)
    claims = []
    changed = attrs.evolve(ada, family_name="Changed", full_name="Ada Changed", password=None)
    for work in (
        lambda: directory.update([changed]),
        *(
            lambda step=step: directory.offboard(step, [ada.remote_id])
            for step in directory.capabilities.offboarding
        ),
        lambda: directory.delete([ada.remote_id]),
    ):
        try:
            claims += [outcome.status for outcome in await work()]
        except AlloyAsyncError as error:
            claims.append(f"raised {error.effect}")
    sandbox.faults.clear()
    assert await directory.find(case.key("bob")) == bob, "what was meant for Ada was done to Bob"
    if not [*sandbox.ledger][first:]:
        assert not {"done", "deleted", "updated", "unknown"} & {*claims}, "surely nothing was done"
    elif "deleted" in claims or "done" in claims:
        assert await directory.find(case.key("ada")) is None


async def test_a_look_up_that_is_answered_with_another_user_is_not_nobody(
    case: Case, sandbox: Sandbox, directory: Adapter[Any]
) -> None:
    if case.system == "alsid":
        pytest.skip("it answers with all users")
    await directory.create([case.person("bob"), case.person("ada")])
    bob, ada = [await directory.find(case.key(name)) for name in ("bob", "ada")]
    assert bob is not None
    assert ada is not None
    fault = MixedUp()
    sandbox.faults.add(Fault(fault, READS[case.system][0], times=None))
    await directory.find(bob.remote_id or "")
    with pytest.raises(DecodeError, match="the answer is about another user"):
        await directory.find(ada.remote_id or "")


def test_an_answer_that_tells_a_new_id_only_is_one() -> None:
    refuse_answer_about_another(["ada"], [None], "5f3c")
    with pytest.raises(DecodeError, match="'bob'"):
        refuse_answer_about_another(["ada"], ["bob"], "5f3c")


@pytest.mark.parametrize("body", [{}, {"error": "try again"}])
async def test_an_error_with_status_200_is_neither_a_user_nor_nobody(
    case: Case, sandbox: Sandbox, directory: Adapter[Any], body: dict[str, Any]
) -> None:
    await directory.create([case.person("bob")])
    bob = await directory.find(case.key("bob"))
    assert bob is not None
    for name in READS[case.system]:
        sandbox.faults.add(Fault(Status(200, body=body), name, times=None))
    with pytest.raises(DecodeError):
        await directory.find(bob.remote_id or "")
    sandbox.faults.clear()
    sandbox.faults.add(Fault(Status(200, body=body), case.create, times=None))
    try:
        (outcome,) = await directory.create([attrs.evolve(case.person("ada"), roles=())])
    except AlloyAsyncError as error:
        assert error.effect != "none"  # noqa: PT017 (it need not raise)
    else:
        assert outcome.status == "unknown"
    assert await find_by_listing(directory, case.key("ada")) is None


@pytest.mark.parametrize(
    ("meant", "answered", "fits"),
    [
        (["ada"], ["ADA"], True),
        (["ada", "ada@x.org"], ["x7", "ada@x.org"], True),
        (["ada"], [None, ""], False),
        ([None, ""], ["bob"], True),
        (["ada"], [], False),
        (["ada"], ["bob"], False),
        (["ada", "ada@x.org"], ["bob", "bob@x.org"], False),
        (["zoë"], ["zoe\u0308"], True),
    ],
)
def test_whom_an_answer_is_about(meant: list[str | None], answered: list[str | None], fits: bool) -> None:
    if fits:
        refuse_answer_about_another(meant, answered)
    else:
        words = "about another user, 'bob'" if any(answered) else "does not tell whom it is about"
        with pytest.raises(DecodeError, match=words):
            refuse_answer_about_another(meant, answered)


@pytest.mark.parametrize("body", [{}, {"error": "quota exceeded"}, {"data": []}])
async def test_an_answer_that_tells_nothing_of_a_batch_proves_no_creation(body: dict[str, Any]) -> None:
    async with (
        Sandbox("alloy", seed_users=0) as sandbox,
        AsyncAlloy(api_key="key", base_url=sandbox.url) as client,
    ):
        sandbox.faults.add(Fault(Status(200, body=body), "batch_create_users"))
        directory = AlloyDirectory(client)
        people = [UserRecord(username=name) for name in ("ada", "bob")]
        assert {one.status for one in await directory.create(people)} == {"unknown"}
        assert len(sandbox.ledger) == 0
        assert {one.status for one in await directory.create(people)} == {"created"}
