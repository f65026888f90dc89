"""Where a job is, as an argument or option: a path, or the address of one in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import click


class JobPlaceType(click.Path):
    """A path; or postgresql://host/database#name as it stands."""

    name = "job"

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Convert what was given."""
        if isinstance(value, str) and value.startswith(("postgresql://", "postgres://")):
            return value
        path: Path = super().convert(value, param, ctx)  # type: ignore[arg-type, assignment]
        return path


class JobsPlaceType(JobPlaceType):
    """A folder; or postgresql://host/database as it stands."""

    name = "folder"

    def __init__(self) -> None:
        click.Path.__init__(self, path_type=Path, exists=True, file_okay=False)


JOB_PLACE = JobPlaceType()
JOB_FOLDER = JobsPlaceType()
"""Where jobs are that a command looks over."""
