"""The page of a job: how it ended, how fast it went, and why rows did not go in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import islice

from ...events import OUTCOME_NAMES
from ...store.job_store import BEGUN
from ...store.store_opener import get_path_for_files
from ..job_report import JobReport, ReportRow
from ..quantities import format_duration, format_latency
from .charts import Series, draw_horizontal_bars, draw_shares, draw_timeline
from .skeleton import (
    format_time,
    get_last_part_of_source_name,
    render_header,
    render_legend,
    render_page,
    render_searchable_table,
    render_section,
)

_SHOWN_ROWS = 2000
_SHOWN_REASONS = 12
_SHORTEST = 3
"""Seconds of the shortest job that is drawn over time."""


def render_job(report: JobReport, unresolved: Iterable[ReportRow]) -> str:
    """Render the page of a job.

    Args:
        report: the figures.
        unresolved: `read_unresolved_rows` of the job; the first 2,000 are shown.
    """
    header = report.header
    source = get_last_part_of_source_name(header.source)
    outcomes = [(outcome, OUTCOME_NAMES[outcome], number) for outcome, number in report.outcomes]
    content = [
        render_header(
            f"{escape(source)} <i>to</i> {escape(header.system)}",
            report.state,
            report.verdict,
            good=report.counts.unresolved == 0,
            facts=_iterate_facts(report),
        ),
        render_section(draw_shares(outcomes) + render_legend(outcomes)),
        f'<div class="tiles">{"".join(_render_tiles(report))}</div>',
        f'<div class="charts">{"".join(_render_charts(report))}</div>',
        _render_reasons(report),
        _render_unresolved_rows(report, unresolved),
        render_section("".join(_render_remarks(report))),
    ]
    return render_page(f"{source} to {header.system}", "".join(content), report.now)


def _iterate_facts(report: JobReport) -> Iterator[tuple[str, str]]:
    header = report.header
    yield "Source", header.source
    yield "System", f"{header.system}, {header.base_url}"
    yield "Mode", header.mode
    if header.started:
        yield "Started", format_time(header.started)
    if header.ended and header.state not in ("running", "undoing"):
        yield "Ended", format_time(header.ended)
    if header.stopped:
        yield "Ended early", header.stopped
    yield "Job file", str(report.path)


def _render_tiles(report: JobReport) -> Iterator[str]:
    tiles = [
        ("Time", format_duration(report.elapsed), "from start to end"),
        ("Speed", f"{report.rate:,.0f}", "rows a second"),
        ("Calls", f"{report.sum_figure('calls'):,.0f}", "to the system"),
        ("Answer, median", format_latency(report.get_latency()), "half were quicker"),
        (
            "Answer, 95 %",
            format_latency(report.get_latency("p95")),
            f"slowest {format_latency(report.get_latency('slowest'))}",
        ),
        (
            "Answers 429",
            f"{report.sum_figure('limited'):,.0f}",
            f"{format_duration(report.sum_figure('waited'))} waited in all",
        ),
    ]
    for name, value, note in tiles:
        yield f'<div class="tile"><span>{name}</span><b>{escape(value)}</b><small>{escape(note)}</small></div>'


_ROWS = (Series("created", "rows a second", lambda b: b.rows, lambda b: f"{b.rows:,.1f} rows/s"),)
_LATENCY = (
    Series("slow", "95 %", lambda b: b.p95, lambda b: f"95 %: {format_latency(b.p95)}", line=True),
    Series("usual", "median", lambda b: b.p50, lambda b: f"median: {format_latency(b.p50)}", line=True),
)
_LIMITED = (
    Series("failed", "answers 429", lambda b: b.limited, lambda b: f"{b.limited:,} answers 429", counts=True),
)
_WAITED = (
    Series("doubt", "seconds waited", lambda b: b.waited, lambda b: f"{format_duration(b.waited)} waited"),
)


def _render_charts(report: JobReport) -> Iterator[str]:
    timeline = report.timeline
    if timeline.length < _SHORTEST:  # too short for anything to be seen over time
        if report.sum_figure("calls"):
            yield _render_chart_figure("Time that a call took", "", _draw_latencies(report), "wide")
        return
    each = f"in each {format_duration(timeline.width)}" if timeline.width > 1 else "in each second"
    yield _render_chart_figure(
        "Rows a second",
        "",
        draw_timeline(timeline, _ROWS, "rows a second", width=1120, unit=_format_number),
        "wide",
    )
    chart = draw_timeline(timeline, _LATENCY, "time that calls took", width=1120, unit=format_latency)
    yield _render_chart_figure("Time that a call took", _render_legend_keys(_LATENCY), chart, "wide")
    if report.sum_figure("limited"):
        chart = draw_timeline(timeline, _LIMITED, "answers 429", width=550, unit=_format_number)
        yield _render_chart_figure(f"Answers 429, {each}", "", chart)
    if report.sum_figure("waited"):
        chart = draw_timeline(
            timeline, _WAITED, "waiting before trying again", width=550, unit=format_duration
        )
        yield _render_chart_figure(f"Waiting before trying again, {each}", "", chart)


def _draw_latencies(report: JobReport) -> str:
    """Draw what calls took, as bars with their numbers."""
    times = (
        ("usual", "half were quicker", "p50"),
        ("slow", "95 % were quicker", "p95"),
        ("slow", "the slowest", "slowest"),
    )
    bars = [(style, label, report.get_latency(figure)) for style, label, figure in times]  # type: ignore[arg-type]
    return draw_horizontal_bars(bars, format_latency)


def _format_number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _render_legend_keys(series: Iterable[Series]) -> str:
    return "".join(f'<span class="key {one.style}"></span>{one.label} ' for one in series)


def _render_chart_figure(title: str, keys: str, chart: str, style: str = "") -> str:
    caption = f"<figcaption>{escape(title)}<span>{keys}</span></figcaption>"
    return f'<figure class="{style}">{caption}{chart}</figure>'


def _render_reasons(report: JobReport) -> str:
    if not report.reasons:
        return ""
    shown = [(one.outcome, f"{OUTCOME_NAMES[one.outcome]}: {one.text}", one.lines) for one in report.reasons]
    rest = sum(number for *_, number in shown[_SHOWN_REASONS:])
    more = [("planned", f"{len(shown) - _SHOWN_REASONS} other reasons", rest)] if rest else []
    return render_section(
        f"<h2>Why rows did not go in</h2>{draw_horizontal_bars([*shown[:_SHOWN_REASONS], *more])}"
    )


def _render_unresolved_rows(report: JobReport, unresolved: Iterable[ReportRow]) -> str:
    unresolved = iter(unresolved)
    rows = [*islice(unresolved, _SHOWN_ROWS)]
    if not rows:
        return ""
    note = ""
    if next(unresolved, None) is not None:
        total = report.counts.unresolved - report.counts.planned
        command = (
            f"alloy-async report {escape(get_path_for_files(report.path).name)} --format csv -o failed.csv"
        )
        note = f'<p class="note">These are the first {_SHOWN_ROWS:,} of {total:,}. All of them: <code>{command}</code></p>'
    there = {row.outcome for row in rows}
    table = render_searchable_table(
        "rows",
        ("Line", "User", "Outcome", "Reason"),
        "".join(map(_render_row, rows)),
        kinds=((outcome, OUTCOME_NAMES[outcome]) for outcome, _ in report.outcomes if outcome in there),
        hint="Line, name or reason",
        every="every outcome",
    )
    return render_section(f"<h2>The rows that did not go in</h2>{note}{table}")


def _render_row(row: ReportRow) -> str:
    reason = f"{row.step}: {row.reason}" if row.step else row.reason or ""
    return (
        f'<tr data-kind="{row.outcome}"><td class="number">{row.line or ""}</td><td>{escape(row.key)}</td>'
        f'<td><span class="key {row.outcome}"></span>{OUTCOME_NAMES[row.outcome]}</td><td>{escape(reason)}</td></tr>'
    )


def _render_remarks(report: JobReport) -> Iterator[str]:
    if report.dropped:
        names = ", ".join(map(escape, report.dropped))
        yield f"<h2>Not sent</h2><p>{escape(report.header.system)} has no place for these columns: {names}.</p>"
    if report.findings:
        yield "<h2>What the check found</h2><ul>"
        for line, column, severity, message in report.findings:
            place = f"Line {line}, {column}" if column else f"Line {line}"
            yield f"<li><b>{escape(place)}</b> ({severity}): {escape(message)}</li>"
        yield "</ul>"
    begun = [note for note in report.notes if note.kind == BEGUN]
    if notes := [note for note in report.notes if note not in begun[:1]]:
        yield "<h2>What happened</h2><ul>"
        yield from (f"<li><b>{format_time(note.at)}</b> {escape(note.text)}</li>" for note in notes)
        yield "</ul>"
