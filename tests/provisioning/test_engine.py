"""The engine against a directory in memory: every row has one outcome, and the job file says which."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alloy_async.core.errors import (
    BadRequest,
    ConfigurationError,
    ConnectError,
    RateLimited,
    Unauthorized,
)
from alloy_async.core.hook_events import RetryEvent
from alloy_async.directory import Outcome, UserRecord
from alloy_async.provisioning import (
    Checked,
    Checking,
    Counts,
    Event,
    Progress,
    RunOptions,
    Sending,
    SourceError,
    Stopped,
    Waiting,
    apply,
    open_source,
    plan,
    provision,
    resume,
)
from alloy_async.provisioning.sources import Row
from simulation.memory_directory import MemoryDirectory, rows_of


def users_file(tmp_path: Path, *usernames: str, columns: str = "username") -> Path:
    path = tmp_path / "users.csv"
    path.write_text("\n".join([columns, *usernames]) + "\n", encoding="utf-8")
    return path


def names(number: int) -> list[str]:
    return [f"user{n}" for n in range(number)]


def written(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir())


async def test_all_in(tmp_path: Path) -> None:
    target = MemoryDirectory("user3")
    report = await provision(users_file(tmp_path, *names(35)), target)
    assert report.complete
    assert report.counts == Counts(created=34, exists=1)
    assert list(target.users) == ["user3", *(name for name in names(35) if name != "user3")]
    assert [len(call) for call in target.calls] == [10, 10, 10, 5]
    assert written(tmp_path) == ["users.csv", "users.job"]


async def test_bad_rows_stay_out_each_with_its_line_and_reason(tmp_path: Path) -> None:
    path = users_file(
        tmp_path, "ada,1,", ",2,", "Ada,3,", "bob,4", 'eve,5,"a,\nb"', "mallory,6,,", columns="login,n,x"
    )
    target = MemoryDirectory()
    report = await provision(path, target)
    assert sorted(target.users) == ["ada", "eve"]
    assert report.counts == Counts(created=2, invalid=4)
    bad = [line for line in rows_of(report.job) if line.outcome == "invalid"]
    assert [line.line for line in bad] == [3, 4, 5, 8]
    assert bad[1].reason.startswith("login: 'Ada' is on line 2 already")
    assert report.check is not None
    assert [finding.line for finding in report.check.findings] == [3, 4, 5, 8]


async def test_nothing_is_sent_when_the_last_line_cannot_be_read(tmp_path: Path) -> None:
    path = users_file(tmp_path, *names(5000))
    path.write_bytes(path.read_bytes() + b"\xff\n")
    target = MemoryDirectory()
    with pytest.raises(SourceError, match=r"users\.csv:5002:1: byte 0xFF"):
        await provision(path, target)
    assert target.calls == []
    assert written(tmp_path) == ["users.csv"]


async def test_outcomes_of_the_system_are_recorded(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> list[Outcome]:
        said = {"user1": "invalid", "user3": "failed", "user4": "exists"}
        return [
            Outcome(r.username, said.get(r.username, "created"), f"why {r.username}", f"id {r.username}")  # type: ignore[arg-type]
            for r in records
        ]

    report = await provision(users_file(tmp_path, *names(6)), MemoryDirectory(script=script))
    assert report.counts == Counts(created=3, exists=1, invalid=1, failed=1)
    assert not report.complete
    lines = rows_of(report.job)
    assert [line.outcome for line in lines] == [
        "created",
        "invalid",
        "created",
        "failed",
        "exists",
        "created",
    ]
    assert [line.reason for line in lines if line.outcome in ("invalid", "failed")] == [
        "why user1",
        "why user3",
    ]
    assert {line.remote_id for line in lines} == {f"id user{n}" for n in range(6)}


@pytest.mark.parametrize("error", [Unauthorized("401 no"), ConnectError("no route")])
async def test_when_the_first_call_fails_nothing_could_be_done(
    tmp_path: Path, error: Unauthorized | ConnectError
) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        raise error

    events: list[Event] = []
    target = MemoryDirectory(script=script)
    with pytest.raises(type(error)):
        await provision(users_file(tmp_path, *names(50)), target, run=RunOptions(on_event=events.append))
    assert len(target.calls) == 1
    assert [type(event) for event in events] == [Checking, Checked, Sending]
    assert written(tmp_path) == ["users.csv"]


async def test_a_credential_that_lapses_ends_the_job_and_another_one_resumes_it(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        if 2 < call < 4:
            raise Unauthorized("401 lapsed")

    events: list[Event] = []
    target = MemoryDirectory(script=script)
    run = RunOptions(concurrency=1, on_event=events.append)
    report = await provision(users_file(tmp_path, *names(100)), target, run=run)
    assert report.stopped == "401 lapsed"
    assert report.counts == Counts(created=20, failed=10, planned=70)
    assert len(target.calls) == 3
    assert events.count(Stopped("401 lapsed")) == 1
    report = await resume(report.job, target)
    assert report.counts == Counts(created=100)


async def test_one_failed_batch_does_not_end_the_job(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call == 2:
            raise RateLimited("429 busy")

    target = MemoryDirectory(script=script)
    report = await provision(users_file(tmp_path, *names(50)), target)
    assert report.counts == Counts(created=40, failed=10)
    assert report.stopped is None
    assert (await resume(report.job, target)).complete


async def test_a_limit_that_holds_for_hours_ends_the_run_and_says_when_to_come_back(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call == 3:
            raise RateLimited("429 the quota of today is used up", status=429, retry_after=36_000.0)

    target = MemoryDirectory(script=script)
    earliest = datetime.now().astimezone() + timedelta(seconds=36_000)
    report = await provision(users_file(tmp_path, *names(100)), target, run=RunOptions(concurrency=1))
    assert report.counts == Counts(created=20, planned=80)
    assert report.stopped is not None
    found = re.fullmatch(
        r"the limit of the system lets nothing through before (\S+ \S+) \(.+\); resume the job then",
        report.stopped,
    )
    assert found is not None
    moment = datetime.strptime(found[1], "%Y-%m-%d %H:%M").astimezone()
    assert timedelta(minutes=-1) <= moment - earliest <= timedelta(minutes=2)
    assert {row.attempts for row in rows_of(report.job) if row.outcome is None} == {0}
    assert (await resume(report.job, target)).complete


@pytest.mark.parametrize("unique", [True, False])
async def test_single_rows_are_intended_a_few_calls_ahead_and_no_further(
    tmp_path: Path, unique: bool
) -> None:
    run, ahead = RunOptions(concurrency=2), []
    job, number = tmp_path / "users.job", 6000 if unique else 300  # each of these waits for the disk

    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call % (number // 20) == 0:
            ahead.append(sum(row.state == "intended" for row in rows_of(job)))
        if call == number - 100:
            run.stop.set()

    target = MemoryDirectory(script=script, batch_size=1, key_is_unique=unique)
    report = await provision(users_file(tmp_path, *names(number)), target, job=job, run=run)
    assert report.stopped == "interrupted"
    assert report.counts.created == len(target.calls) == len(target.users)
    assert report.counts.created + report.counts.planned == number
    # Of a quick system as many as are sent in a moment, with as many whose outcomes wait to be written; who could be doubled
    # is never intended in advance.
    assert 8 < max(ahead) <= 3 * 1000 if unique else max(ahead) <= 2
    assert {(row.state, row.attempts) for row in rows_of(job)} == {("done", 1), ("planned", 0)}
    assert (await resume(job, target)).counts == Counts(created=number)


async def test_an_outage_ends_the_job(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> list[Outcome] | None:
        return [Outcome(r.username, "unknown", "lost") for r in records] if call > 1 else None

    target = MemoryDirectory(script=script)
    report = await provision(users_file(tmp_path, *names(1000)), target, run=RunOptions(concurrency=1))
    assert report.stopped == "30 calls in a row failed; the last one: lost"
    assert report.counts.created == 10
    assert report.counts.unfinished == 990
    assert len(target.calls) == 31
    target._script = None
    report = await resume(report.job, target)
    assert report.counts == Counts(created=1000)
    assert len(target.users) == 1000


async def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_rows_are_found(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        bad = {"user4", "user5", "user17"}
        if bad & {record.username for record in records}:
            raise BadRequest("400 bad user", status=400)

    target = MemoryDirectory(script=script)
    report = await provision(users_file(tmp_path, *names(20)), target)
    assert report.counts == Counts(created=17, invalid=3)
    bad = [line.key for line in rows_of(report.job) if line.outcome == "invalid"]
    assert bad == ["user4", "user5", "user17"]


@pytest.mark.parametrize("answered", [0, 2, 5])
async def test_outcomes_that_are_fewer_or_more_than_the_users_are_no_answer(
    tmp_path: Path, answered: int
) -> None:
    """Whose they are, nobody can tell: all are looked up."""

    def miscount(number: int, records: Sequence[UserRecord]) -> Sequence[Outcome] | None:
        if number > 1:
            return None
        target.users["user1"] = records[1]
        return [Outcome(f"user{n}", "created") for n in range(answered)]

    target = MemoryDirectory(script=miscount, batch_size=3)
    report = await provision(users_file(tmp_path, *names(3)), target, job=tmp_path / "users.job")
    assert report.counts == Counts(created=3)
    assert set(target.users) == {*names(3)}
    assert [row.adopted for row in rows_of(report.job)] == [False, True, False]


async def test_stopping_finishes_what_is_on_its_way(tmp_path: Path) -> None:
    run = RunOptions(concurrency=1)

    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call == 3:
            run.stop.set()

    target = MemoryDirectory(script=script)
    report = await provision(users_file(tmp_path, *names(100)), target, run=run)
    assert report.stopped == "interrupted"
    assert report.counts == Counts(created=30, planned=70)
    assert len(target.users) == 30
    report = await resume(report.job, target)
    assert report.counts == Counts(created=100)


async def test_what_was_on_its_way_when_cancelled_is_in_doubt_and_found_by_resuming(tmp_path: Path) -> None:
    class Hanging(MemoryDirectory):
        async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
            outcomes = await super().create(records)
            if len(self.calls) > 1:
                hanging.set()
                await asyncio.Event().wait()
            return outcomes

    hanging = asyncio.Event()
    job = asyncio.create_task(provision(users_file(tmp_path, *names(20)), target := Hanging()))
    await hanging.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert [line.state for line in rows_of(tmp_path / "users.job")] == ["done"] * 10 + ["intended"] * 10
    assert asyncio.all_tasks() == {asyncio.current_task()}
    report = await resume(tmp_path / "users.job", target)
    assert report.counts == Counts(created=20)
    assert len(target.calls) == 2
    assert [line.adopted for line in rows_of(report.job)] == [False] * 10 + [True] * 10


async def test_concurrency_is_kept_and_reached(tmp_path: Path) -> None:
    three = asyncio.Barrier(3)

    class Slow(MemoryDirectory):
        async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
            if self.calls:  # the first call goes alone
                await asyncio.wait_for(three.wait(), 60)
            return await super().create(records)

    target = Slow()
    report = await provision(users_file(tmp_path, *names(100)), target, run=RunOptions(concurrency=3))
    assert report.complete
    assert target.most_in_flight == 3


async def test_events(tmp_path: Path) -> None:
    events: list[Event] = []
    target = MemoryDirectory()

    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call == 2:
            target.on_retry(RetryEvent("create", 1, 2.5, RateLimited("429 slow down")))

    target._script = script
    path = users_file(tmp_path, *(f"{n},x" for n in names(25)), ",y", columns="login,desk")
    report = await provision(path, target, run=RunOptions(on_event=events.append))
    assert Counter(map(type, events)) == {Checking: 1, Checked: 1, Sending: 1, Waiting: 1, Progress: 3}
    checked = next(event for event in events if isinstance(event, Checked))
    assert (checked.rows, checked.errors, checked.dropped) == (26, 1, ("desk",))
    assert (report.retries, report.waited) == (1, 2.5)
    assert events[-1] == Progress(report.counts, 26)
    assert Waiting("create", "429 slow down", 2.5) in events


async def test_a_run_says_that_it_sends_once_and_before_anything_leaves(tmp_path: Path) -> None:
    """Also where nothing is checked first: whoever cuts off `apply` or `resume` knows that rows may have left."""
    events: list[object] = []
    run = RunOptions(concurrency=1, on_event=events.append)

    def script(call: int, records: Sequence[UserRecord]) -> None:
        events.append("call")
        if call == 2:
            run.stop.set()

    target = MemoryDirectory(script=script)
    planned = await plan(users_file(tmp_path, *names(50)), target)
    report = await apply(planned.job, target, run=run)
    assert report.counts.created == len(target.users) < 50
    assert (events[0], events[1]) == (Sending(Counts(planned=50)), "call")
    assert [type(event) for event in events].count(Sending) == 1

    events.clear()
    run.stop.clear()
    await resume(report.job, target, run=run)
    assert (events[0], events[1]) == (Sending(report.counts), "call")
    assert [type(event) for event in events].count(Sending) == 1


async def test_files_are_read_in_slices_and_in_threads(tmp_path: Path) -> None:
    readers: list[threading.Thread] = []

    class Watched:
        def __init__(self, path: Path) -> None:
            self._source = open_source(path)
            self.name = self._source.name
            self.digest = self._source.digest

        def rows(self) -> Iterator[Row]:
            for row in self._source.rows():
                readers.append(threading.current_thread())
                yield row

    source = Watched(users_file(tmp_path, *names(10_000)))
    events: list[Event] = []
    report = await provision(source, MemoryDirectory(batch_size=1000), run=RunOptions(on_event=events.append))
    assert report.counts.created == 10_000
    assert len(readers) == 20_000
    assert threading.current_thread() not in readers
    checked = [event.rows for event in events if isinstance(event, Checking)]
    assert checked == [2000, 4000, 6000, 8000, 10_000]


async def test_a_password_is_sent_and_not_written_down(tmp_path: Path) -> None:
    path = users_file(tmp_path, "ada,hunter2", ",swordfish", columns="username,password")
    target = MemoryDirectory()
    report = await provision(path, target)
    assert target.users["ada"].password == "hunter2"
    for file in (report.job, *tmp_path.glob("*.job*")):
        assert b"hunter2" not in file.read_bytes()
        assert b"swordfish" not in file.read_bytes()
    assert "swordfish" not in repr(report)


async def test_no_concurrency_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="concurrency must be 1 or more"):
        RunOptions(concurrency=0)
