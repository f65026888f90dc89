"""Make tenants of the entries of a table: what opens their source and their directory, and where their job is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from ..options.source import restore_constants, restore_source_options
from ..options.systems import find_place, load_capabilities, open_directory
from .entry import Entry
from .job_index import JobIndex

if TYPE_CHECKING:
    from ...provisioning import Source, Tenant
    from ...provisioning.errors import JobPlace

Action: TypeAlias = Literal["plan", "provision", "apply", "resume", "undo"]


@attrs.frozen
class ChosenTenants:
    """Who has a turn in a run, and who has not.

    Args:
        tenants: those that have.
        left_out: why the others have not, by name.
    """

    tenants: Sequence[Tenant]
    left_out: Mapping[str, Exception]


def choose_tenants(action: Action, entries: Sequence[Entry], index: JobIndex) -> ChosenTenants:
    """Find the job of each entry, and make the tenants of a run.

    One whose earlier job is not finished, or that has none where one is needed, is left out: that is its own matter.

    Raises:
        ConfigurationError: a place of a job cannot be one.
        OSError: the index cannot be written.
    """
    from ...core.errors import AlloyAsyncError
    from ...provisioning import NoSuchJob
    from ...provisioning.store.store_opener import job_exists

    tenants, left_out = [], {}
    for entry in entries:
        try:
            if action in ("plan", "provision"):
                place = index.choose_new(entry.name, entry.job, action)
            else:
                place = index.find(entry.name, entry.job)
                begins = action == "resume" and index.was_provisioned(entry.name)
                if not begins and not job_exists(place):
                    first = "plan" if action == "apply" else "provision"
                    raise NoSuchJob(f"there is no job of this tenant yet; {first} it first", place)
            tenants.append(_create_tenant(entry, place, goes_on=action in ("apply", "resume")))
        except (AlloyAsyncError, OSError) as error:
            left_out[entry.name] = error
    if action in ("plan", "provision"):
        index.save()  # before anything is sent: after a crash, the jobs of this run are known
    return ChosenTenants(tenants, left_out)


def _create_tenant(entry: Entry, place: JobPlace, *, goes_on: bool) -> Tenant:
    from ...provisioning import Tenant

    open_source: Callable[[], Source] = partial(_open_source, entry, place if goes_on else None)
    return Tenant(
        name=entry.name,
        source=open_source,
        target=partial(open_directory, entry.system, entry.target),
        job=place,
        mode=entry.mode,
        allow_delete=entry.allow_delete,
        allow_inactive=entry.allow_inactive,
        send_hidden=entry.send_hidden,
        options=_describe_options(entry),
        concurrency=entry.concurrency,
    )


def _open_source(entry: Entry, job: JobPlace | None) -> Source:
    """Open the users of a tenant; of a job that exists, as it was read when the job was made."""
    from ...provisioning.sources.field_names import is_secret_name
    from ...provisioning.store.store_opener import job_exists, read_store

    file, reading = entry.file, entry.reading
    if job is not None and job_exists(job):
        with read_store(job) as store:
            header = store.read_header()
        kept, path, _ = restore_source_options(header)
        secrets = tuple(pair for pair in reading.constants if is_secret_name(pair.partition("=")[0]))
        reading = attrs.evolve(kept, constants=restore_constants(header, secrets))
        file = path or file
    return reading.open(file, key=load_capabilities(entry.system).key)


def _describe_options(entry: Entry) -> dict[str, Any]:
    """Describe what a later command on the job alone needs; nothing secret."""
    place = {} if entry.target.sandbox else find_place(entry.system, entry.target)
    return {
        "system": entry.system,
        "profile": entry.target.profile,
        "place": place,
        "reading": entry.reading.to_json(),
    }
