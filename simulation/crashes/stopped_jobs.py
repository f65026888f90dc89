"""Jobs that are asked to stop, or are cut off, while their calls wait for a limit or are on their way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs

from alloy_async.core.http.transport import Timeout
from alloy_async.core.retry import SystemClock
from alloy_async.provisioning import Report, RunOptions, provision, resume, undo
from alloy_async.provisioning.events import Event, Waiting
from alloy_async.provisioning.store.rows import JobRow
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from alloy_async.sandbox import Delay, Fault, Hang, Sandbox, Status
from alloy_async.sandbox.fault_kinds import FaultBehaviour

from ..sandbox_directories import directory_of, empty_sandbox, place_of
from .job_scenario import Scenario, compare, find_users, name_of, prepare_users

Ending: TypeAlias = Literal["stop", "cut off"]
Hold: TypeAlias = Literal["limited", "on its way", "lost"]

SIZE = 40
BATCH = 40
SECONDS = 40.0
"""A stop that is not over by then has waited for a limit."""
HOLDS: Mapping[Hold, FaultBehaviour] = {
    "limited": Status(429, headers={"Retry-After": "50"}),
    "on its way": Delay(0.4, after_effect=True),
    "lost": Hang(after_effect=True),
}
OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "alloy": {
        "create": "batch_create_users",
        "upsert": "update_a_user",
        "offboard": "delete_logs_for_a_user",
        "undo": "delete_a_user",
    },
    "alsid": {
        "create": "api_users_post",
        "upsert": "api_users_id_patch",
        "offboard": "api_users_id_delete",
        "undo": "api_users_id_delete",
    },
    "opendatasoft": {
        "create": "invite_users",
        "upsert": "update_user",
        "offboard": "delete_user",
        "undo": "delete_user",
    },
    "smooch": {
        "create": "pre_create_app_user",
        "upsert": "update_app_user",
        "offboard": "delete_app_user",
        "undo": "delete_app_user",
    },
    "agilicus": {
        "create": "create_user",
        "upsert": "replace_user",
        "offboard": "delete_user",
        "undo": "delete_user",
    },
}
"""The requests by which each mode changes users: those that are held."""
EFFECTS: Mapping[str, str] = {
    "create": "created",
    "upsert": "updated",
    "offboard": "deleted",
    "undo": "deleted",
}


@attrs.frozen
class StoppedJob:
    """A job that was ended before its end.

    Args:
        sandbox: the system, which holds nothing any more.
        report: of a job that was stopped; none of one that was cut off.
        rows: as the job has them.
        ended: when the job says that its run has ended.
        requests: of the kind that was held, that arrived before the end.
    """

    sandbox: Sandbox
    report: Report | None
    rows: list[JobRow]
    ended: float | None
    requests: int

    @property
    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows)

    def find_changed(self, mode: str) -> set[str]:
        return {name_of(change.key) for change in self.sandbox.ledger.find(what=EFFECTS[mode])}


async def run_stopped_job(
    system: str,
    mode: str,
    ending: Ending,
    hold: Hold,
    folder: Path,
    check: Callable[[StoppedJob], None],
    concurrency: int = 3,
) -> None:
    """Run one job, end it while its calls are held, check what it says then, and resume it to its true end."""
    scenario = _create_scenario(mode)
    source, job = folder / "users.csv", folder / "users.job"
    scenario.write(source)
    async with empty_sandbox(system) as sandbox:
        await prepare_users(sandbox, scenario)

        async def carry_out(run: RunOptions, *, really_waits: bool = False) -> Report:
            options: dict[str, Any] = {"timeout": Timeout(read=60)}
            if really_waits:
                options["clock"] = SystemClock()
            async with directory_of(
                system, sandbox.url, place_of(sandbox), batch_size=BATCH, **options
            ) as target:
                if mode == "undo" and job.exists():
                    return await undo(job, target, run=run)
                if job.exists():
                    return await resume(job, target, run=run)
                kind: Any = "create" if mode == "undo" else mode
                return await provision(source, target, mode=kind, job=job, run=run)

        if mode == "undo":
            await carry_out(RunOptions())
        stopped = await _end_early(
            sandbox, OPERATIONS[system][mode], mode, ending, hold, carry_out, concurrency
        )
        with open_store_for_reading(job) as store:
            rows = [*store.read_rows("undo" if mode == "undo" else "apply")]
            ended = store.read_header().ended
        rows = [row for row in rows if row.action not in ("refuse", "none")]
        check(attrs.evolve(stopped, rows=rows, ended=ended))
        report = await carry_out(RunOptions(sends_again=True))
        if mode == "undo":
            assert report.counts.kept == 0, report
            assert await find_users(sandbox, {**scenario.rows, **scenario.before}) == scenario.before
        else:
            await compare(sandbox, scenario, report, job, mode)


def _create_scenario(mode: str) -> Scenario:
    rows = {f"user{n}": f"Family{n}" for n in range(SIZE)}
    there = rows if mode in ("upsert", "offboard") else [*rows][:3]
    return Scenario(rows, {**dict.fromkeys(there, "Somebody"), "other": "Other"}, bad=2)


async def _end_early(
    sandbox: Sandbox,
    operation: str,
    mode: str,
    ending: Ending,
    hold: Hold,
    carry_out: Callable[..., Any],
    concurrency: int,
) -> StoppedJob:
    first = 1 if operation in ("batch_create_users", "invite_users") else 3  # one request for all
    sandbox.requests.clear()
    sandbox.faults.add(Fault(HOLDS[hold], operation, nth=first, times=None))
    refusals: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Waiting):
            refusals.append(event.operation)

    def count_arrived() -> int:
        return sum(request.operation == operation for request in sandbox.requests)

    def is_held() -> bool:
        """Tell whether calls are held; where a limit holds them, none is on its way any more."""
        arrived = count_arrived()
        return arrived >= first and (hold != "limited" or refusals.count(operation) > arrived - first)

    run, report = RunOptions(concurrency=concurrency, on_event=listen), None
    task = asyncio.create_task(carry_out(run, really_waits=True))
    calm = 0  # so often nothing else was seen: whoever was about to send something has had its turn
    while calm < 20 and not task.done():
        calm = calm + 1 if is_held() else 0
        await asyncio.sleep(0.002)
    assert not task.done(), f"it ended before it was held: {task}"
    if ending == "stop":
        run.stop.set()
        report = await asyncio.wait_for(task, SECONDS)
        assert report.stopped == ("interrupted" if report.counts.unfinished else None)
    else:
        task.cancel()
        await asyncio.wait([task], timeout=SECONDS)
        assert task.cancelled(), task
    sandbox.faults.clear()
    return StoppedJob(sandbox, report, [], None, count_arrived())
