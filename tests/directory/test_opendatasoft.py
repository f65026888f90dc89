"""What is Opendatasoft's own among directories."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

from alloy_async.directory import AmbiguousKey, UserRecord
from alloy_async.opendatasoft import models
from alloy_async.opendatasoft.directory import OpendatasoftDirectory
from alloy_async.sandbox import Fault, Sandbox, Status

from .cases import CASES, MAIL
from .conftest import QUICK

INVITING, PROVISIONING = (case for case in CASES if case.system == "opendatasoft")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with INVITING.sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def directory(sandbox: Sandbox) -> AsyncIterator[OpendatasoftDirectory]:
    directory: Any = INVITING.connect(sandbox, **QUICK)
    async with directory.client:
        yield directory


async def test_many_are_invited_in_one_call(sandbox: Sandbox, directory: OpendatasoftDirectory) -> None:
    outcomes = await directory.create([INVITING.person(f"n{n}") for n in range(150)])
    assert {outcome.status for outcome in outcomes} == {"created"}
    assert [r.operation for r in sandbox.requests if r.method == "POST"] == ["invite_users"] * 2


async def test_provisioning_sends_no_invitation(sandbox: Sandbox) -> None:
    directory: Any = PROVISIONING.connect(sandbox, **QUICK)
    async with directory.client:
        await directory.create([PROVISIONING.person("ada"), PROVISIONING.person("bob")])
    posts = [request for request in sandbox.requests if request.method == "POST"]
    assert [request.operation for request in posts] == ["provision_users"] * 2
    body = json.loads(posts[0].body)
    assert body["identity_provider"] == {"uid": "northwind-sso"}
    assert body["identity_provider_attributes"] == {"desk": "4"}
    assert directory.capabilities.batch_size == 1


async def test_one_refused_user_does_not_hold_the_others_up(
    sandbox: Sandbox, directory: OpendatasoftDirectory
) -> None:
    people = [
        INVITING.person("ada"),
        attrs.evolve(INVITING.person("bob"), groups=("nowhere",)),
        INVITING.person("cat"),
    ]
    outcomes = await directory.create(people)
    assert [outcome.status for outcome in outcomes] == ["created", "invalid", "created"]
    assert outcomes[1].reason == "There is no group 'nowhere'."


async def test_somebody_with_the_email_exists_whatever_the_name(directory: OpendatasoftDirectory) -> None:
    await directory.create([INVITING.person("ada")])
    (outcome,) = await directory.create([attrs.evolve(INVITING.person("ada"), username="other")])
    assert (outcome.key, outcome.status, outcome.remote_id) == ("other", "exists", "ada")


async def test_a_user_is_found_changed_and_deleted_by_email_too(
    sandbox: Sandbox, directory: OpendatasoftDirectory
) -> None:
    nameless = UserRecord(username="", email=f"ada@{MAIL}", given_name="Ada")
    (outcome,) = await directory.create([nameless])
    assert (outcome.key, outcome.status) == (f"ada@{MAIL}", "created")
    (outcome,) = await directory.update([attrs.evolve(nameless, email=f"ADA@{MAIL}", given_name="Augusta")])
    assert (outcome.status, outcome.remote_id) == ("updated", "ada")
    found = await directory.find(f"Ada@{MAIL}")
    assert found is not None
    assert (found.username, found.given_name) == ("ada", "Augusta")
    (outcome,) = await directory.delete([f"ada@{MAIL}"])
    assert outcome.status == "deleted"
    assert sandbox.ledger.count(what="deleted", key="ada") == 1


async def test_a_verdict_that_the_answer_forgot_is_looked_for(
    sandbox: Sandbox, directory: OpendatasoftDirectory
) -> None:
    sandbox.faults.add(Fault(Status(200, {}, after_effect=True), "invite_users"))
    (outcome,) = await directory.create([INVITING.person("ada")])
    assert (outcome.status, outcome.remote_id) == ("created", "ada")
    sandbox.faults.add(Fault(Status(200, {}), "invite_users"))
    (outcome,) = await directory.create([INVITING.person("bob")])
    assert outcome.status == "unknown"
    assert "the answer says nothing about this user" in (outcome.reason or "")


async def test_a_name_that_is_another_operations_path_is_invalid(
    sandbox: Sandbox, directory: OpendatasoftDirectory
) -> None:
    outcomes = await directory.create(
        [attrs.evolve(INVITING.person("x"), username="export"), INVITING.person("ada")]
    )
    assert [outcome.status for outcome in outcomes] == ["invalid", "created"]


async def test_the_only_administrator_stays(sandbox: Sandbox, directory: OpendatasoftDirectory) -> None:
    first, *_ = [user async for user in directory.list()]
    (outcome,) = await directory.delete([first.username])
    assert outcome.status == "invalid"
    assert "only administrator" in (outcome.reason or "")
    assert not sandbox.ledger


async def test_a_key_that_means_two_users_is_refused_for_both() -> None:
    async with Sandbox("opendatasoft", seed_users=0) as sandbox:
        directory = INVITING.connect(sandbox, **QUICK)
        async with directory.client:
            mail = f"ada@{MAIL}"
            pairs = ((mail, f"other@{MAIL}"), ("ada", mail))  # the directory itself would not make both
            users = [models.User(username=username, email=email) for username, email in pairs]
            await directory.client.invite_users(users)
            assert sandbox.ledger.count(what="created") == 2
            with pytest.raises(AmbiguousKey, match=rf"'{mail}' means 2 users: .*'ada' \({mail}\)") as caught:
                await directory.find(mail)
            assert caught.value.effect == "none"
            (outcome,) = await directory.delete([mail])
            assert outcome.status == "invalid"
            assert sandbox.ledger.count(what="deleted") == 0
