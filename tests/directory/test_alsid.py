"""What is Alsid's own among directories."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

from alloy_async.alsid.directory import AlsidDirectory
from alloy_async.sandbox import Fault, Sandbox, Status

from .cases import CASES
from .conftest import QUICK

CASE = next(case for case in CASES if case.name == "alsid")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with CASE.sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def directory(sandbox: Sandbox) -> AsyncIterator[AlsidDirectory]:
    directory: Any = CASE.connect(sandbox, **QUICK)
    async with directory.client:
        yield directory


def operations(sandbox: Sandbox) -> list[str | None]:
    return [request.operation for request in sandbox.requests]


async def test_one_reading_of_the_list_serves_a_whole_call(
    sandbox: Sandbox, directory: AlsidDirectory
) -> None:
    people = [attrs.evolve(CASE.person(f"n{n}"), roles=()) for n in range(40)]
    assert {outcome.status for outcome in await directory.create(people)} == {"created"}
    assert operations(sandbox) == ["api_users_get"] + ["api_users_post"] * 40
    assert all(
        request.body.count(b'"email"') == 1 for request in sandbox.requests if request.method == "POST"
    )


async def test_whoever_is_not_said_to_be_active_is_not(directory: AlsidDirectory) -> None:
    await directory.create([attrs.evolve(CASE.person("ada"), active=None)])
    ada = await directory.find(CASE.key("ada"))
    assert ada is not None
    assert ada.active is False


async def test_a_role_that_is_no_id_is_a_loss(sandbox: Sandbox, directory: AlsidDirectory) -> None:
    ada = attrs.evolve(CASE.person("ada"), roles=("Auditor", "3", "٣"))
    assert [str(loss) for loss in directory.find_losses(ada)] == [
        "roles: 'Auditor', '٣': a role goes by its id, a number"
    ]
    assert [outcome.status for outcome in await directory.create([ada])] == ["created"]
    found = await directory.find(CASE.key("ada"))
    assert found is not None
    assert found.roles == ("3",)


async def test_whoever_is_created_without_roles_is_created_and_it_is_said(directory: AlsidDirectory) -> None:
    (outcome,) = await directory.create([attrs.evolve(CASE.person("ada"), roles=("99",))])
    assert outcome.status == "created"
    assert "is there without its roles: api_users_id_roles_put: 400" in (outcome.reason or "")
    (outcome,) = await directory.update(
        [attrs.evolve(CASE.person("ada"), roles=("99",), family_name="Other")]
    )
    assert outcome.status == "invalid"
    found = await directory.find(CASE.key("ada"))
    assert found is not None
    assert found.family_name == "Quist", "roles come first, so nothing was changed"


async def test_a_password_that_is_refused_makes_the_record_invalid(
    sandbox: Sandbox, directory: AlsidDirectory
) -> None:
    outcomes = await directory.create(
        [attrs.evolve(CASE.person("ada"), password="short"), CASE.person("bob")]
    )
    assert [outcome.status for outcome in outcomes] == ["invalid", "created"]
    assert "at least 12 characters" in (outcomes[0].reason or "")
    assert "short" not in (outcomes[0].reason or "")


async def test_a_list_that_cannot_be_read_lets_nothing_be_sent(
    sandbox: Sandbox, directory: AlsidDirectory
) -> None:
    sandbox.faults.add(Fault(Status(502), "api_users_get", times=None))
    with pytest.raises(Exception, match="502"):
        await directory.create([CASE.person("ada")])
    assert {*operations(sandbox)} == {"api_users_get"}


async def test_the_administrator_stays_and_the_others_go(sandbox: Sandbox, directory: AlsidDirectory) -> None:
    await directory.create([CASE.person("ada")])
    outcomes = await directory.delete(["admin@northwind.example", CASE.key("ada")])
    assert [outcome.status for outcome in outcomes] == ["invalid", "deleted"]
    assert "403" in (outcomes[0].reason or "")
