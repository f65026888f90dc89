"""`alloy-async auth status`: which accounts are named, and whether each lets us in."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import attrs
import click

from ...systems import SYSTEMS, load_client
from ..error_messages import describe_error, translate_to_options
from ..exit_codes import ExitCode
from ..help import Command, SuggestingGroup
from ..options.system_access import open_client
from ..options.target import TargetOptions, list_profiles_that_begin_with
from ..output.safe_text import format_json, print_line

if TYPE_CHECKING:
    from ...core.options import Service
    from ...core.profiles.profile import Profile

SECONDS = 20.0
"""How long an account may take to answer."""


@attrs.frozen
class AccountStatus:
    """What is known of one account.

    Args:
        profile: its name; empty for the account that the environment names.
        system: as "alloy".
        base_url: where the system is.
        credential: where the credential is kept, never the credential.
        ok: whether it lets us in.
        message: whom the system takes us for, or what is wrong.
    """

    profile: str
    system: str
    base_url: str
    credential: str
    ok: bool
    message: str


@click.group(
    cls=SuggestingGroup, short_help="Show the accounts that are named, and whether each lets you in."
)
def auth() -> None:
    """Look at the accounts of your profiles and of the environment."""


@auth.command(cls=Command, examples=["alloy-async auth status", "alloy-async auth status acme --json"])
@click.argument("profiles", nargs=-1, metavar="[PROFILE]...", shell_complete=list_profiles_that_begin_with)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON lines, as when the output is not a terminal."
)
@click.pass_context
def status(context: click.Context, /, profiles: tuple[str, ...], as_json: bool) -> None:
    """Ask each account whom it takes you for, by the cheapest call of its system. No secret is shown.

    Without a PROFILE: all profiles, and the systems whose credential stands in the environment.

    Exit code: 0 when all let you in, 1 when some do not, 2 when the profiles cannot be read or there are none.
    """
    from ...core.errors import ConfigurationError

    try:
        accounts = _load_accounts(profiles)
    except ConfigurationError as error:
        print_line(describe_error(error), err=True)
        context.exit(ExitCode.NOT_DONE)
    if not accounts:
        print_line(_explain_how_to_begin(), err=True)
        context.exit(ExitCode.NOT_DONE)
    found = asyncio.run(_ask_account_statuses(accounts))
    _print_status(found, as_json=as_json or not sys.stdout.isatty())
    context.exit(ExitCode.SUCCESS if all(one.ok for one in found) else ExitCode.INCOMPLETE)


def _load_accounts(names: tuple[str, ...]) -> list[Profile | AccountStatus]:
    """Load the profiles of these names; without names all, and one without a name for each system in the environment."""
    from ...core.profiles.profile import Profile
    from ...core.profiles.profile_file import list_profile_names, load_profile

    known = list_profile_names()
    if names:
        return [_load_profile_or_problem(name) if name in known else load_profile(name) for name in names]
    in_environment = [
        Profile("", system) for system in SYSTEMS if _format_filled_credential_variables(system)
    ]
    return [*map(_load_profile_or_problem, known), *in_environment]


def _load_profile_or_problem(name: str) -> Profile | AccountStatus:
    """Load a profile; of one that is wrong, tell what is wrong: it keeps no other from being asked."""
    from ...core.errors import ConfigurationError

    try:
        profile = TargetOptions(profile=name).load_profile()
        assert profile is not None
    except ConfigurationError as error:
        return AccountStatus(name, "", "", "", False, str(error))
    return profile


def _format_filled_credential_variables(system: str) -> str | None:
    """Name the variables of the environment that hold a system's credential; None where none does."""
    service: Service = load_client(system).system
    variable = service.get_variable_name(service.credential)
    pair = [service.get_variable_name(name) for name in ("key_id", "secret")]
    if os.environ.get(variable):
        return variable
    return " and ".join(pair) if all(os.environ.get(name) for name in pair) else None


async def _ask_account_statuses(accounts: list[Profile | AccountStatus]) -> list[AccountStatus]:
    return await asyncio.gather(*map(_ask_account_status, accounts))


async def _ask_account_status(profile: Profile | AccountStatus) -> AccountStatus:
    from ...core.errors import AlloyAsyncError
    from ...core.options import resolve_base_url
    from ...core.retry import Retry

    if isinstance(profile, AccountStatus):
        return profile
    credential = str(
        profile.credential or f"env {_format_filled_credential_variables(profile.system) or '(not set)'}"
    )
    address = profile.base_url or ""
    target = TargetOptions(profile=profile.name or None)
    try:
        address = resolve_base_url(load_client(profile.system).system, profile.base_url)
        async with open_client(profile.system, target, deadline=SECONDS, retry=Retry(attempts=2)) as (
            client,
            place,
        ):
            address = client.base_url
            who = await client.check(**place)
    except (AlloyAsyncError, OSError) as error:
        message = translate_to_options(str(error))
        return AccountStatus(profile.name, profile.system, address, credential, False, message)
    return AccountStatus(profile.name, profile.system, address, credential, True, who or "let in")


def _print_status(found: list[AccountStatus], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            click.echo(format_json(attrs.asdict(one)))
        return
    from ..output.safe_console import create_console
    from ..output.table import create_table_of_rows

    create_console().print(create_table_of_rows([attrs.asdict(one) for one in found]))


def _explain_how_to_begin() -> str:
    from ...core.profiles.profile_file import get_profile_file_path

    path = get_profile_file_path()
    return (
        f"No account is named: there is no {path}, and no credential in the environment. Write there, say:\n\n"
        '  [acme]\n  system = "alloy"\n  credential = { env = "ACME_KEY" }'
    )
