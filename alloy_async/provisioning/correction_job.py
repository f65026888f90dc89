"""Corrected rows of a job: what the job that takes them in inherits from the first one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..directory import Directory
from .errors import JobError
from .execution.job_opening import make_header, open_job
from .sources import Source
from .store.header import JobHeader, Mode

_OF_ONE_JOB = frozenset({"source_path", "from", "look_up"})
"""Options that hold for the source and the run of one job only."""


async def make_correction_header(
    job: str | Path, source: Source, target: Directory, options: Mapping[str, Any], *, new_key: bool
) -> JobHeader:
    """Make the header of the job that takes in the corrected rows of another.

    The first job must be at its end: a row that it would still send itself could be sent by both.

    Args:
        job: the first job.
        source: its corrected rows.
        target: the same system.
        options: kept in the new job besides those of the first.
        new_key: as for `open_job`.

    Raises:
        JobError: the first job is not at its end, or is of another system or account.
    """
    async with open_job(job, target, new_key=new_key) as writer:
        first, path = writer.header, writer.store.path
    if first.phase == "undo":
        raise JobError("was undone, or is being undone; begin a new job with the corrected rows", path)
    if first.state != "done":
        raise JobError(
            f"would still send rows itself (it is {first.state}): resume it first, and feed corrected rows back once"
            " nothing else is left; nothing was sent",
            path,
        )
    kept = {name: value for name, value in json.loads(first.options).items() if name not in _OF_ONE_JOB}
    # Rows of a file that holds only the rest say nothing of who must go.
    mode: Mode = "upsert" if first.mode == "sync" else first.mode
    options = {**kept, **options, "corrects": str(path), "look_up": True}
    return await make_header(source, target, mode, None, options)
