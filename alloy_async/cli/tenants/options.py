"""`--many` and the options that come with it: a command gets them, and works on one job or on all tenants of a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
from click.core import ParameterSource

from ...core.argument_errors import set_argument_format_for_block
from ..exit_codes import ExitCode
from ..options.job_options import JobOptions, combine_options
from .error_messages import format_argument_as_key
from .runner import ManyCommand, run_many
from .table.keys import KEYS

if TYPE_CHECKING:
    from .tenant_factory import Action

_TAKEN = {
    *(field.name for field in attrs.fields(JobOptions) if field.name not in ("on", "shard_rows")),
    "at_once",
    "sandbox",
    "adopted",
    "send_again",
    "failed",
}
"""The parameters that say how a run goes; all others are a tenant's, and stand in the table."""
_KEYS_OF_OPTIONS = {
    "columns": "map",
    "constants": "set",
    "mapping_file": "mapping",
    "api_key_file": "credential",
    "org_id": "place",
    "app_id": "place",
    "identity_provider": "place",
}
_REASONS = {
    "on": "shares one job among workers, and a table has a job for each tenant, all of which this process works on at once:"
    " for one huge tenant, run `resume JOB --on ...` on its job in PostgreSQL; for more hosts, give each some tenants by"
    " --only",
    "shard_rows": "is for the workers that share one job",
    "new_key": "is for one job",
}
"""Why some options do not go with a table, and what to do instead."""

MANY = click.option(
    "--many",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="TABLE",
    help="Do it for all tenants of a table (tenants.toml), at once, each in a job of its own; instead of one. What is a"
    " tenant's own is said in the table.",
)
ONLY = click.option(
    "--only", multiple=True, metavar="NAME", help="With --many: only this tenant. Repeatable."
)
AT_ONCE = click.option(
    "--at-once",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="With --many: work on N tenants at a time; default 50. One that waits for its system lends its place to another.",
)


def add_many_options(action: Action, argument: str, *, required: bool = True) -> Callable[[Any], Any]:
    """Let a command that works on a job work on all tenants of a table.

    Args:
        action: what is done for each tenant.
        argument: the command's own argument, in whose place the table stands.
        required: whether it is required without a table.
    """

    def run(table: Path, only: tuple[str, ...], given: Mapping[str, Any]) -> ExitCode:
        return run_many(_gather_many_command_from_options(action, table, only, given))

    return accept_tenants_table(run, argument, _TAKEN, (MANY, ONLY, AT_ONCE), required=required)


def accept_tenants_table(
    run: Callable[[Path, tuple[str, ...], Mapping[str, Any]], ExitCode],
    argument: str,
    taken: Collection[str],
    options: Sequence[Callable[[Any], Any]] = (MANY, ONLY),
    *,
    required: bool = True,
) -> Callable[[Any], Any]:
    """Let a command work on a table instead of its own argument; outermost, as what is of one job is not looked at then.

    Args:
        run: what is done with a table: given its path, the names of the tenants that are wanted, and the parameters.
        argument: the command's own argument.
        taken: the parameters that go with a table.
        options: that come with it.
        required: whether the argument is required without a table.
    """

    def wrap(command: Any) -> Any:
        @wraps(command)
        def with_table(*arguments: Any, many: Path | None, only: tuple[str, ...], **given: Any) -> Any:
            context = click.get_current_context()
            if many is not None:
                _refuse_options_of_one(context, {"many", "only", *taken})
                with set_argument_format_for_block(format_argument_as_key):
                    code = run(many, only, given)
                return context.exit(code)
            if only or given.pop("at_once", None):
                raise click.UsageError("--only and --at-once go with --many, the table of tenants")
            if required and given[argument] is None:
                raise click.MissingParameter(
                    ctx=context, param=_find_param(context, argument), param_hint=f"'{argument.upper()}'"
                )
            return command(*arguments, **given)

        return combine_options(*options)(with_table)

    return wrap


def _gather_many_command_from_options(
    action: Action, table: Path, only: tuple[str, ...], given: Mapping[str, Any]
) -> ManyCommand:
    names = {field.name for field in attrs.fields(JobOptions)}
    failed = given.get("failed")
    if failed is not None and action == "provision":
        raise click.UsageError(
            "--failed is the place for the rows of one job; with --many, those of each tenant go beside its job"
        )
    if isinstance(failed, Path) and len(only) != 1:
        raise click.UsageError(
            f"--failed {failed} is of one tenant: say whose, as --only NAME; --failed without a file takes that of each tenant"
        )
    return ManyCommand(
        action,
        table,
        only,
        given["at_once"],
        JobOptions(**{name: given[name] for name in names & given.keys()}),
        sandbox=given.get("sandbox", False),
        adopted=given.get("adopted", False),
        sends_again=given.get("send_again", False),
        failed=failed,
    )


def _refuse_options_of_one(context: click.Context, taken: Collection[str]) -> None:
    """Refuse what is said of one tenant where the table says it of each.

    Args:
        context: of the command.
        taken: the parameters that go with a table.

    Raises:
        click.UsageError: with the key that says it.
    """
    for param in context.command.params:
        name = param.name or ""
        if name in taken or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if isinstance(param, click.Argument):
            raise click.UsageError(f"give either {name.upper()}, or --many with a table of tenants")
        option, key = max(param.opts, key=len), _KEYS_OF_OPTIONS.get(name, name)
        if key in KEYS:
            raise click.UsageError(
                f"with --many, {option} is said in the table: {key} = ... at its top for all, or below [tenants.NAME]"
            )
        if name == "system":
            raise click.UsageError(f'with --many, {option} is said in the table: system = "..."')
        why = _REASONS.get(name, "is for one job")
        raise click.UsageError(f"{option} {why}; leave it out with --many")


def _find_param(context: click.Context, name: str) -> click.Parameter:
    return next(param for param in context.command.params if param.name == name)
