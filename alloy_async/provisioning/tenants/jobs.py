"""The jobs of many tenants in one process: plan, apply, provision, resume and undo, each for all."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from ...core.argument_errors import format_argument_name
from ...core.errors import ConfigurationError
from ...directory import Directory
from .. import jobs
from ..async_helpers import run_in_thread
from ..errors import JobPlace
from ..events import Counts
from ..execution.job_opening import open_job
from ..execution.sharded_job import read_run_report
from ..reports.corrections import list_job_and_correction_jobs, read_joint_counts
from ..results import Plan, Report
from ..run_options import RunOptions
from ..sources import Source
from ..store.states import JobState
from ..store.store_opener import job_exists, read_job_header
from .mistakes import (
    WorkOnJob,
    require_no_mistakes,
)
from .results import Result, TenantsReport, combine_reports_of_tenant
from .runner import AT_ONCE, OnTenantEvent, TenantsRunner, ignore_tenant_event
from .tenant import Tenant


async def plan_many(
    tenants: Iterable[Tenant],
    *,
    run: RunOptions | None = None,
    at_once: int = AT_ONCE,
    on_event: OnTenantEvent = ignore_tenant_event,
) -> TenantsReport[Plan]:
    """Find out what the job of each tenant would do, for `apply_many`; nothing is sent but questions.

    Args:
        tenants: see `Tenant`; their order is that of their turns.
        run: of it, `on_event` is told of each event without a name, and `stop` stops them all.
        at_once: tenants that are worked on at a time; one that waits for its system lends its place.
        on_event: told the name of a tenant and each `Event` of its job, at last its `TenantResult`, on the event loop.

    Returns:
        A plan for each, or the error that kept it from one; see `TenantsReport`.

    Raises:
        TenantsError: some cannot be worked on like this; with every mistake. No tenant had its turn.
    """

    async def work(tenant: Tenant, run: RunOptions) -> Plan:
        async with tenant.open_target() as target:
            source = await _open_required_source(tenant, target)
            return await jobs.plan(source, target, on_event=run.on_event, **tenant.job_options)

    return await _run_for_all(tenants, work, run, at_once, on_event)


async def provision_many(
    tenants: Iterable[Tenant],
    *,
    run: RunOptions | None = None,
    at_once: int = AT_ONCE,
    on_event: OnTenantEvent = ignore_tenant_event,
) -> TenantsReport[Report]:
    """Plan and apply for many tenants, each in a job of its own.

    All have their turns in one event loop, share a few threads, and are independent: an outage, a credential that has expired
    or a slow limit is its own tenant's matter.

    Args:
        tenants, at_once, on_event: as for `plan_many`.
        run: how each job is carried out; see `plan_many`.

    Returns:
        A report for each, or the error that kept it from one; see `TenantsReport`.

    Raises:
        TenantsError: some cannot be worked on like this; with every mistake. No tenant had its turn.
    """
    return await _run_for_all(tenants, _provision, run, at_once, on_event)


async def apply_many(
    tenants: Iterable[Tenant],
    *,
    run: RunOptions | None = None,
    at_once: int = AT_ONCE,
    on_event: OnTenantEvent = ignore_tenant_event,
) -> TenantsReport[Report]:
    """Carry out the plans of `plan_many`; see `apply`.

    Args, returns, raises: as for `provision_many`; a tenant without a plan has an error.
    """

    async def work(tenant: Tenant, run: RunOptions) -> Report:
        async with tenant.open_target() as target:
            return await jobs.apply(tenant.place, target, await tenant.open_source(target), run=run)

    return await _run_for_all(tenants, work, run, at_once, on_event)


async def resume_many(
    tenants: Iterable[Tenant],
    *,
    run: RunOptions | None = None,
    at_once: int = AT_ONCE,
    on_event: OnTenantEvent = ignore_tenant_event,
) -> TenantsReport[Report]:
    """Go on with a run of `provision_many` or `apply_many`, however it ended; tenants that had no turn yet have it now.

    Where a job has ended, nothing is opened and nobody asked; its report is given as it stands. So it is with the jobs that
    took in corrected rows of it: those that were stopped are resumed. A tenant whose source is a correction has it fed
    back to its job.

    Args, returns, raises: as for `provision_many`.
    """

    async def work(tenant: Tenant, run: RunOptions) -> Report:
        if tenant.is_correction:
            return await _resume_with_corrected_rows(tenant, run)
        if not await run_in_thread(job_exists, tenant.place):
            return await _provision(tenant, run)
        if tenant.is_taken_back:
            return await _take_back(tenant, run, adopted=tenant.removes_adopted)
        return await _resume(tenant, run)

    return await _run_for_all(tenants, work, run, at_once, on_event, "resume")


async def undo_many(
    tenants: Iterable[Tenant],
    *,
    adopted: bool = False,
    run: RunOptions | None = None,
    at_once: int = AT_ONCE,
    on_event: OnTenantEvent = ignore_tenant_event,
) -> TenantsReport[Report]:
    """Take back what was done for each tenant: first what jobs did that took in its corrected rows, the last of them first,
    then its job itself; see `undo`. What was taken back before is reported as it stands.

    Where one of a tenant's jobs cannot be taken back, as somebody works on it, nothing of that tenant is. An end between two
    jobs loses nothing: to do it again goes on.

    Args:
        tenants, run, at_once, on_event: as for `provision_many`.
        adopted: as for `undo`.

    Returns, raises: as for `provision_many`.
    """

    async def work(tenant: Tenant, run: RunOptions) -> Report:
        return await _take_back(tenant, run, adopted=adopted)

    return await _run_for_all(tenants, work, run, at_once, on_event, "undo")


async def _run_for_all(
    tenants: Iterable[Tenant],
    work: Callable[[Tenant, RunOptions], Awaitable[Result]],
    run: RunOptions | None,
    at_once: int,
    on_event: OnTenantEvent,
    purpose: WorkOnJob = "begin",
) -> TenantsReport[Result]:
    # Of all, before any tenant has its turn.
    chosen = await require_no_mistakes(tuple(tenants), purpose)
    return await TenantsRunner(run, at_once, on_event).run(chosen, work)


async def _provision(tenant: Tenant, run: RunOptions) -> Report:
    async with tenant.open_target() as target:
        source = await _open_required_source(tenant, target)
        return await jobs.provision(source, target, run=run, **tenant.job_options)


async def _resume_with_corrected_rows(tenant: Tenant, run: RunOptions) -> Report:
    async with tenant.open_target() as target:
        source = await _open_required_source(tenant, target)
        return await jobs.resume(tenant.place, target, failed=source, options=tenant.options, run=run)


async def _resume(tenant: Tenant, run: RunOptions) -> Report:
    """Go on with a tenant's job, and with those that took in its corrected rows."""
    places = await run_in_thread(list_job_and_correction_jobs, tenant.place)
    reports: list[Report] = []
    for number, place in enumerate(places):
        report = await run_in_thread(_read_report_if_ended, place, ("done", "undone"))
        if report is None or (run.sends_again and report.counts.unknown):
            async with tenant.open_target() as target:
                source = await (tenant.open_correction(place) if number else tenant.open_source(target))
                report = await jobs.resume(place, target, source, run=run)
        reports.append(report)
        if report.stopped:
            break
    counts = await run_in_thread(read_joint_counts, places)
    return combine_reports_of_tenant(reports, counts)


