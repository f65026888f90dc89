"""The sandbox that users' tests import: clients for all five systems, and faults that must have happened."""

from __future__ import annotations

import pytest

from alloy_async import NotFound
from alloy_async.sandbox import Fault, Reset, Status
from alloy_async.testing import Sandbox

from ..systems import SYSTEMS

KNOWN = {
    "agilicus": lambda client: client.list_user_guids(),
    "alloy": lambda client: client.list_all_users(),
    "alsid": lambda client: client.api_users_get(),
    "opendatasoft": lambda client: client.get_users(),
}
"""A call of each system that needs no argument."""


@pytest.mark.parametrize("system", SYSTEMS)
async def test_clients_of_every_system_are_let_in(system: str) -> None:
    async with Sandbox(system) as sandbox, sandbox.async_client() as client:
        if system == "smooch":
            with pytest.raises(NotFound):
                await client.get_app_user(**sandbox.place, user_id="nobody")
        else:
            assert await KNOWN[system](client)
        assert sandbox.requests[-1].operation is not None


@pytest.mark.parametrize("system", [system for system in SYSTEMS if system != "smooch"])
def test_without_await(system: str) -> None:
    with Sandbox(system) as sandbox, sandbox.client() as client:
        assert KNOWN[system](client)


@pytest.mark.parametrize("system", SYSTEMS)
async def test_directories_of_every_system_are_let_in(system: str) -> None:
    async with Sandbox(system) as sandbox:
        directory = sandbox.directory()
        assert await directory.find("nobody@northwind.example") is None
        await directory.client.aclose()  # type: ignore[attr-defined]


async def test_options_reach_the_client() -> None:
    async with Sandbox("alloy") as sandbox, sandbox.async_client(api_key="wrong") as client:
        with pytest.raises(Exception, match="401"):
            await client.list_all_users()


def test_a_fault_that_never_happened_fails_the_test() -> None:
    with Sandbox("alloy") as sandbox:
        sandbox.faults.add(Fault(Status(500), "delete_a_user"), Fault(Reset(), probability=0.5))
        with pytest.raises(AssertionError, match=r"no request met these faults: .*delete_a_user"):
            sandbox.check_faults()
        sandbox.faults.clear()
        sandbox.check_faults()


def test_the_fixture_has_clients(alloy_sandbox: Sandbox) -> None:
    with alloy_sandbox.client() as alloy:
        assert alloy.list_all_users().data


def test_the_ledger_is_not_asked_for_what_can_never_be(alloy_sandbox: Sandbox) -> None:
    for ask in (alloy_sandbox.ledger.count, alloy_sandbox.ledger.find):
        with pytest.raises(ValueError, match=r"no operation 'creat_a_user'; did you mean 'create_a_user'\?"):
            ask("creat_a_user")
    alloy_sandbox.reset()
    assert alloy_sandbox.ledger.count("create_a_user") == 0
