"""`report --many`: what became of the rows of all tenants of a table, by every job that they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ....core.errors import AlloyAsyncError
from ....provisioning.events import OUTCOME_NAMES, Counts
from ....provisioning.reports.job_report import JobReport, read_report
from ...commands.jobs.report_renderer import render_jobs_page_and_job_pages, report_to_json
from ...exit_codes import ExitCode
from ...output.safe_text import format_json, print_line
from ...output_file import write_output_file
from ..error_messages import describe_tenant_error, translate_to_keys
from ..tenant_state import describe_counts
from .tenant_jobs import (
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
    from ....provisioning.store.header import Phase
    from ....provisioning.store.job_store import JobStore

_SHOWN_REASONS = 5


@attrs.frozen
class FoundReport:
    """What is read of a job: its figures, and the same as JSON data where that is wanted."""

    figures: JobReport
    data: dict[str, object] | None = None

    @property
    def state(self) -> str:
        """The job's state."""
        return self.figures.state

    @property
    def phase(self) -> Phase:
        """What the job's counts are of."""
        return self.figures.phase

    @property
    def counts(self) -> Counts:
        """The job's rows by outcome."""
        return self.figures.counts


def show_report(table: Path, only: Sequence[str], form: str, output: Path | None) -> ExitCode:
    """Show what became of every tenant; return the exit code, that of the tenant that fared worst.

    Args:
        table: the table of tenants.
        only: whose reports; none given: all.
        form: "text", "json" or "html"; as HTML, a page with all, and one of each job beside it.
        output: the file; None is standard output.
    """
    try:
        tenants = create_tenant_jobs_reader(
            table, only, _read_with_data if form == "json" else _read_figures
        )()
        if form == "html" and output is not None:
            there = [tenant for tenant in tenants if tenant.state != NOT_BEGUN]
            places = [place for tenant in there for place in tenant.jobs]
            text = render_jobs_page_and_job_pages(str(table), places, output)
        elif form == "json":
            text = format_json({tenant.name: _tenant_to_json(tenant) for tenant in tenants}, indent=2)
        else:
            lines = [line for tenant in tenants for line in _describe_tenant(tenant)]
            again = suggest_resuming(table, only, tenants)
            text = "\n".join([*lines, describe_sums_of_tenants(tenants), *([again] if again else [])])
        if output is None:
            print_line(text)
        else:
            write_output_file(output, f"{text}\n")
    except (AlloyAsyncError, OSError) as error:
        print_line(translate_to_keys(f"Error: {error}"), err=True)
        return ExitCode.NOT_DONE
    return max(map(_choose_exit_code_of_tenant, tenants), default=ExitCode.SUCCESS)


def _read_figures(store: JobStore) -> FoundReport:
    return FoundReport(read_report(store))


def _read_with_data(store: JobStore) -> FoundReport:
    figures = read_report(store)
    return FoundReport(figures, report_to_json(store, figures))


def _describe_tenant(tenant: TenantJobs[FoundReport]) -> Iterator[str]:
    if not tenant.corrections:
        first, *reasons = _describe_job(tenant.first, tenant.state)
        yield f"{tenant.name}: {first}"
        yield from reasons
        return
    yield f"{tenant.name}: {tenant.state}: {describe_counts(tenant.counts) or 'no rows'}; of {len(tenant.jobs)} jobs:"
    for found in tenant.jobs.values():
        yield from (f"  {line}" for line in _describe_job(found, name_state(found)))


def _describe_job(found: Any, state: str) -> Iterator[str]:
    if isinstance(found, Exception):
        yield state if state == NOT_BEGUN else f"{state}: {describe_tenant_error(found)}"
        return
    report = found.figures
    yield f"{state}: {describe_counts(report.counts) or 'no rows'}; {report.path}"
    for reason in report.reasons[:_SHOWN_REASONS]:
        yield f"  {reason.lines:,} {OUTCOME_NAMES[reason.outcome]}: {reason.text}"
    if rest := sum(reason.lines for reason in report.reasons[_SHOWN_REASONS:]):
        yield f"  {rest:,} for other reasons"


def _tenant_to_json(tenant: TenantJobs[FoundReport]) -> dict[str, object]:
    data = _job_to_json(tenant.first)
    if tenant.corrections:
        data |= {
            "counts": attrs.asdict(tenant.counts),
            "corrections": [_job_to_json(found) for found in tenant.corrections.values()],
        }
    return {**data, "state": tenant.state}


def _job_to_json(found: Any) -> dict[str, object]:
    if not isinstance(found, Exception):
        return dict(found.data)
    state = name_state(found)
    return {"state": state} if state == NOT_BEGUN else {"state": state, "error": describe_tenant_error(found)}


def _choose_exit_code_of_tenant(tenant: TenantJobs[FoundReport]) -> ExitCode:
    if tenant.state == UNREADABLE:
        return ExitCode.NOT_DONE
    is_open = tenant.state in (NOT_BEGUN, TO_BE_UNDONE) or tenant.counts.unresolved
    return ExitCode.INCOMPLETE if is_open else ExitCode.SUCCESS
