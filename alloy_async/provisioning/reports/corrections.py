"""A job and the jobs that took in its corrected rows: which these are, and what became of all their rows together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import attrs

from ...directory.record import fold
from ..errors import JobError, JobPlace, NoSuchJob
from ..events import Counts
from ..store.header import UNRESOLVED, Phase
from ..store.job_identity_label import create_job_label, is_of_same_job
from ..store.job_store import CORRECTED
from ..store.postgres.address import JobAddress
from ..store.store_opener import open_store_for_reading

_NOTE = "corrected rows were fed back to the job "
_MISSING = (*UNRESOLVED, "doubt", "planned")
"""Figures of rows that are not in, or perhaps not; those first that were surely refused."""
_FOUND_THERE = ("exists", "unchanged", "uncompared", "updated")
"""Figures of rows that may have been brought in by an earlier correction."""


def format_correction_note(place: JobPlace) -> str:
    """Describe, as a note in the first job, where its corrected rows went; of a database, the job's name there only."""
    shown = f"#{JobAddress.parse(place).job}" if isinstance(place, str) else str(place.absolute())
    return f"{_NOTE}{shown}"


def list_job_and_correction_jobs(job: JobPlace) -> list[JobPlace]:
    """List a job and the jobs that took in corrected rows of it, and of those, each before those that took in its own.

    A job that was stopped while corrected rows were being checked is left out: nothing was sent, and nobody goes on with it.

    Raises:
        JobError: the job itself cannot be read; of the others, one that cannot is listed all the same.
    """
    return [job, *_iterate_correction_jobs(job)]


def list_correction_jobs(job: JobPlace) -> list[JobPlace]:
    """List the jobs that took in corrected rows of this very job, as they were begun.

    Raises:
        JobError: the job cannot be read.
    """
    with open_store_for_reading(job) as store:
        label = create_job_label(store.read_header(), job)
        notes = [note.text.removeprefix(_NOTE) for note in store.read_notes() if note.kind == CORRECTED]
    places = [_find_place(job, text) for text in dict.fromkeys(notes)]
    return [place for place in places if _took_rows_of(label, place)]


def _iterate_correction_jobs(job: JobPlace) -> Iterator[JobPlace]:
    for place in list_correction_jobs(job):
        yield place
        try:
            further = [*_iterate_correction_jobs(place)]
        except JobError:
            further = []  # whoever opens that job is told why it cannot be read
        yield from further


def _find_place(job: JobPlace, text: str) -> JobPlace:
    """Find where a note says that a job is; where that was moved together with the first one, beside it."""
    if isinstance(job, str):
        return JobAddress.parse(job).create_address_of_other_job(text.removeprefix("#"))
    path = Path(text)
    return path if path.exists() else job.with_name(path.name)


def _took_rows_of(label: str, place: JobPlace) -> bool:
    try:
        with open_store_for_reading(place) as store:
            header, worker = store.read_header(), store.worker
    except NoSuchJob:  # it was not begun after all, or was thrown away
        return False
    except JobError:
        return True
    never_sent = header.state == "planning" and worker is None
    return header.corrects is not None and is_of_same_job(header.corrects, label) and not never_sent


class JobCounts(Protocol):
    """What is known of the rows of a job, as its status or its report tells."""

    @property
    def phase(self) -> Phase:
        """What the counts are of."""
        raise NotImplementedError

    @property
    def counts(self) -> Counts:
        """The rows by outcome."""
        raise NotImplementedError


def compute_joint_counts(jobs: Mapping[JobPlace, JobCounts]) -> Counts:
    """Count the rows of a job together with those of the jobs that took in its corrected rows.

    A row that did not go in and is in by a correction counts once, as what it became there. Where some of the jobs were taken
    back and others not, what stands is counted.

    Args:
        jobs: by place, in the order of `list_job_and_correction_jobs`.

    Raises:
        JobError: one that was corrected more than once cannot be read any more.
    """
    found = [*jobs.values()]
    standing = [(job, one.counts) for job, one in jobs.items() if one.phase == "apply"]
    if not standing:
        return sum((one.counts for one in found), Counts())
    if found[0].phase == "undo" or len(standing) == 1:
        return sum((counts for _, counts in standing), Counts())
    first, corrections = standing[0][1], standing[1:]
    fed_back = sum(
        (attrs.evolve(counts, **dict.fromkeys(_MISSING, 0)) for _, counts in corrections), Counts()
    )
    corrected = _count_corrected_rows([job for job, _ in corrections]) if corrections[1:] else fed_back.rows
    fed_back = _subtract_rows(fed_back, fed_back.rows - corrected, _FOUND_THERE)
    return _subtract_rows(first, corrected, _MISSING) + fed_back


def read_joint_counts(jobs: Sequence[JobPlace]) -> Counts:
    """Count as `compute_joint_counts` does, of jobs of which nothing was read yet.

    Raises:
        JobError: one cannot be read.
    """
    return compute_joint_counts({job: _read_counts_of_job(job) for job in jobs})


class _CountsOfJob(NamedTuple):
    phase: Phase
    counts: Counts


def _read_counts_of_job(job: JobPlace) -> _CountsOfJob:
    with open_store_for_reading(job) as store:
        phase = store.read_header().phase
        return _CountsOfJob(phase, Counts.from_tally(store.count_outcomes(phase)))


def _count_corrected_rows(corrections: Sequence[JobPlace]) -> int:
    """Count the rows that are in by corrections, each once: who feeds a file back again has its people found there."""
    found: set[tuple[str, str | None]] = set()
    for job in corrections:
        with open_store_for_reading(job) as store:
            for rows in store.read_stretches("apply", states=("done",)):
                if rows.outcome not in UNRESOLVED:
                    found.update((fold(key), rows.step) for key in rows.keys)
    return len(found)


def _subtract_rows(counts: Counts, rows: int, outcomes: Sequence[str]) -> Counts:
    """Leave out so many rows, of the first of some outcomes that has any."""
    left: dict[str, int] = {}
    for outcome in outcomes:
        taken = min(rows, getattr(counts, outcome))
        left[outcome] = getattr(counts, outcome) - taken
        rows -= taken
    return attrs.evolve(counts, **left)
