"""Make tenants of the entries of a table: what opens their source and their directory, and where their job is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from ..options.corrected_file import Correction, find_correction_of_job
from ..options.job_account import create_account_record
from ..options.source import SourceOptions, restore_constants, restore_source_options
from ..options.system_access import load_capabilities, open_directory, read_place_arguments
from .job_register import ENDED, JobRegister
from .table.entry import Entry

if TYPE_CHECKING:
    from ...provisioning import Source, Tenant
    from ...provisioning.errors import JobPlace
    from ...provisioning.store.header import JobHeader

Action: TypeAlias = Literal["plan", "provision", "apply", "resume", "undo"]


@attrs.frozen
class TenantSelection:
    """Who has a turn in a run, and who has not.

    Args:
        tenants: those that have.
        left_out: why the others have not, by name.
    """

    tenants: Sequence[Tenant]
    left_out: Mapping[str, Exception]


def create_tenants_of_run(
    action: Action,
    entries: Sequence[Entry],
    index: JobRegister,
    failed: Path | str | None = None,
    *,
    adopted: bool = False,
) -> TenantSelection:
    """Find the job of each entry, and make the tenants of a run.

    One whose earlier job is not finished, or that has none where one is needed, is left out: that is its own matter.

    Args:
        action: what is done for each.
        entries: of the table.
        index: of their jobs.
        failed: corrected rows that are fed back: a file of the only one, or OWN_FILE for that of each; None: none.
        adopted: as of `undo`.

    Raises:
        ConfigurationError: a place of a job cannot be one.
        OSError: the index cannot be written.
    """
    from ...core.errors import AlloyAsyncError

    tenants, left_out = [], {}
    for entry in entries:
        try:
            place = _choose_place(action, entry, index, begins=failed is None)
            if failed is not None:
                tenants.append(_create_correction(entry, place, failed, index.table))
                continue
            if action == "undo":
                index.note_undo(entry.name, place, adopted=adopted)
            tenant = _create_tenant(entry, place, index.table, goes_on=action in ("apply", "resume"))
            adopts = index.is_taken_back(entry.name, adopted=True)
            is_taken_back = index.is_taken_back(entry.name)
            tenants.append(attrs.evolve(tenant, is_taken_back=is_taken_back, removes_adopted=adopts))
        except (AlloyAsyncError, OSError) as error:
            left_out[entry.name] = error
    if action in ("plan", "provision", "undo") and tenants:
        index.save()  # before anything is sent: after a crash, the jobs of this run are known
    return TenantSelection(tenants, left_out)


def _choose_place(action: Action, entry: Entry, index: JobRegister, *, begins: bool) -> JobPlace:
    """Choose the place of a tenant's job: a new one, or that of the last run.

    Args:
        action, entry, index: as of `create_tenants_of_run`.
        begins: whether resuming begins the job of a tenant that had no turn yet.

    Raises:
        JobError: its last job is not finished, or there is none where one is needed.
    """
    from ...provisioning import NoSuchJob
    from ...provisioning.store.store_opener import job_exists

    if action in ("plan", "provision"):
        return index.choose_new_place(entry.name, entry.job, action)
    place = index.get_place_of_current_job(entry.name, entry.job)
    begins = begins and action == "resume" and index.was_last_run_provisioning(entry.name)
    if not begins and not job_exists(place):
        raise NoSuchJob(_EXPLAIN_MISSING[action], place)
    return place


_EXPLAIN_MISSING: Mapping[Action, str] = {
    "apply": "there is no job of this tenant yet; plan it first",
    "resume": "there is no job of this tenant yet; provision it first",
    "undo": "there is no job of this tenant; there is nothing to take back",
}


def _create_correction(entry: Entry, place: JobPlace, failed: Path | str, table: Path) -> Tenant:
    """Make the tenant whose corrected rows go back; one that has none is reported as it stands.

    Raises:
        JobError: its job would still send rows itself.
    """
    from ...provisioning import JobError
    from ...provisioning.store.store_opener import read_job_header

    found = Correction(place, failed) if isinstance(failed, Path) else find_correction_of_job(place)
    header = read_job_header(found.job)
    if header.state not in ENDED:
        raise JobError(f"is not finished ({header.state}): resume it first, without --failed", found.job)
    tenant = _create_tenant(entry, found.job, table, goes_on=True)
    if found.file is None:
        return attrs.evolve(tenant, source=None)  # nothing is read: its report is given as it stands
    reading = _restore_source_options(entry, header).adapt_to_failed_rows()
    key = load_capabilities(entry.system).key
    return attrs.evolve(
        tenant,
        is_correction=True,
        source=partial(reading.open_source, found.file, key=key),
        options={**tenant.options, "reading": reading.to_json()},
    )


def _create_tenant(entry: Entry, place: JobPlace, table: Path, *, goes_on: bool) -> Tenant:
    from ...provisioning import Tenant

    open_source: Callable[[], Source] = partial(_open_source, entry, place if goes_on else None)
    return Tenant(
        name=entry.name,
        source=open_source,
        open_corrections=partial(_open_source, entry),
        target=partial(open_directory, entry.system, entry.target),
        job=place,
        **entry.rules,
        options=_collect_kept_options(entry, table),
        concurrency=entry.concurrency,
    )


def _open_source(entry: Entry, job: JobPlace | None) -> Source:
    """Open the users of a tenant; of a job that exists, as it was read when the job was made."""
    from ...provisioning.store.store_opener import job_exists, read_job_header

    file, reading = entry.file, entry.reading
    if job is not None and job_exists(job):
        header = read_job_header(job)
        _, path, _ = restore_source_options(header)
        reading, file = _restore_source_options(entry, header), path or file
    return reading.open_source(file, key=load_capabilities(entry.system).key)


def _restore_source_options(entry: Entry, header: JobHeader) -> SourceOptions:
    """Restore how the source of a job is read; what is secret and not kept, the table says again."""
    from ...provisioning.sources.field_names import is_secret_name

    kept, _, _ = restore_source_options(header)
    secrets = tuple(pair for pair in entry.reading.constants if is_secret_name(pair.partition("=")[0]))
    return attrs.evolve(kept, constants=restore_constants(header, secrets))


def _collect_kept_options(entry: Entry, table: Path) -> dict[str, Any]:
    """Describe what a later command on the job alone needs; nothing secret."""
    place = {} if entry.target.sandbox else read_place_arguments(entry.system, entry.target)
    return {
        **create_account_record(entry.system, entry.target, place),
        "tenant": {"table": str(table.absolute()), "name": entry.name},
        "reading": entry.reading.to_json(),
    }
