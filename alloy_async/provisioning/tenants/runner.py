"""Work on many tenants at once: fair between them, none held up by another, and all stopped in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import attrs

from ...core.http.shared_connections import SharedConnectionsScope
from ...core.validation import check_count
from ..errors import JobError
from ..events import INTERRUPTED, Event, Waiting, may_have_sent_from_here
from ..run_options import RunOptions
from .results import Result, TenantResult, TenantsReport
from .slots import Slot, TenantSlots
from .tenant import Tenant

OnTenantEvent: TypeAlias = Callable[[str, Event | TenantResult[Any]], None]

AT_ONCE = 50
"""Tenants that are worked on at a time: each may have 8 connections and 4 files open, and most systems let a process have
1,024."""
_LOOK_EVERY = 0.5


def ignore_tenant_event(name: str, event: Event | TenantResult[Any]) -> None:
    """Listen to nothing."""


class TenantsRunner:
    """One run over many tenants.

    Args:
        run: how each job is carried out.
        at_once: tenants that are worked on at a time.
        on_event: told the name of the tenant and each event of its job, at last its TenantResult, on the event loop.
        clock: seconds.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        run: RunOptions | None = None,
        at_once: int = AT_ONCE,
        on_event: OnTenantEvent = ignore_tenant_event,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        check_count("at_once", at_once)
        self._run = run or RunOptions()
        self._on_event = on_event
        self._clock = clock
        self._sleep = sleep
        self._slots = TenantSlots(at_once, clock)
        self._checking: dict[asyncio.Task[None], str] = {}
        """The tenants of which nothing was sent yet: a stop need not wait for them."""
        self._cut_off: set[str] = set()

    async def run(
        self,
        tenants: Sequence[Tenant],
        work: Callable[[Tenant, RunOptions], Awaitable[Result]],
    ) -> TenantsReport[Result]:
        """Work on every tenant.

        Args:
            tenants: in the order in which they get their turn.
            work: does what is to be done for one.

        Returns:
            What became of each. What one raises is its own error, and keeps nobody else from their turn.
        """
        began = self._clock()
        results: dict[str, TenantResult[Result]] = {
            tenant.name: TenantResult(name=tenant.name) for tenant in tenants
        }

        async def work_on(tenant: Tenant) -> None:
            results[tenant.name] = result = await self._work_on(tenant, work)
            self._on_event(tenant.name, result)

        watches = [
            asyncio.create_task(self._lend_stalled_slots()),
            asyncio.create_task(self._cancel_checks_on_stop()),
        ]
        try:
            async with SharedConnectionsScope(), asyncio.TaskGroup() as group:
                for tenant in tenants:
                    group.create_task(work_on(tenant))
        finally:
            for watch in watches:
                watch.cancel()
            await asyncio.wait(watches)
        return TenantsReport(
            tenants=results,
            elapsed=self._clock() - began,
            stopped=INTERRUPTED if self._run.stop.is_set() else None,
        )

    async def _work_on(
        self,
        tenant: Tenant,
        work: Callable[[Tenant, RunOptions], Awaitable[Result]],
    ) -> TenantResult[Result]:
        slot, task = await self._slots.take_slot(), asyncio.current_task()
        assert task is not None
        try:
            if self._run.stop.is_set():
                return TenantResult(name=tenant.name)
            self._checking[task] = tenant.name
            run = attrs.evolve(
                self._run,
                on_event=self._create_listener(tenant.name, slot, task),
                concurrency=tenant.concurrency or self._run.concurrency,
            )
            return TenantResult(name=tenant.name, result=await work(tenant, run))
        except asyncio.CancelledError:
            if tenant.name not in self._cut_off:
                raise
            return TenantResult(
                name=tenant.name,
                error=JobError("was stopped before anything was sent", tenant.place),
            )
        except Exception as error:  # whatever it is, it is this tenant's: the others go on
            return TenantResult(name=tenant.name, error=error)
        finally:
            self._checking.pop(task, None)
            self._slots.give_back(slot)

    def _create_listener(self, name: str, slot: Slot, task: asyncio.Task[None]) -> Callable[[Event], None]:
        def listen(event: Event) -> None:
            if not isinstance(event, Waiting):
                self._slots.note_progress(slot)
            if may_have_sent_from_here(event):
                self._checking.pop(task, None)
            self._on_event(name, event)
            self._run.on_event(event)

        return listen

    async def _lend_stalled_slots(self) -> None:
        while True:
            await self._sleep(_LOOK_EVERY)
            self._slots.lend_stalled_slots()

    async def _cancel_checks_on_stop(self) -> None:
        await self._run.stop.wait()
        for task, name in self._checking.items():
            self._cut_off.add(name)
            task.cancel()
