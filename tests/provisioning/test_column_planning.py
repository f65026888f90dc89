"""A job that is planned by columns is, to the byte, the one that is planned row by row; so are its findings."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.directory import UserRecord
from alloy_async.provisioning import JobError, RunOptions, Source, SourceError, open_source
from alloy_async.provisioning.events import Checked
from alloy_async.provisioning.job_context import JobContext
from alloy_async.provisioning.planning.comparison import UserComparer
from alloy_async.provisioning.planning.job_planner import plan_whole_source
from alloy_async.provisioning.planning.source_rereader import SourceRereader
from alloy_async.provisioning.sources import Row
from alloy_async.provisioning.sources.blocks import Block, RowBlock, read_row_blocks
from alloy_async.provisioning.store.header import JobHeader, Mode
from alloy_async.provisioning.store.rows import RowStretch
from alloy_async.provisioning.store.sqlite.store import SqliteStore
from alloy_async.provisioning.store.writer import JobWriter
from alloy_async.systems import load_directory
from simulation.memory_directory import MemoryDirectory
from simulation.sandbox_directories import SYSTEMS

from .test_blocks import HEADER, cells

MODES: Sequence[Mode] = ("create", "upsert", "sync", "offboard")
USUAL = ["u{}@example.com", "u{}@example.com", "U", "X", "U X", "yes", "a;b", "{}", "IT", "S3cret!", "x"]


class Walked:
    """A source whose rows are walked, in the same blocks."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name

    def digest(self) -> str | None:
        return self._source.digest()

    def rows(self) -> Iterator[Row]:
        return self._source.rows()

    def blocks(self) -> Iterator[Block]:
        return (RowBlock([*block.rows()]) for block in read_row_blocks(self._source))


def usual_rows(first: int, rows: int) -> list[list[str]]:
    return [[cell.format(number) for cell in USUAL] for number in range(first, first + rows)]


def write_csv(path: Path, rows: Sequence[Sequence[str]], quoting: int = csv.QUOTE_MINIMAL) -> Path:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([HEADER, *rows])
    path.write_bytes(text.getvalue().encode("utf-8", "ignore"))
    return path


async def plan_job(
    path: Path, source: Source, system: str, mode: Mode
) -> tuple[Checked | str, list[Any], list[RowStretch]]:
    target = MemoryDirectory()
    target.capabilities = load_directory(system).capabilities
    target.users = {
        name: UserRecord(username=name, email=name) for name in ("u1@example.com", "gone@example.com")
    }
    path.unlink(missing_ok=True)
    options = {"look_up": mode != "create", "allow_delete": None}
    header = JobHeader(
        source=source.name,
        system=system,
        base_url="",
        mode=mode,
        salt=b"s" * 16,
        options=orjson.dumps(options).decode(),
    )
    store = SqliteStore.create(path, header)
    writer = JobWriter(store)
    try:
        context = JobContext(writer, target, RunOptions(), source)
        try:
            checked: Checked | str = await plan_whole_source(context)
        except JobError as error:  # too many removals
            checked = str(error)
        tables = [
            await writer.call(store.fetch_rows, f"SELECT * FROM {name} ORDER BY rowid")
            for name in ("batches", "remarks")
        ]
        counts = (
            await writer.call(store.count_outcomes, "apply"),
            await writer.call(store.fetch_rows, "SELECT rows, dropped FROM job"),
        )
        events = await writer.call(store.fetch_rows, "SELECT * FROM events ORDER BY id")
        rows = await writer.call(lambda: [*store.read_stretches("apply", states=("planned",))])
    finally:
        await asyncio.to_thread(writer.close)
    return checked, [*tables, counts, events], rows


