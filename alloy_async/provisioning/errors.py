"""What can be wrong with a whole source or job, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from ..core.errors import AlloyAsyncError, Effect
from .store.postgres.address import is_database_address, show_address

JobPlace: TypeAlias = Path | str
"""Where a job is: the path of its file, or the address of one in a database, without a password."""

SANDBOX_ENDED = (
    "was made with a sandbox or by `rehearse`, and the sandbox ended with that run: there is nothing to go on with."
    " Begin anew with `provision`"
)
"""Said of a job whose system was an emulation."""


def mask_place_of_job(place: JobPlace) -> JobPlace:
    """Give the place of a job as people may see it: an address without its password, else a path."""
    return show_address(place) if is_database_address(place) else Path(place)


class SourceError(AlloyAsyncError, ValueError):
    """The source cannot be read as rows of users.

    Args:
        message: what is wrong and what to do.
        source: the file, or the name of another source.
        line: physical line, from 1, where one is to blame.
        column: character within that line, from 1.
    """

    default_effect: Effect = "none"

    def __init__(
        self, message: str, source: str | Path, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.source = source
        self.line = line
        self.column = column

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments that make it anew, as JSON data."""
        return self.message, str(self.source), self.line, self.column

    @args.setter
    def args(self, values: tuple[Any, ...]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self.message: Any = values[0]

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.source, self.line, self.column) if part)
        return f"{place}: {self.message}"


class ForeignRowsError(SourceError):
    """A file that is fed back to a job holds rows that are not of that job, or does not say of which they are.

    Args:
        message, source, line: as of SourceError.
        job: the job to which it was fed back.
        label: of the job that the rows are of, as `create_job_label` makes it; empty where they do not say it.
    """

    def __init__(
        self, message: str, source: str | Path, job: JobPlace, label: str = "", line: int | None = None
    ) -> None:
        super().__init__(message, source, line)
        self.job: JobPlace = mask_place_of_job(job)
        self.label = label

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments that make it anew, as JSON data."""
        return self.message, str(self.source), str(self.job), self.label, self.line

    @args.setter
    def args(self, values: tuple[Any, ...]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self.message: Any = values[0]


class JobError(AlloyAsyncError):
    """The job file cannot be used, or the job not be done as it was planned.

    Args:
        message: what is wrong and what to do.
        path: where the job is.
    """

    default_effect: Effect = "none"

    def __init__(self, message: str, path: JobPlace) -> None:
        super().__init__(message)
        self.path: JobPlace = mask_place_of_job(path)

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments that make it anew, as JSON data."""
        return self.message, str(self.path)

    @args.setter
    def args(self, values: tuple[Any, ...]) -> None:
        self.message: Any = values[0]

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class NoSuchJob(JobError):
    """There is no job at this place."""


class JobUnavailable(JobError):
    """The database of the job does not answer, or another worker has taken over.

    What was just being written is in the job or not; taking the job up again tells. Nothing is sent meanwhile.
    """


class JobInUse(JobError):
    """Another worker is working on the job."""
