"""A job's report and status as text; on a terminal in colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...provisioning.events import OUTCOME_NAMES
from ...provisioning.reports.job_report import JobReport, ReportRow
from ...provisioning.reports.quantities import format_count_with_noun, format_duration, format_latency
from ...provisioning.reports.status import JobStatus
from ...provisioning.reports.timeline import Timeline
from .next_steps import format_command
from .summary import OUTCOME_STYLES

_SHOWN_LINES = 20
_SHOWN_REASONS = 8
_STEPS = "▁▂▃▄▅▆▇█"
_BAR = 24


def print_report(console: Console, report: JobReport, unresolved: Iterable[ReportRow]) -> None:
    """Print a report.

    Args:
        console: where to.
        report: the figures.
        unresolved: `read_unresolved_rows` of the job; the first few are shown.
    """
    header = report.header
    _print_styled_text(console, f"{header.source} to {header.system} ({header.mode}, {report.state})", "bold")
    _print_styled_text(console, report.verdict, "yellow" if report.counts.unresolved else "green")
    if header.stopped:
        _print_styled_text(console, f"Ended early: {header.stopped}")
    console.print()
    outcomes = [
        (Text(OUTCOME_NAMES[outcome], OUTCOME_STYLES[outcome]), f"{number:,}")
        for outcome, number in report.outcomes
    ]
    console.print(_create_table(outcomes, right=True))
    console.print()
    console.print(_create_table(_list_performance_figures(report)))
    if report.reasons:
        _print_styled_text(console, "\nWhy rows did not go in")
        _print_reasons(console, report)
    _print_rows(console, report, unresolved)


def _print_reasons(console: Console, report: JobReport) -> None:
    most = report.reasons[0].lines
    width = len(f"{most:,}")
    for reason in report.reasons[:_SHOWN_REASONS]:
        bar = "█" * max(round(_BAR * reason.lines / most), 1)
        number = f"{reason.lines:,}".rjust(width)
        style = OUTCOME_STYLES[reason.outcome]
        text = f" {OUTCOME_NAMES[reason.outcome]}: {reason.text}"
        console.print(Text.assemble(f"{number} ", (bar.ljust(_BAR), style), text), soft_wrap=True)
    if rest := sum(reason.lines for reason in report.reasons[_SHOWN_REASONS:]):
        _print_styled_text(console, f"{rest:,} for other reasons")


def _print_rows(console: Console, report: JobReport, unresolved: Iterable[ReportRow]) -> None:
    lines = list(islice(unresolved, _SHOWN_LINES + 1))
    if lines:
        _print_styled_text(console, "\nThe rows that did not go in")
    for line in lines[:_SHOWN_LINES]:
        place = f"line {line.line}" if line.line else "not of the source"
        why = ": ".join(filter(None, (line.step, line.reason)))
        outcome = (OUTCOME_NAMES[line.outcome], OUTCOME_STYLES[line.outcome])
        console.print(
            Text.assemble(f"{place}, {line.key or '(no key)'}: ", outcome, f": {why}"), soft_wrap=True
        )
    if lines:
        command = format_command("report", report.path, "--format", "csv", "-o", "failed.csv")
        more = "... More, and all" if len(lines) > _SHOWN_LINES else "All"
        _print_styled_text(console, f"{more} of them as a file:  {command}")


def format_status(status: JobStatus, job: Path | str) -> Text:
    """Format how a job is getting on, in a few lines."""
    header, counts = status.header, status.counts
    if header.state == "planning":
        rows = format_count_with_noun(counts.rows, "row", "rows")
        return Text(f"{header.source} to {header.system}: {status.state}, {rows} so far; nothing was sent")
    # Taking back has rows of its own: those that changed something.
    total = counts.rows if header.phase == "undo" else max(header.rows, counts.rows)
    of_all = f"{counts.settled:,} of " if header.rows else ""
    facts = [of_all + format_count_with_noun(total if header.rows else counts.settled, "row", "rows")]
    facts.append(f"{format_duration(status.elapsed)} since the start")
    state = status.state
    if status.worker is not None:
        state += f", by process {status.worker or 'unknown'}"
        facts.append(f"{status.rate:,.0f} rows/s")
        facts += [f"{format_duration(status.eta)} to go"] if status.eta is not None else []
        facts += (
            [f"lately {status.limited:,} answers 429, {format_duration(status.waited)} waited"]
            if status.waited
            else []
        )
    numbers = {**attrs.asdict(counts), "doubt": counts.doubt - status.under_way}
    parts = [f"{number:,} {OUTCOME_NAMES[name]}" for name, number in numbers.items() if number]
    parts += [f"{status.under_way:,} under way"] if status.under_way else []
    done = round(2 * _BAR * counts.settled / total) if total else 0
    text = Text.assemble(
        (f"{header.source} to {header.system}: {state}\n", "bold"),
        ("━" * done, "green"),
        ("━" * (2 * _BAR - done), "dim"),
        f" {counts.settled / total:.0%}\n" if total else "\n",
        ", ".join(facts),
        "\n",
        ", ".join(parts),
    )
    if status.state in ("cut off", "stopped") and not header.was_rehearsed:
        text.append(f"\nTo go on:  {format_command('resume', job)}")
    return text


def _print_styled_text(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=True)


def _create_table(rows: Iterable[tuple[Text | str, str]], *, right: bool = False) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right" if right else "left")
    for name, value in rows:
        table.add_row(name, Text(value))
    return table


def _list_performance_figures(report: JobReport) -> Iterable[tuple[str, str]]:
    yield "time", f"{format_duration(report.elapsed)}, {report.rate:,.0f} rows/s"
    timeline = Timeline.from_seconds(report.seconds)
    if not timeline.buckets:
        return
    median, high, slowest = map(
        format_latency, (report.get_latency("p50"), report.get_latency("p95"), report.get_latency("slowest"))
    )
    yield "rows over time", _draw_sparkline([bucket.rows for bucket in timeline.buckets])
    yield "calls", f"{report.sum_figure('calls'):,.0f}; median {median}, 95 % {high}, slowest {slowest}"
    yield "latency over time", _draw_sparkline([bucket.p50 for bucket in timeline.buckets])
    limited, retries, waited = (
        report.sum_figure("limited"),
        report.sum_figure("retries"),
        report.sum_figure("waited"),
    )
    yield (
        "answers 429",
        f"{limited:,.0f}; {retries:,.0f} attempts made again, after {format_duration(waited)} of waiting",
    )
    if limited:
        yield "429 over time", _draw_sparkline([bucket.limited for bucket in timeline.buckets])
    if report.dropped:
        yield "columns not sent", ", ".join(report.dropped)


def _draw_sparkline(values: Sequence[float]) -> str:
    """Draw the course of a figure, in at most 50 characters."""
    width = -(-len(values) // 50)
    means = [
        sum(part) / len(part)
        for start in range(0, len(values), width)
        if (part := values[start : start + width])
    ]
    most = max(means) or 1
    return "".join(_STEPS[min(int(value / most * len(_STEPS)), len(_STEPS) - 1)] for value in means)
