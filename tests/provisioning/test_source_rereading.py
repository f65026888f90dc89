"""Rows of a source are read again from any place on, as a worker does, without reading what stands before them."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st

from alloy_async.provisioning import SourceError, open_source, plan
from alloy_async.provisioning.planning.comparison import UserComparer
from alloy_async.provisioning.planning.source_rereader import SourceRereader
from alloy_async.provisioning.sources.blocks import Block
from alloy_async.provisioning.sources.files.line_places import LineOffsetFinder
from alloy_async.provisioning.store.rows import RowStretch
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from simulation.memory_directory import CAPABILITIES, MemoryDirectory

ROWS = 3000
NAMES = [f"user{n}@x.example" for n in range(ROWS)]


def write_csv(path: Path, end: str = "\n", encoding: str = "utf-8") -> None:
    """Write rows of which some go on over several lines, and blank lines."""
    notes = ["Ödön", f'"two{end}lines"', '"a ""quote"""', ""]
    rows = [f"{name},{notes[n % 4]}{end}" + (end if n % 7 == 0 else "") for n, name in enumerate(NAMES)]
    path.write_bytes(("username,full_name" + end + "".join(rows)).encode(encoding))


def write_json_lines(path: Path) -> None:
    """Write rows of which some have other members."""
    rows = [
        {"username": name, **({"full_name": "Ada"} if n % 500 < 250 else {})} for n, name in enumerate(NAMES)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_source(kind: str, folder: Path) -> Path:
    path = folder / kind
    match kind:
        case "users.csv":
            write_csv(path)
        case "crlf.csv":
            write_csv(path, "\r\n", "utf-8-sig")
        case "cr.csv":
            write_csv(path, "\r")
        case "utf16.csv":
            write_csv(path, "\n", "utf-16")
        case "users.jsonl":
            write_json_lines(path)
        case "users.parquet":
            pq.write_table(pa.table({"username": NAMES}), path, row_group_size=700)
        case _:
            write_csv(folder / "plain")
            path.write_bytes(gzip.compress((folder / "plain").read_bytes()))
    return path


class Watched:
    """A source that counts how often its rows are read from its beginning, and how many blocks of them."""

    def __init__(self, path: Path) -> None:
        self._source: Any = open_source(path)
        self.beginnings = self.blocks_read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def blocks(self) -> Iterator[Block]:
        self.beginnings += 1
        return self._count(self._source.blocks())

    def blocks_from(self, line: int) -> Iterator[Block] | None:
        found = self._source.blocks_from(line)
        return None if found is None else self._count(found)

    def _count(self, blocks: Iterator[Block]) -> Iterator[Block]:
        for block in blocks:
            self.blocks_read += 1
            yield block


async def read_plan(path: Path) -> tuple[list[RowStretch], UserComparer]:
    made = await plan(path, MemoryDirectory(), job=path.with_suffix(".job"))
    with open_store_for_reading(made.job) as store:
        return [*store.read_stretches("apply")], UserComparer(CAPABILITIES, store.read_header().salt)


@pytest.mark.parametrize(
    ("kind", "skips"),
    [
        ("users.csv", True),
        ("crlf.csv", True),
        ("cr.csv", True),
        ("users.jsonl", True),
        ("users.parquet", True),
        ("utf16.csv", False),
        ("users.csv.gz", False),
    ],
)
async def test_any_rows_are_found_in_any_order(kind: str, skips: bool, tmp_path: Path) -> None:
    path = write_source(kind, tmp_path)
    planned, comparer = await read_plan(path)
    assert sum(rows.rows for rows in planned) == ROWS
    source = Watched(path)
    records = [row.record for row in source.rows()]
    reader = SourceRereader(source, 1, comparer, far=50)
    choose = random.Random(kind)
    for _ in range(60):
        rows = choose.choice(planned)
        first = choose.randrange(rows.rows)
        part = rows.slice_rows(first, min(rows.rows, first + choose.randrange(1, 40)))
        assert [*reader.reread_records([part]).iterate_records()] == records[part.first - 1 : part.last]
    assert (source.beginnings <= 3) == skips, "only the rows at the beginning are read from there"


async def test_little_is_read_for_the_last_rows(tmp_path: Path) -> None:
    path = write_source("users.csv", tmp_path)
    planned, comparer = await read_plan(path)
    source = Watched(path)
    reader = SourceRereader(source, 1, comparer, far=50)
    last = planned[-1].slice_rows(planned[-1].rows - 1, planned[-1].rows)
    assert [user.username for user in reader.reread_records([last]).iterate_records()] == [NAMES[-1]]
    assert (source.beginnings, source.blocks_read) == (0, 1)


async def test_a_source_with_fewer_rows_than_were_planned_is_noticed(tmp_path: Path) -> None:
    path = write_source("users.csv", tmp_path)
    planned, comparer = await read_plan(path)
    path.write_bytes(path.read_bytes()[:20_000])
    reader = SourceRereader(open_source(path), 1, comparer, far=50)
    last = planned[-1].slice_rows(planned[-1].rows - 1, planned[-1].rows)
    with pytest.raises(SourceError, match="was changed while the job was running"):
        reader.reread_records([last])


@given(st.lists(st.sampled_from(["a", "bc", "\n", "\r", "\r\n"])), st.lists(st.integers(1, 30), max_size=5))
def test_lines_begin_where_python_says(pieces: list[str], wanted: list[int]) -> None:
    text = "".join(pieces)
    lines = [*io.StringIO(text, newline="")]
    places = LineOffsetFinder()
    for line in wanted:
        found = places.find_start_of_line(io.BytesIO(text.encode()), line)
        assert found == len("".join(lines[: line - 1]).encode())
