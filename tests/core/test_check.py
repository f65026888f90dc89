"""`client.check`: the cheapest call of each service that says whom it takes the client for."""

from __future__ import annotations

from typing import Any

import pytest

from alloy_async import AsyncClient, ConfigurationError, NotFound, Service, Unauthorized
from alloy_async.cli.options.system_access import PLACE_ARGUMENTS
from alloy_async.sandbox import Fault, Sandbox, Status
from alloy_async.systems import load_client

from ..systems import SYSTEMS

SAID = {
    "alloy": "an account with ",
    "alsid": "admin@northwind.example",
    "opendatasoft": "a portal with ",
    "smooch": "app ",
    "agilicus": "organisation ",
}


def make(system: str, sandbox: Sandbox, is_async: bool = True, **credentials: str) -> Any:
    import alloy_async

    client = load_client(system) if is_async else getattr(alloy_async, system.capitalize())
    return client(**(credentials or sandbox.credentials), base_url=sandbox.url)


@pytest.mark.parametrize("system", SYSTEMS)
async def test_one_call_says_whom_it_is_for(system: str) -> None:
    async with Sandbox(system) as sandbox, make(system, sandbox) as client:
        assert (await client.check(**sandbox.place)).startswith(SAID[system])
        assert len(sandbox.requests) == 1
        assert sandbox.requests[0].method == "GET"


@pytest.mark.parametrize("system", SYSTEMS)
def test_without_await(system: str) -> None:
    with Sandbox(system) as sandbox, make(system, sandbox, is_async=False) as client:
        assert client.check(**sandbox.place).startswith(SAID[system])


@pytest.mark.parametrize("system", SYSTEMS)
async def test_who_is_not_let_in_is_told(system: str) -> None:
    async with Sandbox(system) as sandbox, make(system, sandbox) as client:
        sandbox.faults.add(Fault(Status(401), times=None))
        with pytest.raises(Unauthorized):
            await client.check(**sandbox.place)


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_wrong_address_is_no_success(system: str) -> None:
    async with Sandbox(system) as sandbox, make(system, sandbox) as client:
        sandbox.faults.add(Fault(Status(404, "no such page"), times=None))
        with pytest.raises(NotFound):
            await client.check(**sandbox.place)


async def test_what_is_missing_is_named() -> None:
    async with Sandbox("smooch") as sandbox, make("smooch", sandbox) as client:
        with pytest.raises(ConfigurationError, match="app_id= is missing"):
            await client.check()
        assert not sandbox.requests
    nameless = AsyncClient("key", system=Service("mine", "https://x.test"))
    with pytest.raises(ConfigurationError, match="mine has no call that tells who it is talking to"):
        await nameless.check()


@pytest.mark.parametrize(
    ("system", "place", "words"),
    [
        ("agilicus", {"org": "1"}, r"check\(\) has no argument org \(did you mean org_id\?\)"),
        (
            "smooch",
            {"app_id": "a", "appid": "a"},
            r"check\(\) has no argument appid \(did you mean app_id\?\)",
        ),
        ("alsid", {"org_id": "1"}, r"check\(\) has no argument org_id$"),
        ("alloy", {"x": "1"}, r"check\(\) has no argument x$"),
    ],
)
async def test_a_place_that_is_not_known_is_refused(system: str, place: dict[str, str], words: str) -> None:
    async with Sandbox(system) as sandbox, make(system, sandbox) as client:
        with pytest.raises(ConfigurationError, match=words):
            await client.check(**place)
        assert not sandbox.requests


def test_what_a_directory_is_told_can_be_checked_too() -> None:
    for system, access in PLACE_ARGUMENTS.items():
        assert {*access.needed, *access.optional} == {*load_client(system).system.probe.takes}
