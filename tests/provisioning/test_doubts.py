"""Rows whose answers were lost: asked for one by one, recorded a hundred at a time, and never by listing a tenant."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from alloy_async.core.errors import ConnectError
from alloy_async.directory import Outcome, UserRecord
from alloy_async.provisioning import Counts, provision, resume, undo
from alloy_async.provisioning.execution.crash_points import CrashPoint, crash_hook
from alloy_async.provisioning.store.store_opener import open_store
from simulation.memory_directory import MemoryDirectory, rows_of


def users(path: Path, number: int) -> Path:
    path.write_text("username\n" + "".join(f"user{n}\n" for n in range(number)))
    return path


class Forgetful(MemoryDirectory):
    """Does what it is asked, and its answers are lost; its list is too long to be read."""

    def __init__(self) -> None:
        super().__init__(batch_size=1000)
        self.asked = 0
        self.answers_left = 10**9

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        await super().create(records)
        return [Outcome(record.username, "unknown", "lost") for record in records]

    async def find(self, key: str) -> UserRecord | None:
        self.asked += 1
        if self.asked > self.answers_left:
            raise ConnectError("no route")
        return await super().find(key)

    async def list(self) -> AsyncIterator[UserRecord]:
        raise AssertionError("nobody lists a tenant for rows in doubt")
        yield


async def test_a_lost_batch_is_looked_up_and_not_listed(tmp_path: Path) -> None:
    target = Forgetful()
    report = await provision(users(tmp_path / "users.csv", 1500), target)
    assert report.counts == Counts(created=1500)
    assert target.asked == 1500
    assert [row.adopted for row in rows_of(report.job)] == [True] * 1500


async def test_what_was_found_out_stays_found_out(tmp_path: Path) -> None:
    target = Forgetful()
    target.answers_left = 730
    report = await provision(users(tmp_path / "users.csv", 1000), target)
    assert report.counts == Counts(created=700, doubt=300)
    reasons = {row.reason for row in rows_of(report.job) if row.state == "doubt"}
    assert reasons == {"its answer was lost, and asking whether it is in failed: no route"}
    target.answers_left, target.asked = 10**9, 0
    report = await resume(report.job, target)
    assert report.counts == Counts(created=1000)
    assert target.asked == 300
    assert len(target.calls) == 1


async def test_a_crash_while_asking_loses_no_more_than_a_piece(tmp_path: Path) -> None:
    class Crash(BaseException):
        pass

    left = 4

    def die(point: CrashPoint) -> None:
        nonlocal left
        left -= point == "before asking"
        if not left:
            raise Crash

    target, job = Forgetful(), tmp_path / "users.job"
    token = crash_hook.set(die)
    try:
        with pytest.raises(Crash):
            await provision(users(tmp_path / "users.csv", 1000), target, job=job)
    finally:
        crash_hook.reset(token)
    states = [row.state for row in rows_of(job)]
    assert states == ["done"] * 300 + ["doubt"] * 700


async def test_taking_back_a_large_job_keeps_little_in_memory(tmp_path: Path) -> None:
    sizes = {}
    for number in (3000, 12_000):
        target = MemoryDirectory(batch_size=1000)
        report = await provision(users(tmp_path / f"{number}.csv", number), target)
        tracemalloc.start()
        try:
            undone = await undo(report.job, target)
            sizes[number] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert undone.counts == Counts(deleted=number)
    assert sizes[12_000] < 1.5 * sizes[3000] + 2_000_000, sizes


def test_doubts_are_read_a_piece_at_a_time(tmp_path: Path) -> None:
    from .jobs import begun_rows, finished_job

    job = finished_job(tmp_path / "users.job", rows=begun_rows(0, 5000), state="running")
    store = open_store(job)
    store.record_intents("apply", [row.create_intent() for row in store.read_rows("apply")])
    found = store.read_rows("apply", 100, states=("intended", "doubt"))
    assert [next(found).number for _ in range(3)] == [101, 102, 103]
    store.close()
