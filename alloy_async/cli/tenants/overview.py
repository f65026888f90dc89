"""`status --many` and `report --many`: the jobs of all tenants of a table, a line each, or a page each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ...core.errors import AlloyAsyncError
from ...provisioning import NoSuchJob
from ...provisioning.events import OUTCOME_NAMES
from ...provisioning.reports.job_report import read_report
from ...provisioning.reports.status import JobStatus, read_status
from ...provisioning.store.store_opener import job_exists, open_store_for_reading
from ..commands.jobs.report_renderer import render_jobs_page, report_to_json
from ..exit_codes import ExitCode
from ..output.next_steps import format_command
from ..output.progress import print_text
from ..output.safe_console import create_console
from ..output.safe_text import clean_line, format_json, print_line
from ..output_file import write_output_file
from .error_messages import describe_tenant_error, translate_to_keys
from .job_register import JobRegister
from .table.reader import TableReader
from .tenant_run_progress import describe_counts

if TYPE_CHECKING:
    from ...provisioning.errors import JobPlace
    from ...provisioning.reports.job_report import JobReport
    from ...provisioning.store.job_store import JobStore

_SHOWN_REASONS = 5
_STYLES = {"stopped": "yellow", "cut off": "yellow", "not begun": "dim", "unreadable": "red"}


def find_jobs(table: Path, only: Sequence[str]) -> Mapping[str, JobPlace]:
    """Find the job that each tenant has; no credential is looked at.

    Raises:
        ConfigurationError: the table cannot be read, or has mistakes.
    """
    index = JobRegister(table)
    return {name: index.find_place(name, job) for name, job in TableReader(table).read_jobs(only).items()}


def show_status(table: Path, only: Sequence[str], *, watch: bool, as_json: bool) -> ExitCode:
    """Show how the jobs are getting on; return the exit code, that of the tenant that fares worst."""
    console = create_console()
    try:
        jobs = find_jobs(table, only)
    except AlloyAsyncError as error:
        print_line(translate_to_keys(f"Error: {error}"), err=True)
        return ExitCode.NOT_DONE
    found = _read_each_job(jobs, read_status)
    if watch and console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while any(isinstance(one, JobStatus) and one.worker is not None for one in found.values()):
                live.update(_render_status(found), refresh=True)
                time.sleep(1)
                found = _read_each_job(jobs, read_status)
    if as_json:
        print_line(format_json({name: _status_to_json(one) for name, one in found.items()}))
    elif console.is_terminal:
        console.print(_render_status(found))
    else:
        for name, one in found.items():
            print_text(console, f"{name}: {', '.join(filter(None, _describe_status(one)))}")
    if any(_is_stopped(one) for one in found.values()) and not as_json:
        print_text(console, f"To go on:  {format_command('resume', '--many', table)}")
    return max(map(_get_status_exit_code, found.values()), default=ExitCode.SUCCESS)


def show_report(table: Path, only: Sequence[str], form: str, output: Path | None) -> ExitCode:
    """Show what became of every tenant; return the exit code, that of the tenant that fared worst.

    Args:
        table: the table of tenants.
        only: whose reports; none given: all.
        form: "text", "json" or "html"; as HTML, a page with all, and one of each beside it.
        output: the file; None is standard output.
    """
    try:
        jobs = find_jobs(table, only)
        found = _read_each_job(jobs, _read_report_and_json if form == "json" else _read_report)
        if form == "html" and output is not None:
            text = render_jobs_page(
                str(table), [place for place in jobs.values() if job_exists(place)], output
            )
        elif form == "json":
            text = format_json({name: _report_to_json(one) for name, one in found.items()}, indent=2)
        else:
            text = "\n".join(f"{name}: {_describe_report(one)}" for name, one in found.items())
        if output is None:
            print_line(text)
        else:
            write_output_file(output, f"{text}\n")
    except (AlloyAsyncError, OSError) as error:
        print_line(translate_to_keys(f"Error: {error}"), err=True)
        return ExitCode.NOT_DONE
    return max(map(_get_report_exit_code, found.values()), default=ExitCode.SUCCESS)


def _read_report(store: JobStore) -> tuple[JobReport, None]:
    return read_report(store), None


def _read_report_and_json(store: JobStore) -> tuple[JobReport, dict[str, object]]:
    job_report = read_report(store)
    return job_report, report_to_json(store, job_report)


def _read_each_job(jobs: Mapping[str, JobPlace], read: Callable[[Any], Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, place in jobs.items():
        try:
            with open_store_for_reading(place) as store:
                found[name] = read(store)
        except (AlloyAsyncError, OSError) as error:
            found[name] = error
    return found


def _is_stopped(status: Any) -> bool:
    return isinstance(status, NoSuchJob) or (
        isinstance(status, JobStatus) and status.state in ("stopped", "cut off")
    )


def _get_status_exit_code(status: Any) -> ExitCode:
    if isinstance(status, JobStatus):
        return ExitCode.INCOMPLETE if _is_stopped(status) else ExitCode.SUCCESS
    return ExitCode.SUCCESS if isinstance(status, NoSuchJob) else ExitCode.NOT_DONE


def _describe_status(status: Any) -> tuple[str, str, str]:
    """Describe a job in its state, its lines, and what is going on."""
    from ...provisioning.reports.durations import format_duration

    if isinstance(status, NoSuchJob):
        return "not begun", "", ""
    if not isinstance(status, JobStatus):
        return "unreadable", "", describe_tenant_error(status)
    counts = describe_counts(status.counts)
    if status.worker is None:
        return status.state, counts, status.header.stopped or ""
    pace = f"{status.rate:,.1f} rows/s"
    if status.eta is not None:
        pace += f", {format_duration(status.eta)} left"
    if status.limited:
        pace += f", {status.limited:,} answers 429"
    return status.state, counts, pace


def _render_status(found: Mapping[str, Any]) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("tenant", "", "rows", ""):
        table.add_column(heading, overflow="fold")
    for name, status in found.items():
        state, counts, rest = _describe_status(status)
        table.add_row(Text(name), state, Text(counts), Text(clean_line(rest)), style=_STYLES.get(state, ""))
    return table


def _status_to_json(status: Any) -> dict[str, object]:
    state, _, rest = _describe_status(status)
    if not isinstance(status, JobStatus):
        return {"state": state, "error": rest or None}
    data = attrs.asdict(status, filter=lambda field, _: field.name != "header")
    return {"state": state, "rows": status.header.rows, **data}


def _describe_report(found: Any) -> str:
    if isinstance(found, Exception):
        return _describe_missing(found)
    report = found[0]
    lines = [f"{report.state}: {describe_counts(report.counts) or 'no rows'}; {report.path}"]
    lines += [
        f"  {reason.lines:,} {OUTCOME_NAMES[reason.outcome]}: {reason.text}"
        for reason in report.reasons[:_SHOWN_REASONS]
    ]
    if rest := sum(reason.lines for reason in report.reasons[_SHOWN_REASONS:]):
        lines.append(f"  {rest:,} for other reasons")
    return "\n".join(lines)


def _describe_missing(error: Exception) -> str:
    return "not begun" if isinstance(error, NoSuchJob) else f"unreadable: {describe_tenant_error(error)}"


def _report_to_json(found: Any) -> dict[str, object]:
    if not isinstance(found, Exception):
        return dict(found[1])
    if isinstance(found, NoSuchJob):
        return {"state": "not begun"}
    return {"state": "unreadable", "error": describe_tenant_error(found)}


def _get_report_exit_code(found: Any) -> ExitCode:
    if isinstance(found, Exception):
        return ExitCode.INCOMPLETE if isinstance(found, NoSuchJob) else ExitCode.NOT_DONE
    return ExitCode.INCOMPLETE if found[0].counts.unresolved else ExitCode.SUCCESS
