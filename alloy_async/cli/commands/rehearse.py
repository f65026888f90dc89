"""`alloy-async rehearse`: a job against an emulation of its system, before anything is sent to the system itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from ..exit_codes import ExitCode
from ..help import Command
from ..job_runner import JobTask, result_to_json, run_job
from ..options.emulation import add_emulation_options, create_limit
from ..options.job_options import MODE_OPTIONS, JobOptions, add_job_options, combine_options
from ..options.source import SOURCE_FILE, SourceOptions, add_source_options, open_users
from ..options.system_access import add_system_option
from ..options.target import TargetOptions, add_target_options
from ..output.safe_text import format_json, print_line

if TYPE_CHECKING:
    from ...directory import Directory, UserRecord
    from ...provisioning import Mode, Run
    from ...rehearsal import Rehearsal

_SHOWN = 20


@click.command(
    cls=Command,
    lists_fields=True,
    short_help="Do the whole job against an emulation of the system.",
    examples=[
        "alloy-async rehearse users.csv --to alloy --mode sync --allow-delete --limit 20",
        "alloy-async rehearse users.csv --to alloy --mode upsert --users there.jsonl",
    ],
)
@click.argument("file", type=SOURCE_FILE)
@combine_options(*MODE_OPTIONS)
@click.option(
    "--users",
    "export",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="EXPORT",
    help="Who is there, as JSON lines of `users list`; then the system is not even asked. Default: it is asked for its users.",
)
@add_emulation_options("--limit", "--limit-burst", latency=0.1)
@click.option(
    "--speed",
    type=click.FloatRange(1, 100),
    default=10,
    show_default=True,
    help="Let time pass so many times faster.",
)
@add_target_options()
@add_system_option("--to", "The system that would get the users")
@add_source_options
@add_job_options(shares=False)
@click.pass_context
def rehearse(
    context: click.Context,
    /,
    file: Path | str,
    system: str,
    mode: Mode,
    allow_delete: float | None,
    job: Path | None,
    export: Path | None,
    limit: float | None,
    limit_burst: int,
    latency: float,
    speed: float,
    target: TargetOptions,
    reading: SourceOptions,
    options: JobOptions,
    **rules: bool,
) -> None:
    """Do what `provision` would do with FILE, against an emulation of the system: outcome of each row, time, answers 429.

    The emulation has the users of the system, and its contract. The system itself is asked for its users, and not changed. An
    emulation is strict in its own way: a row that goes in here may be refused there, and the other way round.

    Exit code: 0 when every row would be in, 1 when some would not, 2 when nothing could be done, 130 when interrupted.
    """

    async def work(directory: Directory, run: Run) -> Any:
        from ...rehearsal import Conditions, rehearse

        conditions = Conditions(limit=create_limit(limit, limit_burst), latency=latency, speed=speed)
        async with open_users(reading, file, None, key=directory.capabilities.key) as source:
            return await rehearse(
                source,
                directory,
                users=_read_export(export) if export else None,
                mode=mode,
                allow_delete=allow_delete,
                conditions=conditions,
                job=job,
                run=run,
                **rules,
            )

    def finish(result: Any, options: JobOptions) -> ExitCode:
        return _finish_rehearsal(result, options, file, job)

    if export is not None:  # nobody is asked, so no credential is needed
        target = attrs.evolve(target, sandbox=True)
    context.exit(run_job(JobTask(str(file), system, target, work, finish=finish, sends=False), options))


def _finish_rehearsal(result: Rehearsal, options: JobOptions, file: Path | str, job: Path | None) -> ExitCode:
    """Print a rehearsal, and choose the exit code."""
    if options.as_json:
        data = result_to_json(attrs.evolve(result, unresolved=()))
        rows = [row._asdict() for row in result.unresolved]
        click.echo(format_json({**data, "unresolved": rows}, indent=2))
    else:
        _print_rehearsal(result, file, job)
    return ExitCode.SUCCESS if result.report.complete else ExitCode.INCOMPLETE


async def _read_export(path: Path) -> AsyncIterator[UserRecord]:
    """Read the users of an export."""
    from ...directory import FIELDS, UserRecord

    names = {*FIELDS, "attributes"} - {"password"}
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                told = json.loads(line)
                values = {name: value for name, value in told.items() if name in names}
            except (ValueError, AttributeError):
                raise click.UsageError(
                    f"{path}:{number}: is not a user as `users list` prints it, a JSON object a line"
                ) from None
            lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
            yield UserRecord(**{"username": "", **values, **lists})


def _print_rehearsal(result: Rehearsal, file: Path | str, job: Path | None) -> None:
    from ...provisioning.events import OUTCOME_NAMES
    from ...provisioning.reports.quantities import format_count_with_noun, format_duration

    report = result.report
    users = format_count_with_noun(result.users, "user", "users")
    print_line(
        f"Rehearsed against an emulation of {report.target} with {users}; {report.target} was not changed."
    )
    for name, number in attrs.asdict(report.counts).items():
        if number:
            print_line(f"{OUTCOME_NAMES[name]}: {number:,}")
    print_line(f"rows: {report.counts.rows:,}")
    requests = format_count_with_noun(result.requests, "request", "requests")
    print_line(f"time: about {format_duration(result.seconds)}; {requests}, {result.limited:,} answered 429")
    for outcome in result.strangers[:_SHOWN]:
        print_line(f"{outcome.key} could not be put into the emulation: {outcome.reason or outcome.status}")
    if (more := len(result.strangers) - _SHOWN) > 0:
        print_line(f"... and {format_count_with_noun(more, 'more user', 'more users')}")
    if result.left_out:
        print_line(f"Not rehearsed, as the emulation has others: {', '.join(result.left_out)}")
    for row in result.unresolved[:_SHOWN]:
        place = f"{file}:{row.line}" if row.line else row.key
        print_line(f"{place}: {OUTCOME_NAMES[row.outcome]}: {row.reason or ''}")
    if (more := report.counts.unresolved - _SHOWN) > 0:
        rows = format_count_with_noun(more, "more row", "more rows")
        print_line(f"... and {rows}{'' if job else '; --job keeps them for a report'}")
    if report.stopped:
        print_line(f"The job would have ended early: {report.stopped}")
