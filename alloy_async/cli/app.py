"""The commands, put together. Nothing here imports the network: `--help` is quick."""

from __future__ import annotations

import click

from ..version import __version__
from .provision import provision
from .sandbox import sandbox


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """User management over web APIs: bulk jobs, and servers to try them on."""


app.add_command(provision)
app.add_command(sandbox)
