"""The systems that commands can name, and how to reach each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..directory import Capabilities, Directory

SYSTEMS = ("alloy",)
_SANDBOX_KEY = "key"


def capabilities_of(system: str) -> Capabilities:
    """What a system can do; without a client or network."""
    assert system == "alloy"
    from ..alloy.directory import AlloyDirectory

    return AlloyDirectory.capabilities


@asynccontextmanager
async def open_directory(
    system: str, *, sandbox: bool, base_url: str | None, api_key: str | None
) -> AsyncIterator[Directory]:
    """The directory of a system, or of a sandbox that lives as long as the block.

    Args:
        system: one of SYSTEMS.
        sandbox: start one, with its few invented users, and use that.
        base_url: where the service is; None for the environment's, else the service's own.
        api_key: None for the environment's.

    Raises:
        ConfigurationError: there is no key, or the address cannot be one.
    """
    if sandbox:
        from ..sandbox import Sandbox

        async with (
            Sandbox(system, history=100) as server,
            _connect(system, server.url, _SANDBOX_KEY) as directory,
        ):
            yield directory
    else:
        async with _connect(system, base_url, api_key) as directory:
            yield directory


@asynccontextmanager
async def _connect(system: str, base_url: str | None, api_key: str | None) -> AsyncIterator[Directory]:
    assert system == "alloy"
    from ..alloy.client import AsyncAlloy
    from ..alloy.directory import AlloyDirectory
    from ..core.retry import Retry

    # A bulk job would rather wait than give a batch up.
    async with AsyncAlloy(api_key, base_url=base_url, deadline=600, retry=Retry(attempts=6)) as client:
        yield AlloyDirectory(client)
