"""The jobs of a folder, each in a line: for lists, histories, and for throwing old ones away."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from ..errors import JobError, JobPlace
from ..events import Counts
from ..store.header import UNRESOLVED
from ..store.store_opener import get_path_for_files, list_places, open_store_for_reading
from .job_report import describe_state

ENDED = ("done", "undone")
"""States of jobs that nobody will go on with."""


@attrs.frozen(kw_only=True)
class JobSummary:
    """One job in a line.

    Args:
        path: the job file; of a job in a database, its name.
        place: where it is; an address may hold a password, so that it is not shown.
        source: the input's name.
        system: the target's name.
        mode: what was done with each row.
        state: how it stands; `cut off` when its process is gone; `unreadable` when it is damaged.
        outcomes: rows by outcome.
        began: when sending began, or else when it was planned; in seconds since 1970.
        elapsed: seconds from start to end.
    """

    path: Path
    place: JobPlace = attrs.field(repr=False)
    source: str = ""
    system: str = ""
    mode: str = ""
    state: str
    outcomes: Mapping[str, int] = attrs.field(factory=dict)
    began: float = 0.0
    elapsed: float = 0.0

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.outcomes.values())

    @property
    def kind(self) -> str:
        """What jobs that do the same again and again have in common."""
        return f"{self.source} to {self.system}, {self.mode}"

    @property
    def worst_outcome(self) -> str:
        """The worst outcome that needs somebody's attention; empty when all is well."""
        if self.state in ("cut off", "stopped", "unreadable"):
            return "failed"
        return next((outcome for outcome in UNRESOLVED if self.outcomes.get(outcome)), "")


def list_jobs(where: JobPlace) -> list[JobSummary]:
    """List the jobs of a folder or of a database, the latest first; one that cannot be read is listed as such.

    Args:
        where: a folder, or the address of a database without the name of a job.

    Raises:
        JobError: the database does not answer.
        OSError: the folder cannot be read.
    """
    jobs = [summarize_job(place) for place in list_places(where)]
    return sorted(jobs, key=lambda job: (-job.began, job.path.name))


def summarize_job(place: JobPlace) -> JobSummary:
    """Summarize one job."""
    path = get_path_for_files(place)
    try:
        with open_store_for_reading(place) as store:
            header, worker = store.read_header(), store.worker
            counts = Counts.from_tally(store.count_outcomes(header.phase))
    except JobError:
        began = place.stat().st_mtime if isinstance(place, Path) else 0.0
        return JobSummary(path=path, place=place, state="unreadable", began=began)
    ended = header.ended or (time.time() if worker is not None else header.started or 0.0)
    return JobSummary(
        path=path,
        place=place,
        source=header.source,
        system=header.system,
        mode=header.mode,
        state=describe_state(header, worker),
        outcomes={name: number for name, number in attrs.asdict(counts).items() if number},
        began=header.started or header.created,
        elapsed=max(ended - header.started, 0.0) if header.started else 0.0,
    )


def find_old_jobs(jobs: Sequence[JobSummary], before: float, keep: int = 0) -> Iterator[JobSummary]:
    """Find the jobs that may be thrown away: those that ended before a moment.

    Args:
        jobs: the latest first.
        before: seconds since 1970.
        keep: so many of each kind stay, however old: the latest.
    """
    kept: dict[str, int] = {}
    for job in jobs:
        kept[job.kind] = kept.get(job.kind, 0) + 1
        if job.state in ENDED and job.began + job.elapsed < before and kept[job.kind] > keep:
            yield job
