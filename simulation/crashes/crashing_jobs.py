"""Jobs that crash in this process, again and again until they are through.

A run is a pure function of its seed: which users are there, which faults the server plays, where the job dies, how often.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any, get_args

from alloy_async.core.errors import AlloyAsyncError
from alloy_async.core.http.transport import Timeout
from alloy_async.provisioning import Report, RunOptions, provision, resume, undo
from alloy_async.provisioning.execution.crash_points import CrashHook, CrashPoint, crash_hook
from alloy_async.sandbox import Close, Fault, Hang, Malformed, Reset, Sandbox, Status, Truncated
from alloy_async.sandbox.fault_kinds import FaultBehaviour

from ..sandbox_directories import directory_of, empty_sandbox, place_of
from .job_scenario import Scenario, compare, find_users, prepare_users

POINTS: tuple[CrashPoint, ...] = get_args(CrashPoint)
FAULTS: tuple[FaultBehaviour, ...] = (
    Reset(),
    Reset(after_effect=True),
    Close(after_effect=True),
    Status(502, after_effect=True),
    Status(503, headers={"Retry-After": "0"}),
    Status(429, headers={"Retry-After": "0"}),
    Truncated(),
    Truncated(reset=True),
    Malformed(),
    Hang(after_effect=True),
)
BATCH = 7
PATIENCE = 60
"""Crashes and resumptions after which a job should have come to its end."""


class Crash(BaseException):
    """The process dies here: nothing that comes after happens."""


def create_crash_hook(rng: random.Random, die: Any) -> CrashHook:
    """Create what dies at a random one of the next boundaries."""
    left = rng.randrange(1, 40)

    def at(point: CrashPoint) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()

    return at


async def run_crashing_job(
    system: str, seed: int, folder: Path, *, mode: Any = "create", size: int = 60
) -> None:
    """Run one job, which crashes in process until it is through; then compare its claims with the truth."""
    rng = random.Random(f"{system} {mode} {seed}")
    scenario = Scenario.of(rng, size, mode)
    source, job = folder / f"{mode}{seed}.csv", folder / f"{mode}{seed}.job"
    scenario.write(source)
    async with empty_sandbox(system, seed=seed) as sandbox:
        await prepare_users(sandbox, scenario)
        kinds = rng.sample(FAULTS, rng.randrange(1, 5))
        sandbox.faults.add(*(Fault(kind, times=None, probability=rng.uniform(0.02, 0.2)) for kind in kinds))
        report: Report | AlloyAsyncError | None = None
        for turn in range(PATIENCE):
            if turn == PATIENCE // 2:
                sandbox.faults.clear()
            report = await _live_once(system, sandbox, source, job, mode, rng, calm=turn > PATIENCE // 2)
            if isinstance(report, Report) and not report.counts.unfinished and not report.counts.failed:
                break
        else:
            raise AssertionError(f"seed {seed}: no end after {PATIENCE} lives: {report!r}")
        sandbox.faults.clear()
        await compare(sandbox, scenario, report, job, mode)
        if report.counts.unknown:
            while report.counts.unknown or report.counts.failed or report.counts.unfinished:
                async with directory_of(system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
                    with contextlib.suppress(AlloyAsyncError):
                        report = await resume(job, target, source, run=RunOptions(sends_again=True))
            await compare(sandbox, scenario, report, job, mode)


async def _live_once(
    system: str, sandbox: Sandbox, source: Path, job: Path, mode: Any, rng: random.Random, *, calm: bool
) -> Report | AlloyAsyncError | None:
    """Begin the job or go on with it, until it ends or dies; the report or the error, if it lived."""

    def die() -> None:
        raise Crash

    at: CrashHook = create_crash_hook(rng, die) if rng.random() < 0.7 and not calm else lambda point: None
    run = RunOptions(concurrency=rng.choice((1, 3, 8)))
    async with directory_of(system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
        allow = 1.0 if mode == "sync" else None
        begin = (
            resume(job, target, source, run=run)
            if job.exists()
            else provision(source, target, mode=mode, job=job, allow_delete=allow, run=run)
        )
        token = crash_hook.set(at)
        life = asyncio.create_task(begin)  # takes the hook with it
        crash_hook.reset(token)
        if rng.random() < 0.3 and not calm:
            end = rng.choice((life.cancel, run.stop.set))
            asyncio.get_running_loop().call_later(rng.uniform(0, 0.15), end)
        try:
            return await life
        except (Crash, asyncio.CancelledError):
            return None
        except AlloyAsyncError as error:
            return error


async def run_undone_job(system: str, seed: int, folder: Path, *, mode: Any, size: int = 40) -> None:
    """Run a job that ends well, and take it back in several lives: all is as before."""
    rng = random.Random(f"undo {system} {mode} {seed}")
    scenario = Scenario.of(rng, size, mode)
    source, job = folder / f"undo{mode}{seed}.csv", folder / f"undo{mode}{seed}.job"
    scenario.write(source)
    async with empty_sandbox(system, seed=seed) as sandbox:
        await prepare_users(sandbox, scenario)
        # Patient: on a busy machine a lost answer would leave users of whom nobody knows whether the job made them.
        async with directory_of(
            system, sandbox.url, place_of(sandbox), batch_size=BATCH, timeout=Timeout(read=60)
        ) as target:
            allow = 1.0 if mode == "sync" else None
            await provision(source, target, mode=mode, job=job, allow_delete=allow)
        sandbox.faults.add(*(Fault(kind, times=None, probability=0.1) for kind in rng.sample(FAULTS, 3)))
        for turn in range(PATIENCE):
            if turn == PATIENCE // 2:
                sandbox.faults.clear()

            def die() -> None:
                raise Crash

            at: CrashHook = create_crash_hook(rng, die) if rng.random() < 0.7 else lambda point: None
            async with directory_of(system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
                with contextlib.suppress(Crash, AlloyAsyncError):
                    report = await _undo_with(at, job, target)
                    if not report.counts.unfinished and not report.counts.failed:
                        break
        else:
            raise AssertionError(f"seed {seed}: not undone after {PATIENCE} lives")
        assert report.counts.kept == 0, report
        sandbox.faults.clear()
        assert await find_users(sandbox, {**scenario.rows, **scenario.before}) == scenario.before


async def _undo_with(at: CrashHook, job: Path, target: Any) -> Report:
    token = crash_hook.set(at)
    try:
        return await undo(job, target)
    finally:
        crash_hook.reset(token)
