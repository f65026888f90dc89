"""The systems that commands can name, and how to reach each: from options, the environment, or a sandbox."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs

from ...systems import load_client, load_directory

if TYPE_CHECKING:
    from ...directory import Capabilities, Directory
    from ...sandbox import Sandbox
    from .target import Target


def _get_key(_: Sandbox) -> Mapping[str, str]:
    return {"api_key": "key"}


def _get_organisation(server: Sandbox) -> Mapping[str, str]:
    service: Any = server.service
    return {"token": "key", "org_id": next(iter(service.tenant.orgs))}


def _get_app(_: Sandbox) -> Mapping[str, str]:
    from ...sandbox.smooch.service import APP_ID, KEY_ID, SECRET

    return {"key_id": KEY_ID, "secret": SECRET, "app_id": APP_ID}


@attrs.frozen
class SystemAccess:
    """Say how a system is reached.

    Args:
        credential: what its client calls the credential.
        needs: what its directory must know besides.
        takes: what its directory may know.
        sandbox: the same settings for its sandbox.
    """

    credential: str = "api_key"
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    sandbox: Callable[[Sandbox], Mapping[str, str]] = _get_key


SYSTEM_ACCESS = {
    "agilicus": SystemAccess("token", needs=("org_id",), sandbox=_get_organisation),
    "alloy": SystemAccess(),
    "alsid": SystemAccess(),
    "opendatasoft": SystemAccess(takes=("identity_provider",)),
    "smooch": SystemAccess("token", needs=("app_id",), sandbox=_get_app),
}


def name_variable(system: str, name: str) -> str:
    """Name the environment variable of a setting, as AGILICUS_ORG_ID."""
    return f"{system}_{name}".upper()


def load_capabilities(system: str) -> Capabilities:
    """Load what a system can do; without a client or network."""
    can: Capabilities = load_directory(system).capabilities
    return can


@asynccontextmanager
async def open_directory(system: str, target: Target) -> AsyncIterator[Directory]:
    """Open the directory of a system, or of a sandbox that lives as long as the block.

    Args:
        system: one of the five.
        target: what the command line says; what it leaves out is the environment's, else the service's own.

    Raises:
        ConfigurationError: there is no credential, something needed is missing or not known, or the address cannot be one.
    """
    if target.sandbox:
        from ...sandbox import Sandbox

        async with Sandbox(system, history=100) as server:
            settings = {**SYSTEM_ACCESS[system].sandbox(server), **target.get_place()}
            async with _connect(system, server.url, settings) as directory:
                yield directory
    else:
        credential = target.read_credential()
        given = {} if credential is None else {SYSTEM_ACCESS[system].credential: credential}
        async with _connect(system, target.base_url, {**given, **target.get_place()}) as directory:
            yield directory


@asynccontextmanager
async def _connect(
    system: str, base_url: str | None, settings: Mapping[str, str]
) -> AsyncIterator[Directory]:
    from ...core.retry import Retry

    place = _resolve_place(system, settings)
    credential = {name: value for name, value in settings.items() if name not in place}
    # A bulk job would rather wait than give a batch up.
    options = {"base_url": base_url, "deadline": 600, "retry": Retry(attempts=6)}
    async with load_client(system)(**credential, **options) as client:
        yield load_directory(system)(client, **place)


def _resolve_place(system: str, settings: Mapping[str, str]) -> Mapping[str, str]:
    """Resolve what the directory must know: given, or in the environment."""
    from ...core.errors import ConfigurationError

    access = SYSTEM_ACCESS[system]
    for other in SYSTEM_ACCESS.values():
        for name in {*other.needs, *other.takes} - {*access.needs, *access.takes}:
            if name in settings:
                raise ConfigurationError(f"{system} has no {format_option(name)}; leave it out")
    place = {
        name: value
        for name in (*access.needs, *access.takes)
        if (value := settings.get(name) or os.environ.get(name_variable(system, name)))
    }
    for name in access.needs:
        if name not in place:
            raise ConfigurationError(
                f"{system} needs {format_option(name)}, or {name_variable(system, name)} in the environment"
            )
    return place


def read_place(directory: Directory) -> dict[str, str]:
    """Read what a directory knows besides address and credential, to reach it again."""
    names = {name for access in SYSTEM_ACCESS.values() for name in (*access.needs, *access.takes)}
    return {name: value for name in sorted(names) if (value := getattr(directory, name, None))}


def format_option(name: str) -> str:
    """Name the option of a setting, as --org-id."""
    return f"--{name.replace('_', '-')}"
