"""The options of the commands that run an emulation of a system: its rate limit, and how long it takes to answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .job_options import combine_options

if TYPE_CHECKING:
    from ...sandbox import Limit


def add_emulation_options(rate: str, burst: str, *, latency: float) -> Callable[[Any], Any]:
    """Give a command the options of an emulation; it gets them under their own names.

    Args:
        rate, burst: the options that set the limit, as `--rate`; see `create_limit`.
        latency: default of `--latency`, in seconds.
    """
    return combine_options(
        click.option(
            rate,
            type=click.FloatRange(min=0, min_open=True),
            metavar="N",
            help="The emulation answers 429 above N requests a second.",
        ),
        click.option(
            burst,
            type=click.IntRange(1),
            default=10,
            show_default=True,
            help=f"Requests that may come at once, with {rate}.",
        ),
        click.option(
            "--latency",
            type=click.FloatRange(0),
            default=latency,
            show_default=True,
            metavar="SECONDS",
            help="Time that every answer takes.",
        ),
    )


def create_limit(rate: float | None, burst: int) -> Limit | None:
    """Create the rate limit of an emulation; None where no rate is given."""
    from ...sandbox import Limit

    return Limit(rate, burst) if rate else None
