"""Charts as inline SVG: their colours come from the page's style, so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

import attrs

from ..quantities import format_duration
from ..timeline import Bucket, Timeline

_HEIGHT = 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 12, 26


@attrs.frozen
class Series:
    """One figure of a chart over time.

    Args:
        style: the class that gives it its colour.
        label: for the legend.
        value: of a bucket.
        told: the value in words, for who points at it.
        line: draw a line, else bars.
        counts: it counts things, so that the axis needs no fractions.
    """

    style: str
    label: str
    value: Callable[[Bucket], float]
    told: Callable[[Bucket], str]
    line: bool = False
    counts: bool = False


def draw_timeline(
    timeline: Timeline, series: Sequence[Series], label: str, *, width: int, unit: Callable[[float], str]
) -> str:
    """Draw a chart of figures over time.

    Args:
        timeline: the time.
        series: what is drawn, the first behind the others.
        label: what it shows, for who cannot see it.
        width: in units of the page at full size.
        unit: how the vertical axis writes a number.
    """
    buckets = timeline.buckets
    top = max((one.value(bucket) for one in series for bucket in buckets), default=0.0)
    steps = _choose_steps(top, whole=all(one.counts for one in series))
    inner_width, inner_height = width - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    slot = inner_width / max(len(buckets), 1)

    def x(seconds: float) -> float:
        return _LEFT + inner_width * seconds / max(timeline.length, 1)

    def y(value: float) -> float:
        return _TOP + inner_height * (1 - value / steps[-1])

    parts = [f'<svg viewBox="0 0 {width} {_HEIGHT}" role="img" aria-label="{escape(label)}">']
    for step in steps:
        parts.append(f'<path class="grid" d="M{_LEFT} {y(step):.1f}H{width - _RIGHT}"/>')
        parts.append(
            f'<text class="tick end" x="{_LEFT - 8}" y="{y(step) + 4:.1f}">{escape(unit(step))}</text>'
        )
    for tick in timeline.iterate_ticks(width // 110):
        parts.append(
            f'<text class="tick mid" x="{x(tick):.1f}" y="{_HEIGHT - 6}">{format_duration(tick)}</text>'
        )
    for one in series:
        draw = _draw_line if one.line else _draw_bars
        parts += draw(one, buckets, x, y, slot)
    for at, seconds in timeline.pauses:
        parts.append(f'<path class="pause" d="M{x(at):.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(
            f'<text class="tick note" x="{x(at) + 5:.1f}" y="{_TOP + 10}">paused {format_duration(seconds)}</text>'
        )
    for bucket in buckets:
        told = [f"after {format_duration(bucket.start)}", *(one.told(bucket) for one in series)]
        parts.append(
            f'<rect class="point" x="{x(bucket.start):.1f}" y="{_TOP}" width="{slot:.2f}" height="{inner_height}">'
            f"<title>{escape(chr(10).join(told))}</title></rect>"
        )
    return "".join([*parts, "</svg>"])


def draw_horizontal_bars(
    items: Iterable[tuple[str, str, float]], unit: Callable[[float], str] = "{:,.0f}".format
) -> str:
    """Draw bars across, each with its text and number: (style, text, number).

    Args:
        items: what is drawn.
        unit: how a number is written.
    """
    items = list(items)
    most = max((number for *_, number in items), default=1) or 1
    return "".join(
        f'<div class="rank"><span class="text">{escape(text)}</span><span class="track">'
        f'<span class="bar {style}" style="width:{100 * number / most:.2f}%"></span></span>'
        f'<span class="number">{escape(unit(number))}</span></div>'
        for style, text, number in items
    )


def draw_shares(items: Sequence[tuple[str, str, int]], style: str = "stack") -> str:
    """Draw one bar of parts: (style, label, number)."""
    total = sum(number for *_, number in items) or 1
    at, parts = 0.0, []
    for kind, label, number in items:
        share = 1000 * number / total
        parts.append(
            f'<rect class="{kind}" x="{at:.2f}" width="{max(share - 1.5, 1):.2f}" height="26">'
            f"<title>{escape(label)}: {number:,}</title></rect>"
        )
        at += share
    return f'<svg class="{style}" viewBox="0 0 1000 26" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>'


def _draw_bars(
    one: Series,
    buckets: Sequence[Bucket],
    x: Callable[[float], float],
    y: Callable[[float], float],
    slot: float,
) -> Iterable[str]:
    gap = 1 if slot > 4 else 0
    for bucket in buckets:
        if value := one.value(bucket):
            top = min(y(value), y(0) - 1.5)  # one of a thousand is still seen
            shape = (
                f'x="{x(bucket.start):.1f}" y="{top:.1f}" width="{slot - gap:.2f}" height="{y(0) - top:.1f}"'
            )
            yield f'<rect class="{one.style}" {shape}/>'


def _draw_line(
    one: Series,
    buckets: Sequence[Bucket],
    x: Callable[[float], float],
    y: Callable[[float], float],
    slot: float,
) -> Iterable[str]:
    """Draw a line through the buckets that have a value; where none had, it is broken."""
    path, joined = [], False
    for bucket in buckets:
        if value := one.value(bucket):
            place = f"{x(bucket.start) + slot / 2:.1f} {y(value):.1f}"
            path.append(f"L{place}" if joined else f"M{place}L{place}")  # the L makes a dot of a lone one
            joined = True
        else:
            joined = False
    yield f'<path class="line {one.style}" d="{"".join(path)}"/>'


def _choose_steps(top: float, *, whole: bool) -> list[float]:
    """Choose round numbers from 0 to just over the highest value."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    step = max(step, 1.0) if whole else step
    return [step * n for n in range(math.ceil(top / step - 1e-9) + 1)]


