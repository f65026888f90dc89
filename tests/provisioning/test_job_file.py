"""What people and machines do to job files: kill, copy, remove, cut and damage them. Nobody is sent twice without asking."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from alloy_async.directory import UserRecord
from alloy_async.provisioning import Counts, JobError, RunOptions, apply, plan, provision, resume
from alloy_async.provisioning.store.header import JobHeader
from alloy_async.provisioning.store.sqlite.store import SqliteStore
from alloy_async.provisioning.store.store_opener import (
    create_store,
    job_exists,
    open_store,
    open_store_for_reading,
    read_job_header,
)
from simulation.memory_directory import MemoryDirectory, rows_of

from .jobs import begun_rows, finished_job

KILLED = """
import os, signal, sys
from pathlib import Path
from alloy_async.provisioning.store.store_opener import open_store

store = open_store(Path(sys.argv[1]))
rows = list(store.read_rows("apply"))
for start in range(0, 400, 20):
    part = rows[start : start + 20]
    with store.transaction(durable=True):
        store.record_intents("apply", [row.create_intent() for row in part])
    for row in part:
        row.state = "intended"
    store.record_results("apply", [row.create_settling_result("created") for row in part[: 400 - start - 10]])
os.kill(os.getpid(), signal.SIGKILL)
"""
SENT = range(1, 401)


def users(path: Path, number: int) -> Path:
    path.write_text("username\n" + "".join(f"user{n}\n" for n in range(number)))
    return path


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A job of 1,000 rows of which 400 were sent when its worker was killed."""
    folder = tmp_path / "killed"
    folder.mkdir()
    job = finished_job(folder / "users.job", rows=begun_rows(0), state="running")
    subprocess.run([sys.executable, "-c", KILLED, str(job)], check=False)
    assert sorted(path.name for path in folder.iterdir()) == ["users.job", "users.job-shm", "users.job-wal"]
    return job


def planned_numbers(job: Path) -> set[int]:
    store = open_store(job)
    try:
        return {row.number for row in store.read_rows("apply", states=("planned",))}
    finally:
        store.close()


