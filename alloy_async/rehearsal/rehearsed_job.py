"""Run a job against an emulation of its system, and give the result."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

import attrs

from ..core.errors import InvalidRequest
from ..core.retry import Retry
from ..core.validation import validate_positive
from ..directory import Directory, Outcome, UserRecord
from ..directory.record import fold
from ..provisioning.async_helpers import iterate_slices
from ..provisioning.jobs import provision
from ..provisioning.reports.job_report import ReportRow, read_unresolved_rows
from ..provisioning.results import Report
from ..provisioning.run_options import RunOptions
from ..provisioning.sources import Source
from ..provisioning.store.header import Mode
from ..provisioning.store.store_opener import open_store_for_reading
from ..sandbox import Limit, Sandbox
from ..systems import SYSTEMS, load_client, load_directory
from .accelerated_clock import AcceleratedClock
from .emulated_directory import EmulatedDirectory

_SHOWN = 1000
_PART = 1000
_NOT_EMULATED: Mapping[str, tuple[str, ...]] = {"alsid": ("roles",), "opendatasoft": ("groups",)}
"""Fields whose values name things of an installation's own, which its emulation does not have."""


@attrs.frozen(kw_only=True)
class Rehearsal:
    """What a rehearsed job came to.

    Args:
        report: of the job, as if it had been done; its job file is kept only where a place for it was given.
        seconds: how long it would have taken.
        requests: that the emulation got.
        limited: answers 429 among them.
        users: who was there at the beginning.
        strangers: users who could not be put into the emulation, each with the reason; the first 1,000.
        unresolved: rows that did not go in; the first 1,000.
        left_out: fields that were not rehearsed, since their values name things that the emulation does not have.
    """

    report: Report
    seconds: float
    requests: int
    limited: int
    users: int
    strangers: tuple[Outcome, ...]
    unresolved: tuple[ReportRow, ...]
    left_out: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Conditions:
    """Under which a job is rehearsed.

    Args:
        limit: the rate limit of the system; None for none.
        latency: seconds that each of its answers takes.
        speed: time passes so many times faster, for waits, limits and latency alike. What the machine itself takes for a call
            counts as much longer: at 10, a millisecond of it is ten of latency.
    """

    limit: Limit | None = None
    latency: float = 0.0
    speed: float = attrs.field(default=10.0, validator=validate_positive)


async def rehearse(
    source: Source,
    target: Directory,
    *,
    users: AsyncIterable[UserRecord] | None = None,
    mode: Mode = "create",
    allow_delete: float | None = None,
    allow_inactive: bool = False,
    send_hidden: bool = False,
    conditions: Conditions | None = None,
    job: Path | None = None,
    run: RunOptions | None = None,
) -> Rehearsal:
    """Carry a job out against an emulation of its system.

    Args:
        source: what is to be provisioned; one that can be read twice.
        target: the system itself; it is asked for its users, and nothing is changed.
        users: who is there, as of an export; then the system is not even asked. Ids of an export are not known to be the
            system's, so rows that name users by id find nobody then.
        mode, allow_delete, allow_inactive, send_hidden: as for `provision`.
        conditions: limits, latency and speed.
        job: where to keep the job of the rehearsal, for `report`; default nowhere.
        run: concurrency, events and stopping.

    Raises:
        InvalidRequest: the target is not one of the five systems.
        AlloyAsyncError: as for `provision`; also where the system could not be asked for its users.
    """
    system = _get_emulated_system_name(target)
    conditions = conditions or Conditions()
    clock = AcceleratedClock(conditions.speed)
    async with _open_emulated_directory(system, target, clock) as (stage, sandbox):
        strangers = await stage.add_users(users if users is not None else _iterate_users(target, source))
        stage.own_user = await target.find_own_user() if users is None else None
        seeded = sandbox.limiter.accepted
        sandbox.limit, sandbox.latency = conditions.limit, conditions.latency / conditions.speed
        with tempfile.TemporaryDirectory() as folder:
            report = await provision(
                source,
                stage,
                mode=mode,
                job=job or Path(folder) / "rehearsal.job",
                allow_delete=allow_delete,
                allow_inactive=allow_inactive,
                send_hidden=send_hidden,
                options={"sandbox": True},  # nobody can go on with it, or take it back
                run=run,
            )
            return _summarize_rehearsal(report, conditions, stage, sandbox, seeded, strangers)


def _summarize_rehearsal(
    report: Report,
    conditions: Conditions,
    stage: EmulatedDirectory,
    sandbox: Sandbox,
    seeded: int,
    strangers: Sequence[Outcome],
) -> Rehearsal:
    """Describe how a job went, on a stage that so many requests had filled before."""
    with open_store_for_reading(report.job) as store:
        unresolved = tuple(islice(read_unresolved_rows(store, "apply", planned=True), _SHOWN))
    return Rehearsal(
        report=report,
        seconds=report.elapsed * conditions.speed,
        requests=sandbox.limiter.accepted + sandbox.limiter.refused - seeded,
        limited=sandbox.limiter.refused,
        users=stage.users,
        strangers=tuple(strangers[:_SHOWN]),
        unresolved=unresolved,
        left_out=stage.left_out,
    )


def _get_emulated_system_name(target: Directory) -> str:
    system = target.name.lower()
    if system not in SYSTEMS:
        raise InvalidRequest(f"there is no emulation of {target.name}; there is one of {', '.join(SYSTEMS)}")
    return system


@asynccontextmanager
async def _open_emulated_directory(
    system: str, target: Directory, clock: AcceleratedClock
) -> AsyncIterator[tuple[EmulatedDirectory, Sandbox]]:
    """Open the directory of an empty emulation, which creates users in the way of the target."""
    async with (
        Sandbox(system, seed_users=0, clock=clock.wall, history=0) as sandbox,
        load_client(system)(
            base_url=sandbox.url,
            clock=clock,
            deadline=600,
            retry=Retry(attempts=6),
            **sandbox.credentials,
        ) as client,
    ):
        place = dict(sandbox.place)
        if getattr(target, "identity_provider", None):
            from ..sandbox.opendatasoft.service import IDENTITY_PROVIDER

            place["identity_provider"] = IDENTITY_PROVIDER
        stage = EmulatedDirectory(load_directory(system)(client, **place), _NOT_EMULATED.get(system, ()))
        await stage.hide_staff()
        yield stage, sandbox


async def _iterate_users(target: Directory, source: Source) -> AsyncIterator[UserRecord]:
    """List the users of a system; where it cannot list them, those whom the source means."""
    can = target.capabilities
    if "list" in can.abilities:
        async for user in target.list():
            yield user
        return
    permits = asyncio.Semaphore(16)

    async def find(key: str) -> UserRecord | None:
        async with permits:
            try:
                return await target.find(key)
            except InvalidRequest:  # the row is at fault, and refused for it later
                return None

    async for rows in iterate_slices(source.rows(), _PART):
        keys = {
            fold(key): key
            for row in rows
            if row.record is not None
            for key in can.list_sought_keys(row.record, getattr(row.record, can.key) or "")
        }
        for found in await asyncio.gather(*map(find, keys.values())):
            if found is not None:
                yield found
