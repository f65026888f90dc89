"""Each system as jobs meet it: how to start its sandbox, and how to get its directory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs

from alloy_async.core.http.transport import Timeout
from alloy_async.core.retry import Retry
from alloy_async.sandbox import Sandbox
from alloy_async.systems import SYSTEMS as NAMES, load_client, load_directory
from alloy_async.testing import FakeClock


@attrs.frozen
class Kind:
    """The classes of a system."""

    client: Any
    directory: Any
    place: str | None = None
    """What its directory is told besides."""


PLACES = {"smooch": "app_id", "agilicus": "org_id"}
SYSTEMS: Mapping[str, Kind] = {
    system: Kind(load_client(system), load_directory(system), PLACES.get(system)) for system in NAMES
}


def empty_sandbox(system: str, **options: Any) -> Sandbox:
    """A sandbox without users, or with no more than its administrators; it takes any credential."""
    return Sandbox(system, seed_users=0, **options)


def place_of(sandbox: Sandbox) -> str:
    """What the directory of a sandbox is told besides address and credential; empty where that is all."""
    world: Any = sandbox.service
    if sandbox.system == "agilicus":
        return str(next(iter(world.tenant.orgs)))
    if sandbox.system == "smooch":
        from alloy_async.sandbox.smooch.service import APP_ID

        return APP_ID
    return ""


@asynccontextmanager
async def directory_of(
    system: str, url: str, place: str = "", *, batch_size: int | None = None, **changes: Any
) -> AsyncIterator[Any]:
    """The directory at an address, impatient as tests are.

    Args:
        place: of `place_of`.
        batch_size: instead of the system's own, so that few rows make many batches.
        changes: options of the client, instead of the impatient ones.
    """
    kind = SYSTEMS[system]
    options: Any = {
        "retry": Retry(attempts=3),
        "timeout": Timeout(read=0.5),
        "clock": FakeClock(),
        "deadline": 1e9,
        **changes,
    }
    if system == "smooch":
        from alloy_async.sandbox.smooch.service import KEY_ID, SECRET

        options |= {"key_id": KEY_ID, "secret": SECRET}
    else:
        options["token" if system == "agilicus" else "api_key"] = "key"
    async with kind.client(base_url=url, **options) as client:
        directory = kind.directory(client, **({kind.place: place} if kind.place else {}))
        if batch_size:
            directory.capabilities = attrs.evolve(directory.capabilities, batch_size=batch_size)
        yield directory
