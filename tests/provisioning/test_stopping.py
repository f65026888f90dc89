"""A stop, and being cut off: nothing begins any more, and in doubt is only what may really have left.

At first each of these ran all calls of a batch to its end, waited for the limit, or left all that was intended in doubt.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.job_scenario import name_of
from simulation.sandbox_directories import SYSTEMS
from simulation.stopped_jobs import BATCH, Ending, StoppedJob, run_stopped_job

MODES = ("create", "upsert", "offboard", "undo")
KINDS = [(system, mode) for system in SYSTEMS for mode in MODES]
FEW = [(system, "create") for system in SYSTEMS] + [("alloy", mode) for mode in MODES[1:]]
BATCHED = {("alloy", "create"), ("opendatasoft", "create")}
"""One request for all users of a batch."""


@pytest.mark.parametrize(
    ("system", "mode", "ending"),
    [*((*kind, "stop") for kind in KINDS), *((*kind, "cut off") for kind in FEW)],
)
async def test_what_waits_for_a_limit_is_withdrawn(
    system: str, mode: str, ending: Ending, tmp_path: Path
) -> None:
    def check(job: StoppedJob) -> None:
        assert job.states.keys() <= {"done", "planned"}
        assert job.states["planned"] >= 10
        assert (job.ended is None) == (ending == "cut off")
        planned = {name_of(row.key) for row in job.rows if row.state == "planned"}
        assert not planned & job.find_changed(mode)

    await run_stopped_job(system, mode, ending, "limited", tmp_path, check)


@pytest.mark.parametrize(("system", "mode"), FEW)
async def test_a_stop_waits_for_what_has_left_and_for_nothing_else(
    system: str, mode: str, tmp_path: Path
) -> None:
    def check(job: StoppedJob) -> None:
        assert job.states.keys() <= {"done", "planned"}
        done = {name_of(row.key) for row in job.rows if row.state == "done"}
        planned = {name_of(row.key) for row in job.rows if row.state == "planned"}
        changed = job.find_changed(mode)
        assert changed
        assert changed <= done
        assert not changed & planned
        # One alone shows first that address and credential work; 16 of a batch are under way at a time.
        assert len(changed) <= 33 or (system, mode) in BATCHED

    await run_stopped_job(system, mode, "stop", "on its way", tmp_path, check, concurrency=1)


@pytest.mark.parametrize(("system", "mode"), FEW)
async def test_only_what_has_left_is_in_doubt_once_a_job_is_cut_off(
    system: str, mode: str, tmp_path: Path
) -> None:
    def check(job: StoppedJob) -> None:
        assert job.states.keys() <= {"done", "planned", "intended"}
        planned = {name_of(row.key) for row in job.rows if row.state == "planned"}
        assert not planned & job.find_changed(mode)
        together = BATCH if (system, mode) in BATCHED else 1
        assert 0 < job.states["intended"] <= job.requests * together
        assert job.states["planned"] or together > 1

    await run_stopped_job(system, mode, "cut off", "lost", tmp_path, check)
