"""How a running job looks: a bar on a terminal, a line now and then elsewhere; and its end."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from ...provisioning import Plan
from ...provisioning.events import (
    OUTCOME_NAMES,
    Checked,
    Checking,
    Counts,
    Event,
    Report,
    Settled,
    Settling,
    Stopped,
    Waiting,
)

_LINE_EVERY = 5.0
_KINDS = {"error": ("error", "red"), "warning": ("note", "yellow")}


class ProgressDisplay:
    """Shows the events of one job on a console; a context manager.

    Args:
        console: where to; standard error, so that standard output stays for the result.
        name: what is read, as the user called it.
        target: the system's name.
        clock: seconds, for the plain lines.
    """

    def __init__(
        self,
        console: Console,
        name: str,
        target: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console = console
        self.counts = Counts()
        self.sending = False
        """Whether something may have been sent."""
        self._name = name
        self._target = target
        self._clock = clock
        self._last_line = clock()
        self._retries = 0
        self._waited = 0.0
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            _AmountColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[notes]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("checking", total=None, notes="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def print_line(self, text: str, style: str | None = None) -> None:
        """Print one line above the bar."""
        _print_text(self.console, text, style)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Checking(rows):
                self._bar.update(self._task, completed=rows)
                self._print_seldom(f"checking: {rows:,} rows")
            case Checked():
                self.sending = True
                self._print_findings(event)
                self._bar.reset(self._task, description="sending", total=event.rows, notes="")
            case Settling(rows):
                self.sending = True
                asked = _format_count(rows, "row is", "rows are")
                self._print_seldom(f"{asked} in doubt: asking {self._target} what it holds")
            case Settled(counts, rows):
                self.sending = True
                self.counts = counts
                self._bar.update(self._task, description="sending", completed=counts.settled, total=rows)
                self._print_seldom(f"sending: {_format_progress(counts, rows)}", last=counts.settled == rows)
            case Waiting(_, reason, seconds):
                self._retries += 1
                self._waited += seconds
                notes = f"{_format_count(self._retries, 'retry', 'retries')}, {self._waited:,.0f} s waited"
                self._bar.update(self._task, notes=notes)
                self._print_seldom(f"waiting {seconds:.1f} s before trying again: {reason}")
            case Stopped(reason):
                self.print_line(f"No more rows are sent: {reason}")

    def _print_seldom(self, text: str, *, last: bool = False) -> None:
        now = self._clock()
        if not self.console.is_terminal and (last or now - self._last_line >= _LINE_EVERY):
            self._last_line = now
            self.print_line(text)

    def _print_findings(self, checked: Checked) -> None:
        for finding in checked.findings:
            kind, style = _KINDS[finding.severity]
            self.print_line(f"{self._name}:{finding.line}: {kind}: {finding.remark}", style)
        more = checked.errors + checked.warnings - len(checked.findings)
        if more > 0:
            self.print_line(f"... and {_format_count(more, 'more finding', 'more findings')}")
        if checked.dropped:
            names = ", ".join(checked.dropped)
            self.print_line(f"{self._target} has no place for these columns, they are not sent: {names}")
        good = checked.rows - checked.errors
        self.print_line(f"{checked.rows:,} rows checked: {good:,} to send, {checked.errors:,} not")


class _AmountColumn(ProgressColumn):
    def __init__(self) -> None:
        super().__init__(table_column=Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        of = f" of {task.total:,.0f}" if task.total else ""
        speed = f", {task.speed:,.0f} rows/s" if task.speed else " rows"
        return Text(f"{task.completed:,.0f}{of}{speed}")


def _print_text(console: Console, text: str, style: str | None = None) -> None:
    """Print text as it is; only a terminal wraps it."""
    wrap = console.is_terminal
    console.print(Text(text, style or ""), soft_wrap=not wrap)


def _format_count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _format_progress(counts: Counts, rows: int) -> str:
    parts = ", ".join(
        f"{number:,} {OUTCOME_NAMES[name]}" for name, number in attrs.asdict(counts).items() if number
    )
    return f"{counts.settled:,} of {rows:,} rows: {parts}"


OUTCOME_STYLES = {
    **dict.fromkeys(("created", "exists", "updated", "unchanged", "deleted", "done", "restored"), "green"),
    **dict.fromkeys(("invalid", "drifted", "failed"), "red"),
    **dict.fromkeys(("kept", "unknown", "doubt", "planned"), "yellow"),
}
_ALWAYS = ("created", "exists", "invalid", "failed", "unknown")
"""Outcomes of creating that are shown even if there are none."""


def print_summary(console: Console, report: Report, failed: Path | None = None, system: str = "") -> None:
    """Print the end of a job: a table on a terminal, one fact a line elsewhere.

    Args:
        failed: the file with the rows that did not go in.
        system: the target, as the command line calls it.
    """
    counts = report.counts
    speed = counts.settled / report.elapsed if report.elapsed else 0.0
    spent = f"{report.elapsed:,.1f} s, {speed:,.0f} rows/s"
    if report.retries:
        spent += (
            f", {_format_count(report.retries, 'retry', 'retries')} after {report.waited:,.1f} s of waiting"
        )
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
        _print_text(console, spent)
    else:
        for name, number, _ in facts:
            _print_text(console, f"{name}: {number}")
        _print_text(console, f"rows: {counts.rows}")
        _print_text(console, f"time: {spent}")
    _print_next_steps(console, report, failed, system)


def _print_next_steps(console: Console, report: Report, failed: Path | None, system: str) -> None:
    counts, job = report.counts, shlex.quote(str(report.job))
    if report.stopped:
        _print_text(console, f"The job ended early: {report.stopped}")
    if report.phase == "undo":
        _print_undo_steps(console, counts, job)
        return
    if failed:
        rows = _format_count(counts.unresolved, "row did", "rows did")
        _print_text(console, f"{rows} not go in; {failed} has each with its line and reason.")
    if counts.unresolved - counts.failed - counts.open and failed and report.mode != "sync":
        again = "" if report.mode == "create" else f" --mode {report.mode}"
        name = shlex.quote(str(failed))
        _print_text(
            console, f"Correct them there, then run:  alloy-async provision {name} --to {system}{again}"
        )
    if counts.failed or counts.open:
        _print_text(console, f"To go on:  alloy-async resume {job}")
    _print_text(console, f"All of it:  alloy-async report {job} --format html -o report.html")


def _print_undo_steps(console: Console, counts: Counts, job: str) -> None:
    """Print what is left after a job was taken back: never to do again what was just undone."""
    if counts.unresolved:
        changes = _format_count(counts.unresolved, "change was", "changes were")
        _print_text(console, f"{changes} not taken back; each with its reason:  alloy-async report {job}")
    if counts.failed or counts.open:
        _print_text(console, f"To go on taking it back:  alloy-async resume {job}")
    if not counts.unresolved:
        _print_text(console, "Everything was taken back.")


_SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "delete": ("-", "red"),
    "offboard": ("-", "red"),
    "refuse": ("!", "red"),
}
_DOING = {"create": "to create", "update": "to change", "delete": "to remove", "offboard": "steps of leaving"}


def print_plan(console: Console, plan: Plan) -> None:
    """Print what a job is going to do: the first lines of each action, and how many there are."""
    for action, (sign, style) in _SIGNS.items():
        shown = [step for step in plan.first if step.action == action]
        for step in shown:
            place = f" (line {step.line})" if step.line else ""
            why = ": ".join(filter(None, (step.step, step.why)))
            _print_text(console, f"  {sign} {step.key or '(no key)'}{place}{'  ' * bool(why)}{why}", style)
        if more := plan.actions.get(action, 0) - len(shown):
            _print_text(console, f"  {sign} ... and {more:,} more", style)
    sums = [f"{plan.actions[action]:,} {words}" for action, words in _DOING.items() if action in plan.actions]
    sums.append(f"{plan.actions.get('none', 0):,} to leave as they are")
    sums.append(f"{plan.actions.get('refuse', 0):,} refused")
    _print_text(console, f"Plan for {plan.target}: {', '.join(sums)}.", "bold")
    for sentence in plan.finality:
        _print_text(console, sentence, "yellow")
    if plan.changes:
        _print_text(console, f"To carry it out:  alloy-async apply {shlex.quote(str(plan.job))}")
