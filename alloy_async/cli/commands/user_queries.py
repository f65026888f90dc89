"""`alloy-async users`: the users of a system, to look at or to pipe on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TYPE_CHECKING, TypeAlias

import click

from ..error_messages import describe_error
from ..exit_codes import ExitCode
from ..help import SuggestingGroup
from ..options.system_access import add_system_option
from ..options.target import TargetOptions, add_target_options
from ..output.safe_text import format_json, print_line

if TYPE_CHECKING:
    from ...directory import Directory, UserRecord

Query: TypeAlias = "Callable[[Directory], AsyncGenerator[UserRecord, None]]"

ON_A_TERMINAL = 100
"""The most users in a table where no --limit is given."""

_LIMIT = click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help=f"Stop after N users; default {ON_A_TERMINAL} on a terminal, else none.",
)
_JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON lines, as when the output is not a terminal."
)


@click.group(cls=SuggestingGroup, short_help="List, find and show the users of a system.")
def users() -> None:
    """Look at the users of a system: a table on a terminal, JSON lines when piped."""


@users.command("list")
@_LIMIT
@add_target_options(sandbox=True)
@add_system_option("--in", "The system")
@_JSON
@click.pass_context
def list_(
    context: click.Context, /, system: str, limit: int | None, target: TargetOptions, as_json: bool
) -> None:
    """List the users of a system.

    Exit code: 0, or 2 when they could not be listed.
    """
    code = _run_query_and_print(
        system, target, lambda directory: _list_matching(directory, "", limit), limit, as_json=as_json
    )
    context.exit(code if code != ExitCode.INCOMPLETE else ExitCode.SUCCESS)


@users.command()
@click.argument("text")
@_LIMIT
@add_target_options(sandbox=True)
@add_system_option("--in", "The system")
@_JSON
@click.pass_context
def find(
    context: click.Context, /, text: str, system: str, limit: int | None, target: TargetOptions, as_json: bool
) -> None:
    """List the users with this TEXT in a name, email or id, in either case.

    Exit code: 0, 1 when there is none, 2 when they could not be listed.
    """
    code = _run_query_and_print(
        system, target, lambda directory: _list_matching(directory, text, limit), limit, as_json=as_json
    )
    if code == ExitCode.INCOMPLETE:
        print_line(f"No user of {system} has {text!r} in a name, email or id.", err=True)
    context.exit(code)


@users.command()
@click.argument("key")
@add_target_options(sandbox=True)
@add_system_option("--in", "The system")
@_JSON
@click.pass_context
def get(context: click.Context, /, key: str, system: str, target: TargetOptions, as_json: bool) -> None:
    """Show the user with this KEY: the username; for Alsid and Agilicus, the email.

    Exit code: 0, 1 when there is none, 2 when the system could not be asked.
    """

    async def find_user(directory: Directory) -> AsyncGenerator[UserRecord, None]:
        user = await directory.find(key)
        if user is not None:
            yield user

    code = _run_query_and_print(system, target, find_user, 1, as_json=as_json)
    if code == ExitCode.INCOMPLETE:
        print_line(f"There is no user {key!r} in {system}.", err=True)
    context.exit(code)


async def _list_matching(
    directory: Directory, text: str, limit: int | None
) -> AsyncGenerator[UserRecord, None]:
    """List the users that contain a text, no more of them than the limit."""
    wanted, left = text.casefold(), limit
    listing = directory.list()
    try:
        async for user in listing:
            if _user_contains(user, wanted):
                yield user
                left = left and left - 1
                if left == 0:
                    return
    finally:
        if isinstance(listing, AsyncGenerator):
            await listing.aclose()


def _user_contains(user: UserRecord, text: str) -> bool:
    names = (
        user.username,
        user.email,
        user.display_name,
        user.given_name,
        user.family_name,
        user.external_id,
    )
    return any(text in name.casefold() for name in names if name)


def _run_query_and_print(
    system: str, target: TargetOptions, query: Query, limit: int | None, *, as_json: bool
) -> int:
    """Run a query and print its users; return the exit code."""
    from ...core.errors import AlloyAsyncError

    as_json = as_json or not sys.stdout.isatty()
    try:
        count = asyncio.run(_print_users_of_query(system, target, query, limit, as_json=as_json))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        raise
    except (AlloyAsyncError, OSError) as error:
        print_line(describe_error(error), err=True)
        return ExitCode.NOT_DONE
    return ExitCode.SUCCESS if count else ExitCode.INCOMPLETE


async def _print_users_of_query(
    system: str, target: TargetOptions, query: Query, limit: int | None, *, as_json: bool
) -> int:
    from contextlib import aclosing

    from ..options.system_access import open_directory

    async with open_directory(system, target) as directory, aclosing(query(directory)) as found:
        if as_json:
            return await _print_json_lines(found)
        return await _print_table(found, limit or ON_A_TERMINAL, more=limit is None)


async def _print_json_lines(found: AsyncIterator[UserRecord]) -> int:

    count = 0
    async for user in found:
        click.echo(format_json(user_to_json(user)))
        count += 1
    return count


async def _print_table(found: AsyncIterator[UserRecord], most: int, *, more: bool) -> int:
    from ..output.safe_console import create_console
    from ..output.table import create_table_of_rows

    shown: list[UserRecord] = []
    async for user in found:
        if len(shown) == most:
            break
        shown.append(user)
    else:
        more = False
    if shown:
        create_console().print(create_table_of_rows(_drop_redundant_fields(shown)))
    if more:
        click.echo(f"There are more than {most}: --limit N shows more, and a pipe gets them all.", err=True)
    return len(shown)


def _drop_redundant_fields(shown: list[UserRecord]) -> list[dict[str, object]]:
    """Drop the fields that others say already, for all users alike."""
    repeated = set()
    if all(user.username == user.email for user in shown):
        repeated.add("username")
    if all(user.full_name == f"{user.given_name} {user.family_name}" for user in shown):
        repeated.add("full_name")
    return [
        {name: value for name, value in user_to_json(user).items() if name not in repeated} for user in shown
    ]


def user_to_json(user: UserRecord) -> dict[str, object]:
    """Convert a user to JSON data: the fields that are filled, and never a password."""
    from ...directory import FIELDS

    fields = {name: getattr(user, name) for name in FIELDS if name != "password"}
    filled = {name: value for name, value in fields.items() if value not in (None, "", ())}
    lists = {name: list(value) for name, value in filled.items() if isinstance(value, tuple)}
    return {**filled, **lists, **({"attributes": dict(user.attributes)} if user.attributes else {})}
