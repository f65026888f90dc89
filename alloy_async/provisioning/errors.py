"""What can be wrong with a whole source or job, before anything is sent."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import AlloyAsyncError


class SourceError(AlloyAsyncError, ValueError):
    """The source cannot be read as rows of users.

    Args:
        message: what is wrong and what to do.
        source: the file, or the name of another source.
        line: physical line, from 1, where one is to blame.
        column: character within that line, from 1.
    """

    def __init__(
        self, message: str, source: str | Path, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.source = source
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.source, self.line, self.column) if part)
        return f"{place}: {self.message}"


class JobError(AlloyAsyncError):
    """The job file cannot be used, or the job not be done as it was planned.

    Args:
        message: what is wrong and what to do.
        path: the job file.
    """

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"
