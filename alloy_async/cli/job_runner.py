"""Run a job for the command line: progress, signals, the summary, the exit code."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import click

from .error_messages import describe_error
from .exit_codes import ExitCode
from .interrupts import handle_interrupts
from .options.job_options import JobOptions
from .options.target import TargetOptions
from .output.streams import ignore_closed_stream

if TYPE_CHECKING:
    from rich.console import Console

    from ..directory import Directory
    from ..provisioning import Plan, Report, Run
    from ..rehearsal import Rehearsal
    from .output.json_progress import JsonProgress
    from .output.next_steps import NextSteps
    from .output.progress import ProgressDisplay

    Display: TypeAlias = ProgressDisplay | JsonProgress


@attrs.frozen
class JobTask:
    """A command that works on a job: what is to be done, and where.

    Args:
        name: what is read, as the user called it.
        system: as the user called it.
        target: how to reach it.
        run: carries it out.
        failed: where the rows go that did not go in; None names the file after the job.
        next_steps: what the commands that are suggested need to be told.
        finish: shows the result, and gives the exit code; None for a report or a plan.
        sends: it may change something once the rows are checked; where it does not, the first Ctrl-C ends it at any time.
    """

    name: str
    system: str
    target: TargetOptions
    run: Callable[[Directory, Run], Awaitable[Any]]
    failed: Path | None = None
    next_steps: NextSteps | None = None
    finish: Callable[[Any, JobOptions], ExitCode] | None = None
    sends: bool = True


def run_job(command: JobTask, options: JobOptions) -> ExitCode:
    """Run the command and show how it goes; return the exit code."""
    from ..core.errors import AlloyAsyncError
    from ..provisioning import Plan
    from .output.safe_console import create_console

    console = create_console(stderr=True)
    log = show_log(console) if options.verbose else nullcontext()
    with log, _create_progress(command, options, console) as progress:
        try:
            result = asyncio.run(_run_work(command, progress, options))
        except asyncio.CancelledError:
            progress.print_message(_describe_interruption(command, progress))
            return ExitCode.INTERRUPTED
        except (AlloyAsyncError, OSError) as error:
            progress.print_message(describe_error(error))
            return ExitCode.INCOMPLETE if progress.counts.settled else ExitCode.NOT_DONE
    if command.finish is not None:
        with ignore_closed_stream(sys.stdout):
            return command.finish(result, options)
    if isinstance(result, Plan):
        return _print_plan(command, options, result)
    return _present_report(command, options, result, progress)


def _print_plan(command: JobTask, options: JobOptions, plan: Plan) -> ExitCode:
    from .output.safe_console import create_console
    from .output.summary import print_plan

    with ignore_closed_stream(sys.stdout):
        _print_result(
            result_to_json(plan),
            options.as_json,
            lambda: print_plan(create_console(), plan, command.next_steps),
        )
    return ExitCode.CHANGES if options.detailed_exitcode and plan.changes else ExitCode.SUCCESS


def _present_report(command: JobTask, options: JobOptions, report: Report, progress: Display) -> ExitCode:
    from ..provisioning.events import INTERRUPTED
    from .output.safe_console import create_console
    from .output.summary import print_summary

    writes_failed = not report.complete and report.phase != "undo"
    failed = (
        write_failed_file_or_warn(report, command.failed, options, progress.print_message)
        if writes_failed
        else None
    )
    if report.complete and report.phase != "undo":
        try_remove_stale_failed_file(report, command.failed, progress.print_message)
    data = {**result_to_json(report), "failed_file": failed and str(failed)}
    with ignore_closed_stream(sys.stdout):
        _print_result(
            data,
            options.as_json,
            lambda: print_summary(create_console(), report, failed, command.next_steps),
        )
    if report.stopped == INTERRUPTED:
        return ExitCode.INTERRUPTED
    return ExitCode.SUCCESS if report.complete else ExitCode.INCOMPLETE


def _create_progress(command: JobTask, options: JobOptions, console: Console) -> Display:
    if options.progress == "json":
        from .output.json_progress import JsonProgress

        return JsonProgress()
    from .output.progress import ProgressDisplay

    quiet = options.progress == "none"
    return ProgressDisplay(console, command.name, command.system.capitalize(), quiet=quiet)


def _print_result(data: object, as_json: bool, print_text: Callable[[], None]) -> None:
    from .output.safe_text import format_json

    if as_json:
        click.echo(format_json(data, indent=2))
    else:
        print_text()


def write_failed_file_or_warn(
    report: Report, to: Path | None, options: JobOptions, tell: Callable[[str], None]
) -> Path | None:
    """Write the rows that did not go in; None, and a word of it, where that cannot be."""
    from ..provisioning import JobError
    from .output.failed_file import write_failed_file

    try:
        return write_failed_file(report.job, to, safe=options.safe_csv)
    except (JobError, OSError) as error:
        tell(f"The rows that did not go in could not be written: {error}")
        return None


def try_remove_stale_failed_file(report: Report, to: Path | None, tell: Callable[[str], None]) -> None:
    """Remove the file of the rows that did not go in, now that they are in."""
    from ..provisioning import JobError
    from .output.failed_file import remove_stale_failed_file

    with suppress(JobError, OSError):
        if stale := remove_stale_failed_file(report.job, to):
            tell(f"{stale} is removed: all of its rows are in now.")


async def _run_work(command: JobTask, progress: Display, options: JobOptions) -> Any:
    from ..provisioning import RunOptions
    from .options.system_access import open_directory

    run = RunOptions(
        concurrency=options.concurrency,
        on_event=progress,
        new_key=options.new_key,
        on=options.on,
        shard_rows=options.shard_rows,
        worker_options=command.next_steps.of_job if command.next_steps else (),
    )
    async with open_directory(command.system, command.target) as directory:
        with handle_interrupts(run.stop, lambda: command.sends and progress.sending, progress.print_message):
            return await command.run(directory, run)


def _describe_interruption(command: JobTask, progress: Display) -> str:
    from ..provisioning.reports.quantities import format_count_with_noun

    if not (command.sends and progress.sending):
        return "Stopped while the rows were being checked; nothing was sent."
    counts = progress.counts
    settled = format_count_with_noun(counts.settled, "row has its outcome", "rows have their outcome")
    rows = f"{settled}; those" if counts.rows else "rows"
    return f"Cut off: {rows} on their way may be in or not. Resume the job: it finds out, and goes on."


@contextmanager
def show_log(console: Console) -> Iterator[None]:
    """Show what the library logs."""
    from rich.logging import RichHandler

    log, handler = (
        logging.getLogger("alloy_async"),
        RichHandler(console=console, show_path=False, markup=False),
    )
    level = log.level
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def result_to_json(result: Report | Plan | Rehearsal) -> dict[str, object]:
    """Convert a report, a plan or a rehearsal to JSON data."""
    return attrs.asdict(result, value_serializer=_serialize_path)


def _serialize_path(_: object, __: object, value: object) -> object:
    return str(value) if isinstance(value, Path) else value
