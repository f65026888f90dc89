"""Many workers on one job: whoever of them is lost, every user is there once, and every row has one outcome."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest

from alloy_async import ConfigurationError
from alloy_async.provisioning import (
    JobError,
    Report,
    RunOptions,
    plan,
    provision,
    resume,
    undo,
    work,
)
from alloy_async.provisioning.errors import JobInUse
from alloy_async.provisioning.events import Event, Paused, Progress, Stopped
from alloy_async.provisioning.execution.shard_worker import work_on_shards
from alloy_async.provisioning.execution.sharded_job import run_on_workers
from alloy_async.provisioning.sources import Source, open_source
from alloy_async.provisioning.store.job_store import JobStore
from alloy_async.provisioning.store.postgres.address import JobAddress
from alloy_async.provisioning.store.postgres.connection import connect
from alloy_async.provisioning.store.postgres.shard_claimer import ShardClaimer
from alloy_async.provisioning.store.store_opener import (
    count_shards_by_state,
    open_store,
    open_store_for_reading,
)
from alloy_async.provisioning.workers.supervisor import supervise_workers
from alloy_async.testing import Sandbox
from tests.waiting import wait_until

ROWS = 400


@pytest.fixture
def place(database: str) -> str:
    return f"{database}#{uuid.uuid4()}"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("username,full_name\n" + "".join(f"user{n}@x.example,User {n}\n" for n in range(ROWS)))
    return path


def start_worker(place: str, sandbox: Sandbox) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "alloy_async", "work", place, "--base-url", sandbox.url, "--json"],
        env={**os.environ, "ALLOY_API_KEY": "key"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def check_effects(place: str, sandbox: Sandbox, rows: int = ROWS) -> None:
    created = Counter(change.key for change in sandbox.ledger.find(what="created"))
    assert set(created.values()) == {1}
    assert len(created) == rows
    with open_store_for_reading(place) as store:
        assert store.count_outcomes("apply") == {"created": rows}
        assert [row.number for row in store.read_rows("apply")] == list(range(1, rows + 1))
        assert store.read_header().state == "done"


@pytest.mark.parametrize("is_url", [False, True], ids=["path", "url"])
async def test_local_workers_share_a_job(
    users: Path, place: str, monkeypatch: pytest.MonkeyPatch, is_url: bool
) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    with Sandbox("alloy", seed_users=0) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            run = RunOptions(on="local:2", shard_rows=100)
            report = await provision(f"file://{users}" if is_url else users, directory, job=place, run=run)
            assert report.complete
            assert report.counts.created == ROWS
            check_effects(place, sandbox)
            assert count_shards_by_state(place).done == 4
            undone = await undo(place, directory, run=run)
            assert undone.counts.deleted == ROWS
        assert sandbox.ledger.count(what="deleted") == ROWS


async def test_a_job_file_is_not_for_many_workers(users: Path) -> None:
    async with Sandbox("alloy") as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            with pytest.raises(ConfigurationError, match="on= needs a job in PostgreSQL"):
                await provision(users, directory, run=RunOptions(on="local:2"))
            with pytest.raises(ConfigurationError, match=r"on= takes local:N.*got 'cloud'"):
                await provision(users, directory, job="postgresql://x/y#z", run=RunOptions(on="cloud"))
        assert not sandbox.requests


async def test_workers_come_to_a_plan_and_the_first_one_splits_it(users: Path, place: str) -> None:
    with Sandbox("alloy", seed_users=0) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            await plan(users, directory, job=place)
            run = RunOptions(shard_rows=100)
            reports = await asyncio.gather(*(work(place, directory, run=run) for _ in range(3)))
            assert all(report.complete for report in reports)
            assert count_shards_by_state(place).done == 4
            report = await work(place, directory)
            assert report.complete, "nothing is left for one who comes late"
        check_effects(place, sandbox)


async def test_work_on_a_job_that_was_stopped_says_how_to_go_on(users: Path, place: str) -> None:
    with Sandbox("alloy", seed_users=0) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            run = RunOptions()
            run.stop.set()
            await provision(users, directory, job=place, run=run)
            with pytest.raises(JobError, match=r"\(stopped\) is not split.*resume it with on=local:1"):
                await work(place, directory)
            assert not sandbox.ledger.count(what="created")


async def test_work_on_a_job_file_says_what_to_do_instead(users: Path, tmp_path: Path) -> None:
    with Sandbox("alloy", seed_users=0) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            await plan(users, directory, job=tmp_path / "users.job")
            with pytest.raises(JobError, match="has one worker: resume it"):
                await work(tmp_path / "users.job", directory)


async def test_workers_that_cannot_work_are_told_with_their_own_words(
    users: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALLOY_API_KEY", raising=False)
    with Sandbox("alloy", seed_users=0) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            report: Report = await provision(
                users, directory, job=place, run=RunOptions(on="local:1", shard_rows=100)
            )
            assert report.stopped is not None
            assert "ALLOY_API_KEY" in report.stopped
            assert report.counts.planned == ROWS
            report = await resume(place, directory)
            assert report.complete
        check_effects(place, sandbox)


async def split_by_hand(users: Path, place: str, sandbox: Sandbox) -> None:
    """Plan and split a job whose workers the test starts."""
    from alloy_async.provisioning.execution.job_opening import (
        create_job,
        create_job_header,
        open_given_source,
    )
    from alloy_async.provisioning.execution.sharded_job import split_job
    from alloy_async.provisioning.job_context import JobContext
    from alloy_async.provisioning.planning.job_planner import plan_whole_source

    directory: Any = sandbox.directory()
    async with directory.client:
        source = await open_given_source(users, directory)
        header = await create_job_header(source, directory, "create", None, {"look_up": False})
        async with create_job(place, header) as writer:
            context = JobContext(writer, directory, RunOptions(on="local:1", shard_rows=50), source)
            await plan_whole_source(context)
            await split_job(context)


async def test_who_is_stopped_leaves_the_job_to_the_worker_of_another(users: Path, place: str) -> None:
    events: list[Event] = []
    run = RunOptions(on="local:1")

    def stop(event: Event) -> None:
        events.append(event)
        if isinstance(event, Progress):
            run.stop.set()

    run = attrs.evolve(run, on_event=stop)
    place = place.replace("#", "&lease_seconds=300#" if "?" in place else "?lease_seconds=300#")
    with Sandbox("alloy", seed_users=0, latency=1) as sandbox:
        await split_by_hand(users, place, sandbox)
        other = start_worker(place, sandbox)
        while not sandbox.requests:
            assert other.poll() is None, other.stderr and other.stderr.read().decode()
            await asyncio.sleep(0.01)
        # Amid its first shard, so that it is not done before the run is stopped.
        other.send_signal(signal.SIGSTOP)
        directory: Any = sandbox.directory()
        async with directory.client:
            report = await resume(place, directory, run=run)
        other.send_signal(signal.SIGCONT)
        assert report.stopped == "interrupted"
        assert events[-1] == Stopped("interrupted", goes_on=True)
        assert await asyncio.to_thread(other.wait, 300) == 0
        check_effects(place, sandbox)
        for stream in (other.stdout, other.stderr):
            assert stream is not None
            stream.close()


async def test_a_job_that_another_worker_is_bringing_to_its_end_is_waited_for(
    users: Path, place: str
) -> None:
    """Its last rows are in, and somebody else holds it for a moment: that was told as an error."""
    with Sandbox("alloy", seed_users=0) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            await plan(users, directory, job=place)

            async def open_given(name: str) -> Source:
                return open_source(name, key="username")

            assert await work_on_shards(place, directory, open_given, RunOptions(shard_rows=100)) is None
            other = open_store(place)
            run = RunOptions(on="local:1")
            finishing = asyncio.create_task(run_on_workers(place, directory, run, None, time.monotonic()))
            await asyncio.sleep(0.5)
            assert not finishing.done()
            other.close()
            assert (await finishing).complete
        check_effects(place, sandbox)


async def test_a_worker_that_is_cut_off_while_it_claims_a_shard_holds_none(users: Path, place: str) -> None:
    with Sandbox("alloy", seed_users=0) as sandbox:
        await split_by_hand(users, place, sandbox)
        directory: Any = sandbox.directory()
        async with directory.client:
            with psycopg.connect(place.partition("#")[0]) as database:
                database.execute(
                    "SELECT pg_advisory_xact_lock(hashtext('alloy_async'), jobs.job::integer)"
                    " FROM alloy_async.jobs WHERE name = %s",
                    (place.partition("#")[2],),
                )
                working = asyncio.create_task(work(place, directory))
                while not database.execute(
                    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                ).fetchone():
                    assert not working.done()
                    await asyncio.sleep(0.01)
                working.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await working
        assert count_shards_by_state(place).live == 0
        assert not sandbox.requests


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_worker_that_is_lost_is_replaced(users: Path, place: str, how: signal.Signals) -> None:
    with Sandbox("alloy", seed_users=0, latency=0.05) as sandbox:
        await split_by_hand(users, place, sandbox)
        lost = start_worker(place, sandbox)
        while not sandbox.ledger.count(what="created"):
            assert lost.poll() is None, lost.stderr and lost.stderr.read().decode()
            await asyncio.sleep(0.01)
        lost.send_signal(how)
        others = [start_worker(place, sandbox) for _ in range(2)]
        for worker in others:
            assert await asyncio.to_thread(worker.wait, 300) == 0, (
                worker.stderr and worker.stderr.read().decode()
            )
        if how == signal.SIGSTOP:  # it wakes up, when others have done what it was about to do
            lost.send_signal(signal.SIGCONT)
        await asyncio.to_thread(lost.wait, 60)
        check_effects(place, sandbox)
        for worker in (lost, *others):
            for stream in (worker.stdout, worker.stderr):
                assert stream is not None
                stream.close()


def test_a_secret_that_workers_would_not_have_is_refused_before_anything_is_sent(
    users: Path, place: str
) -> None:
    with Sandbox("alloy", seed_users=0) as sandbox:
        reach = ("--to", "alloy", "--base-url", sandbox.url, "--job", place, "--set", "password=s3cr3t-Pass")
        done = subprocess.run(
            [sys.executable, "-m", "alloy_async", "provision", str(users), *reach, "--on", "local:2"],
            env={**os.environ, "ALLOY_API_KEY": "key"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "--set password=... is secret and not kept, so that the workers of --on would not have it" in (
            " ".join(done.stderr.split())
        )
        assert "s3cr3t" not in done.stdout + done.stderr
        assert not sandbox.requests


def test_an_undo_asks_for_neither_source_nor_secret(place: str, tmp_path: Path) -> None:
    source = tmp_path / "users.csv"
    source.write_text(
        "email,given_name,family_name\n" + "".join(f"u{n}@x.example,Ada,Quist\n" for n in range(20))
    )

    with Sandbox("alsid", seed_users=1) as sandbox:

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "alloy_async", *words],
                env={**os.environ, "ALSID_API_KEY": "key", "ALSID_BASE_URL": sandbox.url},
                capture_output=True,
                text=True,
                check=False,
            )

        secret = ("--set", "password=Corr-H0rse-c4n4ry")
        done = run("provision", str(source), "--to", "alsid", "--job", place, *secret)
        assert done.returncode == 0, done.stderr
        source.unlink()
        undone = run("undo", place, "--on", "local:2", "--shard-rows", "10")  # its workers are `work JOB`
        assert undone.returncode == 0, undone.stderr
        assert sandbox.ledger.count(what="deleted") == 20
        again = run("resume", place)
        assert again.returncode == 2
        assert "was undone" in again.stderr


def let_renew_no_more(store: JobStore) -> None:
    """Let a store lose its lease, as one whose process was killed."""
    lease: Any = store._lease  # type: ignore[attr-defined]
    lease._stopping.set()
    lease._thread.join()


@pytest.mark.parametrize("on", [None, "local:1"])
@pytest.mark.parametrize("what", ["shard", "whole job"])
async def test_who_comes_while_a_lost_one_still_holds_the_job_waits_for_the_end_of_its_lease(
    users: Path, place: str, monkeypatch: pytest.MonkeyPatch, on: str | None, what: str
) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    short = place.replace("#", "&lease_seconds=3#")
    events: list[Event] = []
    with Sandbox("alloy", seed_users=0) as sandbox:
        await split_by_hand(users, place, sandbox)
        claimer = ShardClaimer(short)
        lost = claimer.claim() if what == "shard" else open_store(short)
        let_renew_no_more(lost)
        directory: Any = sandbox.directory()
        async with directory.client:
            report = await resume(short, directory, run=RunOptions(on=on, on_event=events.append))
        lost.close()
        claimer.close()
        assert report.complete
        check_effects(place, sandbox)
    waits = [event.reason for event in events if isinstance(event, Paused)]
    if on and what == "shard":  # further workers begin with the shards that nobody holds
        assert not waits
        return
    held = "shard 1" if what == "shard" else "the whole job"
    assert len(waits) == 1
    assert re.fullmatch(
        rf"process {os.getpid()} of \S+ holds {held} until \d\d:\d\d:\d\d; the job goes on then, .*", waits[0]
    )


@pytest.mark.parametrize("what", ["shard", "whole job"])
async def test_who_comes_while_a_live_one_works_is_told_who_that_is(
    users: Path, place: str, what: str
) -> None:
    short = place.replace("#", "&lease_seconds=1#")
    with Sandbox("alloy", seed_users=0) as sandbox:
        await split_by_hand(users, place, sandbox)
        claimer = ShardClaimer(short)
        live = claimer.claim() if what == "shard" else open_store(short)
        directory: Any = sandbox.directory()
        async with directory.client:
            for begin in (resume, undo):
                with pytest.raises(
                    JobInUse, match=rf"process {os.getpid()} of \S+ holds .*, and is at work; wait for it"
                ):
                    await begin(short, directory)
        live.close()
        claimer.close()
        assert not sandbox.requests


async def test_two_who_resume_a_job_at_once_do_it_together(
    users: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    with Sandbox("alloy", seed_users=0, latency=0.05) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            await plan(users, directory, job=place)
            run = RunOptions(on="local:1", shard_rows=100)
            reports = await asyncio.gather(*(resume(place, directory, run=run) for _ in range(2)))
        assert [report.complete for report in reports] == [True, True]
        check_effects(place, sandbox)


async def test_a_second_interrupt_ends_the_workers_too(users: Path, place: str) -> None:
    """Else they went on for as long as the system took to answer, while the user was told that all was cut off."""
    import psutil  # type: ignore[import-untyped]

    place = place.replace("#", "&lease_seconds=3#")
    with Sandbox("alloy", seed_users=0, latency=60) as sandbox:
        reach = ("--to", "alloy", "--base-url", sandbox.url, "--job", place, "--on", "local:2")
        client = subprocess.Popen(
            [sys.executable, "-m", "alloy_async", "provision", str(users), *reach, "--shard-rows", "100"],
            env={**os.environ, "ALLOY_API_KEY": "key"},
            stderr=subprocess.PIPE,
        )
        await wait_until(lambda: bool(sandbox.requests) or client.poll() is not None)
        workers = [child for child in psutil.Process(client.pid).children() if "work" in child.cmdline()]
        assert len(workers) == 2
        assert client.stderr is not None
        client.send_signal(signal.SIGINT)
        while b"Stopping" not in client.stderr.readline():
            pass
        client.send_signal(signal.SIGINT)
        said = client.communicate(timeout=50)[1].decode()
        assert client.returncode == 130, said
        assert "Cut off" in said
        assert not any(worker.is_running() for worker in workers)
        with open_store_for_reading(place) as store:
            counts = store.count_outcomes("apply")
        assert counts["intended"] > 0, "a request was on its way"
        assert sum(counts.values()) == ROWS
        sandbox.latency = 0
        assert start_and_end_worker(place, sandbox) == 0
        check_effects(place, sandbox)


def start_and_end_worker(place: str, sandbox: Sandbox) -> int:
    with start_worker(place, sandbox) as worker:
        worker.communicate(timeout=100)
    return worker.returncode


class IdleWorkers:
    """Workers that note how often they are looked after."""

    def __init__(self) -> None:
        self.starts = 0
        self.ends: list[str] = []

    async def start_missing(self, *, progress: bool) -> None:
        self.starts += 1

    async def stop(self) -> None:
        self.ends.append("stop")

    async def cut_off(self) -> None:
        self.ends.append("cut off")


async def test_workers_are_looked_after_also_while_rows_are_rarely_counted(users: Path, place: str) -> None:
    """Of a large job, rows are counted once in a minute, say: until then no stop was seen, and no lost worker replaced."""
    workers, run = IdleWorkers(), RunOptions(on="local:1")
    with Sandbox("alloy", seed_users=0) as sandbox:
        await split_by_hand(users, place, sandbox)
    with open_store_for_reading(place) as store:
        events = store.events  # type: ignore[attr-defined]
    address = JobAddress.parse(place)
    blocker = connect(address)
    blocker.execute("BEGIN")
    blocker.execute(f"LOCK TABLE {events} IN ACCESS EXCLUSIVE MODE".encode())
    watching = asyncio.create_task(supervise_workers(place, workers, run))
    await asyncio.sleep(3)
    blocker.execute("COMMIT")  # it took three seconds to count: the next time is fifteen later
    blocker.close()
    counted = time.monotonic()
    await wait_until(lambda: workers.starts >= 3)
    run.stop.set()
    assert await watching == "interrupted"
    assert time.monotonic() - counted < 15
    assert workers.ends == ["stop"]
