"""Show the progress of a job: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import attrs
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress as ProgressBar,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from ...provisioning.events import (
    OUTCOME_NAMES,
    Checked,
    Checking,
    Counts,
    DoubtsFound,
    Event,
    Paused,
    Progress,
    Sending,
    Stopped,
    Waiting,
    may_have_sent_from_here,
)
from ...provisioning.reports.quantities import format_count_with_noun
from .streams import ignore_closed_stream, is_same_output

_LINE_EVERY = 5.0
_KINDS = {"error": ("error", "red"), "warning": ("note", "yellow")}


class ProgressDisplay:
    """Shows the events of one job on a console; a context manager.

    Args:
        console: where to; standard error, so that standard output stays for the result.
        name: what is read, as the user called it.
        target: the system's name.
        clock: seconds, for the plain lines.
        quiet: without the bar, and without the lines in its place.
    """

    def __init__(
        self,
        console: Console,
        name: str,
        target: str,
        clock: Callable[[], float] = time.monotonic,
        quiet: bool = False,
    ) -> None:
        self.console = console
        self.counts: Counts = Counts()
        self.sending: bool = False
        """Whether something may have been sent."""
        self._name = name
        self._target = target
        self._clock = clock
        self._last_line = clock()
        self._quiet = quiet
        self._is_same_output = is_same_output()
        self._retries = 0
        self._waited = 0.0
        self._bar = ProgressBar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            _AmountColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[notes]}"),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("checking", total=None, notes="")

    def __enter__(self) -> Self:
        with ignore_closed_stream(sys.stderr):
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ignore_closed_stream(sys.stderr):
            self._bar.stop()

    def print_message(self, text: str, style: str | None = None) -> None:
        """Print one line above the bar."""
        with ignore_closed_stream(sys.stderr):
            print_literal_text(self.console, text, style)

    def __call__(self, event: Event) -> None:
        """Show one event; a job goes on where nobody can see it any more."""
        with ignore_closed_stream(sys.stderr):
            self._show_event(event)

    def _show_event(self, event: Event) -> None:
        self.sending = self.sending or may_have_sent_from_here(event)
        match event:
            case Checking(rows):
                self._bar.update(self._task, completed=rows)
                self._print_if_due(f"checking: {format_count_with_noun(rows, 'row', 'rows')}")
            case Checked():
                self._print_findings(event)
                self._bar.reset(self._task, description="sending", total=event.rows, notes="")
            case DoubtsFound(rows):
                asked = format_count_with_noun(rows, "row is", "rows are")
                self._print_if_due(f"{asked} in doubt: asking {self._target} what it holds")
            case Sending(counts):
                total = counts.rows or None  # a source that is read once has none yet
                self._bar.update(self._task, description="sending", completed=counts.settled, total=total)
            case Progress(counts, rows):
                self.counts = counts
                self._bar.update(self._task, description="sending", completed=counts.settled, total=rows)
                self._print_if_due(f"sending: {_format_progress(counts, rows)}", last=counts.settled == rows)
            case Waiting(_, reason, seconds):
                self._retries += 1
                self._waited += seconds
                notes = f"{format_count_with_noun(self._retries, 'retry', 'retries')}, {self._waited:,.0f} s waited"
                self._bar.update(self._task, notes=notes)
                self._print_if_due(f"waiting {seconds:.1f} s before trying again: {reason}")
            case Paused(reason):
                self._bar.update(self._task, description="paused")
                self.print_message(f"Paused: {reason}")
            case Stopped(reason, goes_on=True):
                self.print_message(f"Stopped here: {reason}; another worker goes on")
            case Stopped(reason):
                self.print_message(f"No more rows are sent: {reason}")

    def _print_if_due(self, text: str, *, last: bool = False) -> None:
        now = self._clock()
        is_due = now - self._last_line >= _LINE_EVERY
        # The last line says what the summary says.
        is_due = not self._is_same_output if last else is_due
        if is_due and not self._quiet and not self.console.is_terminal:
            self._last_line = now
            self.print_message(text)

    def _print_findings(self, checked: Checked) -> None:
        for finding in checked.findings:
            kind, style = _KINDS[finding.severity]
            self.print_message(f"{self._name}:{finding.line}: {kind}: {finding.remark}", style)
        more = checked.errors + checked.warnings - len(checked.findings)
        if more > 0:
            self.print_message(f"... and {format_count_with_noun(more, 'more finding', 'more findings')}")
        if checked.dropped:
            names = ", ".join(checked.dropped)
            self.print_message(f"{self._target} has no place for these columns, they are not sent: {names}")
        good = checked.rows - checked.errors
        self.print_message(
            f"{format_count_with_noun(checked.rows, 'row', 'rows')} checked: {good:,} to send, {checked.errors:,} not"
        )


class _AmountColumn(ProgressColumn):
    def __init__(self) -> None:
        super().__init__(table_column=Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        of = f" of {task.total:,.0f}" if task.total else ""
        speed = f", {task.speed:,.0f} rows/s" if task.speed else " rows"
        return Text(f"{task.completed:,.0f}{of}{speed}")


def print_literal_text(console: Console, text: str, style: str | None = None) -> None:
    """Print text as it is; only a terminal wraps it."""
    wrap = console.is_terminal
    console.print(Text(text, style or ""), soft_wrap=not wrap)


def _format_progress(counts: Counts, rows: int) -> str:
    parts = ", ".join(
        f"{number:,} {OUTCOME_NAMES[name]}" for name, number in attrs.asdict(counts).items() if number
    )
    return f"{counts.settled:,} of {format_count_with_noun(rows, 'row', 'rows')}: {parts}"
