"""A stop, and being cut off: nothing begins any more, and in doubt is only what may really have left.

At first each of these ran all calls of a batch to its end, waited for the limit, or left all that was intended in doubt.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from alloy_async.core.http.transport import Timeout
from alloy_async.core.retry import Retry
from alloy_async.provisioning import RunOptions, provision, resume
from alloy_async.sandbox import Fault, Hang, Reset, Sandbox
from alloy_async.sandbox.fault_kinds import FaultableConnection
from alloy_async.sandbox.messages import Reply
from simulation.crashes.job_scenario import Scenario, compare, name_of, prepare_users
from simulation.crashes.stopped_jobs import (
    BATCH,
    OPERATIONS,
    SECONDS,
    SIZE,
    Ending,
    StoppedJob,
    run_stopped_job,
)
from simulation.memory_directory import rows_of
from simulation.sandbox_directories import SYSTEMS, directory_of, empty_sandbox, place_of

MODES = ("create", "upsert", "offboard", "undo")
KINDS = [(system, mode) for system in SYSTEMS for mode in MODES]
FEW = [(system, "create") for system in SYSTEMS] + [("alloy", mode) for mode in MODES[1:]]
BATCHED = {("alloy", "create"), ("opendatasoft", "create")}
"""One request for all users of a batch."""
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "alloy": ("get_a_user",),
    "alsid": ("api_users_get",),
    "opendatasoft": ("get_user", "get_users"),
    "smooch": ("get_app_user",),
    "agilicus": ("list_users", "get_user"),
}
"""By which each system is asked for one user."""


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


class Unanswered:
    """Never answers, and tells that somebody asked."""

    after_effect = False

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        self.asked.set()
        return await Hang().play(connection, reply)


class Withhold:
    """Carries creations out, whose answers are lost where `loses`; from the first one on no question is answered."""

    after_effect = True

    def __init__(self, sandbox: Sandbox, *, loses: bool) -> None:
        self._sandbox = sandbox
        self._loses = loses
        self._is_first = True
        self.questions = Unanswered()

    async def play(self, connection: FaultableConnection, reply: Reply | None) -> Reply | None:
        if self._is_first:
            self._is_first = False
            for name in QUESTIONS[self._sandbox.system]:
                self._sandbox.faults.add(Fault(self.questions, name, times=None))
        return await Reset().play(connection, reply) if self._loses else reply


@pytest.mark.parametrize(
    ("system", "loses"),
    [*((system, True) for system in SYSTEMS), ("alloy", False)],  # Alloy alone leaves open who was there
)
async def test_a_stop_does_not_wait_for_questions_about_what_was_sent(
    system: str, loses: bool, tmp_path: Path
) -> None:
    """They change nothing: who is in doubt stays so, and is asked about by resuming."""
    scenario = Scenario({f"user{n}": f"Family{n}" for n in range(SIZE)}, {"user7": "Somebody"}, bad=0)
    source, job, run = tmp_path / "users.csv", tmp_path / "users.job", RunOptions(concurrency=1)
    scenario.write(source)
    async with empty_sandbox(system) as sandbox:
        await prepare_users(sandbox, scenario)
        fault = Withhold(sandbox, loses=loses)
        first = 1 if (system, "create") in BATCHED else 3
        sandbox.faults.add(Fault(fault, OPERATIONS[system]["create"], nth=first, times=None))
        async with directory_of(
            system, sandbox.url, place_of(sandbox), timeout=Timeout(read=60), retry=Retry(attempts=1)
        ) as target:
            task = asyncio.create_task(provision(source, target, job=job, run=run))
            await asyncio.wait_for(fault.questions.asked.wait(), SECONDS)
            run.stop.set()
            report = await asyncio.wait_for(task, SECONDS / 2)
            assert report.stopped == "interrupted"
            sandbox.faults.clear()
            states = Counter(row.state for row in rows_of(job))
            assert states["doubt"] if loses else states["planned"] == 1, states
            report = await resume(job, target, run=RunOptions(sends_again=True))
        await compare(sandbox, scenario, report, job, "create")
