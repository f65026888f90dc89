"""What is sent is what was planned: a source whose keys are the same and whose values are others is refused."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from alloy_async.core.errors import Unauthorized
from alloy_async.directory import Outcome, UserRecord
from alloy_async.provisioning import Mode, Row, Source, SourceError, open_source, provision, resume
from alloy_async.provisioning.planning.comparison import UserComparer
from alloy_async.systems import load_directory
from simulation.memory_directory import MemoryDirectory
from simulation.sandbox_directories import SYSTEMS, directory_of, empty_sandbox, place_of

MAIL = "northwind.example"
HEADER = "username,email,given_name,family_name,full_name,department,password\n"


class ChangingSource:
    """A source that has other rows from the second reading on, while size, time and digest of its file tell nothing."""

    name = "users.csv"

    def __init__(self, folder: Path, key: str, *texts: str) -> None:
        self._paths = [folder / f"{number}.csv" for number in range(len(texts))]
        for path, text in zip(self._paths, texts, strict=True):
            path.write_text(text)
        self._key = key
        self.readings = 0

    def digest(self) -> str:
        return "sha256:the same"

    def rows(self) -> Iterator[Row]:
        path = self._paths[min(self.readings, len(self._paths) - 1)]
        self.readings += 1
        return open_source(path, key=self._key).rows()


def write_row(system: str, name: str, family_name: str) -> str:
    username = f"{name}@{MAIL}" if system in ("alloy", "smooch") else name
    return f"{username},{name}@{MAIL},Ada,{family_name},,,Correct-H0rse-battery\n"


@pytest.mark.parametrize("mode", ["create", "upsert"])
@pytest.mark.parametrize("system", SYSTEMS)
async def test_no_value_is_sent_that_no_plan_has_shown(system: str, mode: Mode, tmp_path: Path) -> None:
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as directory,
    ):
        key = directory.capabilities.key
        if mode == "upsert":
            was = HEADER + write_row(system, "ada", "Quist")
            await provision(ChangingSource(tmp_path, key, was), directory, job=tmp_path / "first.job")
        first = len(sandbox.ledger)
        texts = (HEADER + write_row(system, "ada", name) for name in ("Byron", "Mallory"))
        source = ChangingSource(tmp_path, key, *texts)
        with pytest.raises(SourceError, match="was changed while the job was running") as caught:
            await provision(source, directory, mode=mode, job=tmp_path / "x.job")
        assert (caught.value.line, source.readings) == (2, 2)
        assert len(sandbox.ledger) == first


@pytest.mark.parametrize("second", ["Mallory", ""], ids=["another value", "no value"])
async def test_a_stream_that_tells_of_an_update_otherwise_is_refused(second: str, tmp_path: Path) -> None:
    target = MemoryDirectory(shows=("username", "full_name"), batch_size=1)
    target.users = {name: UserRecord(username=name, full_name="Old") for name in ("ada", "bob")}

    def give(*names: str) -> Source:
        rows = (f"{key},{name}\n" for key, name in zip(("ada", "bob"), names, strict=True))
        text = "username,full_name\n" + "".join(rows)
        return open_source("-", stdin=io.BytesIO(text.encode()))

    class LockedOut(MemoryDirectory):
        async def update(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
            raise Unauthorized("401 lapsed", status=401)

    job, locked_out = tmp_path / "x.job", LockedOut(shows=("username", "full_name"), batch_size=1)
    locked_out.users = target.users
    report = await provision(give("Ada", "Bob"), locked_out, mode="upsert", job=job)
    assert report.counts.updated == 0
    with pytest.raises(SourceError, match="is not what this job was begun with") as caught:
        await resume(job, target, source=give("Ada", second))
    assert caught.value.line == 3
    assert {user.full_name for user in target.users.values()} == {"Old"}
    report = await resume(job, target, source=give("Ada", "Bob"))
    assert report.counts.updated == 2


texts = st.text("aB ñ\ud800", max_size=3) | st.none()
records = st.builds(
    UserRecord,
    username=st.just("ada"),
    email=st.just("ada@x.example"),
    given_name=texts,
    family_name=texts,
    full_name=texts,
    external_id=texts,
    department=texts,
    active=st.booleans() | st.none(),
    groups=st.lists(st.sampled_from("ab")).map(tuple),
    roles=st.lists(st.sampled_from("ab")).map(tuple),
    attributes=st.dictionaries(
        st.sampled_from("xy"),
        st.none() | st.sampled_from(["", "a", 0, 1.0, 10**30, True, ["a", None], {"b": 1}]),
        max_size=2,
    ),
)


@given(wanted=records, other=records, there=records, system=st.sampled_from([*SYSTEMS]))
def test_an_update_is_known_by_what_its_plan_keeps(
    wanted: UserRecord, other: UserRecord, there: UserRecord, system: str
) -> None:
    """The image of a user loses nothing by which a row is held to its plan."""
    comparer = UserComparer(load_directory(system).capabilities, b"s" * 16)
    changes = comparer.find_changes(wanted, there)
    planned = comparer.digest_update(there, changes)
    image = comparer.read_image(comparer.to_image(there, changes))
    assert comparer.digest_update(image, comparer.find_changes(wanted, image)) == planned
    others = comparer.find_changes(other, there)
    alike = comparer.digest_update(image, comparer.find_changes(other, image)) == planned
    assert alike == (repr(sorted(others.items())) == repr(sorted(changes.items())))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_a_file_that_is_changed_where_it_lies_is_not_read_on(form: str, packed: bool, tmp_path: Path) -> None:
    """No hash of a password is kept, so that nobody would see later that it is another one."""
    path = tmp_path / f"users.{form}"
    people = [{"username": f"user{n}", "password": f"secret{n:04}"} for n in range(9000)]
    lines = [f"{one['username']},{one['password']}" for one in people]
    texts = {
        "csv": "\n".join(["username,password", *lines]),
        "jsonl": "\n".join(map(json.dumps, people)),
        "json": json.dumps(people),
    }

    def write(content: str) -> None:
        data = content.encode()
        with path.open("r+b" if path.exists() else "wb") as file:  # in place: it is the same file
            file.write(gzip.compress(data, 0, mtime=0) if packed else data)

    write(texts[form])
    source = open_source(path)
    source.digest()
    rows = source.rows()
    assert next(rows).record
    write(texts[form].replace("secret8999", "Secret8999"))
    with pytest.raises(SourceError, match="was changed while it was being read"):
        list(rows)
    with pytest.raises(SourceError, match="was changed while it was being read"):
        list(source.rows())
    write(texts[form])
    assert len(list(source.rows())) == 9000


async def test_a_file_that_is_only_touched_is_the_same_one(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("username\n" + "".join(f"user{n}\n" for n in range(20_000)))

    def touch(number: int, records: Sequence[UserRecord]) -> None:
        os.utime(path, ns=(number, number))

    target = MemoryDirectory(script=touch, batch_size=100)
    assert (await provision(path, target, job=tmp_path / "users.job")).complete
