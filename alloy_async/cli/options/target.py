"""The options of every command that speaks to a system, and the target that they describe."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from ...core.profiles.profile import PROFILE_VARIABLE, Profile
from ...systems import SYSTEMS
from ..help import Option

if TYPE_CHECKING:
    from ...core.ratelimit.configured_rate import Rate

Function = TypeVar("Function", bound=Callable[..., Any])

PLACE_NAMES = ("org_id", "app_id", "identity_provider")
"""What some directories must know besides address and credential."""


@attrs.frozen
class TargetOptions:
    """Where a system is and how to get in, as the command line says."""

    sandbox: bool = False
    base_url: str | None = None
    api_key_file: Path | None = None
    org_id: str | None = None
    app_id: str | None = None
    identity_provider: str | None = None
    rate: float | None = None
    burst: int | None = None
    profile: str | None = None
    default_profile: str | None = None
    """The profile that the environment names; what a job remembers comes before it."""
    is_remembered: bool = False
    """Whether a job remembers the profile, and the command line says none."""
    account: Profile | None = None
    """What a table of tenants says in the place of a profile."""

    def load_profile(self, system: str | None = None) -> Profile | None:
        """Load the profile; None where none is named.

        Args:
            system: whom it must be for.

        Raises:
            ConfigurationError: there is no such profile, or it is for another system.
        """
        from ...core.errors import ConfigurationError
        from ...core.profiles.profile_file import load_profile

        name = self.profile or self.default_profile
        if name is None:
            return self.account
        try:
            profile = load_profile(name)
            if profile.system not in SYSTEMS:
                raise ConfigurationError(f"profile {name!r}: system must be one of {', '.join(SYSTEMS)}")
            if system is not None:
                profile.check_system(system)
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}{self._explain_origin()}") from None
        return profile

    def _explain_origin(self) -> str:
        """Explain who names the profile where the command line does not."""
        if self.is_remembered:
            return " (the job was made with it; --profile or --api-key-file says how to reach the same account now)"
        return "" if self.profile else f" ({PROFILE_VARIABLE} names it; --profile names another)"

    def create_rate(self) -> Rate | None:
        """Create the rate limit; None where the command line says none.

        Raises:
            ConfigurationError: there is a burst and no rate.
        """
        from ...core.errors import ConfigurationError
        from ...core.ratelimit.configured_rate import Rate

        if self.rate is None and self.burst is not None:
            raise ConfigurationError("--burst needs --rate")
        return None if self.rate is None else Rate(self.rate, self.burst)

    def get_place_arguments(self) -> dict[str, str]:
        """Get what the directory must know besides address and credential, as far as it was given."""
        return {name: value for name in PLACE_NAMES if (value := getattr(self, name))}

    def read_api_key_file(self) -> str | None:
        """Read the API key or token; None to take the environment's.

        Raises:
            ConfigurationError: the file cannot be read, or is empty.
        """
        from ...core.errors import ConfigurationError

        path = self.api_key_file
        if path is None:
            return None
        try:
            key = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"{path}: the API key cannot be read: {error.strerror}") from None
        except UnicodeError:
            raise ConfigurationError(f"{path}: the API key cannot be read: this is not text") from None
        if not key:
            raise ConfigurationError(f"{path}: the file is empty; it must hold the API key")
        return key


def list_profiles_that_begin_with(
    context: click.Context, option: click.Parameter, incomplete: str
) -> list[str]:
    """Complete the name of a profile; a file that cannot be read has none."""
    from ...core.errors import ConfigurationError
    from ...core.profiles.profile_file import list_profile_names

    try:
        return [name for name in list_profile_names() if name.startswith(incomplete)]
    except ConfigurationError:
        return []


def _create_target_option(*names: str, **settings: Any) -> Callable[[Function], Function]:
    return click.option(*names, cls=Option, group="Connection", **settings)


_SANDBOX = _create_target_option(
    "--sandbox", is_flag=True, help="Try it on an emulation of the system, started for this run."
)
_ADDRESS = (
    _create_target_option(
        "--profile",
        metavar="NAME",
        shell_complete=list_profiles_that_begin_with,
        help="A customer of your profiles.toml: system, address, place and where the credential is kept; default"
        f" ${PROFILE_VARIABLE}. `alloy-async auth status` shows them.",
    ),
    _create_target_option(
        "--base-url",
        metavar="URL",
        help="Where the system is; default $SYSTEM_BASE_URL (as ALLOY_BASE_URL), else the vendor's address.",
    ),
    _create_target_option(
        "--api-key-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PATH",
        help="Read the API key or token from a file; default $SYSTEM_API_KEY or $SYSTEM_TOKEN (as ALLOY_API_KEY,"
        " AGILICUS_TOKEN, SMOOCH_KEY_ID with SMOOCH_SECRET). There is no option for the key itself: it would show in the"
        " list of processes and in your shell's history.",
    ),
)
_LIMIT = (
    _create_target_option(
        "--rate",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Send no more than N requests a second, where you know the system's limit; else it is found out.",
    ),
    _create_target_option(
        "--burst",
        type=click.IntRange(1),
        metavar="N",
        help="Requests that may go at once, with --rate; without, they go evenly.",
    ),
)
_PLACE = (
    _create_target_option(
        "--org-id", metavar="ID", help="Agilicus: the organisation; default $AGILICUS_ORG_ID."
    ),
    _create_target_option("--app-id", metavar="ID", help="Smooch: the app; default $SMOOCH_APP_ID."),
    _create_target_option(
        "--identity-provider",
        metavar="UID",
        help="Opendatasoft: whom new users are provisioned for; without it, and $OPENDATASOFT_IDENTITY_PROVIDER, each is"
        " invited by mail.",
    ),
)


def add_target_options(*, sandbox: bool = False, place: bool = True) -> Callable[[Function], Function]:
    """Give a command the options for reaching a system; it gets them as its argument `target`.

    Args:
        sandbox: with --sandbox.
        place: with the options for the organisation, the app and the identity provider.
    """

    def wrap(command: Function) -> Function:
        @wraps(command)
        def with_target(*arguments: Any, **options: Any) -> Any:
            names = {
                "sandbox",
                "base_url",
                "api_key_file",
                "profile",
                "rate",
                "burst",
                *(PLACE_NAMES if place else ()),
            }
            target = TargetOptions(**{name: options.pop(name) for name in names & options.keys()})
            others = ("base_url", "api_key_file", "profile")
            if target.sandbox and (given := [name for name in others if getattr(target, name)]):
                left_out = " and ".join(f"--{name.replace('_', '-')}" for name in given)
                raise click.UsageError(f"--sandbox brings its own address and key; leave out {left_out}")
            if not target.sandbox:
                target = attrs.evolve(target, default_profile=os.environ.get(PROFILE_VARIABLE) or None)
            return command(*arguments, target=target, **options)

        wrapped: Any = with_target
        options: list[Callable[[Any], Any]] = [
            *([_SANDBOX] if sandbox else []),
            *_ADDRESS,
            *(_PLACE if place else ()),
            *_LIMIT,
        ]
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped  # type: ignore[no-any-return]

    return wrap
