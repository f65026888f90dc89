"""The systems that commands can name, and how to reach each: from options, the environment, or a sandbox."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs

from ...systems import load_client, load_directory
from .target import PLACE_NAMES, Target

if TYPE_CHECKING:
    from ...core.client import AsyncClient
    from ...directory import Capabilities, Directory
    from ...sandbox import Sandbox


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
    from ...core.retry import Retry

    if not target.sandbox:
        _check_place(system, {**_read_environment(system), **target.get_place()})
    # A bulk job would rather wait than give a batch up.
    async with open_client(system, target, deadline=600, retry=Retry(attempts=6)) as (client, place):
        known = _check_place(system, {**place, **target.get_place()})
        yield load_directory(system)(client, **known)


@asynccontextmanager
async def open_client(
    system: str, target: Target, **options: Any
) -> AsyncIterator[tuple[AsyncClient, Mapping[str, str]]]:
    """Open the client of a system, or of a sandbox that lives as long as the block.

    Args:
        system: one of SYSTEMS.
        target: as for `open_directory`.
        options: further options of the client.

    Yields:
        The client, and what is known of the place: the organisation or the app.
    """
    client_class = load_client(system)
    if target.sandbox:
        from ...sandbox import Sandbox

        async with Sandbox(system, history=100) as server:
            settings = {**SYSTEM_ACCESS[system].sandbox(server)}
            place = {name: settings.pop(name) for name in PLACE_NAMES if name in settings}
            async with client_class(**settings, base_url=server.url, **options) as client:
                yield client, place
    else:
        credential = target.read_credential()
        settings = {} if credential is None else {SYSTEM_ACCESS[system].credential: credential}
        async with client_class(**settings, base_url=target.base_url, **options) as client:
            yield client, _read_environment(system)


async def preview_request(
    system: str, target: Target, build: Callable[[Mapping[str, str]], Any]
) -> dict[str, Any]:
    """Show the request that an operation would send, without its secrets and without sending anything.

    Args:
        system: one of SYSTEMS.
        target: as for `open_directory`; no credential is needed.
        build: makes the operation, given what is known of the place.

    Raises:
        ConfigurationError: the address is missing.
        InvalidRequest: an argument was refused.
    """
    from ..output.request import describe_request

    if target.sandbox:
        async with open_client(system, target) as (client, place):
            return describe_request(client.system, client.base_url, build(place))
    from ...core.options import resolve_base_url

    service = load_client(system).system
    return describe_request(
        service, resolve_base_url(service, target.base_url), build(_read_environment(system))
    )


def _read_environment(system: str) -> dict[str, str]:
    """Read from the environment what the place is, as AGILICUS_ORG_ID."""
    access = SYSTEM_ACCESS[system]
    return {
        name: value
        for name in (*access.needs, *access.takes)
        if (value := os.environ.get(name_variable(system, name)))
    }


def _check_place(system: str, place: Mapping[str, str]) -> Mapping[str, str]:
    """Check that a directory gets what it needs, and nothing that it does not know."""
    from ...core.errors import ConfigurationError

    access = SYSTEM_ACCESS[system]
    for name in place:
        if name not in (*access.needs, *access.takes):
            raise ConfigurationError(f"{system} has no {format_option(name)}; leave it out")
    for name in access.needs:
        if name not in place:
            raise ConfigurationError(
                f"{system} needs {format_option(name)}, or {name_variable(system, name)} in the environment"
            )
    return place


def read_place(directory: Directory) -> dict[str, str]:
    """Read what a directory knows besides address and credential, to reach it again."""
    return {name: value for name in PLACE_NAMES if (value := getattr(directory, name, None))}


def format_option(name: str) -> str:
    """Name the option of a setting, as --org-id."""
    return f"--{name.replace('_', '-')}"
