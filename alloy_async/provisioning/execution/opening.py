"""How a job comes to be open: its source, its first line, its file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ...core.errors import ConfigurationError
from ...directory import Capabilities, Directory
from ..async_helpers import in_thread
from ..errors import JobError
from ..sources import Source, open_source
from ..store.schema import Header, Mode, reading
from ..store.writer import Journal, held


async def opened_source(source: Source | str | Path, can: Capabilities) -> Source:
    if isinstance(source, str | Path):
        path = source
        return await in_thread(lambda: open_source(path, key=can.key))
    return source


def header_for(
    source: Source, target: Directory, mode: Mode, allow_delete: float | None, options: Mapping[str, Any]
) -> Header:
    can = target.capabilities
    needs = {
        "create": {"create"},
        "upsert": {"create"},
        "sync": {"create", "delete", "list"},
        "offboard": {"delete"},
    }
    if mode not in needs:
        raise ConfigurationError(f"mode is create, upsert, sync or offboard; got {mode!r}")
    if lacking := needs[mode] - can.abilities:
        raise ConfigurationError(
            f"{target.name} has no way to {', '.join(sorted(lacking))}, which mode {mode} needs"
        )
    if mode == "sync" and (allow_delete is None or not 0 <= allow_delete <= 1):
        raise ConfigurationError(
            "mode sync removes users: allow it with the share that may go, as allow_delete=0.05"
        )
    return Header(
        source=source.name,
        system=target.name,
        base_url=target.base_url,
        mode=mode,
        options=json.dumps({**options, "allow_delete": allow_delete}),
    )


def job_path(source: Source, job: str | Path | None) -> Path:
    """Where a new job goes: as told, or beside the source under the first free name.

    Raises:
        JobError: there is an unfinished job of that source.
    """
    if job is not None:
        return Path(job)
    beside = Path(source.name)
    if not beside.is_file():
        raise ConfigurationError(
            f"{source.name} is no file that a job file could stand beside: give its place (job=)"
        )
    number, path = 1, beside.with_suffix(".job")
    while path.exists():
        with reading(path) as database:
            state = database.execute("SELECT state FROM job").fetchone()[0]
        if state not in ("done", "undone"):
            raise JobError(
                f"is a job of this source that is not finished ({state}); resume it, or delete it", path
            )
        number += 1
        path = beside.with_suffix(f".{number}.job")
    return path


@asynccontextmanager
async def new_job(path: Path, header: Header) -> AsyncIterator[Journal]:
    """A new job; its file goes again when an error shows that nothing was sent."""
    unsent = False
    try:
        async with held(Journal.create, path, header) as journal:
            try:
                yield journal
            except Exception:
                unsent = await journal.nothing_sent()
                raise
    finally:
        if unsent:
            await in_thread(path.unlink)


@asynccontextmanager
async def old_job(job: str | Path, target: Directory) -> AsyncIterator[Journal]:
    """A job that exists, for the system that it was begun with."""
    async with held(Journal.open, Path(job)) as journal:
        header = journal.header
        if (header.system, header.base_url) != (target.name, target.base_url):
            raise JobError(
                f"was begun with {header.system} at {header.base_url}; this is {target.name} at {target.base_url}."
                " Nothing was sent",
                journal.path,
            )
        yield journal
