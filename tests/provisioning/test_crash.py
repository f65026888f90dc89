"""Jobs that die at every boundary and at random instants: nobody is lost, nobody doubled, and the job file tells the truth.

`python -m benchmarks.crashes` does the same for hundreds of seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alloy_async.provisioning.execution.crash_points import CrashPoint
from alloy_async.sandbox import Sandbox
from simulation.crashes.crashing_jobs import POINTS, run_crashing_job, run_undone_job
from simulation.crashes.killed_jobs import run_killed_job
from simulation.sandbox_directories import SYSTEMS, empty_sandbox

posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
MODES = [(system, mode) for system in SYSTEMS for mode in ("upsert", "offboard")] + [("alloy", "sync")]
UNDONE = [(system, "create") for system in SYSTEMS] + [("alloy", "upsert"), ("alloy", "sync")]
KILLED = [("alloy", point) for point in POINTS] + [(system, None) for system in SYSTEMS]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("seed", range(3))
async def test_creating(system: str, seed: int, tmp_path: Path) -> None:
    await run_crashing_job(system, seed, tmp_path)


@pytest.mark.parametrize(("system", "mode"), MODES)
async def test_other_modes(system: str, mode: str, tmp_path: Path) -> None:
    await run_crashing_job(system, 1, tmp_path, mode=mode, size=30)


@pytest.mark.parametrize(("system", "mode"), UNDONE)
async def test_undoing(system: str, mode: str, tmp_path: Path) -> None:
    await run_undone_job(system, 1, tmp_path, mode=mode, size=30)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Sandbox]]:
    servers = {system: empty_sandbox(system) for system in SYSTEMS}
    for server in servers.values():
        server.__enter__()
    yield servers
    for server in servers.values():
        server.__exit__(None, None, None)


@posix
@pytest.mark.parametrize(("system", "point"), KILLED)
def test_sigkill(system: str, point: CrashPoint | None, servers: dict[str, Sandbox], tmp_path: Path) -> None:
    run_killed_job(system, 1, servers[system], tmp_path, point=point)
