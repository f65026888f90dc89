"""The seconds of a job as a chart can show them: few enough, and with long pauses cut out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ..store.job_store import Second

_WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400)
_MOST = 150


@attrs.frozen
class Bucket:
    """A stretch of time.

    Args:
        start: seconds of work since the job began; pauses are not counted.
        rows: rows a second.
        calls: calls that were answered.
        p50, p95, slowest: seconds that calls took; 0 where there was none.
        limited: answers 429.
        waited: seconds of waiting before attempts made again.
    """

    start: int
    rows: float = 0.0
    calls: int = 0
    p50: float = 0.0
    p95: float = 0.0
    slowest: float = 0.0
    limited: int = 0
    waited: float = 0.0


@attrs.frozen
class Timeline:
    """A job's time in equal stretches.

    Args:
        width: seconds of each.
        buckets: without gaps, from the start.
        pauses: where time was cut out: seconds of work before it, and how long it was.
    """

    width: int
    buckets: tuple[Bucket, ...]
    pauses: tuple[tuple[int, int], ...]

    @classmethod
    def from_seconds(cls, seconds: Sequence[Second], begun: Sequence[float] = ()) -> Timeline:
        """Make the timeline of the seconds of a job in which something happened, in order.

        Args:
            seconds: those in which something happened.
            begun: when each run began: from the last thing before until then, nobody worked on the job.
        """
        shifted, pauses = _cut_pauses(seconds, begun)
        length = shifted[-1][0] + 1 if shifted else 0
        width = next((width for width in _WIDTHS if length <= width * _MOST), _WIDTHS[-1])
        parts: list[list[Second]] = [[] for _ in range(-(-length // width))]
        for at, second in shifted:
            parts[at // width].append(second)
        ends = [width] * len(parts)
        if parts and length % width:
            ends[-1] = length % width  # the last stretch is rarely a whole one
        buckets = (_merge_seconds(n * width, part, ends[n]) for n, part in enumerate(parts))
        return cls(width, tuple(buckets), pauses)

    @property
    def length(self) -> int:
        """Seconds from the left edge to the right one."""
        return len(self.buckets) * self.width

    def iterate_ticks(self, most: int) -> Iterator[int]:
        """Yield round seconds of work, at most so many, for the labels of the axis."""
        step = next((step for step in _WIDTHS if self.length <= step * most), _WIDTHS[-1])
        yield from range(0, self.length + 1, step)


def _cut_pauses(
    seconds: Sequence[Second], begun: Sequence[float]
) -> tuple[list[tuple[int, Second]], tuple[tuple[int, int], ...]]:
    """Give each second with the seconds of work before it, and the pauses that were cut out."""
    shifted: list[tuple[int, Second]] = []
    pauses: list[tuple[int, int]] = []
    at, before = -1, None
    for second in seconds:
        if before is None:
            at = 0
        else:
            gap = second.second - before
            taken_up = max((int(one) for one in begun if before < one < second.second + 1), default=before)
            if taken_up > before + 1:
                pauses.append((at + 1, taken_up - before - 1))
                gap -= taken_up - before - 1
            at += gap
        before = second.second
        shifted.append((at, second))
    return shifted, tuple(pauses)


def _merge_seconds(start: int, part: Sequence[Second], width: int) -> Bucket:
    calls = sum(second.calls for second in part)
    return Bucket(
        start,
        rows=sum(second.rows for second in part) / width,
        calls=calls,
        p50=sum(second.p50 * second.calls for second in part) / calls if calls else 0.0,
        p95=sum(second.p95 * second.calls for second in part) / calls if calls else 0.0,
        slowest=max((second.slowest for second in part), default=0.0),
        limited=sum(second.limited for second in part),
        waited=sum(second.waited for second in part),
    )
