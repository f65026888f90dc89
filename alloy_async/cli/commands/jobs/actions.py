"""The commands that go on with a job: apply, resume, undo."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import click

from ...error_messages import describe_error
from ...exit_codes import ExitCode
from ...help import Command
from ...job_runner import JobTask, run_job
from ...options.job_options import NEW_KEY, JobOptions, add_options, job_options
from ...options.job_place import JOB_PLACE
from ...options.source import SourceOptions, open_users, restore_constants, restore_source_options
from ...options.target import Target, target_options
from ...output.next_steps import NextSteps
from ...output.safe_text import print_line
from ...tenants.options import many_options

if TYPE_CHECKING:
    from ....directory import Directory
    from ....provisioning import Report, Run, Source
    from ...tenants.tenant_factory import Action


_SHORT_HELP = {
    "apply": "Carry out a plan.",
    "resume": "Go on with a job that was stopped, however it ended.",
    "undo": "Take a job back.",
    "work": "Be one worker of a job that is shared among many.",
}


def _create_job_command(
    function: Callable[..., None],
    *,
    place: str = "users.job",
    shares: bool = True,
    of_table: bool = True,
) -> click.Command:
    many = many_options(cast("Action", function.__name__), "job") if of_table else lambda command: command
    job = click.argument("job", type=JOB_PLACE, required=not of_table)
    command: click.Command = add_options(
        click.command(
            cls=Command,
            short_help=_SHORT_HELP[function.__name__],
            examples=[f"alloy-async {function.__name__} {place}"],
        ),
        many,
        job,
        target_options(),
        NEW_KEY,
        job_options(shares=shares),
        click.pass_context,
    )(function)
    return command


_CONSTANTS = click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Say a secret again that JOB was made with, as password=...: it is not kept. Repeatable.",
)


@_create_job_command
@_CONSTANTS
def apply(
    context: click.Context,
    /,
    job: Path | str,
    target: Target,
    constants: tuple[str, ...],
    options: JobOptions,
) -> None:
    """Apply the plan in JOB. Rows whose users were changed since the plan was made are refused, by name.

    Exit code: as for provision.
    """

    async def work(directory: Directory, run: Run) -> Report:
        from ....provisioning import apply

        async with _open_source(job, directory, constants, options.on) as source:
            return await apply(job, directory, source, run=run)

    context.exit(_run_on_job(context, job, target, work, options))


@_create_job_command
@_CONSTANTS
@click.option(
    "--send-again",
    is_flag=True,
    help="Also send rows of unknown outcome again if they are not there; only once no earlier request can be on its way"
    " any more.",
)
@click.option(
    "--failed",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Feed back the rows that did not go in, corrected in FILE, read and sent as JOB was told, in a job of their own beside"
    " FILE; each is looked up first. After mode sync, nobody is removed.",
)
def resume(
    context: click.Context,
    /,
    job: Path | str,
    target: Target,
    send_again: bool,
    failed: Path | None,
    constants: tuple[str, ...],
    options: JobOptions,
) -> None:
    """Go on with JOB after it was stopped, or however it died; or feed back the rows that you corrected.

    What was on its way then is looked up first, so that nobody is lost or doubled; then failed rows and the rest are sent.

    Exit code: as for provision.
    """

    async def work(directory: Directory, run: Run) -> Report:
        from ....provisioning import resume

        run = attrs.evolve(run, sends_again=send_again)
        if failed is not None:
            reading = _restore_reading(job, constants).for_failed_rows()
            kept = {"reading": reading.to_json()}
            async with open_users(reading, failed, None, key=directory.capabilities.key) as source:
                return await resume(job, directory, failed=source, options=kept, run=run)
        async with _open_source(job, directory, constants, options.on) as source:
            return await resume(job, directory, source, run=run)

    context.exit(_run_on_job(context, job, target, work, options, failed))


@_create_job_command
@click.option(
    "--adopted",
    is_flag=True,
    help="Remove also those whose answer was lost and who may have been there before.",
)
def undo(
    context: click.Context, /, job: Path | str, target: Target, adopted: bool, options: JobOptions
) -> None:
    """Take JOB back: remove whom it created, restore what it changed; those edited since stay, and are named.

    Exit code: 0 when all was taken back, 1 when something was kept, 2 when nothing could be done, 130 when interrupted.
    """

    async def work(directory: Directory, run: Run) -> Report:
        from ....provisioning import undo

        return await undo(job, directory, adopted=adopted, run=run)

    context.exit(_run_on_job(context, job, target, work, options))


@partial(_create_job_command, place="'postgresql://jobs@db.example/jobs#june'", shares=False, of_table=False)
@_CONSTANTS
def work(
    context: click.Context,
    /,
    job: Path | str,
    target: Target,
    constants: tuple[str, ...],
    options: JobOptions,
) -> None:
    """Be one worker of JOB, a plan or a running job in PostgreSQL, until nothing is left; for any scheduler.

    Start as many as you like, on any host that reads the same file, and again whenever one is lost. Whoever comes first to a
    plan splits it, whoever comes last ends the job. A job that was stopped is begun again by `resume` with --on.

    Exit code: as for provision.
    """

    async def carry_out(directory: Directory, run: Run) -> Report:
        from ....provisioning import work

        async with _open_source(job, directory, constants) as source:
            return await work(job, directory, source, run=run)

    context.exit(_run_on_job(context, job, target, carry_out, options))


def _run_on_job(
    context: click.Context,
    job: Path | str,
    target: Target,
    work: Callable[..., Any],
    options: JobOptions,
    failed: Path | None = None,
) -> int:
    from ....core.errors import AlloyAsyncError
    from ....provisioning.store.store_opener import read_store

    try:
        with read_store(job) as store:
            header = store.read_header()
    except AlloyAsyncError as error:
        print_line(describe_error(error), err=True)
        return ExitCode.NOT_DONE
    kept = json.loads(header.options)
    system = kept.get("system", header.system.lower())
    place = {**kept.get("place", {}), **target.get_place()}
    target = attrs.evolve(
        target,
        base_url=target.base_url or header.base_url,
        profile=target.profile or kept.get("profile"),
        default_profile=None,  # the job knows its own account, whatever the environment names
        **place,
    )
    source = header.source if failed is None else failed.name
    command = JobTask(source, system, target, work, next_steps=NextSteps.from_context(context))
    return run_job(command, options)


def _restore_reading(job: Path | str, constants: tuple[str, ...]) -> SourceOptions:
    from ....provisioning.store.store_opener import read_store

    with read_store(job) as store:
        header = store.read_header()
    return attrs.evolve(restore_source_options(header)[0], constants=restore_constants(header, constants))


@asynccontextmanager
async def _open_source(
    job: Path | str, directory: Directory, constants: tuple[str, ...], on: str | None = None
) -> AsyncIterator[Source | None]:
    """Open the source of a job, read as it was read when the job was made; None where the job is being undone."""
    from ....provisioning.store.store_opener import read_store

    with read_store(job) as store:
        header = store.read_header()
    if header.phase == "undo":  # whom to take back, the job itself knows
        yield None
        return
    how = _restore_reading(job, constants)
    how.check_workers(on)
    _, file, origin = restore_source_options(header)
    async with open_users(how, file, origin, key=directory.capabilities.key) as source:
        yield source
