"""The file of corrected rows, as an option whose value may be left out: then it is found where the job wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ..output.failed_file import ENDINGS, get_failed_file_path, is_as_written
from .source import restore_source_options
from .system_access import load_capabilities

if TYPE_CHECKING:
    from ...provisioning.errors import JobPlace


OWN_FILE = "\0own"
"""Stands for the file that the job itself wrote; no path can be called so."""


class CorrectedFileType(click.Path):
    """A path; or nothing, for the file that the job wrote."""

    name = "file"

    def __init__(self) -> None:
        super().__init__(path_type=Path, exists=True, dir_okay=False, readable=True)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Convert what was given."""
        if value == OWN_FILE:
            return OWN_FILE
        if value == "-":
            self.fail("corrected rows are read twice; give a file, not standard input", param, ctx)
        if str(value).endswith(".job"):
            self.fail(f"{value} is a job, which comes first: {value} --failed", param, ctx)
        path: Path = super().convert(value, param, ctx)  # type: ignore[arg-type, assignment]
        return path


FAILED_FILE = CorrectedFileType()


class Correction(NamedTuple):
    """Rows that somebody corrected, and the job to which they go back.

    Attributes:
        job: the job that wrote them.
        file: where they are; None where nobody corrected any.
    """

    job: JobPlace
    file: Path | None


def find_failed_file(job: JobPlace) -> Path | None:
    """Find the file of the rows that did not go in where a job writes it."""
    paths = (get_failed_file_path(job, ending) for ending in ENDINGS)
    return next((path for path in paths if path.is_file()), None)


def find_correction_of_job(job: JobPlace) -> Correction:
    """Find what was corrected of a job; where that was fed back, what was corrected of the job that took it in.

    Raises:
        JobError: a job cannot be read.
    """
    from ...provisioning.store.store_opener import read_job_header

    while (file := find_failed_file(job)) is not None:
        if (taken := _find_job_that_took(job, file)) is not None:
            job = taken
            continue
        header = read_job_header(job)
        return Correction(job, None if is_as_written(file, header) else file)
    return Correction(job, None)


def _find_job_that_took(job: JobPlace, file: Path) -> JobPlace | None:
    """Find the job that took in corrected rows of a job from a file as it is now, and came to its end."""
    from ...provisioning.planning.source_rereader import is_source_unchanged
    from ...provisioning.reports.corrections import list_correction_jobs
    from ...provisioning.store.store_opener import read_job_header

    for place in list_correction_jobs(job):
        header = read_job_header(place)
        if header.state == "done":
            reading, _, _ = restore_source_options(header)
            system = json.loads(header.options).get("system", header.system.lower())
            if is_source_unchanged(reading.open_source(file, key=load_capabilities(system).key), header):
                return place
    return None
