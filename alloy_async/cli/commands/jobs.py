"""The commands that work on jobs: provision, plan, apply, resume, undo."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from ...systems import SYSTEMS
from ..exit_codes import ExitCode
from ..job_runner import JobCommand, run_job
from ..options.source import SourceOptions, open_users, restore_source_options, source_options
from ..options.systems import read_place
from ..options.target import Target, target_options

if TYPE_CHECKING:
    from ...directory import Directory
    from ...provisioning import Mode, Report, Run, Source

MODES = ("create", "upsert", "sync", "offboard")
_SHARE = 0.05

_MODE = (
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
        "--job",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PATH",
        help="Where the job file goes; default FILE with the ending .job.",
    ),
)
_RUN = (
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


def _add_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def wrap(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return wrap


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--from",
    "origin",
    type=click.Choice(SYSTEMS),
    help="Take the users of another system instead of FILE; it is reached as its environment variables say. Needs --job.",
)
@click.option(
    "--to", "system", type=click.Choice(SYSTEMS), required=True, help="The system that gets the users."
)
@_add_options(*_MODE)
@click.option(
    "--failed",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="Where the rows go that did not go in, with line and reason; default beside the job file.",
)
@target_options(sandbox=True)
@source_options
@_add_options(*_RUN)
@click.pass_context
def provision(
    context: click.Context,
    /,
    file: Path | None,
    origin: str | None,
    system: str,
    mode: Mode,
    allow_delete: float | None,
    job: Path | None,
    failed: Path | None,
    target: Target,
    reading: SourceOptions,
    concurrency: int,
    as_json: bool,
    verbose: bool,
) -> None:
    """Bring the users of FILE (- for standard input) into a system; those who are there already stay as they are.

    The whole file is checked before anything is sent. Everything is recorded in a job file before it is sent: after a crash,
    `resume` it; to take it back, `undo` it.

    Exit code: 0 when every row is in, 1 when some are not, 2 when nothing could be done, 130 when interrupted.
    """

    if (file is None) == (origin is None):
        raise click.UsageError("give either FILE, or --from with a system")
    if origin and job is None:
        raise click.UsageError("--from needs --job: a place for the job file")

    async def work(directory: Directory, run: Run) -> Report:
        from ...provisioning import provision

        options = {**_describe_options(system, reading, directory), "from": origin}
        async with open_users(reading, file, origin, key=directory.capabilities.key) as source:
            return await provision(
                source, directory, mode=mode, job=job, allow_delete=allow_delete, options=options, run=run
            )

    context.exit(
        run_job(
            JobCommand(str(file or origin), system, target, work, failed),
            concurrency,
            as_json=as_json,
            verbose=verbose,
        )
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to", "system", type=click.Choice(SYSTEMS), required=True, help="The system that would get the users."
)
@_add_options(*_MODE)
@target_options()
@source_options
@_add_options(*_RUN[1:])
@click.pass_context
def plan(
    context: click.Context,
    /,
    file: Path,
    system: str,
    mode: Mode,
    allow_delete: float | None,
    job: Path | None,
    target: Target,
    reading: SourceOptions,
    as_json: bool,
    verbose: bool,
) -> None:
    """Show what `provision` would do with each user of FILE, and write it to a job file for `apply`.

    The system is asked, and nothing is changed.

    Exit code: 0, or 2 when no plan could be made.
    """

    async def work(directory: Directory, run: Run) -> Any:
        from ...provisioning import plan

        source = reading.open(file, key=directory.capabilities.key)
        return await plan(
            source,
            directory,
            mode=mode,
            job=job,
            allow_delete=allow_delete,
            options=_describe_options(system, reading, directory),
            on_event=run.on_event,
        )

    context.exit(run_job(JobCommand(str(file), system, target, work), 1, as_json=as_json, verbose=verbose))


def _create_job_command(function: Callable[..., None]) -> click.Command:
    job = click.argument("job", type=click.Path(path_type=Path))
    command: click.Command = _add_options(click.command(), job, target_options(), *_RUN, click.pass_context)(
        function
    )
    return command


@_create_job_command
def apply(context: click.Context, /, job: Path, target: Target, **how: Any) -> None:
    """Apply the plan in JOB. Rows whose users were changed since the plan was made are refused, by name.

    Exit code: as for provision.
    """

    async def work(directory: Directory, run: Run) -> Report:
        from ...provisioning import apply

        async with _open_source(job, directory) as source:
            return await apply(job, directory, source, run=run)

    context.exit(_run_on_job(job, target, work, **how))


@_create_job_command
@click.option(
    "--send-again",
    is_flag=True,
    help="Also send rows of unknown outcome again if they are not there; only once no request of before can be on its way"
    " any more.",
)
def resume(context: click.Context, /, job: Path, target: Target, send_again: bool, **how: Any) -> None:
    """Go on with JOB after it was stopped, or however it died.

    What was on its way then is looked up first, so that nobody is lost or doubled; then failed rows and the rest are sent.

    Exit code: as for provision.
    """

    async def work(directory: Directory, run: Run) -> Report:
        from ...provisioning import resume

        async with _open_source(job, directory) as source:
            return await resume(job, directory, source, run=attrs.evolve(run, sends_again=send_again))

    context.exit(_run_on_job(job, target, work, **how))


@_create_job_command
@click.option(
    "--adopted",
    is_flag=True,
    help="Remove also those whose answer was lost and who may have been there before.",
)
def undo(context: click.Context, /, job: Path, target: Target, adopted: bool, **how: Any) -> None:
    """Take JOB back: remove whom it created, restore what it changed; those edited since stay, and are named.

    Exit code: 0 when all was taken back, 1 when something was kept, 2 when nothing could be done, 130 when interrupted.
    """

    async def work(directory: Directory, run: Run) -> Report:
        from ...provisioning import undo

        return await undo(job, directory, adopted=adopted, run=run)

    context.exit(_run_on_job(job, target, work, **how))


def _run_on_job(
    job: Path, target: Target, work: Callable[..., Any], *, concurrency: int, as_json: bool, verbose: bool
) -> int:
    from ...core.errors import AlloyAsyncError
    from ...provisioning.store.schema import header_of, reading

    try:
        with reading(job) as database:
            header = header_of(database)
    except AlloyAsyncError as error:
        click.echo(f"Error: {error}", err=True)
        return ExitCode.NOT_DONE
    options = json.loads(header.options)
    system = options.get("system", header.system.lower())
    place = {**options.get("place", {}), **target.get_place()}
    target = attrs.evolve(target, base_url=target.base_url or header.base_url, **place)
    return run_job(
        JobCommand(header.source, system, target, work), concurrency, as_json=as_json, verbose=verbose
    )


def _describe_options(system: str, reading: SourceOptions, directory: Directory) -> dict[str, Any]:
    """Describe what a later command needs to open the same again; nothing secret."""
    return {"system": system, "place": read_place(directory), "reading": reading.to_json()}


@asynccontextmanager
async def _open_source(job: Path, directory: Directory) -> AsyncIterator[Source]:
    """Open the source of a job, read as it was read when the job was made."""
    from ...provisioning.store.schema import header_of, reading as opened

    with opened(job) as database:
        how, file, origin = restore_source_options(header_of(database))
    async with open_users(how, file, origin, key=directory.capabilities.key) as source:
        yield source
