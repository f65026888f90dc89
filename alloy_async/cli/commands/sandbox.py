"""`alloy-async sandbox`: an emulated system on a local port."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ...systems import SYSTEMS
from ..exit_codes import NotDoneError
from ..help import Command
from ..options.emulation import add_emulation_options, create_limit
from ..options.system_access import get_variable_name

if TYPE_CHECKING:
    from ...sandbox import Sandbox


@click.command(cls=Command, short_help="Serve an emulation of a system, to try things on.")
@click.argument("system", type=click.Choice(SYSTEMS))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Where to listen; 0 takes a free port.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@add_emulation_options("--rate", "--burst", latency=0.0)
def sandbox(system: str, port: int, host: str, rate: float | None, burst: int, latency: float) -> None:
    """Serve an emulation of SYSTEM, with a few invented users, until Ctrl-C.

    It keeps what it is sent in memory, checks every request against the system's contract, and needs
    the credential that it prints at its start.
    """
    from ...sandbox import serve

    limit = create_limit(rate, burst)
    try:
        asyncio.run(serve(system, ready=_print_usage, port=port, host=host, limit=limit, latency=latency))
    except KeyboardInterrupt:
        click.echo("\nStopped.", err=True)
    except OSError as error:
        raise NotDoneError(
            f"cannot listen on {host}:{port}: {error.strerror}; try another --port, or 0"
        ) from None


def _print_usage(sandbox: Sandbox) -> None:
    system = sandbox.system
    click.echo(f"The {system} sandbox listens. Ctrl-C stops it. To use it:\n")
    for setting, value in {"base_url": sandbox.url, **sandbox.credentials, **sandbox.place}.items():
        click.echo(f"  export {get_variable_name(system, setting)}={value}")
