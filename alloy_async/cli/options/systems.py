"""The systems that commands can name, and how to reach each: from options, the environment, or a sandbox."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from ...directory import Capabilities, Directory
    from ...sandbox import Sandbox
    from .target import Target


def _key(_: Sandbox) -> Mapping[str, str]:
    return {"api_key": "key"}


def _organisation(server: Sandbox) -> Mapping[str, str]:
    world: Any = server.world
    return {"token": "key", "org_id": next(iter(world.tenant.orgs))}


def _app(_: Sandbox) -> Mapping[str, str]:
    from ...sandbox.smooch import APP_ID, KEY_ID, SECRET

    return {"key_id": KEY_ID, "secret": SECRET, "app_id": APP_ID}


@attrs.frozen
class Way:
    """How a system is reached.

    Args:
        credential: what its client calls the credential.
        needs: what its directory must be told besides.
        takes: what its directory may be told.
        sandbox: the same facts for its sandbox.
    """

    credential: str = "api_key"
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    sandbox: Callable[[Sandbox], Mapping[str, str]] = _key


WAYS = {
    "agilicus": Way("token", needs=("org_id",), sandbox=_organisation),
    "alloy": Way(),
    "alsid": Way(),
    "opendatasoft": Way(takes=("identity_provider",)),
    "smooch": Way("token", needs=("app_id",), sandbox=_app),
}
SYSTEMS = tuple(WAYS)


def variable(system: str, fact: str) -> str:
    """The environment variable of a fact, as AGILICUS_ORG_ID."""
    return f"{system}_{fact}".upper()


def capabilities_of(system: str) -> Capabilities:
    """What a system can do; without a client or network."""
    can: Capabilities = _class(system, "directory", "{}Directory").capabilities
    return can


@asynccontextmanager
async def open_directory(system: str, target: Target) -> AsyncIterator[Directory]:
    """The directory of a system, or of a sandbox that lives as long as the block.

    Args:
        system: one of SYSTEMS.
        target: what the command line says; what it leaves out is the environment's, else the service's own.

    Raises:
        ConfigurationError: there is no credential, something needed is missing or not known, or the address cannot be one.
    """
    if target.sandbox:
        from ...sandbox import Sandbox

        async with Sandbox(system, history=100) as server:
            facts = {**WAYS[system].sandbox(server), **target.facts()}
            async with _connected(system, server.url, facts) as directory:
                yield directory
    else:
        credential = target.credential()
        given = {} if credential is None else {WAYS[system].credential: credential}
        async with _connected(system, target.base_url, {**given, **target.facts()}) as directory:
            yield directory


@asynccontextmanager
async def _connected(system: str, base_url: str | None, facts: Mapping[str, str]) -> AsyncIterator[Directory]:
    from ...core.retry import Retry

    place = _place(system, facts)
    credential = {name: value for name, value in facts.items() if name not in place}
    # A bulk job would rather wait than give a batch up.
    options = {"base_url": base_url, "deadline": 600, "retry": Retry(attempts=6)}
    async with _class(system, "client", "Async{}")(**credential, **options) as client:
        yield _class(system, "directory", "{}Directory")(client, **place)


def _place(system: str, facts: Mapping[str, str]) -> Mapping[str, str]:
    """What the directory is told: given, or in the environment."""
    from ...core.errors import ConfigurationError

    way = WAYS[system]
    for other in WAYS.values():
        for fact in {*other.needs, *other.takes} - {*way.needs, *way.takes}:
            if fact in facts:
                raise ConfigurationError(f"{system} has no {option(fact)}; leave it out")
    place = {
        fact: value
        for fact in (*way.needs, *way.takes)
        if (value := facts.get(fact) or os.environ.get(variable(system, fact)))
    }
    for fact in way.needs:
        if fact not in place:
            raise ConfigurationError(
                f"{system} needs {option(fact)}, or {variable(system, fact)} in the environment"
            )
    return place


def facts_of(directory: Directory) -> dict[str, str]:
    """What a directory was told besides address and credential, to reach it again."""
    names = {name for way in WAYS.values() for name in (*way.needs, *way.takes)}
    return {name: value for name in sorted(names) if (value := getattr(directory, name, None))}


def option(fact: str) -> str:
    """The option of a fact, as --org-id."""
    return f"--{fact.replace('_', '-')}"


def _class(system: str, module: str, name: str) -> Any:
    """A class of a system; loaded when it is needed, so that other commands are quick."""
    return getattr(import_module(f"alloy_async.{system}.{module}"), name.format(system.capitalize()))
