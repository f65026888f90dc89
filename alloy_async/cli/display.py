"""How a running job looks: a bar on a terminal, a line now and then elsewhere; and its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
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

from ..provisioning.events import (
    Checked,
    Checking,
    Counts,
    Event,
    Report,
    Settled,
    Stopped,
    Waiting,
)

_LINE_EVERY = 5.0
_KINDS = {"error": ("error", "red"), "warning": ("note", "yellow")}


class Display:
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
        self.checked: Checked | None = None
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
            _Amount(),
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

    def say(self, text: str, style: str | None = None) -> None:
        """One line above the bar."""
        _say(self.console, text, style)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Checking(rows):
                self._bar.update(self._task, completed=rows)
                self._line(f"checking: {rows:,} rows")
            case Checked():
                self.checked = event
                self._tell_findings(event)
                self._bar.reset(self._task, description="sending", total=event.rows, notes="")
            case Settled(counts, rows):
                self.counts = counts
                self._bar.update(self._task, completed=counts.done)
                self._line(f"sending: {_progress(counts, rows)}", last=counts.done == rows)
            case Waiting(_, reason, seconds):
                self._retries += 1
                self._waited += seconds
                notes = f"{_counted(self._retries, 'retry', 'retries')}, {self._waited:,.0f} s waited"
                self._bar.update(self._task, notes=notes)
                self._line(f"waiting {seconds:.1f} s before trying again: {reason}")
            case Stopped(reason):
                self.say(f"No more rows are sent: {reason}")

    def _line(self, text: str, *, last: bool = False) -> None:
        now = self._clock()
        if not self.console.is_terminal and (last or now - self._last_line >= _LINE_EVERY):
            self._last_line = now
            self.say(text)

    def _tell_findings(self, checked: Checked) -> None:
        for finding in checked.findings:
            kind, style = _KINDS[finding.severity]
            self.say(f"{self._name}:{finding.line}: {kind}: {finding.remark}", style)
        more = checked.errors + checked.warnings - len(checked.findings)
        if more > 0:
            self.say(f"... and {_counted(more, 'more finding', 'more findings')}")
        if checked.dropped:
            names = ", ".join(checked.dropped)
            self.say(f"{self._target} has no place for these columns, they are not sent: {names}")
        good = checked.rows - checked.errors
        self.say(f"{checked.rows:,} rows checked: {good:,} to send, {checked.errors:,} not")


class _Amount(ProgressColumn):
    def __init__(self) -> None:
        super().__init__(table_column=Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        of = f" of {task.total:,.0f}" if task.total else ""
        speed = f", {task.speed:,.0f} rows/s" if task.speed else " rows"
        return Text(f"{task.completed:,.0f}{of}{speed}")


def _say(console: Console, text: str, style: str | None = None) -> None:
    """Print text as it is; only a terminal wraps it."""
    wrap = console.is_terminal
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=not wrap)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _progress(counts: Counts, rows: int) -> str:
    return (
        f"{counts.done:,} of {rows:,} rows: {counts.created:,} created, "
        f"{counts.exists:,} already there, {counts.not_in:,} not in"
    )


def show_report(console: Console, report: Report, again: str) -> None:
    """The end of a job: a table on a terminal, one fact a line elsewhere.

    Args:
        console: where to.
        report: what was done.
        again: the command that takes the rest up.
    """
    speed = report.counts.done / report.elapsed if report.elapsed else 0.0
    spent = f"{report.elapsed:,.1f} s, {speed:,.0f} rows/s"
    if report.retries:
        spent += f", {_counted(report.retries, 'retry', 'retries')} after {report.waited:,.1f} s of waiting"
    lines = [
        ("created", report.counts.created, "green"),
        ("already there", report.counts.exists, "green"),
        ("invalid", report.counts.invalid, "red"),
        ("failed", report.counts.failed, "red"),
        ("outcome unknown", report.counts.unknown, "yellow"),
        ("rows", report.counts.done, "bold"),
    ]
    if console.is_terminal:
        table = Table(title=f"{escape(str(report.source))} to {report.target}", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for name, number, style in lines:
            table.add_section() if name == "rows" else None
            table.add_row(name, f"{number:,}", style=style if number else "dim")
        console.print(table)
        _say(console, spent)
    else:
        for name, number, _ in lines:
            _say(console, f"{name}: {number}")
        _say(console, f"time: {spent}")
    _next_steps(console, report, again)


def _next_steps(console: Console, report: Report, again: str) -> None:
    if report.stopped:
        _say(console, f"The job ended early: {report.stopped}")
    if report.failed_file:
        rows = _counted(report.counts.not_in, "row", "rows")
        _say(console, f"{rows} did not go in; each is in {report.failed_file} with its line and reason.")
        todo = "Correct them there, then run:" if report.counts.invalid else "To try them again:"
        _say(console, f"{todo}  {again}")
