"""The commands, put together. Nothing here imports the network: `--help` is quick."""

from __future__ import annotations

import click

from ..version import __version__
from .commands.jobs import apply, plan, provision, resume, undo
from .commands.lint import lint
from .commands.report import report, status
from .commands.sandbox import sandbox
from .commands.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """User management over web APIs: bulk jobs, and servers to try them on."""


app.add_command(lint)
for command in (provision, plan, apply, resume, undo, report, status):
    app.add_command(command)
app.add_command(users)
app.add_command(sandbox)
