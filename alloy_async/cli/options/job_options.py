"""The options of the commands that make or run jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

MODES = ("create", "upsert", "sync", "offboard")
_SHARE = 0.05

MODE_OPTIONS = (
    click.option(
        "--mode",
        type=click.Choice(MODES),
        default="create",
        show_default=True,
        help="create: those who are there stay as they are. upsert: what differs is changed too. sync: those who are not in"
        " FILE are removed too. offboard: those in FILE leave, step by step.",
    ),
    click.option(
        "--allow-delete",
        type=click.FloatRange(0, 1),
        is_flag=False,
        flag_value=_SHARE,
        metavar="[SHARE]",
        help=f"For sync: remove users, but no more than this share of those there; {_SHARE} where you give none.",
    ),
    click.option(
        "--allow-inactive",
        is_flag=True,
        help="Take inactive people for a system that cannot hold such: they are active there. Without, each is an error.",
    ),
    click.option(
        "--send-hidden",
        is_flag=True,
        help="For upsert and sync: send also what the system never shows, as a password, to those who are there; nobody can"
        " tell whether it differs.",
    ),
    click.option(
        "--job",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PATH",
        help="Where the job file goes; default FILE with the ending .job.",
    ),
)
RUN_OPTIONS = (
    click.option(
        "--concurrency",
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        help="Calls in flight; fewer where the server sets a limit.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the report as JSON."),
    click.option("-v", "--verbose", is_flag=True, help="Show every request."),
)


def add_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Give a command several options, in this order on its help page."""

    def wrap(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return wrap
