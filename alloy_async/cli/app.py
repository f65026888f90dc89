"""The commands, put together. Nothing here imports the network: `--help` is quick."""

from __future__ import annotations

import sys
from typing import Any

import click
from click.exceptions import Exit

from ..version import __version__
from .commands.call import call
from .commands.jobs import apply, resume, undo
from .commands.lint import lint
from .commands.operations import operations
from .commands.provision import plan, provision
from .commands.report import report, status
from .commands.sandbox import sandbox
from .commands.users import users
from .exit_codes import ExitCode
from .help import get_help_width
from .output.streams import drop_output, prepare_streams


class App(click.Group):
    """The command line; where whoever reads its output has enough, as `head`, it ends without a word."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # here, since at exit it would be too late to catch what it raises
        except BrokenPipeError as error:
            drop_output(sys.stdout)
            done = error.__context__
            ctx.exit(done.exit_code if isinstance(done, Exit) else ExitCode.SUCCESS)


@click.group(
    cls=App, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": get_help_width()}
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """User management over web APIs: bulk jobs, and servers to try them on."""


app.add_command(lint)
for command in (provision, plan, apply, resume, undo, report, status):
    app.add_command(command)
app.add_command(users)
app.add_command(call)
app.add_command(operations)
app.add_command(sandbox)


def run() -> None:
    """Run the command line on the arguments of the process, and exit."""
    prepare_streams()
    app(prog_name="alloy-async")
