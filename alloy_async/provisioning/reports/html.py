"""A job's report as one page that needs nothing else: no network, no other file."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from itertools import islice
from string import Template

from ...version import __version__
from ..events import OUTCOME_NAMES
from ..store.places import name_after
from .charts import Series, draw_ranking, draw_shares, draw_timeline
from .durations import format_duration, format_latency
from .figures import JobReport, ReportRow
from .timeline import Timeline

_SHOWN_LINES = 2000
_SHOWN_REASONS = 12


def render_page(report: JobReport, unresolved: Iterable[ReportRow]) -> str:
    """The page.

    Args:
        report: the figures.
        unresolved: `read_unresolved` of the job; the first 2,000 are shown.
    """
    template = (
        resources.files("alloy_async.provisioning.reports")
        .joinpath("report.html")
        .read_text(encoding="utf-8")
    )
    header = report.header
    return Template(template).substitute(
        title=escape(f"{_file_name(header.source)} to {header.system}"),
        source=escape(_file_name(header.source)),
        system=escape(header.system),
        state=report.state,
        verdict=escape(report.verdict),
        good="good" if report.counts.unresolved == 0 else "bad",
        facts="".join(_render_facts(report)),
        stack=draw_shares(list(_list_outcomes(report))),
        legend="".join(_render_legend(report)),
        tiles="".join(_render_tiles(report)),
        charts="".join(_render_charts(report)),
        reasons=_render_reasons(report),
        lines=_render_rows(report, unresolved),
        remarks=_render_section("".join(_render_remarks(report))),
        version=__version__,
        made=_format_time(report.now),
    )


def _file_name(source: str) -> str:
    return source.replace("\\", "/").rsplit("/", 1)[-1]


def _format_time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _render_facts(report: JobReport) -> Iterator[str]:
    header = report.header
    facts = [
        ("Source", header.source),
        ("System", f"{header.system}, {header.base_url}"),
        ("Mode", header.mode),
    ]
    if header.started:
        facts.append(("Started", _format_time(header.started)))
    if header.ended and header.state not in ("running", "undoing"):
        facts.append(("Ended", _format_time(header.ended)))
    if header.stopped:
        facts.append(("Ended early", header.stopped))
    facts.append(("Job file", str(report.path)))
    yield from (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)


def _list_outcomes(report: JobReport) -> Iterator[tuple[str, str, int]]:
    yield from ((outcome, OUTCOME_NAMES[outcome], number) for outcome, number in report.outcomes)


def _render_legend(report: JobReport) -> Iterator[str]:
    total = report.counts.rows or 1
    for outcome, label, number in _list_outcomes(report):
        yield (
            f'<li><span class="key {outcome}"></span><b>{number:,}</b> {escape(label)}'
            f" <small>{_format_share(number / total)}</small></li>"
        )


def _format_share(share: float) -> str:
    """Rounded, but never to all or nothing."""
    if 0.1 <= share <= 0.995 or share == 1:
        return f"{share:.0%}"
    return f"{min(share, 0.999):.1%}" if share >= 0.01 else f"{max(share, 0.0001):.2%}"


def _render_tiles(report: JobReport) -> Iterator[str]:
    tiles = [
        ("Time", format_duration(report.elapsed), "from start to end"),
        ("Speed", f"{report.rate:,.0f}", "rows a second"),
        ("Calls", f"{report.total('calls'):,.0f}", "to the system"),
        ("Answer, median", format_latency(report.latency()), "half were quicker"),
        (
            "Answer, 95 %",
            format_latency(report.latency("p95")),
            f"slowest {format_latency(report.latency('slowest'))}",
        ),
        (
            "Answers 429",
            f"{report.total('limited'):,.0f}",
            f"{format_duration(report.total('waited'))} waited in all",
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
    timeline = Timeline.of(report.seconds)
    if not timeline.buckets:
        return
    each = f"in each {format_duration(timeline.width)}" if timeline.width > 1 else "in each second"
    yield _render_figure(
        "Rows a second",
        "",
        draw_timeline(timeline, _ROWS, "rows a second", width=1120, unit=_format_number),
        "wide",
    )
    chart = draw_timeline(timeline, _LATENCY, "time that calls took", width=1120, unit=format_latency)
    yield _render_figure("Time that a call took", _render_keys(_LATENCY), chart, "wide")
    if report.total("limited"):
        chart = draw_timeline(timeline, _LIMITED, "answers 429", width=550, unit=_format_number)
        yield _render_figure(f"Answers 429, {each}", "", chart)
    if report.total("waited"):
        chart = draw_timeline(
            timeline, _WAITED, "waiting before trying again", width=550, unit=format_duration
        )
        yield _render_figure(f"Waiting before trying again, {each}", "", chart)


def _format_number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _render_keys(series: Iterable[Series]) -> str:
    return "".join(f'<span class="key {one.style}"></span>{one.label} ' for one in series)


def _render_figure(title: str, keys: str, chart: str, style: str = "") -> str:
    caption = f"<figcaption>{escape(title)}<span>{keys}</span></figcaption>"
    return f'<figure class="{style}">{caption}{chart}</figure>'


def _render_reasons(report: JobReport) -> str:
    if not report.reasons:
        return ""
    shown = [(one.outcome, f"{OUTCOME_NAMES[one.outcome]}: {one.text}", one.lines) for one in report.reasons]
    rest = sum(number for *_, number in shown[_SHOWN_REASONS:])
    more = [("planned", f"{len(shown) - _SHOWN_REASONS} other reasons", rest)] if rest else []
    return _render_section(f"<h2>Why rows did not go in</h2>{draw_ranking([*shown[:_SHOWN_REASONS], *more])}")


def _render_rows(report: JobReport, unresolved: Iterable[ReportRow]) -> str:
    unresolved = iter(unresolved)
    body = "".join(_render_row(line) for line in islice(unresolved, _SHOWN_LINES))
    if not body:
        return ""
    total = report.counts.unresolved - report.counts.planned
    note = ""
    if next(unresolved, None) is not None:
        note = (
            f'<p class="note">These are the first {_SHOWN_LINES:,} of {total:,}. All of them:'
            f" <code>alloy-async report {escape(name_after(report.path).name)} --format csv -o failed.csv</code></p>"
        )
    outcomes = (outcome for outcome, _, _ in _list_outcomes(report) if f'data-outcome="{outcome}"' in body)
    options = "".join(f'<option value="{outcome}">{OUTCOME_NAMES[outcome]}</option>' for outcome in outcomes)
    return _render_section(
        "<h2>The rows that did not go in</h2>"
        '<p class="filter"><input id="filter" type="search" placeholder="ReportRow, name or reason" aria-label="Filter">'
        f'<select id="outcome" aria-label="Outcome"><option value="">every outcome</option>{options}</select>'
        f'<output id="shown"></output></p>{note}'
        "<table><thead><tr><th>ReportRow</th><th>User</th><th>Outcome</th><th>Reason</th></tr></thead>"
        f'<tbody id="lines">{body}</tbody></table>'
    )


def _render_section(content: str) -> str:
    return f"<section>{content}</section>" if content else ""


def _render_row(line: ReportRow) -> str:
    reason = f"{line.step}: {line.reason}" if line.step else line.reason or ""
    return (
        f'<tr data-outcome="{line.outcome}"><td class="number">{line.line or ""}</td><td>{escape(line.key)}</td>'
        f'<td><span class="key {line.outcome}"></span>{OUTCOME_NAMES[line.outcome]}</td><td>{escape(reason)}</td></tr>'
    )


def _render_remarks(report: JobReport) -> Iterator[str]:
    if report.dropped:
        names = ", ".join(map(escape, report.dropped))
        yield f"<h2>Not sent</h2><p>{escape(report.header.system)} has no place for these columns: {names}.</p>"
    if report.findings:
        yield "<h2>What the check found</h2><ul>"
        for line, column, severity, message in report.findings:
            place = f"ReportRow {line}, {column}" if column else f"ReportRow {line}"
            yield f"<li><b>{escape(place)}</b> ({severity}): {escape(message)}</li>"
        yield "</ul>"
    if report.notes:
        yield "<h2>What happened</h2><ul>"
        yield from (f"<li><b>{_format_time(at)}</b> {escape(text)}</li>" for at, _, text in report.notes)
        yield "</ul>"