def test_after_a_kill_the_job_file_alone_tells_of_all_that_was_sent(killed: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.job"
    killed.rename(alone)
    shutil.rmtree(killed.parent)
    assert planned_numbers(alone) == set(range(401, 1001))


def test_a_job_that_was_copied_before_it_began_is_told_in_words(tmp_path: Path) -> None:
    job, alone = tmp_path / "users.job", tmp_path / "alone.job"
    store = create_store(
        job, JobHeader(source="users.csv", system="Memory", base_url="memory:", mode="create")
    )
    try:
        shutil.copy(job, alone)
    finally:
        store.close()
    for read in (read_job_header, open_store, job_exists):
        with pytest.raises(JobError, match="holds no job yet"):
            read(alone)


def test_a_damaged_log_loses_no_intent(killed: Path, tmp_path: Path) -> None:
    log = killed.with_name("users.job-wal").read_bytes()
    assert log  # outcomes are in it
    chance = random.Random(7)
    for turn in range(40):
        folder = tmp_path / str(turn)
        folder.mkdir()
        shutil.copy(killed, folder / "users.job")
        damaged = bytearray(log)
        damaged[chance.randrange(len(log))] ^= 1 << chance.randrange(8)
        (folder / "users.job-wal").write_bytes(damaged)
        killed.exists() and killed.rename(killed.with_suffix(".old"))
        with contextlib.suppress(JobError):
            assert planned_numbers(folder / "users.job").isdisjoint(SENT)
        killed.with_suffix(".old").rename(killed)


def test_a_damaged_file_is_refused_or_loses_no_intent(killed: Path, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = tmp_path / "whole" / "users.job"
    killed.rename(whole)
    data = whole.read_bytes()
    whole.unlink()
    chance, refused = random.Random(3), 0
    for turn in range(150):
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        job = tmp_path / f"{turn}.job"
        job.write_bytes(damaged)
        try:
            assert planned_numbers(job).isdisjoint(SENT), turn
        except JobError:
            refused += 1
    assert refused


def test_a_job_whose_intents_were_lost_is_refused(killed: Path) -> None:
    database = sqlite3.connect(killed)
    database.execute("DELETE FROM events WHERE first = 41")
    database.commit()
    database.close()
    with pytest.raises(
        JobError, match="is damaged: some of what was sent is missing in it; nothing more was sent"
    ):
        open_store(killed)


def test_a_copy_is_not_carried_out_beside_the_original(killed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.job"
    shutil.copy(killed, copy)
    with pytest.raises(
        JobError, match=r"copy\.job: is a copy of .*users\.job, which is still there; nothing was sent"
    ):
        open_store(copy)
    killed.unlink()
    open_store(copy).close()  # it was moved, then
    linked = tmp_path / "linked.job"
    linked.symlink_to(copy)
    open_store(linked).close()


def test_only_the_worker_that_the_job_names_may_intend(killed: Path) -> None:
    first = SqliteStore.take_up(killed)
    rows = list(first.read_rows("apply", 400))
    first.record_intents("apply", [row.create_intent() for row in rows[:5]])
    other = sqlite3.connect(killed)  # a worker on a file system without locks, who claimed the job after us
    other.execute("UPDATE worker SET token = 'other'")
    other.commit()
    other.close()
    with pytest.raises(JobError, match="was taken over by another process; this one sends nothing more"):
        first.record_intents("apply", [row.create_intent() for row in rows[5:10]])
    first.close()
    assert planned_numbers(killed) == set(range(406, 1001))


def test_one_worker_at_a_time_also_within_a_process(killed: Path) -> None:
    worker = open_store(killed)
    with pytest.raises(
        JobError, match=f"process {os.getpid()} is working on this job; wait for it, or stop it"
    ):
        open_store(killed)
    assert not list(killed.parent.glob("*.lock"))  # nothing that somebody could take for stale, and remove
    worker.close()
    open_store(killed).close()


def test_a_job_that_nobody_works_on_is_one_file_that_needs_no_log(tmp_path: Path) -> None:
    job = finished_job(tmp_path / "users.job")
    for _ in range(2):  # as it was made, and as it was taken up
        assert [path.name for path in tmp_path.iterdir()] == ["users.job"]
        with contextlib.closing(sqlite3.connect(f"{job.as_uri()}?immutable=1", uri=True)) as database:
            assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        open_store(job).close()


def test_a_job_that_is_closed_while_somebody_reads_it_loses_nothing(tmp_path: Path) -> None:
    job = finished_job(tmp_path / "users.job", rows=begun_rows(0), state="running")
    worker = open_store(job)
    with open_store_for_reading(job) as reader:
        with reader.transaction():  # which sees the job as it was
            assert reader.count_outcomes("apply") == worker.count_outcomes("apply")
            worker.record_intents("apply", [row.create_intent() for row in worker.read_rows("apply")])
            worker.close()
        assert reader.count_outcomes("apply") == {"intended": 1000}
    assert planned_numbers(job) == set()


def remove(job: Path) -> None:
    job.unlink()


def replace(job: Path) -> None:
    other = job.with_suffix(".other")
    shutil.copy(job, other)
    other.replace(job)


def cut(job: Path) -> None:
    os.truncate(job, 4096)


def empty(job: Path) -> None:
    os.truncate(job, 0)


@pytest.mark.parametrize(
    ("harm", "words"),
    [(remove, "was removed"), (replace, "was replaced by another file"), (cut, "was cut short"), (empty, "was cut short")],
)  # fmt: skip
async def test_a_job_file_that_goes_while_the_job_runs(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    job = tmp_path / "users.job"

    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call == 3:
            harm(job)

    target = MemoryDirectory(script=script)
    run = RunOptions(concurrency=1)
    with pytest.raises(JobError, match=rf"users\.job: {words} while the job was running; no more was sent"):
        await provision(users(tmp_path / "users.csv", 100), target, job=job, run=run)
    assert len(target.calls) == 3


async def test_a_job_that_is_removed_as_it_ends_is_not_a_success(tmp_path: Path) -> None:
    job = tmp_path / "users.job"
    target = MemoryDirectory(script=lambda call, records: job.unlink() if call == 2 else None)
    with pytest.raises(JobError, match="was removed while the job was running"):
        await provision(users(tmp_path / "users.csv", 20), target, job=job)


async def test_only_its_owner_may_read_a_job(tmp_path: Path) -> None:
    modes: set[int] = set()

    def script(call: int, records: Sequence[UserRecord]) -> None:
        modes.update(path.stat().st_mode & 0o777 for path in tmp_path.glob("users.job*"))

    report = await provision(users(tmp_path / "users.csv", 20), MemoryDirectory(script=script))
    assert modes == {report.job.stat().st_mode & 0o777} == {0o600}


async def test_reading_neither_harms_nor_waits_for_a_worker(tmp_path: Path) -> None:
    job = tmp_path / "users.job"

    def script(call: int, records: Sequence[UserRecord]) -> None:
        with open_store_for_reading(job) as reader:
            assert reader.worker == os.getpid()
            assert reader.count_outcomes("apply")["planned"] <= 100

    target = MemoryDirectory(script=script)
    assert (await provision(users(tmp_path / "users.csv", 100), target, job=job)).complete
    assert len(target.calls) == 10


async def test_a_plan_is_applied_from_elsewhere_when_the_original_is_gone(tmp_path: Path) -> None:
    target = MemoryDirectory()
    made = await plan(users(tmp_path / "users.csv", 5), target)
    moved = made.job.rename(tmp_path / "moved.job")
    assert (await apply(moved, target)).counts == Counts(created=5)
    assert [row.outcome for row in rows_of(moved)] == ["created"] * 5
    assert (await resume(moved, target)).complete


def test_a_job_whose_worker_was_killed_while_it_left_the_file_can_be_read(tmp_path: Path) -> None:
    """The change of the file's header that a kill interrupts is taken back by readers as well."""
    path, copy = tmp_path / "a.job", tmp_path / "b.job"
    finished_job(path, rows=begun_rows(0), state="running")
    database = sqlite3.connect(path, isolation_level=None)
    with contextlib.closing(database):
        database.execute("PRAGMA cache_size = 1")
        database.execute("BEGIN IMMEDIATE")
        # Too large to be kept in memory until the end.
        database.execute("UPDATE job SET stopped = hex(randomblob(500000))")
        for ending in ("", "-journal"):  # as they are when the worker dies now
            shutil.copy(f"{path}{ending}", f"{copy}{ending}")
        database.execute("ROLLBACK")
    reader = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
    with contextlib.closing(reader), pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("PRAGMA user_version")
    with SqliteStore.open_for_reading(copy) as store:
        assert store.read_header().stopped is None
