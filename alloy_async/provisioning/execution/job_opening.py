"""Create or open a job: its source, its header and its store."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ...core.argument_errors import format_argument_name
from ...core.errors import ConfigurationError
from ...directory import Directory
from ..async_helpers import run_in_thread
from ..database_outages import raise_reason_of_end
from ..errors import SANDBOX_ENDED, JobError, JobPlace, JobUnavailable, NoSuchJob
from ..planning.source_rereader import hash_source_content
from ..sources import Source, open_source
from ..sources.files.input_bytes import get_file_name, parse_source_place
from ..store.header import JobHeader, Mode
from ..store.store_opener import (
    create_store,
    delete_store,
    open_store,
    open_store_for_reading,
    parse_job_place,
)
from ..store.writer import JobWriter, open_job_writer


async def open_given_source(source: Source | str | Path, target: Directory) -> Source:
    """Open a source that is given as a file's name.

    Raises:
        SourceError: the file cannot be read as users.
        ConfigurationError: it is neither a source nor a path, or the target is not a directory.
    """
    if not hasattr(target, "capabilities"):
        kind = type(target).__name__
        raise ConfigurationError(f"target is a directory, as AlloyDirectory(AsyncAlloy()), not {kind}")
    if isinstance(source, str | Path):
        return await run_in_thread(partial(open_source, source, key=target.capabilities.key))
    if not hasattr(source, "digest"):
        kind = type(source).__name__
        raise ConfigurationError(f"source is a path, or a Source as open_source() gives; got {kind}")
    return source


async def create_job_header(
    source: Source, target: Directory, mode: Mode, allow_delete: float | None, options: Mapping[str, Any]
) -> JobHeader:
    """Make the header of a new job.

    Raises:
        ConfigurationError: the system cannot do what the mode needs.
    """
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
            "mode sync removes users: allow it with the share that may go, as"
            f" {format_argument_name('allow_delete', 0.05)}"
        )
    salt = os.urandom(16)
    sealed = await run_in_thread(hash_source_content, source, salt)
    if sealed is not None and (path := _get_path_of_source(source)):
        options = {**options, "source_path": path}
    return JobHeader(
        source=source.name,
        source_digest=sealed,
        salt=salt,
        account=await target.fingerprint_account(salt),
        system=target.name,
        base_url=target.base_url,
        mode=mode,
        options=json.dumps({**options, "allow_delete": allow_delete}),
    )


def _get_path_of_source(source: Source) -> str | None:
    """Find where the source's file is, however the current folder changes."""
    path = parse_source_place(source.name)
    if isinstance(path, str):  # a URL is the same wherever one stands
        return None
    return str(path.absolute()) if path.is_file() else None


def choose_job_path(source: Source, job: str | Path | None) -> JobPlace:
    """Choose where a new job goes: as told, or beside the source under the first free name; of a URL, in the current folder.

    Raises:
        JobError: there is an unfinished job of that source.
    """
    if job is not None:
        return parse_job_place(job)
    beside = get_file_name(source.name)
    if isinstance(parse_source_place(source.name), Path) and not beside.is_file():
        raise ConfigurationError(
            f"{source.name} is not a file that a job file could stand beside: give its place ({format_argument_name('job')})"
        )
    return choose_free_place(beside.with_suffix(".job"), lambda number: beside.with_suffix(f".{number}.job"))


def choose_free_place(first: JobPlace, name_next: Callable[[int], JobPlace]) -> JobPlace:
    """Choose the first place of a numbered row of places where there is no job.

    Args:
        first: the first place.
        name_next: gives the second, third, ... place.

    Raises:
        JobError: the job at one of them is not finished.
    """
    place, number = first, 1
    while True:
        try:
            with open_store_for_reading(place) as store:
                header, worker = store.read_header(), store.worker
        except NoSuchJob:
            return place
        # Corrected rows are checked by their first job only: no job that got no further can be taken up.
        cannot_go_on = header.was_rehearsed or (header.corrects and header.state == "planning")
        if header.state not in ("done", "undone") and not (cannot_go_on and worker is None):
            what_next = "resume it, or delete it"
            if cannot_go_on:  # nor could it be resumed
                what_next = "another worker is on it: wait for it, or stop it; where it was lost, that shows in a moment"
            raise JobError(
                f"is a job of this source that is not finished ({header.state}); {what_next}", place
            )
        number += 1
        place = name_next(number)


@asynccontextmanager
async def create_job(place: JobPlace, header: JobHeader) -> AsyncIterator[JobWriter]:
    """Begin a job; its file goes again when an error shows that nothing was sent, and when its plan is cut off half-way."""
    unsent = False
    try:
        async with open_job_writer(create_store, place, header, header=header) as writer:
            try:
                with raise_reason_of_end():
                    yield writer
            except JobUnavailable:  # it will be taken up again
                raise
            except asyncio.CancelledError:
                unsent = writer.header.state == "planning"  # half a plan is of no use to anybody
                raise
            except Exception:
                unsent = not await writer.call(writer.store.was_anything_intended)
                raise
    finally:
        if unsent:
            await run_in_thread(delete_store, place)


@asynccontextmanager
async def open_job(job: str | Path, target: Directory, *, new_key: bool) -> AsyncIterator[JobWriter]:
    """Take up a job that exists, for the system and the account that it was begun with.

    Args:
        job: its place.
        target: the directory.
        new_key: the credential is a renewed one of the same account, and becomes the job's.

    Raises:
        JobError: it was begun with another system, or another account.
        CredentialError: whose account it is cannot be told, as the credential could not be fetched.
    """
    async with open_job_writer(open_store, parse_job_place(job)) as writer:
        await check_job_target(writer, target, new_key=new_key)
        yield writer


async def check_job_target(writer: JobWriter, target: Directory, *, new_key: bool) -> None:
    """Make sure that a job is for this system and this account.

    Args, raises: as of `open_job`.
    """
    header = writer.header
    if (header.system, header.base_url) != (target.name, target.base_url):
        if header.was_rehearsed:
            raise JobError(SANDBOX_ENDED, writer.store.path)
        raise JobError(
            f"was begun with {header.system} at {header.base_url}; this is {target.name} at {target.base_url}."
            " Nothing was sent",
            writer.store.path,
        )
    account = await target.fingerprint_account(header.salt)
    if header.account and account != header.account:
        if not new_key:
            raise JobError(
                f"was made for another account of {header.system} than this credential is of; nothing was sent."
                " Use the credential that it was made with; if that key was renewed, say so:"
                f" {format_argument_name('new_key', True)}",
                writer.store.path,
            )
        await writer.call(lambda: writer.update_header(account=account))
