"""Find what is wrong with tenants before anything is done for any of them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from ...core.errors import AlloyAsyncError, ConfigurationError
from ...directory import Directory
from ..async_helpers import run_in_thread
from ..errors import JobPlace
from ..store.header import Mode
from ..store.postgres.address import JobAddress
from ..store.store_opener import read_job_header
from .tenant import Mistake, Tenant, TenantsError

_AT_ONCE = 8
"""Tenants that are looked at together: a command that gives a credential may take a second."""

_GOES_WITH: Mapping[Mode, frozenset[Mode]] = {
    "create": frozenset({"create", "upsert"}),
    "upsert": frozenset({"create", "upsert"}),
    "sync": frozenset(),  # it removes whoever is not in its own source
    "offboard": frozenset({"offboard"}),
}
"""The modes of other jobs that one account can have at the same time."""


WorkOnJob: TypeAlias = Literal["begin", "resume", "undo"]
"""What is about to be done with the job of each tenant."""


async def is_source_needed(tenant: Tenant, work: WorkOnJob) -> bool:
    """Tell whether the source of a tenant is going to be read.

    Whoever begins a job reads it, and a job knows by itself what to take back; going on reads it, but where the job has ended.
    """
    if work != "resume":
        return work == "begin"
    if tenant.is_correction or tenant.is_taken_back:
        return tenant.is_correction
    try:
        header = await run_in_thread(read_job_header, tenant.place)
    except AlloyAsyncError:  # it is not there yet; or it cannot be read, which is said at its turn
        return True
    return header.state not in ("done", "undone")


async def require_no_mistakes(tenants: Sequence[Tenant], work: WorkOnJob = "begin") -> list[Tenant]:
    """Look at every tenant, and refuse them all where one has a mistake; see `find_mistakes`.

    Returns:
        The tenants, those whose source is a file with what was found out of that: it need not be found out again.

    Raises:
        TenantsError: with all mistakes that were found.
    """
    looked_at, mistakes = await find_mistakes(tenants, work)
    if mistakes:
        raise TenantsError(mistakes)
    return looked_at


async def find_mistakes(
    tenants: Sequence[Tenant], work: WorkOnJob = "begin"
) -> tuple[list[Tenant], list[Mistake]]:
    """Look at every tenant: its name, its job's place, its credential, its source and its account. Nothing is sent.

    Args:
        tenants: all.
        work: what is about to be done; a source that cannot be opened is a mistake only where it is going to be read.

    Returns:
        The tenants, as `require_no_mistakes` gives them, and what is wrong with some.
    """
    mistakes = [*_find_repeated_names(tenants), *_find_repeated_jobs(tenants)]
    salt, free = os.urandom(16), asyncio.Semaphore(_AT_ONCE)

    async def look(tenant: Tenant) -> tuple[Tenant, str]:
        async with free:
            reads = await is_source_needed(tenant, work)
            try:
                async with tenant.open_target() as target:
                    account = await _identify_account(target, salt)
                    try:
                        return (await tenant.with_opened_source(target) if reads else tenant), account
                    except (AlloyAsyncError, OSError) as error:
                        mistakes.append(Mistake(tenant.name, str(error), "source"))
                        return tenant, account
            except (AlloyAsyncError, OSError) as error:
                mistakes.append(Mistake(tenant.name, str(error), "target"))
            if reads and (message := await run_in_thread(_find_source_error_by_opening, tenant)):
                mistakes.append(Mistake(tenant.name, message, "source"))
            return tenant, ""

    found = await asyncio.gather(*(look(tenant) for tenant in tenants))
    mistakes += _find_account_conflicts(tenants, [account for _, account in found])
    order = {tenant.name: place for place, tenant in enumerate(tenants)}
    mistakes.sort(key=lambda one: order.get(one.tenant, -1))
    return [tenant for tenant, _ in found], mistakes


def _find_source_error_by_opening(tenant: Tenant) -> str | None:
    """Find what is wrong with a source that can be opened without knowing where it goes."""
    if not callable(tenant.source):
        return None
    try:
        tenant.source()
    except (AlloyAsyncError, OSError) as error:
        return str(error)
    return None


async def _identify_account(target: Directory, salt: bytes) -> str:
    """Identify the account of a tenant; empty where it cannot be told."""
    account = await target.fingerprint_account(salt)
    return f"{target.name} {target.base_url} {account}" if account else ""


def _find_repeated_names(tenants: Iterable[Tenant]) -> list[Mistake]:
    names = Counter(tenant.name for tenant in tenants)
    return [
        Mistake(name or "(no name)", "there are several of this name; give each its own")
        for name, number in names.items()
        if number > 1
    ]


def _find_repeated_jobs(tenants: Iterable[Tenant]) -> list[Mistake]:
    mistakes: list[Mistake] = []
    first: dict[str, str] = {}
    for tenant in tenants:
        try:
            place = tenant.place
            other = first.setdefault(_normalize_job_place(place), tenant.name)
        except ConfigurationError as error:
            mistakes.append(Mistake(tenant.name, str(error), "job"))
            continue
        if other != tenant.name:
            shown = JobAddress.parse(place).shown if isinstance(place, str) else place
            mistakes.append(
                Mistake(
                    tenant.name, f"its job {shown} is that of {other} too; give each a job of its own", "job"
                )
            )
    return mistakes


def _normalize_job_place(place: JobPlace) -> str:
    return JobAddress.parse(place).shown if isinstance(place, str) else str(place.resolve())


def _find_account_conflicts(tenants: Sequence[Tenant], accounts: Sequence[str]) -> Iterable[Mistake]:
    """Find accounts that two jobs would change against each other."""
    first: dict[str, Tenant] = {}
    for tenant, account in zip(tenants, accounts, strict=True):
        other = first.setdefault(account, tenant)
        if account and other is not tenant and tenant.mode not in _GOES_WITH[other.mode]:
            yield Mistake(
                tenant.name,
                f"its account is that of {other.name}, and mode {tenant.mode} does not go with mode {other.mode} there:"
                f" {_explain_mode_conflict(tenant.mode, other.mode)}. Leave one of the two to a run of its own",
                "mode",
            )


def _explain_mode_conflict(mode: Mode, other: Mode) -> str:
    if "sync" in (mode, other):
        return "sync removes whoever is not in its own file"
    return "one brings people in while the other makes people leave"
