"""The systems that commands can name, and how to reach each: from options, the environment, or a sandbox."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from ...core.argument_errors import format_argument_name, format_name_suggestion
from ...systems import SYSTEMS, load_client, load_directory
from ..exit_codes import NotDoneError
from .target import PLACE_NAMES, TargetOptions

if TYPE_CHECKING:
    from ...core.client import AsyncClient
    from ...core.options import Service
    from ...directory import Capabilities, Directory


Function = TypeVar("Function", bound=Callable[..., Any])


@attrs.frozen
class PlaceArguments:
    """Say what the directory of a system must know besides address and credential.

    Args:
        needed: what it must know.
        optional: what it may know.
    """

    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


PLACE_ARGUMENTS = {
    "agilicus": PlaceArguments(needed=("org_id",)),
    "alloy": PlaceArguments(),
    "alsid": PlaceArguments(),
    "opendatasoft": PlaceArguments(optional=("identity_provider",)),
    "smooch": PlaceArguments(needed=("app_id",)),
}


def get_variable_name(system: str, name: str) -> str:
    """Name the environment variable of a setting, as AGILICUS_ORG_ID."""
    return f"{system}_{name}".upper()


def load_capabilities(system: str) -> Capabilities:
    """Load what a system can do; without a client or network."""
    can: Capabilities = load_directory(system).capabilities
    return can


@asynccontextmanager
async def open_directory(system: str, target: TargetOptions) -> AsyncIterator[Directory]:
    """Open the directory of a system, or of a sandbox that lives as long as the block.

    Args:
        system: one of the five.
        target: what the command line says; what it leaves out is the environment's, else the service's own.

    Raises:
        ConfigurationError: there is no credential, something needed is missing or not known, or the address cannot be one.
    """
    from ...core.retry import Retry

    if not target.sandbox:
        _require_place(system, {**read_place_arguments(system, target), **target.get_place_arguments()})
    # A bulk job would rather wait than give a batch up.
    async with open_client(system, target, deadline=600, retry=Retry(attempts=6)) as (client, place):
        known = _require_place(system, {**place, **target.get_place_arguments()})
        yield load_directory(system)(client, **known)


@asynccontextmanager
async def open_client(
    system: str, target: TargetOptions, **options: Any
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
    options["rate_limit"] = target.create_rate()
    if target.sandbox:
        from ...sandbox import Sandbox

        async with (
            Sandbox(system, history=100) as server,
            client_class(**server.credentials, base_url=server.url, **options) as client,
        ):
            yield client, server.place
    else:
        settings = _read_settings(system, target, client_class.system.credential)
        async with client_class(**settings, **options) as client:
            yield client, read_place_arguments(system, target)


def _read_settings(system: str, target: TargetOptions, credential_name: str) -> dict[str, Any]:
    """Read what a client is made with; what the command line says comes before the profile, and that before the environment."""
    profile, credential = target.load_profile(system), target.read_api_key_file()
    settings: dict[str, Any] = {}
    if credential is not None:  # that of the profile is not even looked for
        settings = {credential_name: credential, "base_url": profile and profile.base_url}
    elif profile is not None:
        settings = profile.get_client_options(credential_name)
        if callable(read := settings.get(credential_name)):
            settings[credential_name] = read()  # at once, so that a mistake shows before any work
    if target.base_url is not None:
        settings["base_url"] = target.base_url
    return settings


def add_system_option(name: str, help_text: str) -> Callable[[Function], Function]:
    """Give a command an option for the system; below `add_target_options`, since the profile may name the system.

    Args:
        name: the option, as --to.
        help_text: what the system is to the command.
    """

    def wrap(command: Function) -> Function:
        @wraps(command)
        def with_system(*arguments: Any, system: str | None, target: TargetOptions, **options: Any) -> Any:
            chosen = _choose_system(system, target, name)
            return command(*arguments, system=chosen, target=target, **options)

        help_page = f"{help_text}: {', '.join(SYSTEMS)}. Default: that of the profile."
        option = click.option(name, "system", metavar="SYSTEM", type=click.Choice(SYSTEMS), help=help_page)
        return option(with_system)  # type: ignore[return-value]

    return wrap


def _choose_system(system: str | None, target: TargetOptions, option: str) -> str:
    """Choose the system that a command is about: the one that an option names, else that of the profile."""
    from ...core.errors import ConfigurationError

    if system is not None:
        return system
    try:
        profile = None if target.sandbox else target.load_profile()
    except ConfigurationError as error:
        raise NotDoneError(str(error)) from None
    if profile is None:
        raise click.UsageError(f"Missing option '{option}': name the system, or a --profile.")
    return profile.system


async def preview_request(
    system: str, target: TargetOptions, build: Callable[[Mapping[str, str]], Any]
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

    service: Service = load_client(system).system
    profile = target.load_profile(system)
    base_url = target.base_url or (profile.base_url if profile else None)
    return describe_request(
        service, resolve_base_url(service, base_url), build(read_place_arguments(system, target))
    )


def read_place_arguments(system: str, target: TargetOptions) -> dict[str, str]:
    """Find what the place is in the profile, else in the environment, as AGILICUS_ORG_ID."""
    access = PLACE_ARGUMENTS[system]
    found = {
        name: value
        for name in (*access.needed, *access.optional)
        if (value := os.environ.get(get_variable_name(system, name)))
    }
    profile = target.load_profile(system)
    if profile is None:
        return found
    _check_place_names(system, profile.place)
    return {**found, **profile.place}


def _require_place(system: str, place: Mapping[str, str]) -> Mapping[str, str]:
    """Check that a directory gets what it needs, and nothing that it does not know."""
    from ...core.errors import ConfigurationError

    _check_place_names(system, place)
    for name in PLACE_ARGUMENTS[system].needed:
        if name not in place:
            raise ConfigurationError(
                f"{system} needs {format_argument_name(name)}, or {get_variable_name(system, name)} in the environment"
            )
    return place


def _check_place_names(system: str, place: Mapping[str, str]) -> None:
    from ...core.errors import ConfigurationError

    access = PLACE_ARGUMENTS[system]
    known = (*access.needed, *access.optional)
    for name in place:
        if name not in known:
            near = format_name_suggestion(name, known) if known else ""
            raise ConfigurationError(
                f"{system} has no {format_argument_name(name)}{near if near.startswith(' (') else ''}; leave it out"
            )


def get_place_of_directory(directory: Directory) -> dict[str, str]:
    """Read what a directory knows besides address and credential, to reach it again."""
    return {name: value for name in PLACE_NAMES if (value := getattr(directory, name, None))}
