"""What is Agilicus's own among directories."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

from alloy_async.agilicus.directory import AgilicusDirectory
from alloy_async.directory import UserRecord
from alloy_async.sandbox import Fault, Reset, Sandbox, Status

from .cases import CASES, MAIL, organisation
from .conftest import QUICK

CASE = next(case for case in CASES if case.name == "agilicus")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with CASE.sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def directory(sandbox: Sandbox) -> AsyncIterator[AgilicusDirectory]:
    directory: Any = CASE.connect(sandbox, **QUICK)
    async with directory.client:
        yield directory


async def test_only_people_are_listed_by_email(directory: AgilicusDirectory) -> None:
    users = [user async for user in directory.list()]
    assert len(users) == 3
    assert [user.email for user in users] == sorted(user.email or "" for user in users)
    assert all(user.username == user.email and "all-users" in user.groups for user in users)


async def test_only_its_own_organisation_is_touched(sandbox: Sandbox, directory: AgilicusDirectory) -> None:
    world: Any = sandbox.service
    main, lower = world.tenant.orgs
    labs = AgilicusDirectory(directory.client, org_id=lower)
    assert [o.status for o in await labs.create([CASE.person("ada")])] == ["created"]
    assert await directory.find(CASE.key("ada")) is None
    assert [o.status for o in await directory.create([CASE.person("ada")])] == ["created"], "joined"
    await directory.delete([CASE.key("ada")])
    assert await directory.find(CASE.key("ada")) is None
    assert await labs.find(CASE.key("ada")) is not None
    assert organisation(sandbox) == main


async def test_who_joins_with_other_values_is_created_and_it_is_said(directory: AgilicusDirectory) -> None:
    """They were created as if they were as the record says; nobody had changed them."""
    await directory.create([CASE.person("ada")])
    await directory.delete([CASE.key("ada")])
    again = attrs.evolve(CASE.person("ada"), family_name="Byron", attributes={"desk": "5"})
    (outcome,) = await directory.create([again])
    assert outcome.status == "created"
    assert "with another family_name and attributes.desk" in (outcome.reason or "")
    await directory.delete([CASE.key("ada")])
    (outcome,) = await directory.create([CASE.person("ada")])
    assert (outcome.status, outcome.reason) == ("created", None)


async def test_one_whose_email_begins_alike_is_somebody_else(directory: AgilicusDirectory) -> None:
    long = UserRecord(username="", email=f"ada@{MAIL}.example")
    await directory.create([long])
    assert await directory.find(CASE.key("ada")) is None
    await directory.create([CASE.person("ada")])
    found = await directory.find(CASE.key("ADA").upper())
    assert found is not None
    assert found.email == CASE.key("ada")


async def test_a_change_keeps_what_it_does_not_say(directory: AgilicusDirectory) -> None:
    await directory.create([CASE.person("ada")])
    change = UserRecord(username="", email=CASE.key("ada"), active=True, attributes={"floor": "2"})
    assert [o.status for o in await directory.update([change])] == ["updated"]
    found = await directory.find(CASE.key("ada"))
    assert found is not None
    assert found.attributes == {"desk": "4", "floor": "2"}
    assert (found.active, found.external_id, found.roles) == (True, "007", ("crm:editor", "wiki:viewer"))
    assert found.full_name == "Ada Quist"


async def test_whoever_is_created_without_roles_is_created_and_it_is_said(
    sandbox: Sandbox, directory: AgilicusDirectory
) -> None:
    sandbox.faults.add(Fault(Status(404), "replace_user_role", times=None))
    (outcome,) = await directory.create([CASE.person("ada")])
    assert outcome.status == "created"
    assert "is there without its roles: replace_user_role: 404" in (outcome.reason or "")


@pytest.mark.parametrize("role", ["viewer", ":viewer", "wiki:"])
async def test_a_role_without_its_application_is_a_loss(directory: AgilicusDirectory, role: str) -> None:
    (loss,) = directory.find_losses(attrs.evolve(CASE.person("ada"), roles=(role, "wiki:a:b")))
    assert str(loss) == f"roles: {role!r}: a role is written application:role"


async def test_the_service_may_leave_the_type_out(sandbox: Sandbox) -> None:
    async with Sandbox("agilicus", show_type=False) as bare:
        directory: Any = CASE.connect(bare, **QUICK)
        async with directory.client:
            assert len([user async for user in directory.list()]) == 8


async def test_whoever_has_no_roles_is_created_in_one_request(
    sandbox: Sandbox, directory: AgilicusDirectory
) -> None:
    await directory.create([attrs.evolve(CASE.person("ada"), roles=())])
    assert [request.operation for request in sandbox.requests] == ["create_user"]
    sandbox.faults.add(Fault(Reset(after_effect=True), "create_user"))
    (outcome,) = await directory.create([attrs.evolve(CASE.person("bob"), roles=())])
    assert outcome.status == "unknown"
    assert "running the job again is safe, as Agilicus refuses a second user" in (outcome.reason or "")
