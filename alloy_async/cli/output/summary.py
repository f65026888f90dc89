"""The end of a job, and a plan, as text: a table on a terminal, one fact a line elsewhere."""

from __future__ import annotations

from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...provisioning import Plan
from ...provisioning.events import OUTCOME_NAMES
from ...provisioning.reports.quantities import format_count_with_noun
from ...provisioning.results import Report
from .next_steps import NextSteps, format_command
from .progress import print_literal_text

OUTCOME_STYLES = {
    **dict.fromkeys(
        ("created", "exists", "updated", "unchanged", "uncompared", "deleted", "done", "restored"), "green"
    ),
    **dict.fromkeys(("invalid", "drifted", "failed"), "red"),
    **dict.fromkeys(("kept", "unknown", "doubt", "planned"), "yellow"),
}
_ALWAYS = ("created", "exists", "invalid", "failed", "unknown")
"""Outcomes of creating that are shown even if there are none."""


def print_summary(
    console: Console, report: Report, failed: Path | None = None, steps: NextSteps | None = None
) -> None:
    """Print the end of a job: a table on a terminal, one fact a line elsewhere.

    Args:
        failed: the file with the rows that did not go in.
        steps: what the commands that are suggested need to be told.
    """
    counts = report.counts
    speed = counts.settled / report.elapsed if report.elapsed else 0.0
    spent = f"{report.elapsed:,.1f} s, {speed:,.0f} rows/s"
    if report.retries:
        spent += f", {format_count_with_noun(report.retries, 'retry', 'retries')} after {report.waited:,.1f} s of waiting"
    always = _ALWAYS if report.mode == "create" and report.phase == "apply" else ()
    facts = [
        (OUTCOME_NAMES[name], number, OUTCOME_STYLES[name])
        for name, number in attrs.asdict(counts).items()
        if number or name in always
    ]
    if console.is_terminal:
        table = Table(title=Text(f"{report.source} to {report.target}"), show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for name, number, style in facts:
            table.add_row(name, f"{number:,}", style=style if number else "dim")
        table.add_section()
        table.add_row("rows", f"{counts.rows:,}", style="bold")
        console.print(table)
        print_literal_text(console, spent)
    else:
        for name, number, _ in facts:
            print_literal_text(console, f"{name}: {number}")
        print_literal_text(console, f"rows: {counts.rows}")
        print_literal_text(console, f"time: {spent}")
    steps = steps or NextSteps()
    _print_next_steps(console, report, failed, steps)


def _print_next_steps(console: Console, report: Report, failed: Path | None, steps: NextSteps) -> None:
    counts = report.counts
    if report.stopped:
        print_literal_text(console, f"The job ended early: {report.stopped}")
    if report.phase == "undo":
        _print_next_steps_after_undo(console, report, steps)
        return
    if failed:
        rows = format_count_with_noun(counts.unresolved, "row did", "rows did")
        is_remote = "://" in report.source and failed.parent == Path()
        place = f"{failed} in the current folder" if is_remote else failed
        print_literal_text(console, f"{rows} not go in; {place} has each with its line and reason.")
        correction = steps.format_correction(report.job, failed)
        if correction and counts.unresolved > counts.unknown and not (counts.failed or counts.unfinished):
            print_literal_text(console, f"Correct them there, then run:  {correction}")
    if counts.unknown and not counts.unfinished and not steps.is_sandbox:
        again = steps.format_job_command("resume", report.job, "--send-again")
        rows = format_count_with_noun(
            counts.unknown, "row of unknown outcome is", "rows of unknown outcome are"
        )
        print_literal_text(
            console, f"Once nothing can be on its way any more, {rows} sent again by:  {again}"
        )
    if (counts.failed or counts.unfinished) and not steps.is_sandbox:
        print_literal_text(console, f"To go on:  {steps.format_job_command('resume', report.job)}")
    if steps.remark and counts.unresolved:
        print_literal_text(console, steps.remark)
    page = format_command("report", report.job, "--format", "html", "-o", "report.html")
    print_literal_text(console, f"All of it:  {page}")


def _print_next_steps_after_undo(console: Console, report: Report, steps: NextSteps) -> None:
    """Print what is left after a job was taken back: never to do again what was just undone."""
    counts = report.counts
    if counts.unresolved:
        changes = format_count_with_noun(counts.unresolved, "change was", "changes were")
        why = format_command("report", report.job)
        print_literal_text(console, f"{changes} not taken back; each with its reason:  {why}")
    if (counts.failed or counts.unfinished) and not steps.is_sandbox:
        print_literal_text(
            console, f"To go on taking it back:  {steps.format_job_command('resume', report.job)}"
        )
    if not counts.unresolved:
        print_literal_text(console, "Everything was taken back.")
    _print_how_to_undo_corrections(console, report.job, steps)


def _print_how_to_undo_corrections(console: Console, job: Path | str, steps: NextSteps) -> None:
    """Print how to take back what was corrected and fed back: that is in jobs of their own."""
    from ...core.errors import AlloyAsyncError
    from ...provisioning.reports.corrections import list_job_and_correction_jobs
    from ...provisioning.store.store_opener import open_store_for_reading

    try:
        standing = []
        for other in list_job_and_correction_jobs(job)[1:]:
            with open_store_for_reading(other) as store:
                if store.read_header().phase == "apply" and store.was_anything_intended():
                    standing.append(other)
    except AlloyAsyncError as error:
        print_literal_text(
            console, f"Whether corrected rows were fed back, and are still in, cannot be told: {error}"
        )
        return
    for other in standing:
        command = steps.format_job_command("undo", other)
        print_literal_text(
            console, f"Rows that were corrected and fed back are still in; to take them back, too:  {command}"
        )


_SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "delete": ("-", "red"),
    "offboard": ("-", "red"),
    "refuse": ("!", "red"),
}
_DOING = {"create": "to create", "update": "to change", "delete": "to remove", "offboard": "steps of leaving"}


def print_plan(console: Console, plan: Plan, steps: NextSteps | None = None) -> None:
    """Print what a job is going to do: the first lines of each action, and how many there are."""
    for action, (sign, style) in _SIGNS.items():
        shown = [step for step in plan.first if step.action == action]
        for step in shown:
            place = f" (line {step.line})" if step.line else ""
            why = ": ".join(filter(None, (step.step, step.why)))
            print_literal_text(
                console, f"  {sign} {step.key or '(no key)'}{place}{'  ' * bool(why)}{why}", style
            )
        if more := plan.actions.get(action, 0) - len(shown):
            print_literal_text(console, f"  {sign} ... and {more:,} more", style)
    sums = [f"{plan.actions[action]:,} {words}" for action, words in _DOING.items() if action in plan.actions]
    sums.append(f"{plan.actions.get('none', 0):,} to leave as they are")
    sums.append(f"{plan.actions.get('refuse', 0):,} refused")
    print_literal_text(console, f"Plan for {plan.target}: {', '.join(sums)}.", "bold")
    for sentence in plan.finality:
        print_literal_text(console, sentence, "yellow")
    if plan.changes:
        steps = steps or NextSteps()
        page = format_command("report", plan.job, "--format", "html", "-o", "plan.html")
        print_literal_text(console, f"Row by row:  {page}")
        print_literal_text(console, f"To carry it out:  {steps.format_job_command('apply', plan.job)}")
        if steps.remark:
            print_literal_text(console, steps.remark)
