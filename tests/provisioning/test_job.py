"""Jobs over their life: plan, apply, drift, guards, undo, offboarding; one worker at a time; files that cannot be used."""

from __future__ import annotations

import asyncio
import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from alloy_async.core.errors import ConfigurationError
from alloy_async.directory import Outcome, UserRecord
from alloy_async.provisioning import (
    Counts,
    JobError,
    RunOptions,
    SourceError,
    apply,
    open_source,
    plan,
    provision,
    resume,
    undo,
)
from alloy_async.provisioning.store.sqlite.schema import FORMAT
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from simulation.memory_directory import MemoryDirectory, rows_of


def people(path: Path, **users: str) -> Path:
    path.write_text("username,full_name\n" + "".join(f"{key},{name}\n" for key, name in users.items()))
    return path


def directory(**users: str) -> MemoryDirectory:
    target = MemoryDirectory(shows=("username", "full_name"))
    target.users = {key: UserRecord(username=key, full_name=name) for key, name in users.items()}
    return target


def held(target: MemoryDirectory) -> dict[str, str | None]:
    return {key: user.full_name for key, user in target.users.items()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return people(tmp_path / "users.csv", ada="Ada", bob="Bob", eve="Eve")


async def test_a_plan_tells_what_will_be_done_and_sends_nothing(file: Path) -> None:
    target = directory(ada="Ada", bob="Robert", zoe="Zoe")
    before = held(target)
    made = await plan(file, target, mode="sync", allow_delete=0.5)
    assert made.actions == {"create": 1, "update": 1, "delete": 1, "none": 1}
    assert [(step.action, step.key, step.why) for step in made.first] == [
        ("create", "eve", None),
        ("update", "bob", "full_name: 'Robert' -> 'Bob'"),
        ("delete", "zoe", "is not in the source"),
    ]
    assert held(target) == before
    report = await apply(made.job, target)
    assert report.counts == Counts(created=1, updated=1, deleted=1, unchanged=1)
    assert held(target) == {"ada": "Ada", "bob": "Bob", "eve": "Eve"}
    with pytest.raises(JobError, match="is not a plan that waits to be applied"):
        await apply(made.job, target)


async def test_rows_that_drifted_since_the_plan_are_refused_by_name(file: Path) -> None:
    target = directory(ada="A", bob="B", zoe="Zoe", yan="Yan")
    made = await plan(file, target, mode="sync", allow_delete=1)
    target.users["bob"] = UserRecord(username="bob", full_name="Somebody's edit")
    target.users["zoe"] = UserRecord(username="zoe", full_name="Somebody's edit")
    target.users["eve"] = UserRecord(username="eve", full_name="Somebody's own")
    report = await apply(made.job, target)
    drifted = [line.key for line in rows_of(made.job) if line.outcome == "drifted"]
    assert drifted == ["bob", "eve", "zoe"]
    assert report.counts == Counts(updated=1, deleted=1, drifted=3)
    assert held(target)["bob"] == held(target)["zoe"] == "Somebody's edit"
    assert held(target)["eve"] == "Somebody's own"


async def test_a_source_that_changed_since_the_plan_is_refused(file: Path) -> None:
    target = directory()
    made = await plan(file, target)
    text = file.read_text()
    file.write_text(text.replace("Bob", "Rob"))
    with pytest.raises(
        SourceError,
        match=r"users\.csv:3: was changed since it was planned: this row is another one; plan again",
    ):
        await apply(made.job, target)
    file.write_text(text + "zoe,Zoe\n")
    with pytest.raises(SourceError, match=r"users\.csv:5: was changed since it was planned"):
        await apply(made.job, target)
    assert target.users == {}
    file.write_text(text)
    stopped = RunOptions()
    stopped.stop.set()
    assert not (await apply(made.job, target, run=stopped)).complete
    file.write_text(text.replace("Bob", "Rob"))
    with pytest.raises(SourceError, match="this row is another one; put it back as it was, and resume"):
        await resume(made.job, target)
    file.write_text(text)
    assert (await resume(made.job, target)).complete


async def test_sync_needs_leave_to_remove_and_stops_at_the_share(file: Path) -> None:
    target = directory(**{f"old{n}": "Old" for n in range(97)}, ada="Ada", bob="Bob", eve="Eve")
    with pytest.raises(ConfigurationError, match="mode sync removes users: allow it"):
        await provision(file, target, mode="sync")
    with pytest.raises(
        JobError, match=r"97 of the 100 users would be removed \(97%\).*5% are allowed. Nothing was sent"
    ):
        await provision(file, target, mode="sync", allow_delete=0.05)
    assert len(target.users) == 100
    assert not file.with_suffix(".job").exists()
    people(file, ada="Ada", bob="Bob", **{"": "Somebody"})
    with pytest.raises(JobError, match="1 row of it has no readable key and may mean some of them"):
        await provision(file, target, mode="sync", allow_delete=1)
    people(file, ada="Ada")
    report = await provision(file, target, mode="sync", allow_delete=1)
    assert report.counts == Counts(unchanged=1, deleted=99)


async def test_undo_takes_everything_back_but_what_somebody_edited_since(file: Path) -> None:
    target = directory(ada="A", zoe="Zoe", yan="Yan")
    before = held(target)
    report = await provision(file, target, mode="sync", allow_delete=1)
    assert report.counts == Counts(created=2, updated=1, deleted=2)
    target.users["bob"] = UserRecord(username="bob", full_name="Bobby")
    report = await undo(report.job, target)
    assert report.counts == Counts(deleted=1, restored=3, kept=1)
    assert held(target) == {**before, "bob": "Bobby"}
    kept = [(row.key, row.reason) for row in rows_of(report.job, "undo") if row.outcome == "kept"]
    assert kept == [("bob", "was changed by somebody since it was planned; plan again")]
    with pytest.raises(JobError, match="was undone already"):
        await undo(report.job, target)


async def test_leaving_takes_the_steps_in_their_order(file: Path) -> None:
    steps = ("lock", "archive", "delete the user")

    class Leaving(MemoryDirectory):
        async def offboard(self, step: str, keys: Sequence[str]) -> Sequence[Outcome]:
            self.steps += [(step, key) for key in keys]
            if step == "archive" and keys == ["bob"]:
                return [Outcome("bob", "invalid", "the archive is full")]
            return [Outcome(key, "done") for key in keys]

    target = Leaving("ada", "bob", offboarding=steps)
    report = await provision(file, target, mode="offboard")
    assert report.counts == Counts(done=4, invalid=2, unchanged=1)
    assert [step for step, key in target.steps if key == "ada"] == list(steps)
    assert [step for step, key in target.steps if key == "bob"] == ["lock", "archive"]
    reasons = {line.reason for line in rows_of(report.job) if line.outcome == "invalid"}
    assert reasons == {"the archive is full", "the step before it was refused (archive)"}
    report = await undo(report.job, target)
    assert report.counts == Counts(kept=4)


async def test_a_stream_is_planned_and_sent_in_one_reading_and_resumed_with_the_same_content(
    tmp_path: Path,
) -> None:
    text = "username\n" + "".join(f"user{n}\n" for n in range(2500)) + "USER7\n"
    job = tmp_path / "in.job"
    run = RunOptions(concurrency=1)

    def script(call: int, records: Sequence[UserRecord]) -> None:
        if call == 3:
            run.stop.set()

    target = MemoryDirectory(script=script, batch_size=100)
    source = open_source("-", stdin=io.BytesIO(text.encode()))
    report = await provision(source, target, job=job, run=run)
    assert report.counts.created == len(target.users) == 300
    other = open_source("-", stdin=io.BytesIO(text.replace("user5\n", "user_5\n").encode()))
    with pytest.raises(SourceError, match="standard input:7: is not what this job was begun with"):
        await resume(job, target, other)
    report = await resume(job, target, open_source("-", stdin=io.BytesIO(text.encode())))
    assert report.counts == Counts(created=2500, invalid=1)
    assert len(target.users) == 2500
    with pytest.raises(SourceError, match="can be read only once"):
        await plan(open_source("-", stdin=io.BytesIO(text.encode())), target, job=tmp_path / "x.job")


async def test_two_workers_on_one_job(file: Path) -> None:
    target = directory()
    made = await plan(file, target)
    code = (
        "import sys, pathlib; from alloy_async.provisioning.store.store_opener import open_store\n"
        f"store = open_store(pathlib.Path({str(made.job)!r})); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(JobError, match=f"process {holder.pid} is working on this job"):
            await apply(made.job, target)
        with open_store_for_reading(made.job) as store:  # reports may be made meanwhile
            assert store.read_header().state == "planned"
        holder.kill()
        holder.wait()
    assert (await apply(made.job, target)).complete


@pytest.mark.parametrize(("version", "age"), [(FORMAT + 1, "a newer"), (FORMAT - 1, "an older")])
async def test_another_format_is_refused(file: Path, version: int, age: str) -> None:
    target = directory()
    made = await plan(file, target)
    database = sqlite3.connect(made.job)
    database.execute(f"PRAGMA user_version = {version}")
    database.close()
    with pytest.raises(JobError, match=rf"has format {version}, of {age} version"):
        await apply(made.job, target)
    assert target.calls == []


async def test_a_damaged_file_is_refused(file: Path, tmp_path: Path) -> None:
    target = directory()
    made = await plan(people(file, **{f"user{n}": "x" for n in range(3000)}), target)
    whole = made.job.read_bytes()
    made.job.write_bytes(whole[:20_000] + os.urandom(20_000) + whole[40_000:])
    with pytest.raises(JobError, match=r"damaged|cannot be read as a job"):
        await resume(made.job, target)
    made.job.write_bytes(whole[:50_000])
    with pytest.raises(JobError, match=r"damaged|cannot be read as a job"):
        await resume(made.job, target)
    made.job.write_bytes(b"this is my diary")
    with pytest.raises(JobError, match="is not a job file"):
        await resume(made.job, target)
    other = tmp_path / "other.job"
    sqlite3.connect(other).execute("CREATE TABLE mine (x)").connection.close()
    with pytest.raises(JobError, match="is not a job file"):
        await resume(other, target)
    with pytest.raises(JobError, match="there is no such job file"):
        await resume(tmp_path / "none.job", target)
    assert target.calls == []


async def test_a_job_goes_on_only_where_it_was_begun(file: Path) -> None:
    target = directory()
    made = await plan(file, target)
    target.base_url = "memory:elsewhere"
    with pytest.raises(
        JobError, match="was begun with Memory at memory:; this is Memory at memory:elsewhere"
    ):
        await apply(made.job, target)


async def test_a_job_touches_only_the_account_that_it_was_made_for(file: Path) -> None:
    target = directory(ada="Ada", zoe="Zoe")
    other = directory(ada="Ada", bob="Bob", eve="Eve", zoe="Zoe")
    other.account = "another customer"
    made = await plan(file, target, mode="sync", allow_delete=1)
    refusal = "was made for another account of Memory than this credential is of; nothing was sent"
    with pytest.raises(JobError, match=refusal):
        await apply(made.job, other)
    assert (await apply(made.job, target)).complete
    for go_on in (resume, undo):
        with pytest.raises(JobError, match=refusal):
            await go_on(made.job, other)
    other.account = ""  # a token that lapses tells nothing
    with pytest.raises(JobError, match=refusal):
        await undo(made.job, other)
    assert sorted(other.users) == ["ada", "bob", "eve", "zoe"]
    assert b"the only one" not in made.job.read_bytes()
    target.account = "the same customer's new key"
    with pytest.raises(JobError, match=refusal):
        await undo(made.job, target)
    report = await undo(made.job, target, run=RunOptions(new_key=True))
    assert report.counts == Counts(deleted=2, restored=1)
    with pytest.raises(JobError, match="was undone already"):  # the new key is the job's now
        await undo(made.job, target)


async def test_an_unfinished_job_of_the_same_source_is_not_passed_over(file: Path) -> None:
    target = directory()
    made = await plan(file, target)
    with pytest.raises(
        JobError, match=r"users\.job: is a job of this source that is not finished \(planned\)"
    ):
        await provision(file, target)
    await apply(made.job, target)
    report = await provision(file, target)
    assert report.job.name == "users.2.job"
    assert report.counts == Counts(exists=3)


class Forgetful(MemoryDirectory):
    """Loses the answer to the first request, having done it or not."""

    def __init__(self, did: bool, **changes: object) -> None:
        super().__init__(**changes)
        self._did = did

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        if self.calls:
            return await super().create(records)
        if self._did:
            await super().create(records)
        else:
            self.calls.append([])
        return [Outcome(record.username, "unknown", "lost") for record in records]

    async def find(self, key: str) -> UserRecord | None:
        assert "find" in self.capabilities.abilities
        return await super().find(key)

    async def list(self) -> AsyncIterator[UserRecord]:
        assert "list" in self.capabilities.abilities
        async for user in super().list():
            yield user


@pytest.mark.parametrize("did", [True, False])
async def test_where_nobody_can_be_asked_a_lost_row_is_not_sent_again(file: Path, did: bool) -> None:
    target = Forgetful(did, abilities=frozenset({"create"}), key_is_unique=False)
    report = await provision(file, target)
    assert report.counts == Counts(unknown=3)
    report = await resume(report.job, target)
    assert report.counts == Counts(unknown=3)
    assert len(target.calls) == 1


async def test_where_keys_are_not_unique_an_absent_row_is_not_sent_again(file: Path) -> None:
    target = Forgetful(False, key_is_unique=False)
    report = await provision(file, target)
    assert report.counts == Counts(unknown=3)
    assert "a second request could double it" in rows_of(report.job)[0].reason


async def test_where_only_a_list_can_be_had_a_lost_row_is_found_there(file: Path) -> None:
    target = Forgetful(True, abilities=frozenset({"create", "list"}))
    assert (await provision(file, target)).counts == Counts(created=3)


async def test_a_job_finds_its_source_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    Path("users.csv").write_text("username\nada\n")
    target = MemoryDirectory()
    await plan("users.csv", target)
    monkeypatch.chdir(tmp_path / "elsewhere")
    report = await apply(tmp_path / "users.job", target)
    assert (report.source, report.counts.created) == ("users.csv", 1)
    monkeypatch.chdir(tmp_path)
    await plan("users.csv", target, job="second.job")
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "users.csv").unlink()
    with pytest.raises(SourceError, match=f"{tmp_path / 'users.csv'}: cannot be read: No such file"):
        await apply(tmp_path / "second.job", target)


async def test_a_row_with_several_errors_counts_once(tmp_path: Path) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,A\nada,B\x01\nada,C\n,D\n")
    made = await plan(source, MemoryDirectory())
    assert made.check is not None
    assert (made.check.rows, made.check.errors) == (4, 3)


@pytest.mark.parametrize("begin", [plan, provision])
async def test_a_plan_that_is_cut_off_half_way_leaves_no_job_that_stands_in_the_way(
    file: Path, begin: Callable[..., Coroutine[Any, Any, object]]
) -> None:
    asked = asyncio.Event()

    class Silent(MemoryDirectory):
        async def find(self, key: str) -> UserRecord | None:
            asked.set()
            await asyncio.Event().wait()
            return None

    running = asyncio.create_task(begin(file, Silent(), mode="upsert"))
    await asked.wait()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert not file.with_suffix(".job").exists()
    assert (await provision(file, MemoryDirectory(), mode="upsert")).complete
