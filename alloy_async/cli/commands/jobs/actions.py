"""The commands that go on with a job: apply, resume, undo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import click

from ...error_messages import describe_error
from ...exit_codes import ExitCode, NotDoneError
from ...help import Command
from ...job_runner import JobTask, run_job
from ...options.corrected_file import FAILED_FILE, OWN_FILE, find_correction_of_job, find_failed_file
from ...options.job_account import restore_target
from ...options.job_options import NEW_KEY, JobOptions, add_job_options, combine_options
from ...options.job_place import JOB_PLACE
from ...options.source import SourceOptions, open_users, restore_constants, restore_source_options
from ...options.target import TargetOptions, add_target_options
from ...output.failed_file import get_failed_file_path
from ...output.next_steps import NextSteps
from ...output.safe_text import print_line
from ...tenants.options import add_many_options

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
    many = add_many_options(cast("Action", function.__name__), "job") if of_table else lambda command: command
    job = click.argument("job", type=JOB_PLACE, required=not of_table)
    command: click.Command = combine_options(
        click.command(
            cls=Command,
            short_help=_SHORT_HELP[function.__name__],
            examples=[f"alloy-async {function.__name__} {place}"],
        ),
        many,
        job,
        add_target_options(),
        NEW_KEY,
        add_job_options(shares=shares),
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
    target: TargetOptions,
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
    type=FAILED_FILE,
    is_flag=False,
    flag_value=OWN_FILE,
    metavar="[FILE]",
    help="Feed back the rows that did not go in, corrected in FILE, read and sent as JOB was told, in a job of their own beside"
    " FILE, or in JOB's database; each is looked up first. After mode sync, nobody is removed. Without FILE, and with --many:"
    " those that each job wrote, where somebody corrected them.",
)
@click.option(
    "--encoding",
    metavar="TEXT",
    help="With --failed FILE: its encoding, as cp1252, where a spreadsheet has saved it in another one than UTF-8.",
)
def resume(
    context: click.Context,
    /,
    job: Path | str,
    target: TargetOptions,
    send_again: bool,
    failed: Path | str | None,
    encoding: str | None,
    constants: tuple[str, ...],
    options: JobOptions,
) -> None:
    """Go on with JOB after it was stopped, or however it died; or feed back the rows that you corrected.

    What was on its way then is looked up first, so that nobody is lost or doubled; then failed rows and the rest are sent.

    Exit code: as for provision.
    """

    if encoding and failed is None:
        raise click.UsageError(
            "--encoding is that of the file of --failed; how to read its source, JOB remembers"
        )
    first, file = _find_correction(job, failed)

    async def work(directory: Directory, run: Run) -> Report:
        from ....provisioning import resume

        run = attrs.evolve(run, sends_again=send_again)
        if failed is not None:
            how = _restore_source_options(first, constants).adapt_to_failed_rows(encoding)
            how.refuse_secrets_for_workers(options.on)
            kept = {"reading": how.to_json()}
            async with open_users(how, file, None, key=directory.capabilities.key) as source:
                return await resume(first, directory, failed=source, options=kept, run=run)
        async with _open_source(job, directory, constants, options.on) as source:
            return await resume(job, directory, source, run=run)

    context.exit(_run_on_job(context, first, target, work, options, file))


@_create_job_command
@click.option(
    "--adopted",
    is_flag=True,
    help="Remove also those whose answer was lost and who may have been there before.",
)
def undo(
    context: click.Context, /, job: Path | str, target: TargetOptions, adopted: bool, options: JobOptions
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
    target: TargetOptions,
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


def _find_correction(job: Path | str, failed: Path | str | None) -> tuple[Path | str, Path | None]:
    """Find the job that takes corrected rows back, and where these are; None where none are fed back."""
    from ....core.errors import AlloyAsyncError
    from ....provisioning.errors import mask_place_of_job

    if failed is None or isinstance(failed, Path):
        return job, failed
    try:
        found = find_correction_of_job(job)
        if found.file is not None:
            return found
        written = find_failed_file(found.job)
    except (AlloyAsyncError, OSError) as error:
        raise NotDoneError(describe_error(error).removeprefix("Error: ")) from None
    if written is not None:
        raise NotDoneError(
            f"{written} is as it was written: correct the rows in it first, then run this again"
        )
    raise NotDoneError(
        f"nothing of {mask_place_of_job(job)} waits to be corrected where its rows would be"
        f" ({get_failed_file_path(found.job, 'csv')}); where the file is elsewhere, say it: --failed FILE"
    )


def _run_on_job(
    context: click.Context,
    job: Path | str,
    target: TargetOptions,
    work: Callable[..., Any],
    options: JobOptions,
    failed: Path | None = None,
) -> int:
    from ....core.errors import AlloyAsyncError
    from ....provisioning.store.store_opener import read_job_header

    try:
        header = read_job_header(job)
        system, target = restore_target(target, header, job)
    except AlloyAsyncError as error:
        print_line(describe_error(error), err=True)
        return ExitCode.NOT_DONE
    source = header.source if failed is None else failed.name
    command = JobTask(source, system, target, work, next_steps=NextSteps.from_context(context))
    return run_job(command, options)


def _restore_source_options(job: Path | str, constants: tuple[str, ...]) -> SourceOptions:
    from ....provisioning.store.store_opener import read_job_header

    header = read_job_header(job)
    return attrs.evolve(restore_source_options(header)[0], constants=restore_constants(header, constants))


@asynccontextmanager
async def _open_source(
    job: Path | str, directory: Directory, constants: tuple[str, ...], on: str | None = None
) -> AsyncIterator[Source | None]:
    """Open the source of a job, read as it was read when the job was made; None where the job is being undone."""
    from ....provisioning.errors import SourceError
    from ....provisioning.store.store_opener import read_job_header

    header = read_job_header(job)
    if header.phase == "undo":  # whom to take back, the job itself knows
        yield None
        return
    how = _restore_source_options(job, constants)
    how.refuse_secrets_for_workers(on)
    _, file, origin = restore_source_options(header)
    async with AsyncExitStack() as stack:
        try:
            source = await stack.enter_async_context(
                open_users(how, file, origin, key=directory.capabilities.key)
            )
        except SourceError as error:
            if not (isinstance(file, Path) and file.is_file()):
                raise
            # It could be read so when the job was made: what would help a new job is of no use here.
            what = error.message.partition("; ")[0]
            message = f"was changed since the job was made, and cannot be read as then ({what})"
            message += "; put it back, or begin a new job"
            raise SourceError(message, error.source, error.line, error.column) from None
        yield source
