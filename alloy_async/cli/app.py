"""The commands, put together. Nothing here imports the network: `--help` is quick."""

from __future__ import annotations

import sys
from typing import Any

import click
from click.exceptions import Exit

from ..core.argument_errors import set_argument_format_for_block
from ..version import __version__
from .commands.auth import auth
from .commands.call import call
from .commands.completion import completion
from .commands.jobs.actions import apply, resume, undo, work
from .commands.jobs.list_and_prune import jobs
from .commands.jobs.report import report
from .commands.jobs.status import status
from .commands.lint import lint
from .commands.operations import operations
from .commands.provision import plan, provision
from .commands.rehearse import rehearse
from .commands.sandbox import sandbox
from .commands.user_queries import users
from .error_messages import describe_error, error_to_json, format_option_name
from .exit_codes import ExitCode
from .help import SuggestingGroup, write_commands, write_examples
from .output.safe_text import format_json, print_line
from .output.streams import (
    drop_output,
    print_unwritable_warning,
    replace_missing_streams,
    replace_unencodable,
)

JSON_ERRORS = "alloy_async.json_errors"
"""The entry of a context that tells whether errors are to be JSON: a mistake in the command is one, too."""


class App(SuggestingGroup):
    """The command line; where whoever reads its output has enough, as `head`, it ends without a word.

    A package that an extra would have brought is named with the extra, and not by a traceback.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[JSON_ERRORS] = "call" in args and "--json-errors" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            try:
                with set_argument_format_for_block(format_option_name):
                    return super().invoke(ctx)
            except click.ClickException as error:
                if not ctx.meta[JSON_ERRORS]:
                    raise
                print_line(format_json(error_to_json(error), indent=2), err=True)
                ctx.exit(error.exit_code)
            finally:
                sys.stdout.flush()  # here, since at exit it would be too late to catch what it raises
        except BrokenPipeError as error:
            drop_output(sys.stdout)
            done = error.__context__
            ctx.exit(done.exit_code if isinstance(done, Exit) else ExitCode.SUCCESS)
        except KeyboardInterrupt:  # before a command listens to signals, or once its work is done
            print_line("Interrupted.", err=True)
            ctx.exit(ExitCode.INTERRUPTED)
        except ModuleNotFoundError as error:
            if "pip install 'alloy-async[" not in str(error):
                raise  # not one of ours, which all name their remedy
            print_line(describe_error(error), err=True)
            ctx.exit(ExitCode.NOT_DONE)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, section in SECTIONS.items():
            write_commands(formatter, heading, [(one.name or "", one) for one in section])
        write_examples(formatter, EXAMPLES)


EXAMPLES = (
    "alloy-async provision examples/users.csv --to alloy --sandbox",
    "alloy-async plan users.csv --to agilicus --mode sync --allow-delete 0.02",
    "alloy-async users find ada --in opendatasoft --profile acme",
    "alloy-async call alsid api-users-whoami-get",
)


@click.group(cls=App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """Manage the users of Alloy, Tenable.ad (alsid), Opendatasoft, Smooch and Agilicus: one at a time, or in bulk.

    Every command has a page of its own: alloy-async COMMAND --help. All but `sandbox` and `lint` need a credential: from the
    environment (ALLOY_API_KEY), from a file (--api-key-file) or from a profile (--profile); --sandbox tries them without.
    """


SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Jobs": (lint, rehearse, plan, apply, provision, resume, undo, work, status, report, jobs),
    "Calls": (call, operations, users, auth),
    "Around": (sandbox, completion),
}
"""The commands, by the heading of their section on the help page."""

for _commands in SECTIONS.values():
    for _command in _commands:
        app.add_command(_command)


def run() -> None:
    """Run the command line on the arguments of the process, and exit."""
    replace_missing_streams()
    replace_unencodable()
    try:
        app(prog_name="alloy-async")
    except OSError as error:  # a help page on a disk that is full: no command was begun
        drop_output(sys.stdout)
        print_unwritable_warning(error)
        sys.exit(ExitCode.NOT_DONE)
