"""Corrected rows of a job: what the job that takes them in inherits from the first one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from ..directory import Directory
from .async_helpers import run_in_thread
from .errors import JobError, JobPlace
from .execution.job_opening import choose_free_place, choose_job_path, create_job_header, open_job
from .planning.correction_source import CorrectionSource
from .reports.corrections import format_correction_note
from .sources import Source
from .store.header import JobHeader, Mode
from .store.job_identity_label import create_job_label
from .store.job_store import CORRECTED
from .store.postgres.address import JobAddress
from .store.store_opener import open_store, open_store_for_reading, parse_job_place
from .store.temporary.indexes import CorrectableRows
from .store.writer import open_job_writer

_OF_ONE_JOB = frozenset({"source_path", "from", "look_up"})
"""Options that hold for the source and the run of one job only."""


@attrs.frozen
class FirstJob:
    """The job whose rows are corrected.

    Args:
        place: as it was given, with what it takes to open it.
        shown: the same for people.
        header: what it is.
    """

    place: JobPlace = attrs.field(repr=False)
    shown: JobPlace
    header: JobHeader


async def read_first_job(job: str | Path, target: Directory, *, new_key: bool) -> FirstJob:
    """Read the job whose rows are corrected.

    It must be at its end: a row that it would still send itself could be sent by both.

    Args:
        job: its place.
        target: the same system.
        new_key: as for `open_job`.

    Raises:
        JobError: it is not at its end, or is of another system or account.
    """
    async with open_job(job, target, new_key=new_key) as writer:
        first, path = writer.header, writer.store.path
    _refuse_unfinished(first, path)
    return FirstJob(parse_job_place(job), path, first)


def _refuse_unfinished(first: JobHeader, path: JobPlace) -> None:
    if first.phase == "undo":
        raise JobError("was undone, or is being undone; begin a new job with the corrected rows", path)
    if first.state != "done":
        raise JobError(
            f"would still send rows itself (it is {first.state}): resume it first, and feed corrected rows back once"
            " nothing else is left; nothing was sent",
            path,
        )


@asynccontextmanager
async def open_corrected_rows(
    first: FirstJob, source: Source, target: Directory
) -> AsyncIterator[CorrectionSource]:
    """Open the corrected rows of a job, compared with what the job says of them, for as long as the block lasts."""

    def read_refused() -> CorrectableRows:
        with open_store_for_reading(first.place) as store:
            return CorrectableRows(store.read_rows("apply"))

    with await run_in_thread(read_refused) as refused:
        yield CorrectionSource(source, first.shown, first.header, refused, target.capabilities.key)


async def create_correction_header(
    job: FirstJob, source: Source, target: Directory, options: Mapping[str, Any]
) -> JobHeader:
    """Make the header of the job that takes in the corrected rows of another.

    Args:
        job: the first one.
        source: its corrected rows.
        target: the same system.
        options: kept in the new job besides those of the first.

    Raises:
        SourceError: the rows can be read only once.
    """
    first = job.header
    kept = {name: value for name, value in json.loads(first.options).items() if name not in _OF_ONE_JOB}
    # Rows of a file that holds only the rest say nothing of who must go.
    mode: Mode = "upsert" if first.mode == "sync" else first.mode
    label = create_job_label(first, job.shown)
    options = {**kept, **options, "corrects": label, "look_up": True}
    return await create_job_header(source, target, mode, None, options)


async def choose_and_note_correction_place(first: FirstJob, source: Source) -> JobPlace:
    """Choose where the job goes that takes in corrected rows, and write that down in the first one, durably.

    What follows the first job finds it there: to take it back too, and to report it.

    Args:
        first: the first job.
        source: its corrected rows. Their job goes beside their file; of a job in a database, into that, as NAME.failed.

    Raises:
        JobError: there is an unfinished job of these rows; or the first one cannot be written.
    """
    place = await run_in_thread(_choose_place, first, source)
    async with open_job_writer(open_store, first.place) as writer:
        _refuse_unfinished(writer.header, first.shown)  # it may have been taken back meanwhile
        note = format_correction_note(place)
        await writer.call(writer.store.add_note, CORRECTED, note, durable=True)
    return place


def _choose_place(first: FirstJob, source: Source) -> JobPlace:
    if isinstance(first.place, Path):
        return choose_job_path(source, None)
    address = JobAddress.parse(first.place)
    name = f"{address.job}.failed"
    return choose_free_place(
        address.create_address_of_other_job(name),
        lambda number: address.create_address_of_other_job(f"{name}.{number}"),
    )
