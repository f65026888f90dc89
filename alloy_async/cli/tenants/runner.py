"""Run a command on all tenants of a table: what is wrong with it first, then progress, signals, the summary, the exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..error_messages import describe_error
from ..exit_codes import ExitCode
from ..interrupts import handle_interrupts
from ..job_runner import show_log, try_remove_stale_failed_file, write_failed_file_or_warn
from ..options.job_options import JobOptions
from ..output.next_steps import format_command
from ..output.safe_text import format_json, print_line
from ..output.streams import ignore_closed_stream
from .error_messages import translate_to_keys

if TYPE_CHECKING:
    from ...provisioning import RunOptions, TenantsReport
    from .progress import TenantsProgress
    from .table.reader import TableReader
    from .tenant_factory import Action, TenantSelection


@attrs.frozen
class ManyCommand:
    """A command that works on all tenants of a table.

    Args:
        action: what is done for each.
        table: the table's path.
        only: the names of those that have a turn; none: all.
        at_once: tenants that are worked on at a time; None for the default.
        options: how jobs are run and shown.
        sandbox: each tenant gets a sandbox of its system.
        adopted, sends_again: as of `undo` and `resume`.
        failed: corrected rows that `resume` feeds back: a file of the only tenant, or OWN_FILE for that of each; None: none.
    """

    action: Action
    table: Path
    only: tuple[str, ...] = ()
    at_once: int | None = None
    options: JobOptions = attrs.field(factory=JobOptions)
    sandbox: bool = False
    adopted: bool = False
    sends_again: bool = False
    failed: Path | str | None = None

    def format_command(self, action: str, *words: str) -> str:
        """Format a command on the same tenants."""
        only = [word for name in self.only for word in ("--only", name)]
        return format_command(action, "--many", self.table, *only, *words)


def run_many(command: ManyCommand) -> ExitCode:
    """Run the command and show how it goes; return the exit code: that of the tenant that fared worst."""
    from ...core.errors import AlloyAsyncError
    from ..output.safe_console import create_console
    from .job_register import JobRegister
    from .progress import TenantsProgress
    from .table.reader import TableReader
    from .tenant_factory import create_tenants_of_run

    console = create_console(stderr=True)
    reader = TableReader(command.table, sandbox=command.sandbox)
    try:
        entries = reader.read_entries(command.only)
        index = JobRegister(command.table)
        chosen = create_tenants_of_run(
            command.action, entries, index, command.failed, adopted=command.adopted
        )
        if reader.has_mistakes:  # what else is wrong is told together with these
            index.write_back_as_found()
            _raise_all_mistakes(command, reader, chosen)
    except (AlloyAsyncError, OSError) as error:
        return _print_refusal(reader, error)
    log = show_log(console) if command.options.verbose else nullcontext()
    names = [entry.name for entry in entries]
    with log, TenantsProgress(console, names, command.options.progress) as progress:
        for name, reason in chosen.left_out.items():
            progress.show_left_out(name, reason)
        try:
            report = asyncio.run(_run_tenants(command, chosen, progress))
        except asyncio.CancelledError:
            if not progress.is_begun:
                index.write_back_as_found()
            progress.print_message(_describe_interruption(command, progress))
            return ExitCode.INTERRUPTED
        except (AlloyAsyncError, OSError) as error:
            index.write_back_as_found()
            return _print_refusal(reader, error)
    return _finish_run(command, report, progress)


def _raise_all_mistakes(command: ManyCommand, reader: TableReader, chosen: TenantSelection) -> None:
    from ...provisioning.tenants import mistakes

    work: mistakes.WorkOnJob = command.action if command.action in ("resume", "undo") else "begin"
    _, found = asyncio.run(mistakes.find_mistakes(chosen.tenants, work))
    reader.add_mistakes(found)
    reader.raise_mistakes()


def _print_refusal(reader: TableReader, error: Exception) -> ExitCode:
    """Say what is wrong before anything was sent."""
    from ...provisioning import TenantsError
    from .table.reader import TableError

    if isinstance(error, TenantsError):
        reader.add_mistakes(error.mistakes)
        try:
            reader.raise_mistakes()
        except TableError as found:
            error = found
    text = f"Error: {error}" if isinstance(error, TableError) else translate_to_keys(describe_error(error))
    print_line(text, err=True)
    return ExitCode.NOT_DONE


async def _run_tenants(
    command: ManyCommand, chosen: TenantSelection, progress: TenantsProgress
) -> TenantsReport[Any]:
    from ...provisioning import RunOptions

    options = command.options
    run = RunOptions(
        concurrency=options.concurrency, new_key=options.new_key, sends_again=command.sends_again
    )
    with handle_interrupts(run.stop, lambda: progress.is_begun, progress.print_message):
        return await _create_run_of_all(command, chosen, run, progress)


def _create_run_of_all(
    command: ManyCommand, chosen: TenantSelection, run: RunOptions, progress: TenantsProgress
) -> Awaitable[TenantsReport[Any]]:
    from ... import provisioning

    many: Mapping[Action, Callable[..., Awaitable[TenantsReport[Any]]]] = {
        "plan": provisioning.plan_many,
        "provision": provisioning.provision_many,
        "apply": provisioning.apply_many,
        "resume": provisioning.resume_many,
        "undo": provisioning.undo_many,
    }
    settings: dict[str, Any] = {"run": run, "on_event": progress}
    if command.at_once is not None:
        settings["at_once"] = command.at_once
    if command.action == "undo":
        settings["adopted"] = command.adopted
    return many[command.action](chosen.tenants, **settings)


def _describe_interruption(command: ManyCommand, progress: TenantsProgress) -> str:
    if not progress.is_begun:
        return "Stopped before any tenant had its turn; nothing was sent."
    return (
        "Cut off: rows on their way may be in or not. Resume: it finds out, and goes on:"
        f"  {command.format_command('resume')}"
    )


def _finish_run(command: ManyCommand, report: TenantsReport[Any], progress: TenantsProgress) -> ExitCode:
    """Write the files of the rows that did not go in, print what became of each tenant, and choose the exit code."""
    from ...provisioning import Report
    from ..output.safe_console import create_console
    from .summary import print_run, report_to_json

    failed_files: dict[str, Path] = {}
    for name, one in report.tenants.items():
        if isinstance(one.result, Report) and one.result.phase != "undo":
            if one.complete:
                try_remove_stale_failed_file(one.result, None, progress.print_message)
            elif written := write_failed_file_or_warn(
                one.result, None, command.options, progress.print_message
            ):
                failed_files[name] = written
    codes = {name: choose_tenant_exit_code(progress, name, command) for name in progress.states}
    code = ExitCode.INTERRUPTED if report.stopped else max(codes.values(), default=ExitCode.SUCCESS)
    with ignore_closed_stream(sys.stdout):
        if command.options.as_json:
            print_line(
                format_json(report_to_json(report, progress.states, codes, failed_files, code), indent=2)
            )
        else:
            print_run(create_console(), command, report, progress.states, failed_files)
    return code


def choose_tenant_exit_code(progress: TenantsProgress, name: str, command: ManyCommand) -> ExitCode:
    """Choose the exit code that the command on this tenant alone would have."""
    from ...provisioning import NoSuchJob, Plan

    state = progress.states[name]
    result = state.result
    if result is None or not result.is_begun:
        return ExitCode.INCOMPLETE
    if isinstance(result.error, NoSuchJob) and command.action == "undo":
        return ExitCode.SUCCESS  # nothing was done for it that could be taken back
    if result.error is not None:
        return ExitCode.INCOMPLETE if state.counts.settled else ExitCode.NOT_DONE
    if isinstance(result.result, Plan) and command.options.detailed_exitcode and result.result.changes:
        return ExitCode.CHANGES
    return ExitCode.SUCCESS if result.complete else ExitCode.INCOMPLETE
