"""The job against a directory in memory: every row has one outcome, and the report says which."""

from __future__ import annotations

import asyncio
import csv
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from alloy_async.core.errors import (
    BadRequest,
    ConfigurationError,
    ConnectError,
    RateLimited,
    Unauthorized,
)
from alloy_async.core.events import RetryEvent
from alloy_async.directory import Outcome, UserRecord
from alloy_async.provisioning import (
    Checked,
    Checking,
    Counts,
    Event,
    Row,
    Settled,
    SourceError,
    Stopped,
    Waiting,
    open_source,
    provision,
)

from .fakes import MemoryDirectory


def users_file(tmp_path: Path, *usernames: str, columns: str = "username") -> Path:
    path = tmp_path / "users.csv"
    path.write_text("\n".join([columns, *usernames]) + "\n", encoding="utf-8")
    return path


def names(number: int) -> list[str]:
    return [f"user{n}" for n in range(number)]


def written(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir())


def failed_rows(path: Path | None) -> list[dict[str, str]]:
    assert path is not None
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def test_all_in(tmp_path: Path) -> None:
    target = MemoryDirectory("user3")
    report = await provision(users_file(tmp_path, *names(35)), target)
    assert report.complete
    assert report.counts == Counts(created=34, exists=1)
    assert list(target.users) == ["user3", *(name for name in names(35) if name != "user3")]
    assert [len(call) for call in target.calls] == [10, 10, 10, 5]
    assert report.failed_file is None
    assert written(tmp_path) == ["users.csv"]


async def test_bad_rows_stay_out_and_can_be_fed_back(tmp_path: Path) -> None:
    path = users_file(
        tmp_path,
        "ada,1,",
        ",2,",
        "Ada,3,",
        "bob,4",
        'eve,5,"a,\nb"',
        "mallory,6,,",
        columns="login,n,x",
    )
    target = MemoryDirectory()
    report = await provision(path, target)
    assert sorted(target.users) == ["ada", "eve"]
    assert report.counts == Counts(created=2, invalid=4)
    rows = failed_rows(report.failed_file)
    assert [(row["_line"], row["_status"], row["n"]) for row in rows] == [
        ("3", "invalid", "2"),
        ("4", "invalid", "3"),
        ("5", "invalid", "4"),
        ("8", "invalid", "6"),
    ]
    assert rows[1]["_reason"].startswith("login: 'Ada' is on line 2 already")

    text = report.failed_file.read_text().replace("Ada,3", "grace,3").replace("bob,4", "bob,4,")
    report.failed_file.write_text(text)
    report = await provision(report.failed_file, target)
    assert sorted(target.users) == ["ada", "bob", "eve", "grace"]
    assert report.counts == Counts(created=2, invalid=2)
    assert list(failed_rows(report.failed_file)[0]) == [
        "_line",
        "_status",
        "_reason",
        "login",
        "n",
        "x",
    ]


async def test_nothing_is_sent_when_the_last_line_cannot_be_read(tmp_path: Path) -> None:
    path = users_file(tmp_path, *names(5000))
    path.write_bytes(path.read_bytes() + b"\xff\n")
    target = MemoryDirectory()
    with pytest.raises(SourceError, match=r"users\.csv:5002:1: byte 0xFF"):
        await provision(path, target)
    assert target.calls == []


