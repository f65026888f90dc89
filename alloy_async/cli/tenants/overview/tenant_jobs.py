"""The jobs that a tenant's last provisioning made: the first one, and those that took in its corrected rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from ....core.errors import AlloyAsyncError
from ....provisioning import NoSuchJob
from ....provisioning.events import Counts
from ....provisioning.reports.corrections import JobCounts, compute_joint_counts, list_job_and_correction_jobs
from ....provisioning.reports.quantities import format_count_with_noun
from ....provisioning.store.store_opener import open_store_for_reading
from ...output.next_steps import format_command
from ..job_register import JobRegister
from ..table.reader import TableReader
from ..tenant_state import describe_counts

if TYPE_CHECKING:
    from ....provisioning.errors import JobPlace
    from ....provisioning.store.job_store import JobStore

Found = TypeVar("Found", bound=JobCounts)
"""What is read of a job: its status, or its report."""
NOT_BEGUN, UNREADABLE = "not begun", "unreadable"
TO_BE_UNDONE = "to be undone"
"""The state of a tenant of which not all is undone yet, as `undo --many` was asked to."""
_MOST_URGENT_FIRST = (
    UNREADABLE, NOT_BEGUN, "cut off", "stopped", "planning", "running", "undoing", "planned", TO_BE_UNDONE, "done", "undone",
)  # fmt: skip
INCOMPLETE_STATES = ("cut off", "stopped", TO_BE_UNDONE)
"""States of tenants whose work was begun, and ended before it was done."""
RESUMABLE_STATES = (*INCOMPLETE_STATES, NOT_BEGUN)
"""States of tenants with which `resume --many` goes on."""


@attrs.frozen
class TenantJobs(Generic[Found]):
    """What was read of the jobs of a tenant.

    Args:
        name: of the tenant.
        jobs: by place, what was read, or the error that kept it from being read; the first job first.
        counts: of all rows, each once.
        is_taken_back: whether the last run with it was to undo it.
    """

    name: str
    jobs: Mapping[JobPlace, Found | Exception]
    counts: Counts
    is_taken_back: bool = False

    @property
    def first(self) -> Found | Exception:
        """What was read of the first job."""
        return next(iter(self.jobs.values()))

    @property
    def corrections(self) -> Mapping[JobPlace, Found | Exception]:
        """What was read of the jobs that took in corrected rows."""
        return dict([*self.jobs.items()][1:])

    @property
    def state(self) -> str:
        """The state of the job that needs somebody's attention most."""
        states = [name_state(found) for found in self.jobs.values()]
        if self.is_taken_back and "done" in states:
            states.append(TO_BE_UNDONE)
        return min(states, key=_MOST_URGENT_FIRST.index)


def name_state(found: Any) -> str:
    """Name the state of a job, of which a status or a report was read, or an error."""
    if isinstance(found, NoSuchJob):
        return NOT_BEGUN
    return UNREADABLE if isinstance(found, Exception) else found.state


def create_tenant_jobs_reader(
    table: Path, only: Sequence[str], read: Callable[[JobStore], Found]
) -> Callable[[], list[TenantJobs[Found]]]:
    """Create a function that reads the jobs of each tenant; no credential is looked at.

    Args:
        table: the table.
        only: the names of those that are wanted; none given: all.
        read: reads what is shown of a job.

    Returns:
        A function that reads them as they are now.

    Raises:
        ConfigurationError: the table cannot be read, or has mistakes.
    """
    register = JobRegister(table)
    places = {
        name: register.get_place_of_current_job(name, job)
        for name, job in TableReader(table).read_job_places(only).items()
    }
    return lambda: [
        _read_jobs(name, place, read, is_taken_back=register.is_taken_back(name))
        for name, place in places.items()
    ]


def _read_jobs(
    name: str, first: JobPlace, read: Callable[[JobStore], Found], *, is_taken_back: bool
) -> TenantJobs[Found]:
    try:
        places = list_job_and_correction_jobs(first)
    except (AlloyAsyncError, OSError):  # what is wrong shows below, where it is read
        places = [first]
    jobs: dict[JobPlace, Found | Exception] = {}
    for place in places:
        try:
            with open_store_for_reading(place) as store:
                jobs[place] = read(store)
        except (AlloyAsyncError, OSError) as error:
            jobs[place] = error
    counts = Counts()
    with suppress(AlloyAsyncError, OSError):  # the job that cannot be read says why
        counts = compute_joint_counts(
            {place: found for place, found in jobs.items() if not isinstance(found, Exception)}
        )
    return TenantJobs(name, jobs, counts, is_taken_back)


def describe_sums_of_tenants(tenants: Iterable[TenantJobs[Any]]) -> str:
    """Describe all tenants in a line, as `3 tenants: 2 done, 1 cut off; 9 created`."""
    tenants = [*tenants]
    states = Counter(tenant.state for tenant in tenants)
    facts = ", ".join(f"{states[state]:,} {state}" for state in _MOST_URGENT_FIRST if states[state])
    counts = describe_counts(sum((tenant.counts for tenant in tenants), Counts()))
    return (
        f"{format_count_with_noun(len(tenants), 'tenant', 'tenants')}: {facts}{'; ' * bool(counts)}{counts}"
    )


def suggest_resuming(table: Path, only: Sequence[str], tenants: Iterable[TenantJobs[Any]]) -> str | None:
    """Suggest how to go on with tenants that stopped; None where none did."""
    if not any(tenant.state in RESUMABLE_STATES for tenant in tenants):
        return None
    words = [word for name in only for word in ("--only", name)]
    return f"To go on:  {format_command('resume', '--many', table, *words)}"