def draw_outcomes_by_job(
    bars: Sequence[tuple[str, Sequence[tuple[str, float]]]],
    label: str,
    first: str,
    last: str,
    *,
    width: int = 1120,
) -> str:
    """Draw a bar of parts for each of several jobs, side by side.

    Args:
        bars: of each job what it says to who points at it, and its parts: (style, number).
        label: what it shows, for who cannot see it.
        first, last: what the ends of the axis say.
        width: in units of the page at full size.
    """
    steps = _choose_steps(
        max((sum(number for _, number in parts) for _, parts in bars), default=0.0), whole=True
    )
    inner_width, bottom = width - _LEFT - _RIGHT, _HEIGHT - _BOTTOM
    inner_height = bottom - _TOP
    slot = min(inner_width / max(len(bars), 1), 60)
    drawn = [f'<svg viewBox="0 0 {width} {_HEIGHT}" role="img" aria-label="{escape(label)}">']
    for step in steps:
        y = bottom - inner_height * step / steps[-1]
        drawn.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{width - _RIGHT}"/>')
        drawn.append(f'<text class="tick end" x="{_LEFT - 8}" y="{y + 4:.1f}">{step:,.0f}</text>')
    for place, (told, parts) in enumerate(bars):
        x, y = _LEFT + place * slot, float(bottom)
        for style, number in parts:
            height = inner_height * number / steps[-1]
            y -= height
            drawn.append(
                f'<rect class="{style}" x="{x + 1:.1f}" y="{y:.1f}" width="{slot - 2:.1f}" height="{height:.1f}"/>'
            )
        drawn.append(
            f'<rect class="point" x="{x:.1f}" y="{_TOP}" width="{slot:.1f}" height="{inner_height}">'
            f"<title>{escape(told)}</title></rect>"
        )
    end = max(_LEFT + len(bars) * slot, _LEFT + 160)
    drawn.append(f'<text class="tick" x="{_LEFT}" y="{_HEIGHT - 6}">{escape(first)}</text>')
    drawn.append(f'<text class="tick end" x="{end:.1f}" y="{_HEIGHT - 6}">{escape(last)}</text></svg>')
    return "".join(drawn)
