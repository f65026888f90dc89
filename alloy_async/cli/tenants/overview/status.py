"""`status --many`: how the jobs of all tenants of a table are getting on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ....core.errors import AlloyAsyncError
from ....provisioning import NoSuchJob
from ....provisioning.reports.quantities import format_duration
from ....provisioning.reports.status import JobStatus, read_status
from ...exit_codes import ExitCode
from ...output.progress import print_literal_text
from ...output.safe_console import create_console
from ...output.safe_text import clean_line, format_json, print_line
from ..error_messages import describe_tenant_error, translate_to_keys
from ..tenant_state import describe_counts
from .tenant_jobs import (
    INCOMPLETE_STATES,
    NOT_BEGUN,
    TO_BE_UNDONE,
    UNREADABLE,
    TenantJobs,
    create_tenant_jobs_reader,
    describe_sums_of_tenants,
    name_state,
    suggest_resuming,
)

if TYPE_CHECKING:
    from ....provisioning.errors import JobPlace

_STYLES = {
    "stopped": "yellow",
    "cut off": "yellow",
    TO_BE_UNDONE: "yellow",
    NOT_BEGUN: "dim",
    UNREADABLE: "red",
}


def show_status(table: Path, only: Sequence[str], *, watch: bool, as_json: bool) -> ExitCode:
    """Show how the jobs are getting on; return the exit code, that of the tenant that fares worst."""
    console = create_console()
    try:
        read = create_tenant_jobs_reader(table, only, read_status)
    except AlloyAsyncError as error:
        print_line(translate_to_keys(f"Error: {error}"), err=True)
        return ExitCode.NOT_DONE
    tenants = read()
    if watch and console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while any(map(_is_running, tenants)):
                live.update(_render_status(tenants), refresh=True)
                time.sleep(1)
                tenants = read()
    if as_json:
        print_line(format_json({tenant.name: _status_to_json(tenant) for tenant in tenants}))
        return max(map(_choose_exit_code_of_tenant, tenants), default=ExitCode.SUCCESS)
    if console.is_terminal:
        console.print(_render_status(tenants))
    else:
        for tenant in tenants:
            for name, *facts in _iterate_lines(tenant):
                print_literal_text(console, f"{name}: {', '.join(filter(None, facts))}")
        print_literal_text(console, describe_sums_of_tenants(tenants))
    if again := suggest_resuming(table, only, tenants):
        print_literal_text(console, again)
    return max(map(_choose_exit_code_of_tenant, tenants), default=ExitCode.SUCCESS)


def _is_running(tenant: TenantJobs[JobStatus]) -> bool:
    return any(isinstance(one, JobStatus) and one.worker is not None for one in tenant.jobs.values())


def _choose_exit_code_of_tenant(tenant: TenantJobs[JobStatus]) -> ExitCode:
    if tenant.state == UNREADABLE:
        return ExitCode.NOT_DONE
    return ExitCode.INCOMPLETE if tenant.state in INCOMPLETE_STATES else ExitCode.SUCCESS


def _iterate_lines(tenant: TenantJobs[JobStatus]) -> Iterator[tuple[str, str, str, str]]:
    """List the lines of a tenant: name, state, rows, and what is going on; where it has several jobs, one for each, too."""
    first, *others = tenant.jobs.items()
    if not others:
        rest = _describe_progress_or_problem(first[1])
        yield tenant.name, tenant.state, describe_counts(tenant.counts), rest
        return
    yield tenant.name, tenant.state, describe_counts(tenant.counts), ""
    for place, found in tenant.jobs.items():
        counts = describe_counts(found.counts) if isinstance(found, JobStatus) else ""
        yield f"  {_name_job(place)}", name_state(found), counts, _describe_progress_or_problem(found)


def _name_job(place: JobPlace) -> str:
    from ....provisioning.store.store_opener import get_path_for_files

    return get_path_for_files(place).name


def _describe_progress_or_problem(status: Any) -> str:
    """Describe what is going on with a job, or what is wrong with it."""
    if not isinstance(status, JobStatus):
        return "" if isinstance(status, NoSuchJob) else describe_tenant_error(status)
    if status.worker is None:
        return status.header.stopped or ""
    pace = f"{status.rate:,.1f} rows/s"
    if status.eta is not None:
        pace += f", {format_duration(status.eta)} left"
    if status.limited:
        pace += f", {status.limited:,} answers 429"
    return pace


def _render_status(tenants: Sequence[TenantJobs[JobStatus]]) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("tenant", "", "rows", ""):
        table.add_column(heading, overflow="fold")
    for tenant in tenants:
        for name, state, counts, rest in _iterate_lines(tenant):
            table.add_row(
                Text(name), state, Text(counts), Text(clean_line(rest)), style=_STYLES.get(state, "")
            )
    return Group(table, Text(describe_sums_of_tenants(tenants), "bold"))


def _status_to_json(tenant: TenantJobs[JobStatus]) -> dict[str, object]:
    corrections = [
        {"job": _name_job(place), **_job_to_json(found)} for place, found in tenant.corrections.items()
    ]
    data = _job_to_json(tenant.first)
    if corrections:
        data |= {"counts": attrs.asdict(tenant.counts), "corrections": corrections}
    return {**data, "state": tenant.state}


def _job_to_json(status: Any) -> dict[str, object]:
    if not isinstance(status, JobStatus):
        return {"state": name_state(status), "error": _describe_progress_or_problem(status) or None}
    data = attrs.asdict(status, filter=lambda field, _: field.name != "header")
    return {"state": status.state, "rows": status.header.rows, **data}