def assert_sent_alike(source: Source, system: str, planned: Sequence[RowStretch]) -> None:
    """What is read again for creations is what the rows make, whatever is asked for together."""
    creations = [rows for rows in planned if rows.action == "create" and rows.lines]
    comparer = UserComparer(load_directory(system).capabilities, b"s" * 16)
    records = [row.record for row in source.rows()]
    wanted = [records[number - 1] for rows in creations for number in range(rows.first, rows.last + 1)]
    columns = SourceRereader(source, 1, comparer)
    together = [user for rows in creations for user in columns.reread_records([rows]).iterate_records()]
    assert together == wanted
    if creations:
        assert [*columns.reread_records(creations).iterate_records()] == wanted
        halves = [
            half
            for rows in creations
            for half in (rows.slice_rows(0, rows.rows // 2), rows.slice_rows(rows.rows // 2, rows.rows))
        ]
        assert [*columns.reread_records([half for half in halves if half.rows]).iterate_records()] == wanted


async def assert_planned_alike(path: Path, source: Source, system: str, mode: Mode) -> None:
    told = []
    for one in (source, Walked(source)):
        checked, tables, planned = await plan_job(path, one, system, mode)
        told.append((checked, tables))
        assert_sent_alike(one, system, planned)
    assert told[0] == told[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.lists(cells, min_size=0, max_size=len(HEADER) + 1), min_size=1, max_size=8),
    filler=st.sampled_from([0, 0, 1, 5, 700]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    system=st.sampled_from([*SYSTEMS]),
    mode=st.sampled_from(MODES),
)
def test_a_spoilt_csv(
    tmp_path: Path, rows: list[list[str]], filler: int, quoting: int, system: str, mode: Mode
) -> None:
    path = write_csv(
        tmp_path / "users.csv", [*usual_rows(0, filler), *rows, *usual_rows(filler, filler)], quoting
    )
    key = load_directory(system).capabilities.key
    try:
        source = open_source(path, key=key)
        asyncio.run(assert_planned_alike(tmp_path / "users.job", source, system, mode))
    except SourceError:
        return  # what a quote or a control character breaks, no way reads


@pytest.mark.parametrize("walked", [False, True], ids=["columns", "rows"])
async def test_a_value_that_changes_after_planning_is_noticed(tmp_path: Path, walked: bool) -> None:
    """Also where the keys, the size of the file and its time stay what they were."""
    path = write_csv(tmp_path / "users.csv", usual_rows(0, 5000))
    source: Source = open_source(path, key="username")
    source = Walked(source) if walked else source
    _, _, planned = await plan_job(tmp_path / "users.job", source, "alloy", "create")
    creations = [rows for rows in planned if rows.action == "create"]
    columns = SourceRereader(source, 1, UserComparer(load_directory("alloy").capabilities, b"s" * 16))
    assert sum(users.rows for users in (columns.reread_records([rows]) for rows in creations)) == 5000
    before, lines = path.stat(), path.read_bytes().split(b"\r\n")
    lines[4321] = lines[4321].replace(b"U X", b"U Y")
    path.write_bytes(b"\r\n".join(lines))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(SourceError, match="was changed while the job was running") as caught:
        [columns.reread_records([rows]) for rows in creations]
    assert caught.value.line == 4322


values = cells | st.sampled_from(
    [
        None,
        True,
        False,
        0,
        7,
        1.0,
        2.5,
        10**30,
        0.1 + 0.2,
        [],
        ["a", "b"],
        [1],
        {"x": 1},
        {"pin": "1234"},
        ["a", {"pw": "x"}],
    ]
)
objects = st.dictionaries(st.sampled_from([*HEADER, "name", "attributes"]), values, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    spoilt=st.lists(objects, max_size=4),
    kept=st.lists(values, min_size=len(HEADER), max_size=len(HEADER)),
    odd=st.lists(
        st.sampled_from(
            [
                '{"username": "ada"',
                "",
                " ",
                "7",
                "[]",
                '{"username": "b"},',
                "{}",
                '{"a": "\\ud800"}',
                '{"username": "b", "username": "c"}',
            ]
        ),
        max_size=2,
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    system=st.sampled_from([*SYSTEMS]),
    mode=st.sampled_from(MODES),
)
def test_spoilt_json_lines(
    tmp_path: Path, spoilt: list[Any], kept: list[Any], odd: list[str], end: str, system: str, mode: Mode
) -> None:
    usual = [dict(zip(HEADER, cells, strict=True)) for cells in usual_rows(0, 30)]
    rows = [*usual, dict(zip(HEADER, kept, strict=True)), *spoilt, *usual[:3]]
    lines = (
        [orjson.dumps(row).decode() for row in rows] if is_plain(rows) else [json.dumps(row) for row in rows]
    )
    path = tmp_path / "users.jsonl"
    path.write_bytes(end.join([*lines[:3], *odd, *lines[3:]]).encode("utf-8", "ignore"))
    try:
        source = open_source(path, key=load_directory(system).capabilities.key)
        asyncio.run(assert_planned_alike(tmp_path / "users.job", source, system, mode))
    except SourceError:
        return


def is_plain(rows: object) -> bool:
    try:
        orjson.dumps(rows)
    except TypeError:  # half a pair
        return False
    return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    columns=st.lists(
        st.lists(st.none() | cells.filter(str.isascii), min_size=5, max_size=5)
        | st.lists(st.none() | st.integers(-9, 9), min_size=5, max_size=5)
        | st.lists(st.none() | st.booleans(), min_size=5, max_size=5)
        | st.lists(st.none() | st.floats(), min_size=5, max_size=5)
        | st.lists(st.none() | st.lists(st.sampled_from("ab")), min_size=5, max_size=5)
        | st.lists(
            st.none() | st.fixed_dictionaries({"x": st.just("1"), "pin": st.just("2")}),
            min_size=5,
            max_size=5,
        ),
        min_size=len(HEADER),
        max_size=len(HEADER),
    ),
    system=st.sampled_from([*SYSTEMS]),
    mode=st.sampled_from(MODES),
)
def test_a_spoilt_parquet_file(tmp_path: Path, columns: list[list[Any]], system: str, mode: Mode) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "users.parquet"
    parquet.write_table(pyarrow.table(dict(zip(HEADER, columns, strict=True))), path)
    source = open_source(path, key=load_directory(system).capabilities.key)
    asyncio.run(assert_planned_alike(tmp_path / "users.job", source, system, mode))