async def test_outcomes_of_the_system_are_recorded(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> list[Outcome]:
        said = {"user1": "invalid", "user2": "unknown", "user3": "failed", "user4": "exists"}
        return [
            Outcome(r.username, said.get(r.username, "created"), f"why {r.username}")  # type: ignore[arg-type]
            for r in records
        ]

    report = await provision(users_file(tmp_path, *names(6)), MemoryDirectory(script=script))
    assert report.counts == Counts(created=2, exists=1, invalid=1, failed=1, unknown=1)
    assert not report.complete
    assert [(r["_line"], r["_status"], r["_reason"]) for r in failed_rows(report.failed_file)] == [
        ("3", "invalid", "why user1"),
        ("4", "unknown", "why user2"),
        ("5", "failed", "why user3"),
    ]


@pytest.mark.parametrize("error", [Unauthorized("401 no"), ConnectError("no route")])
async def test_when_the_first_call_fails_nothing_could_be_done(
    tmp_path: Path, error: Unauthorized | ConnectError
) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        raise error

    events: list[Event] = []
    target = MemoryDirectory(script=script)
    with pytest.raises(type(error)):
        await provision(users_file(tmp_path, *names(50)), target, on_event=events.append)
    assert len(target.calls) == 1
    assert [type(event) for event in events] == [Checking, Checked]
    assert written(tmp_path) == ["users.csv"]


async def test_a_credential_that_lapses_ends_the_job_with_every_row_accounted_for(
    tmp_path: Path,
) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call > 2:
            raise Unauthorized("401 lapsed")

    events: list[Event] = []
    target = MemoryDirectory(script=script)
    report = await provision(users_file(tmp_path, *names(100)), target, concurrency=1, on_event=events.append)
    assert report.stopped == "401 lapsed"
    assert report.counts == Counts(created=20, failed=80)
    assert len(failed_rows(report.failed_file)) == 80
    assert len(target.calls) == 3
    assert events.count(Stopped("401 lapsed")) == 1


async def test_one_failed_batch_does_not_end_the_job(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call == 2:
            raise RateLimited("429 busy")

    report = await provision(users_file(tmp_path, *names(50)), MemoryDirectory(script=script))
    assert report.counts == Counts(created=40, failed=10)
    assert report.stopped is None


async def test_an_outage_ends_the_job(tmp_path: Path) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> list[Outcome] | None:
        return [Outcome(r.username, "unknown", "lost") for r in records] if call > 1 else None

    target = MemoryDirectory(script=script)
    report = await provision(users_file(tmp_path, *names(1000)), target, concurrency=1)
    assert report.stopped == "30 calls in a row failed"
    assert report.counts == Counts(created=10, unknown=300, failed=690)


async def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_rows_are_found(
    tmp_path: Path,
) -> None:
    def script(call: int, records: Sequence[UserRecord]) -> None:
        bad = {"user4", "user5", "user17"}
        if bad & {record.username for record in records}:
            raise BadRequest("400 bad user", status=400)

    target = MemoryDirectory(script=script)
    report = await provision(users_file(tmp_path, *names(20)), target)
    assert report.counts == Counts(created=17, invalid=3)
    assert [row["username"] for row in failed_rows(report.failed_file)] == [
        "user4",
        "user5",
        "user17",
    ]


async def test_stopping_finishes_what_is_on_its_way(tmp_path: Path) -> None:
    stop = asyncio.Event()

    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call == 3:
            stop.set()

    target = MemoryDirectory(script=script)
    report = await provision(users_file(tmp_path, *names(100)), target, concurrency=1, stop=stop)
    assert report.stopped == "interrupted"
    assert report.counts == Counts(created=30, failed=70)
    assert len(target.users) == 30


async def test_cancelling_records_what_was_on_its_way(tmp_path: Path) -> None:
    class Hanging(MemoryDirectory):
        async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
            outcomes = await super().create(records)
            if len(self.calls) > 1:
                hanging.set()
                await asyncio.Event().wait()
            return outcomes

    hanging = asyncio.Event()
    target = Hanging()
    job = asyncio.create_task(provision(users_file(tmp_path, *names(20)), target))
    await hanging.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    rows = failed_rows(tmp_path / "users.failed.csv")
    assert [row["username"] for row in rows] == names(20)[10:]
    assert {row["_status"] for row in rows} == {"unknown"}
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_concurrency_is_kept_and_reached(tmp_path: Path) -> None:
    three = asyncio.Barrier(3)

    class Slow(MemoryDirectory):
        async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
            if self.calls:  # the first call goes alone
                await asyncio.wait_for(three.wait(), 5)
            return await super().create(records)

    target = Slow()
    report = await provision(users_file(tmp_path, *names(100)), target, concurrency=3)
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
    report = await provision(path, target, on_event=events.append)
    assert Counter(map(type, events)) == {Checking: 1, Checked: 1, Waiting: 1, Settled: 3}
    checked = next(event for event in events if isinstance(event, Checked))
    assert (checked.rows, checked.errors, checked.dropped) == (26, 1, ("desk",))
    assert (report.retries, report.waited) == (1, 2.5)
    assert events[-1] == Settled(report.counts, 26)
    assert Waiting("create", "429 slow down", 2.5) in events


async def test_the_file_is_read_in_slices_and_in_threads(tmp_path: Path) -> None:
    readers: list[threading.Thread] = []

    class Watched:
        def __init__(self, path: Path) -> None:
            self._source = open_source(path)
            self.name = self._source.name

        def digest(self) -> str | None:
            return self._source.digest()

        def rows(self) -> Iterator[Row]:
            for row in self._source.rows():
                readers.append(threading.current_thread())
                yield row

    path = users_file(tmp_path, *names(10_000))
    events: list[Event] = []
    report = await provision(Watched(path), MemoryDirectory(batch_size=1000), on_event=events.append)
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
    assert report.failed_file is not None
    assert "swordfish" not in report.failed_file.read_text() + repr(report)


async def test_the_failed_file_never_replaces_something_else(tmp_path: Path) -> None:
    path = users_file(tmp_path, "ada")
    other = tmp_path / "users.failed.csv"
    other.write_text("my notes\n")
    target = MemoryDirectory()
    with pytest.raises(SourceError, match="left alone; give another place with --failed"):
        await provision(path, target)
    with pytest.raises(SourceError, match="this is the input itself"):
        await provision(path, target, failed=tmp_path / "x" / ".." / "users.csv")
    with pytest.raises(SourceError, match="cannot write the rows"):
        await provision(path, target, failed=tmp_path / "none" / "failed.csv")
    assert other.read_text() == "my notes\n"
    assert target.calls == []


async def test_a_failed_file_of_before_goes_when_all_is_well(tmp_path: Path) -> None:
    path = users_file(tmp_path, "ada")
    old = tmp_path / "users.failed.csv"
    old.write_text("_line,_status,_reason,username\n2,failed,x,ada\n")
    assert (await provision(path, MemoryDirectory())).complete
    assert not old.exists()


async def test_no_concurrency_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="concurrency must be 1 or more"):
        await provision(users_file(tmp_path), MemoryDirectory(), concurrency=0)
