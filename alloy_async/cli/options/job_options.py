"""The options of the commands that make or run jobs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import attrs
import click

from ..help import Option
from .job_place import JOB_PLACE

Function = TypeVar("Function", bound=Callable[..., Any])

MODES = ("create", "upsert", "sync", "offboard")
PROGRESS = ("auto", "json", "none")
_SHARE = 0.05

MODE_OPTIONS = (
    click.option(
        "--mode",
        metavar="MODE",
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
        type=JOB_PLACE,
        metavar="PLACE",
        help="Where the job is kept: a file, by default FILE with the ending .job, or postgresql://host/database#name for"
        " workers on many hosts.",
    ),
)


@attrs.frozen
class JobOptions:
    """How a job is run and shown, as the command line says.

    Args:
        concurrency: calls in flight.
        as_json: print the result as JSON.
        verbose: show every request.
        progress: one of PROGRESS.
        safe_csv: write the rows that did not go in so that a spreadsheet takes no cell for a formula.
        new_key: the credential is a renewed one of the job's account.
        on: where workers share the job; None for this process alone.
        shard_rows: rows that a worker takes at a time.
        detailed_exitcode: tell by the exit code whether a plan holds changes.
    """

    concurrency: int = 1
    as_json: bool = False
    verbose: bool = False
    progress: str = "auto"
    safe_csv: bool = False
    new_key: bool = False
    on: str | None = None
    shard_rows: int = 20_000
    detailed_exitcode: bool = False


def _create_option_in_output_group(*names: str, **settings: Any) -> Callable[[Function], Function]:
    return click.option(*names, cls=Option, group="Output", **settings)


SAFE_CSV = _create_option_in_output_group(
    "--safe-csv",
    is_flag=True,
    help="Put an apostrophe before cells that a spreadsheet would take for formulas (=, +, -, @). Without, cells are as they"
    " came: right for feeding back, and not to be opened in a spreadsheet where strangers can fill in the source.",
)
NEW_KEY = click.option(
    "--new-key",
    is_flag=True,
    help="The credential is a renewed one of the account that JOB was made for; without, another credential is refused.",
)
_SENDING = (
    click.option(
        "--concurrency",
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        help="Calls in flight; fewer where the server sets a limit.",
    ),
    SAFE_CSV,
)
_SHARD_ROWS = click.option(
    "--shard-rows",
    type=click.IntRange(1),
    default=20_000,
    show_default=True,
    metavar="ROWS",
    help="With --on, and for `work` on a plan: rows that a worker takes at a time.",
)
_SHARING = (
    click.option(
        "--on",
        metavar="WORKERS",
        help="Share a job in PostgreSQL among workers: local:4 for processes here, dask://host:8786 for a Dask cluster. They"
        " have the credential from their own environment, file or profile.",
    ),
    _SHARD_ROWS,
)
_SHOWING = (
    _create_option_in_output_group("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    _create_option_in_output_group(
        "--progress",
        type=click.Choice(PROGRESS),
        default="auto",
        show_default=True,
        help="On standard error. auto: a bar on a terminal, a line now and then elsewhere. json: an event a line, for other"
        " programs.",
    ),
    _create_option_in_output_group("-v", "--verbose", is_flag=True, help="Show every request."),
)
_DETAILED = _create_option_in_output_group(
    "--detailed-exitcode", is_flag=True, help="Exit with 5, not 0, when the plan holds changes."
)


def add_job_options(*, sends: bool = True, shares: bool = True) -> Callable[[Function], Function]:
    """Give a command the options of how a job is run and shown; it gets them as its argument `options`.

    Args:
        sends: False for a command that only plans.
        shares: False for a command that is a worker itself.
    """

    def wrap(command: Function) -> Function:
        @wraps(command)
        def with_options(*arguments: Any, **options: Any) -> Any:
            names = {field.name for field in attrs.fields(JobOptions)}
            gathered = JobOptions(**{name: options.pop(name) for name in names & options.keys()})
            return command(*arguments, options=gathered, **options)

        of_run = (*_SENDING, *(_SHARING if shares else (_SHARD_ROWS,))) if sends else (_DETAILED,)
        return combine_options(*of_run, *_SHOWING)(with_options)  # type: ignore[no-any-return]

    return wrap


def combine_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Give a command several options, in this order on its help page."""

    def wrap(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return wrap
