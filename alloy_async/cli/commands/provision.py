"""The commands that read a source of users: provision and plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...systems import SYSTEMS
from ..help import Command
from ..job_runner import JobTask, run_job
from ..options.job_account import create_account_record
from ..options.job_options import MODE_OPTIONS, JobOptions, add_job_options, combine_options
from ..options.source import SOURCE_FILE, SourceOptions, add_source_options, open_users
from ..options.system_access import add_system_option, get_place_of_directory
from ..options.target import TargetOptions, add_target_options
from ..output.failed_file import refuse_harmful_output
from ..output.next_steps import NextSteps
from ..output_file import require_regular_file
from ..tenants.options import add_many_options

if TYPE_CHECKING:
    from ...directory import Directory
    from ...provisioning import Mode, Report, Run


@click.command(
    cls=Command,
    lists_fields=True,
    short_help="Bring the users of a file into a system, in one go.",
    examples=[
        "alloy-async provision users.csv --to alloy --sandbox",
        "alloy-async provision people.xlsx --profile acme --mode upsert --map Mail=email",
        "alloy-async provision --from agilicus --to opendatasoft --job move.job",
        "alloy-async provision --many tenants.toml",
    ],
)
@add_many_options("provision", "file", required=False)
@click.argument("file", type=SOURCE_FILE, required=False)
@click.option(
    "--from",
    "origin",
    metavar="SYSTEM",
    type=click.Choice(SYSTEMS),
    help="Take the users of another system instead of FILE; it is reached as its environment variables say. Needs --job.",
)
@combine_options(*MODE_OPTIONS)
@click.option(
    "--failed",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=require_regular_file,
    metavar="PATH",
    help="Where the rows go that did not go in, with line and reason; default beside the job file.",
)
@add_target_options(sandbox=True)
@add_system_option("--to", "The system that gets the users")
@add_source_options
@add_job_options()
@click.pass_context
def provision(
    context: click.Context,
    /,
    file: Path | str | None,
    origin: str | None,
    system: str,
    mode: Mode,
    allow_delete: float | None,
    job: Path | str | None,
    failed: Path | None,
    target: TargetOptions,
    reading: SourceOptions,
    options: JobOptions,
    **rules: bool,
) -> None:
    """Bring the users of FILE (- for standard input, or a URL) into a system; those who are there already stay as they are.

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

        reading.refuse_secrets_for_workers(options.on)
        kept = {**_collect_kept_options(system, target, reading, directory), "from": origin}
        async with open_users(reading, file, origin, key=directory.capabilities.key) as source:
            return await provision(
                source,
                directory,
                mode=mode,
                job=job,
                allow_delete=allow_delete,
                options=kept,
                run=run,
                **rules,
            )

    if failed:
        refuse_harmful_output("--failed", failed, {"the source": file, "the job file": job})
    command = JobTask(str(file or origin), system, target, work, failed, NextSteps.from_context(context))
    context.exit(run_job(command, options))


@click.command(
    cls=Command,
    lists_fields=True,
    short_help="Show what `provision` would do with each user; change nothing.",
    examples=[
        "alloy-async plan users.csv --to agilicus --mode sync --allow-delete 0.02",
        "alloy-async plan users.csv --to alloy --detailed-exitcode",
    ],
)
@add_many_options("plan", "file")
@click.argument("file", type=SOURCE_FILE, required=False)
@combine_options(*MODE_OPTIONS)
@add_target_options()
@add_system_option("--to", "The system that would get the users")
@add_source_options
@add_job_options(sends=False)
@click.pass_context
def plan(
    context: click.Context,
    /,
    file: Path | str,
    system: str,
    mode: Mode,
    allow_delete: float | None,
    job: Path | str | None,
    target: TargetOptions,
    reading: SourceOptions,
    options: JobOptions,
    **rules: bool,
) -> None:
    """Show what `provision` would do with each user of FILE, and write it to a job file for `apply`.

    The system is asked, and nothing is changed.

    Exit code: 0, or 2 when no plan could be made.
    """

    async def work(directory: Directory, run: Run) -> Any:
        from ...provisioning import plan

        async with open_users(reading, file, None, key=directory.capabilities.key) as source:
            return await plan(
                source,
                directory,
                mode=mode,
                job=job,
                allow_delete=allow_delete,
                options=_collect_kept_options(system, target, reading, directory),
                on_event=run.on_event,
                **rules,
            )

    command = JobTask(
        str(file), system, target, work, next_steps=NextSteps.from_context(context), sends=False
    )
    context.exit(run_job(command, options))


def _collect_kept_options(
    system: str, target: TargetOptions, reading: SourceOptions, directory: Directory
) -> dict[str, Any]:
    """Describe what a later command needs to open the same again; nothing secret."""
    return {
        **create_account_record(system, target, get_place_of_directory(directory)),
        "reading": reading.to_json(),
    }
