"""What became of all tenants, as text or JSON: a line each, the sums, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...provisioning import NoSuchJob, Plan, Report, TenantsReport
from ...provisioning.errors import JobUnavailable
from ...provisioning.events import Counts
from ...provisioning.reports.quantities import format_count_with_noun
from ..job_runner import result_to_json
from ..output.progress import print_literal_text
from ..output.safe_text import clean_line
from .tenant_state import TenantState, describe_counts, describe_end

if TYPE_CHECKING:
    from ..exit_codes import ExitCode
    from .runner import ManyCommand

_STYLES = {"done": "green", "incomplete": "yellow", "failed": "red"}


def print_run(
    console: Console,
    command: ManyCommand,
    report: TenantsReport[Any],
    states: Mapping[str, TenantState],
    failed_files: Mapping[str, Path],
) -> None:
    """Print the end of a run: a table on a terminal, a line a tenant elsewhere.

    Args:
        console: where to.
        command: what was run.
        report: of the run.
        states: of all tenants, those that were left out included.
        failed_files: the files with the rows that did not go in, by tenant.
    """
    if console.is_terminal:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for heading in ("tenant", "", "what became of it"):
            table.add_column(heading, overflow="fold")
        for state in states.values():
            end = Text(clean_line(describe_end(state)))
            table.add_row(Text(state.name), _format_end(state), end, style=_STYLES.get(state.stage, "dim"))
        console.print(table)
    else:
        for state in states.values():
            print_literal_text(console, f"{state.name}: {describe_end(state)}")
    print_literal_text(console, _describe_sums(report, states))
    _print_next_steps(console, command, states, failed_files)


def _format_end(state: TenantState) -> str:
    return "not begun" if state.stage == "waits for its turn" else state.stage


def _describe_sums(report: TenantsReport[Any], states: Mapping[str, TenantState]) -> str:
    ends = Counter(_format_end(state) for state in states.values())
    facts = ", ".join(
        f"{ends[end]:,} {end}" for end in ("done", "incomplete", "failed", "not begun") if ends[end]
    )
    counts = describe_counts(sum((state.counts for state in states.values()), Counts()))
    tenants = format_count_with_noun(len(states), "tenant", "tenants")
    return f"{tenants}: {facts}{'; ' * bool(counts)}{counts}; {report.elapsed:,.1f} s"


def _print_next_steps(
    console: Console,
    command: ManyCommand,
    states: Mapping[str, TenantState],
    failed_files: Mapping[str, Path],
) -> None:
    for name, path in failed_files.items():
        print_literal_text(
            console, f"{name}: the rows that did not go in, with line and reason, are in {path}"
        )
    if command.sandbox:
        return
    if any(map(_has_planned_changes, states.values())):
        print_literal_text(console, f"To carry it out:  {command.format_command('apply')}")
    elif command.action == "provision" and any(map(_was_database_away_at_start, states.values())):
        print_literal_text(console, f"Once the database answers:  {command.format_command('provision')}")
    elif command.action != "plan" and any(map(_can_resume, states.values())):
        again = "To go on taking it back" if command.action == "undo" else "To go on"
        print_literal_text(console, f"{again}:  {command.format_command('resume')}")
    elif failed_files:
        print_literal_text(
            console, f"Correct them there, then run:  {command.format_command('resume', '--failed')}"
        )
    if command.action != "plan":
        print_literal_text(console, f"All of it:  {command.format_command('report')}")


def _has_planned_changes(state: TenantState) -> bool:
    plan = state.result.result if state.result is not None else None
    return isinstance(plan, Plan) and plan.changes > 0


def _was_database_away_at_start(state: TenantState) -> bool:
    """Tell whether the database of a tenant's job was away before anything of it was there: then there is nothing to resume."""
    return (
        state.result is not None and isinstance(state.result.error, JobUnavailable) and not state.counts.rows
    )


def _can_resume(state: TenantState) -> bool:
    """Tell whether resuming would do something for a tenant."""
    counts = state.counts
    if state.result is None or not state.result.is_begun or state.stage == "failed":
        return state.result is None or not isinstance(state.result.error, NoSuchJob)
    return bool(counts.failed or counts.unfinished)


def report_to_json(
    report: TenantsReport[Any],
    states: Mapping[str, TenantState],
    codes: Mapping[str, ExitCode],
    failed_files: Mapping[str, Path],
    code: ExitCode,
) -> dict[str, object]:
    """Convert the end of a run to JSON data."""
    tenants = {
        name: {
            "exit_code": int(codes[name]),
            "state": _format_end(state),
            "error": state.note if state.result is not None and state.result.error else None,
            "failed_file": str(failed_files[name]) if name in failed_files else None,
            "report": _result_to_json(state),
        }
        for name, state in states.items()
    }
    return {
        "exit_code": int(code),
        "complete": all(state.stage == "done" for state in states.values()),
        "stopped": report.stopped,
        "elapsed": report.elapsed,
        "counts": attrs.asdict(sum((state.counts for state in states.values()), Counts())),
        "tenants": tenants,
    }


def _result_to_json(state: TenantState) -> dict[str, object] | None:
    result = state.result.result if state.result is not None else None
    return result_to_json(result) if isinstance(result, Report | Plan) else None
