"""Rows checked as columns and one by one come to the same; where columns are proved clean, nothing was wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import attrs
import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.directory import Capabilities
from alloy_async.provisioning import CsvSource, FieldMap, Source, SourceError, open_source
from alloy_async.provisioning.checks.row_checks import CheckedRow, RowChecks
from alloy_async.provisioning.planning.comparison import UserComparer
from alloy_async.provisioning.planning.source_planner import SourcePlanner
from alloy_async.provisioning.sources import ColumnLayout, Row
from alloy_async.provisioning.sources.blocks import ColumnBlock, read_row_blocks
from alloy_async.provisioning.sources.formats.csv_parser import (
    CELL_LIMIT,
    gather_columns,
    split_unquoted_text_into_columns,
)
from alloy_async.provisioning.sources.formats.json_lines import try_parse_objects
from alloy_async.systems import load_directory
from simulation.sandbox_directories import SYSTEMS

HEADER = [
    "username",
    "email",
    "first",
    "last",
    "full name",
    "active",
    "groups",
    "id",
    "dept",
    "password",
    "desk",
]
USUAL = ["ada.quist@example.com", "ada", "bob-7", "Łukasz", "山田", "true", "no", "x" * 60, "a;b", "007"]
SPOILT = [
    "", " ", " ada", "ada ", "\u00a0ada", "ada\u200b", ".", "..", ".hidden", "ada\x07", "a\u202eb", "a\u0301", "\u0660",
    "x" * 300, "nein", "ada@", "ada@x", "a@b.c", "ä@exämple.com", "Ada <ada@x.org>", "a..b@x.org", "\ud800", "n\u2028n",
    "\ufeff", "FALSE", " yes ", "0", "a" * 65 + "@example.com", "=1+1", '"', "'", "ada@example.com ", "a@b.org\nc@d.org",
    "#N/A", " #REF! ", "#1", "zoÃ«", "a?", "R&amp;D", "a%C3%AB@x.example", "=C3=AB",
    "'ada", "ada;", "mailto:ada@x.example", "“ada”", "urn:id:7", "o'neil",
]  # fmt: skip
cells = st.sampled_from(USUAL) | st.sampled_from(SPOILT) | st.text(max_size=6)


def systems() -> list[Capabilities]:
    return [load_directory(system).capabilities for system in SYSTEMS]


CLEAN = ["u7@example.com", "u7@example.com", "U", "X", "U X", "yes", "a;b", "7", "IT", "S3cret!", "x"]


def assert_alike(rows: list[list[str]], checks: RowChecks, layout: ColumnLayout) -> None:
    made = [Row(line, layout, row, layout.create_record(row)) for line, row in enumerate(rows)]
    block = ColumnBlock(layout, range(len(rows)), list(zip(*rows, strict=True)))
    doubtful = checks.find_rows_with_possible_faults(block)
    records = [row.record for row in made]
    assert [row.record for row in block.rows()] == records
    assert list(layout.read_columns(block.columns).iterate_records()) == records
    for place, row in enumerate(made):
        if doubtful is not None and place not in doubtful:
            assert checks.find_row_faults(row) == [], row.cells


@pytest.mark.parametrize("place", range(len(HEADER)), ids=HEADER)
@pytest.mark.parametrize(
    "constants", [{}, {"active": "no"}, {"email": "nobody"}, {"department": "IT\x07"}], ids=str
)
@pytest.mark.parametrize("needy", [False, True])
def test_one_spoilt_cell_among_clean_ones(place: int, constants: dict[str, str], needy: bool) -> None:
    layout = ColumnLayout.match_header(HEADER, FieldMap({}, constants))
    for can in systems():
        strict = attrs.evolve(can, max_length=dict.fromkeys(can.carries, 64))
        checks = RowChecks(layout, strict, can.carries if needy else can.needs)
        for cell in SPOILT:
            spoilt = [*CLEAN[:place], cell, *CLEAN[place + 1 :]]
            assert_alike([CLEAN, spoilt, CLEAN], checks, layout)


@given(
    rows=st.lists(st.lists(cells, min_size=len(HEADER), max_size=len(HEADER)), min_size=1, max_size=12),
    can=st.sampled_from(systems()),
    constants=st.sampled_from([{}, {"active": "no"}, {"email": "nobody"}, {"department": "IT\x07"}, {"full_name": "A"}]),
    flags=st.tuples(st.booleans(), st.booleans()),
    all_needed=st.booleans(),
)  # fmt: skip
def test_a_row_that_is_proved_clean_has_no_findings(
    rows: list[list[str]],
    can: Capabilities,
    constants: dict[str, str],
    flags: tuple[bool, bool],
    all_needed: bool,
) -> None:
    layout = ColumnLayout.match_header(HEADER, FieldMap({}, constants))
    needs = can.carries if all_needed else can.needs
    checks = RowChecks(layout, can, needs, keys_may_be_ids=flags[0], allow_inactive=flags[1])
    assert_alike(rows, checks, layout)


def test_usual_rows_are_proved_clean_at_once() -> None:
    """Else nothing would be gained."""
    can = load_directory("alloy").capabilities
    layout = ColumnLayout.match_header(["username", "full name", "email", "active"], FieldMap())
    rows = [[f"u{n}@example.com", f"Ada Łuk {n}", f"u{n}@example.com", "yes"] for n in range(50)]
    block = ColumnBlock(layout, range(50), list(zip(*rows, strict=True)))
    assert RowChecks(layout, can, can.needs).find_rows_with_possible_faults(block) == set()
    rows[7][0] = rows[9][2] = "spoilt "
    block = attrs.evolve(block, columns=list(zip(*rows, strict=True)))
    assert RowChecks(layout, can, can.needs).find_rows_with_possible_faults(block) == {7, 9}


def plan_both_ways(source: Source, can: Capabilities) -> list[list[object]]:
    told = []
    for blocks in (True, False):
        planner = SourcePlanner(can, UserComparer(can, b"s" * 16), "create", None)
        rows: Iterator[CheckedRow] = planner.create_checked_rows(source.rows())
        if blocks:
            rows = chain.from_iterable(map(planner.create_checked_rows_of_block, read_row_blocks(source)))
        seen: list[object] = [(row.number, row.row.line, row.key, row.errors, row.row.record) for row in rows]
        told.append(
            [
                *seen,
                planner.findings,
                planner.errors,
                planner.warnings,
                planner.nameless,
                planner.dropped_columns,
            ]
        )
    return told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(cells, min_size=0, max_size=len(HEADER) + 1), min_size=1, max_size=8),
    filler=st.sampled_from([0, 0, 0, 1200]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    can=st.sampled_from(systems()),
)
def test_a_file_is_checked_alike_in_blocks_and_row_by_row(
    tmp_path: Path, rows: list[list[str]], filler: int, quoting: int, can: Capabilities
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(HEADER)
    usual = ["u@example.com", "u@example.com", "U", "X", "U X", "yes", "", "1", "IT", "", ""]
    writer.writerows([usual] * filler)
    writer.writerows(rows)
    writer.writerows([usual] * filler)
    path = tmp_path / "users.csv"
    path.write_bytes(text.getvalue().encode("utf-8", "ignore"))
    try:
        source = open_source(path, key=can.key)
        assert isinstance(source, CsvSource)
        in_blocks, by_row = plan_both_ways(source, can)
    except SourceError:
        return  # what a quote or a control character breaks is told by both
    assert in_blocks == by_row


@pytest.mark.parametrize("name", ["users.csv", "users.jsonl"])
def test_an_empty_source_is_refused_in_blocks_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("username\n\n \n" if name.endswith("csv") else "\n")
    with pytest.raises(SourceError, match="there are no rows"):
        [list(block.rows()) for block in read_row_blocks(open_source(path))]
    assert [list(block.rows()) for block in read_row_blocks(open_source(path, allow_empty=True))] in (
        [],
        [[]],
    )


@given(
    lines=st.lists(
        st.lists(st.sampled_from(["", " ", "a", "b c", ";", "é", "\u2028", "\x0b", "\x1c"]), max_size=4)
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    is_ended=st.booleans(),
    width=st.integers(1, 4),
)
def test_a_text_that_is_split_into_columns_is_the_one_that_is_parsed(
    lines: list[list[str]], end: str, is_ended: bool, width: int
) -> None:
    text = end.join(map(",".join, lines)) + (end if is_ended else "")
    found = split_unquoted_text_into_columns(text, ",", width)
    parsed = [cells or [""] for cells in csv.reader(io.StringIO(text, newline=""))]
    if found is not None:
        columns, odd = found
        assert [odd.get(at, [*cells]) for at, cells in enumerate(zip(*columns, strict=True))] == parsed
        assert odd.keys() == {at for at, cells in enumerate(parsed) if len(cells) != width}
    elif "\r" not in text.replace("\r\n", "") and text:  # else nothing would be gained
        assert width not in {*map(len, parsed)}
    if (gathered := gather_columns(parsed, width)) is not None:
        columns, odd = gathered
        assert [odd.get(at, [*cells]) for at, cells in enumerate(zip(*columns, strict=True))] == parsed


@pytest.mark.parametrize("text", ['a,"b"\n', "a" * (CELL_LIMIT + 1), "a\rb"])
def test_what_may_mean_something_else_is_not_split(text: str) -> None:
    assert split_unquoted_text_into_columns(text, ",", 1) is None


PIECES = [
    '{"a":1}',
    '{"a":',
    "1}",
    '{"a":[1',
    "2]}",
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "{}",
    "null",
    " ",
    '{"a":"x',
    'y"}',
    "[],[]",
]


@given(
    lines=st.lists(
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join), min_size=1, max_size=6
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    is_ended=st.booleans(),
)
def test_lines_that_are_parsed_at_once_are_objects_each_by_itself(
    lines: list[str], end: str, is_ended: bool
) -> None:
    found = try_parse_objects(end.join(lines) + (end if is_ended else ""))

    def parse(line: str) -> object:
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            return None

    alone = [*map(parse, lines)]
    assert found == (alone if all(isinstance(one, dict) for one in alone) else None)
