"""One user is created for sure, or it is said why not: over all directories and ways to lose an answer."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alloy_async.directory import SyncDirectory, create_once
from alloy_async.directory.adapter import Adapter
from alloy_async.sandbox import Fault, Reset, Sandbox, Status

from .cases import CASES, Case
from .conftest import QUICK


@pytest.mark.parametrize(
    "lost", [Status(502, after_effect=True), Reset(after_effect=True)], ids=["502", "reset"]
)
async def test_a_lost_answer_is_one_user_and_one_success(
    case: Case, sandbox: Sandbox, directory: Adapter[Any], lost: Any
) -> None:
    sandbox.faults.add(Fault(lost, case.create, times=1))
    outcome = await directory.create_once(case.person("ada"))
    assert outcome.status == "created", outcome
    assert sandbox.ledger.count(what="created") == 1


async def test_what_was_not_carried_out_is_sent_again_where_that_is_safe(
    case: Case, sandbox: Sandbox, directory: Adapter[Any]
) -> None:
    sandbox.faults.add(Fault(Status(502), case.create, times=1))
    outcome = await directory.create_once(case.person("ada"))
    unique = directory.capabilities.key_is_unique
    assert outcome.status == ("created" if unique else "unknown")
    assert sandbox.ledger.count(what="created") == int(unique)


async def test_a_user_of_somebody_else_is_not_adopted(
    case: Case, sandbox: Sandbox, directory: Adapter[Any]
) -> None:
    other = attrs.evolve(case.person("ada"), family_name="Other", full_name="Ada Other")
    await directory.create([other])
    sandbox.faults.add(Fault(Status(502), case.create, times=1))
    outcome = await create_once(directory, case.person("ada"))
    assert outcome.status == "exists", outcome
    assert sandbox.ledger.count(what="created") == 1
    there = await directory.find(case.key("ada"))
    assert there is not None
    assert there.display_name == "Ada Other"


@pytest.mark.parametrize(
    ("system", "look_up"), [("alloy", "get_a_user"), ("smooch", "get_app_user"), ("agilicus", "list_users")]
)
async def test_where_nobody_can_be_asked_it_is_unknown(system: str, look_up: str) -> None:
    case = next(case for case in CASES if case.name == system)
    async with case.sandbox() as sandbox:
        directory = case.connect(sandbox, **QUICK)
        async with directory.client:
            sandbox.faults.add(Fault(Reset(after_effect=True), case.create, times=None))
            sandbox.faults.add(Fault(Status(500), look_up, times=None))
            outcome = await create_once(directory, attrs.evolve(case.person("ada"), roles=()))
            assert outcome.status == "unknown"
            assert "asking whether it is in failed" in (outcome.reason or "")
            assert sandbox.ledger.count(what="created") == 1


def test_without_await(case: Case) -> None:
    with case.sandbox() as sandbox:
        users = SyncDirectory(case.connect(sandbox, **QUICK))
        sandbox.faults.add(Fault(Status(502, after_effect=True), case.create, times=1))
        assert users.create_once(case.person("ada")).status == "created"
