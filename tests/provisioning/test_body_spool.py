"""Bodies that wait in a temporary file: found for just the rows that they were made of, and never missed where they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from alloy_async import AlloyDirectory, AsyncAlloy
from alloy_async.directory import RecordColumns
from alloy_async.provisioning import CsvSource, open_source, provision
from alloy_async.provisioning.sources.blocks import ColumnBlock
from alloy_async.provisioning.store.rows import RowStretch
from alloy_async.provisioning.store.temporary.body_spool import BodySpool
from simulation.sandbox_directories import SYSTEMS, directory_of, empty_sandbox


def users(first: int, last: int) -> RecordColumns:
    names = [f"user{n}" for n in range(first, last + 1)]
    return RecordColumns(len(names), {"username": names, "full_name": [f"{name} X" for name in names]})


def stretch(first: int, last: int) -> RowStretch:
    keys = [f"user{n}" for n in range(first, last + 1)]
    return RowStretch(
        first, len(keys), "create", None, None, None, None, None, "planned", 0, False, range(first, last + 1), keys, None,
        None, None,
    )  # fmt: skip


@pytest.fixture
def target() -> AlloyDirectory:
    return AlloyDirectory(AsyncAlloy("key", base_url="http://127.0.0.1:9"))


def test_bodies_are_found_for_just_the_rows_that_they_were_made_of(target: AlloyDirectory) -> None:
    with BodySpool(target) as spool:
        spool.add_planned_creations(1, users(1, 700), {9, 10, 400})
        spool.add_planned_creations(701, users(701, 1400))
        spool.spool_last_partial_body()
        first = [stretch(1, 9), stretch(12, 400), stretch(402, 1003)]
        assert spool.find_body(first) == target.encode_batch(
            RecordColumns.join([users(1, 9), users(12, 400), users(402, 1003)])
        )
        assert spool.find_body([stretch(1004, 1400)]) == target.encode_batch(users(1004, 1400))
        assert spool.find_body([stretch(1, 1003)]) is None  # one more was refused later, say
        assert spool.find_body([stretch(1004, 1399)]) is None
        assert spool.find_body([stretch(1400, 1400)]) is None
        spool.abandon()
        assert spool.find_body(first) is None
        spool.add_planned_creations(1, users(1, 1000))
        assert spool.find_body([stretch(1, 1000)]) is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full")
def test_a_full_disk_ends_the_spool_and_no_job(target: AlloyDirectory) -> None:
    with BodySpool(target, lambda: Path("/dev/full").open("r+b", buffering=0)) as spool:
        spool.add_planned_creations(1, users(1, 1000))
        spool.spool_last_partial_body()
        assert spool.find_body([stretch(1, 1000)]) is None
        spool.add_planned_creations(1001, users(1001, 2000))
        assert spool.find_body([stretch(1001, 2000)]) is None


async def test_there_is_none_for_systems_that_take_passwords_or_records_only(tmp_path: Path) -> None:
    opened: list[str] = []
    for system in SYSTEMS:
        async with directory_of(system, "http://127.0.0.1:9", "place") as directory:

            def open_file() -> Any:
                opened.append(system)  # noqa: B023
                return (tmp_path / "spool").open("w+b", buffering=0)

            with BodySpool(directory, open_file) as spool:
                spool.add_planned_creations(1, users(1, 1000))
                spool.spool_last_partial_body()
    assert opened == ["alloy"]


class CountedSource:
    """A source that knows how often it was walked."""

    def __init__(self, source: CsvSource) -> None:
        self._source = source
        self.name, self.digest, self.rows = source.name, source.digest, source.rows
        self.walks = 0

    def blocks(self) -> Iterator[ColumnBlock]:
        self.walks += 1
        return self._source.blocks()


@pytest.mark.parametrize(
    ("repeated", "walks"), [((), 1), (("user7,Twice",), 2)], ids=["all rows differ", "a row is repeated"]
)
async def test_a_job_that_begins_reads_its_source_once(
    tmp_path: Path, repeated: Sequence[str], walks: int
) -> None:
    path = tmp_path / "users.csv"
    rows = [f"user{n},Given{n}" for n in range(2500)]
    path.write_text("\n".join(["username,full_name", *rows, *repeated, ""]))
    async with empty_sandbox("alloy") as sandbox, directory_of("alloy", sandbox.url) as directory:
        opened = open_source(path)
        assert isinstance(opened, CsvSource)
        source = CountedSource(opened)
        report = await provision(source, directory, job=tmp_path / "users.job")
        assert (report.counts.created, report.counts.invalid) == (2500, len(repeated))
        assert source.walks == walks