async def _take_back(tenant: Tenant, run: RunOptions, *, adopted: bool) -> Report:
    """Take back what a tenant's jobs did, the last first: a later one built on what an earlier one left."""
    places = [*reversed(await run_in_thread(list_job_and_correction_jobs, tenant.place))]
    ended = {place: await run_in_thread(_read_report_if_ended, place, ("undone",)) for place in places}
    left, reports = [place for place in places if ended[place] is None], [*filter(None, ended.values())]
    if left:
        async with tenant.open_target() as target:
            # All are free, and of this account, before anything of one is taken back.
            for place in left[1:] and left:
                async with open_job(place, target, new_key=run.new_key):
                    pass
            for place in left:
                reports.append(await jobs.undo(place, target, adopted=adopted, run=run))
                if reports[-1].stopped:
                    break
    return combine_reports_of_tenant(reports, sum((report.counts for report in reports), Counts()))


def _read_report_if_ended(place: JobPlace, states: Sequence[JobState]) -> Report | None:
    """Report a job that is in one of these states, so that nothing is left to do."""
    if read_job_header(place).state not in states:
        return None
    return read_run_report(place, None, time.monotonic())


async def _open_required_source(tenant: Tenant, target: Directory) -> Source:
    source = await tenant.open_source(target)
    if source is None:
        raise ConfigurationError(f"the source is missing: say {format_argument_name('source')}")
    return source
