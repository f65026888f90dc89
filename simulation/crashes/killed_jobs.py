"""Jobs in processes of their own, which are killed with SIGKILL."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from alloy_async.core.errors import AlloyAsyncError
from alloy_async.provisioning import JobError, RunOptions, provision, resume
from alloy_async.provisioning.execution.crash_points import CrashPoint, crash_hook
from alloy_async.sandbox import Fault, Sandbox

from ..sandbox_directories import directory_of, place_of
from .crashing_jobs import BATCH, FAULTS
from .job_scenario import Scenario, compare, prepare_users


def run_killed_job(
    system: str, seed: int, sandbox: Sandbox, folder: Path, *, point: CrashPoint | None
) -> None:
    """Run one job, kill it with SIGKILL at a boundary, or at some instant; then resume it to its end."""
    rng = random.Random(f"kill {system} {seed} {point}")
    scenario = Scenario.of(rng, 60)
    name = f"{point or 'some'}{seed}".replace(" ", "-")
    source, job = folder / f"{name}.csv", folder / f"{name}.job"
    scenario.write(source)
    sandbox.reset()
    asyncio.run(prepare_users(sandbox, scenario))
    kinds = rng.sample(FAULTS, 3)
    sandbox.faults.add(*(Fault(kind, times=None, probability=0.08) for kind in kinds))
    place = place_of(sandbox)
    first = _start_child(system, sandbox.url, place, source, job, point, rng.randrange(1, 12))
    if point is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            first.wait(rng.uniform(0.3, 1.2))
        first.kill()
    assert first.wait(120) in (-signal.SIGKILL, 0, 1, 3)
    sandbox.faults.clear()
    if not job.exists():  # it died before there was anything to go on with, or said so
        assert not len(sandbox.ledger)
    ends: list[int] = []
    while 0 not in ends and len(ends) < 5:  # a busy machine makes a request time out now and then
        ends.append(_start_child(system, sandbox.url, place, source, job, None, 0).wait(120))
    assert ends[-1] == 0, f"resuming {job} ended with {ends}"
    asyncio.run(_resume_and_compare(sandbox, scenario, source, job))


async def _resume_and_compare(sandbox: Sandbox, scenario: Scenario, source: Path, job: Path) -> None:
    async with directory_of(sandbox.system, sandbox.url, place_of(sandbox), batch_size=BATCH) as target:
        report = await resume(job, target, source)
    await compare(sandbox, scenario, report, job, "create")


def _start_child(
    system: str, url: str, place: str, source: Path, job: Path, point: CrashPoint | None, count: int
) -> subprocess.Popen[bytes]:
    words = [system, url, place, str(source), str(job), point or "", str(count)]
    return subprocess.Popen([sys.executable, "-m", "simulation.crashes.killed_jobs", *words])


async def _live_as_child(
    system: str, url: str, place: str, source: Path, job: Path, point: str, count: int
) -> int:
    """Be the child: carry the job out, and kill this process when it comes to that boundary for the `count`-th time."""

    def at(here: CrashPoint) -> None:
        nonlocal count
        count -= here == point
        if here == point and count <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    crash_hook.set(at)
    run = RunOptions(concurrency=3)
    begun = os.path.exists(job)  # noqa: PTH110
    async with directory_of(system, url, place, batch_size=BATCH) as target:
        try:
            if begun:
                report = await resume(job, target, source, run=run)
            else:
                report = await provision(source, target, job=job, run=run)
        except JobError:
            raise
        except AlloyAsyncError:
            return 3
    return 0 if not report.counts.unfinished and not report.counts.failed else 1


if __name__ == "__main__":
    system, url, place, source, job, point, count = sys.argv[1:]
    sys.exit(asyncio.run(_live_as_child(system, url, place, Path(source), Path(job), point, int(count))))
