"""`alloy-async call`: any operation of any system; the commands are made from the operation classes when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ...systems import SYSTEMS
from ..catalog import find_operation, find_similar_operations, format_with_dashes, load_operations
from ..exit_codes import ExitCode
from ..help import Command, Option, SuggestingGroup
from ..options.target import TargetOptions, add_target_options
from ..output_file import OUTPUT_FILE, take_dash
from ..shell_words import create_description_for_shell

if TYPE_CHECKING:
    from ..catalog import OperationClass

FORMATS = ("json", "lines", "table")

_LIST_OPTIONS: list[click.Parameter] = [
    Option(
        ["--format", "form"],
        type=click.Choice(FORMATS),
        help="Of the list: json is the whole answer. Default: a table on a terminal, JSON lines elsewhere.",
        group="Output",
    ),
    Option(["--all", "all_pages"], is_flag=True, help="Take every page of the list.", group="Output"),
]
_FILE_OPTIONS: list[click.Parameter] = [
    Option(
        ["-o", "--output"],
        type=OUTPUT_FILE,
        callback=take_dash,
        metavar="FILE",
        help="Write the result to FILE, which gets its name when it is whole; - is standard output.",
        group="Output",
    ),
    Option(
        ["--json-errors"],
        is_flag=True,
        help="Print an error as JSON, with its effect: none, unknown or applied.",
        group="Output",
    ),
]
_INCLUDE = Option(
    ["-i", "--include"], is_flag=True, help="Print status and headers to standard error.", group="Output"
)
_REQUEST_OPTIONS: list[click.Parameter] = [
    Option(
        ["--dry-run"],
        is_flag=True,
        help="Show the request, without its secrets; send nothing.",
        group="Request",
    ),
    Option(
        ["--deadline"],
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="For the whole call, retries and waits included.",
        group="Request",
    ),
]


class SystemGroup(SuggestingGroup):
    """The operations of one system as commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [format_with_dashes(name) for name in load_operations(self.system)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        operation = find_operation(self.system, cmd_name)
        return None if operation is None else _create_command(self.system, operation)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        command = self.get_command(ctx, args[0])
        if command is None and not args[0].startswith("-"):
            ctx.fail(self._describe_unknown_operation(args[0]))
        return super().resolve_command(ctx, args)

    def _describe_unknown_operation(self, name: str) -> str:
        near = find_similar_operations(self.system, name)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"{self.system} has no operation {name!r}.{hint}\nAll of them:  alloy-async operations {self.system}"

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Operations"):
            formatter.write_dl(
                [
                    (format_with_dashes(name), create_description_for_shell(self.system, operation).summary)
                    for name, operation in load_operations(self.system).items()
                ]
            )

    @property
    def system(self) -> str:
        assert self.name is not None
        return self.name


class CallCommand(Command):
    """An operation as a command; a value without an option is told which options there are."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            options = [param for param in self.params if getattr(param, "group", "") == "Arguments"]
            names = [param.opts[0] for param in options if param.opts[0].startswith("--")]
            if names and error.message.startswith("Got unexpected extra argument"):
                hint = f"arguments of an operation are options, as {names[0]} VALUE"
                raise click.UsageError(f"{error.message}: {hint}", ctx) from None
            raise


class SystemsGroup(SuggestingGroup):
    """The systems; each with its operations, loaded when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SYSTEMS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SYSTEMS:
            return None
        return SystemGroup(
            cmd_name,
            help=f"Call an operation of {cmd_name}; `alloy-async operations {cmd_name}` shows methods and paths.",
            subcommand_metavar="OPERATION [ARGUMENTS]...",
            short_help=f"The operations of {cmd_name}.",
        )


@click.command(
    "call",
    cls=SystemsGroup,
    short_help="Call any operation of a system.",
    subcommand_metavar="SYSTEM OPERATION [ARGUMENTS]...",
)
def call() -> None:
    """Call any operation of a system, and print its result as JSON.

    Each argument of the operation is an option; a JSON body can be given as it is, or as @FILE.

    \b
      alloy-async call alloy create-a-user --username ada@example.com --full-name "Ada Quist"
      alloy-async call alloy create-a-user '{"username": "ada@example.com"}'
      alloy-async call agilicus list-users --org-id ID --all --format lines
      alloy-async call opendatasoft users-export --output users.csv
    """


def _create_command(system: str, operation: OperationClass) -> click.Command:
    from ..call_runner import CallPlan, run_call
    from ..options.arguments import build_operation, create_options

    own_options = [*_list_output_options(operation), *_REQUEST_OPTIONS]

    @click.pass_context
    @add_target_options(sandbox=True, place=False)
    def send(context: click.Context, /, target: TargetOptions, **given: Any) -> None:
        options = {param.name: given.pop(param.name) for param in own_options if param.name}
        body = given.pop("input", None)

        def build(place: Any) -> Any:
            return build_operation(operation, given, body, place)

        context.exit(run_call(CallPlan(system, operation, build, target, **options)))

    about = create_description_for_shell(system, operation)
    parts = [about.summary, f"{operation.verb} {operation.route}", about.details]
    parts += [f"Returns: {about.returns}"] if about.returns else []
    parts += [f"{names}: {text}" for names, text in about.raises.items()]
    parts.append(f"Exit code: {_EXIT_CODES}")
    connection = list(reversed(getattr(send, "__click_params__", [])))
    return CallCommand(
        format_with_dashes(operation.name),
        params=[*create_options(operation, about.arguments), *own_options, *connection],
        callback=send,
        help="\n\n".join(filter(None, parts)),
        short_help=about.summary,
    )


def _list_output_options(operation: OperationClass) -> list[click.Parameter]:
    from ...core.operation.operation import find_result_type
    from ...core.operation.paging import Listing

    if find_result_type(operation) is bytes:
        return _FILE_OPTIONS
    return [*(_LIST_OPTIONS if issubclass(operation, Listing) else ()), *_FILE_OPTIONS, _INCLUDE]


_EXIT_CODES = (
    f"{ExitCode.SUCCESS:d} when it is done, {ExitCode.INCOMPLETE:d} when there is no such thing (404),"
    f" {ExitCode.NOT_DONE:d} when nothing was done, {ExitCode.UNKNOWN:d} when nobody can tell what was done,"
    f" {ExitCode.APPLIED:d} when it was done and the answer could not be read, {ExitCode.INTERRUPTED:d} when interrupted."
)
