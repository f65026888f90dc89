"""The status of a job, which can be read while it runs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import attrs

from ..events import Counts
from ..store.header import JobHeader, Phase
from ..store.job_store import JobStore, Second
from .job_report import describe_state

_WINDOWS = (15, 60, 300, 1800)
_ENOUGH = 5
"""Seconds with outcomes from which a rate is taken: where a limit lets one row a minute through, that takes minutes."""


@attrs.frozen(kw_only=True)
class JobStatus:
    """How a job is getting on.

    Args:
        header: what the job is.
        counts: lines by outcome.
        worker: the id of the process that works on it; None when nobody does.
        under_way: lines of which that process awaits the answer; `counts` has them in doubt.
        rate: rows a second, of the last quarter of a minute, or longer where little happens.
        eta: seconds until the rest is done at that rate; None when that cannot be told.
        limited, waited: answers 429, and seconds of waiting, of the last quarter of a minute.
        elapsed: seconds since the start.
    """

    header: JobHeader = attrs.field(repr=False)
    counts: Counts
    worker: int | None
    under_way: int
    rate: float
    eta: float | None
    limited: int
    waited: float
    elapsed: float

    @property
    def state(self) -> str:
        """The job's state; `cut off` when its process is gone without having ended it."""
        return describe_state(self.header, self.worker)

    @property
    def phase(self) -> Phase:
        """What the counts are of."""
        return self.header.phase


def read_status(store: JobStore, now: float | None = None) -> JobStatus:
    """Read how a job is getting on; cheap enough to be asked every second."""
    now = time.time() if now is None else now
    header = store.read_header()
    tally = store.count_outcomes(header.phase)
    counts = Counts.from_tally(tally)
    recent, length = _read_recent(store, now, header.started or now)
    rate = sum(second.rows for second in recent) / length
    worker = store.worker
    going = worker is not None
    return JobStatus(
        header=header,
        counts=counts,
        worker=worker,
        under_way=tally["intended"] if going else 0,
        rate=rate if going else 0.0,
        eta=counts.unfinished / rate if going and rate and header.rows else None,
        limited=sum(second.limited for second in recent) if going else 0,
        waited=sum(second.waited for second in recent) if going else 0.0,
        elapsed=max((header.ended or now) - header.started, 0.0) if header.started else 0.0,
    )


def _read_recent(store: JobStore, now: float, started: float) -> tuple[Sequence[Second], float]:
    """Read the last seconds of a job, enough of them to tell a rate; and over how long they are spread."""
    longest = max(now - started, 1.0)
    seconds = store.read_seconds(now - min(_WINDOWS[-1], longest))
    for window in _WINDOWS:
        recent = [second for second in seconds if second.second >= now - window]
        if window >= longest or sum(second.rows > 0 for second in recent) >= _ENOUGH:
            return recent, min(window, longest)
    return seconds, min(_WINDOWS[-1], longest)
