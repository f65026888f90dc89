"""Workbooks of spreadsheets: values as typed, sheets by name, a header below titles."""

from __future__ import annotations

import datetime
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from alloy_async.directory import UserRecord
from alloy_async.provisioning import FieldMap, SourceError, open_source, provision
from alloy_async.provisioning.checks.linter import Linter
from alloy_async.provisioning.sources.formats.excel import ExcelSource
from simulation.memory_directory import CAPABILITIES, MemoryDirectory


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


STAFF = [
    ["Staff list 2026"],
    [],
    ["login", "Employee ID", "Start", "Seen", "active", "Desk", "Share", "groups", "Password"],
    [
        "ada",
        "007",
        datetime.date(2026, 1, 2),
        datetime.datetime(2026, 1, 2, 3, 4),
        True,
        42,
        0.5,
        "a; b",
        "s3cret",
    ],
    [],
    ["bob", 42, None, None, False, None, None, None, None],
]


def test_values_as_they_are_typed(tmp_path: Path) -> None:
    source = open_source(workbook(tmp_path / "users.xlsx", Staff=STAFF))
    assert isinstance(source, ExcelSource)
    ada, bob = source.rows()
    assert (source.sheet, source.header_line, ada.line, bob.line) == ("Staff", 3, 4, 6)
    assert ada.record == UserRecord(
        username="ada",
        external_id="007",
        active=True,
        groups=("a", "b"),
        password="s3cret",
        attributes={"Start": "2026-01-02", "Seen": "2026-01-02T03:04:00", "Desk": 42, "Share": 0.5},
    )
    assert bob.record
    assert (bob.record.external_id, bob.record.active) == ("42", False)
    assert "s3cret" not in repr([ada, dict(ada.values)])
    (header,) = (finding for finding in Linter(source, CAPABILITIES).lint() if not finding.column)
    assert (header.line, header.message) == (
        3,
        "the header was found on this line; the row above it is left out",
    )


def test_a_number_that_lost_its_last_digits_is_an_error(tmp_path: Path) -> None:
    source = open_source(workbook(tmp_path / "users.xlsx", Staff=[["username"], [7], [1234567890123456789]]))
    seven, long = source.rows()
    assert (seven.record, seven.findings) == (UserRecord(username="7"), ())
    assert [finding.severity for finding in long.findings] == ["error"]


@pytest.mark.parametrize(
    "moment",
    [
        datetime.date(2026, 3, 1),
        datetime.datetime(2026, 3, 1, 10),
        datetime.time(10),
        datetime.timedelta(hours=30),
    ],
)
def test_a_name_that_a_spreadsheet_made_a_date_is_an_error(tmp_path: Path, moment: Any) -> None:
    """MAR1 becomes the first of March, 10:00 a fraction of a day: what was typed is not in the file."""
    path = workbook(tmp_path / "users.xlsx", S=[["username", "department", "x"], [moment, moment, moment]])
    (row,) = open_source(path).rows()
    assert {finding.column for finding in row.findings if "a date or time" in finding.message} == {
        "username",
        "department",
    }


def test_what_nobody_sees_is_not_taken(tmp_path: Path) -> None:
    """Rows that a filter hides, hidden sheets, errors, formulas without a value, the empty parts of a merged cell."""
    path = workbook(
        tmp_path / "users.xlsx",
        **{"R&D": [["Staff"], [], [None, "username", "department", "x"], [None, "ada", "IT", "=1+1"],
                   [None, "bob", None, "#N/A"], [None, "cat", "HR", 1], [None, "#REF!"], [None, "dan", "=A1"]]},
    )  # fmt: skip
    book = openpyxl.load_workbook(path)
    sheet = book["R&D"]
    sheet.merge_cells("C4:C5")
    sheet.row_dimensions[6].hidden = True
    sheet["D5"].data_type = sheet["B7"].data_type = "e"
    archive = book.create_sheet("Archive")
    archive.append(["username"])
    archive.append(["leaver"])
    archive.sheet_state = "hidden"
    book.save(path)
    told = {
        row.line: [
            (finding.severity, finding.column, finding.message.partition(";")[0]) for finding in row.findings
        ]
        for row in open_source(path).rows()
    }
    assert told == {
        4: [("warning", "x", "is left out, as it holds a formula that no program has computed")],
        5: [
            ("error", "department", "holds a part of a merged cell, whose value stands in row 4"),
            ("warning", "x", "is left out, as it holds a spreadsheet's error, not a value"),
        ],
        6: [("error", None, "the row is hidden in the sheet, as by a filter")],
        7: [("error", "username", "holds a spreadsheet's error, not a value")],
        8: [("error", "department", "holds a formula that no program has computed")],
    }


async def test_nobody_leaves_whom_a_filter_hides(tmp_path: Path) -> None:
    path = workbook(tmp_path / "leavers.xlsx", S=[["username"], *([f"u{n}"] for n in range(9))])
    book = openpyxl.load_workbook(path)
    for row in range(4, 11):
        book["S"].row_dimensions[row].hidden = True
    book.save(path)
    target = MemoryDirectory(*(f"u{n}" for n in range(9)))
    report = await provision(path, target, mode="offboard")
    assert (report.counts.done, report.counts.invalid, sorted(target.users)) == (
        2,
        7,
        [f"u{n}" for n in range(2, 9)],
    )


def test_the_sheet_that_holds_users_is_found_or_named(tmp_path: Path) -> None:
    notes, people = [["note"], ["x"]], [["username"], ["ada"]]
    found = open_source(workbook(tmp_path / "one.xlsx", Notes=notes, People=people))
    assert [row.record and row.record.username for row in found.rows()] == ["ada"]
    both = workbook(tmp_path / "two.xlsx", Old=[["username"], ["bob"]], New=people)
    with pytest.raises(
        SourceError, match="several sheets hold users: 'Old', 'New'; say which one: sheet='NAME'"
    ):
        open_source(both)
    assert [row.record and row.record.username for row in open_source(both, sheet="new").rows()] == ["ada"]
    with pytest.raises(SourceError, match="there is no sheet 'Nwe'; did you mean 'New'"):
        open_source(both, sheet="Nwe")
    with pytest.raises(SourceError, match=r":1: no column holds the username; found 'note'"):
        open_source(workbook(tmp_path / "none.xlsx", Notes=notes))
    with pytest.raises(SourceError, match="it is empty"):
        open_source(workbook(tmp_path / "empty.xlsx", Sheet=[]))


def test_rows_can_be_skipped_and_columns_mapped(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "users.xlsx", S=[["username"], ["not", "this"], ["Person", "Note"], ["ada", "x"]]
    )
    source = open_source(path, skip_rows=2, mapping=FieldMap({"Person": ("username", "full_name")}))
    (row,) = source.rows()
    assert row.record == UserRecord(username="ada", full_name="ada", attributes={"Note": "x"})


def test_cells_that_no_column_names(tmp_path: Path) -> None:
    path = workbook(tmp_path / "users.xlsx", S=[["username", "note"], ["ada", "x", None, "y"], ["bob"]])
    ada, bob = open_source(path).rows()
    assert "goes on beyond the 2 columns" in ada.findings[0].message
    assert bob.record == UserRecord(username="bob", attributes={"note": None})


async def test_a_workbook_is_a_source_like_others(tmp_path: Path) -> None:
    path = workbook(tmp_path / "users.xlsx", Staff=STAFF)
    target = MemoryDirectory()
    report = await provision(path, target, allow_inactive=True)
    assert (report.counts.created, sorted(target.users)) == (2, ["ada", "bob"])
    from_pipe = open_source("-", stdin=io.BytesIO(path.read_bytes()))
    assert len(list(from_pipe.rows())) == 2
    source = open_source(path)
    workbook(path, Staff=[["username"], ["eve"]])
    with pytest.raises(SourceError, match="was changed while"):
        list(source.rows())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 xl/ damaged", "cannot be read as a workbook"),
        (b"\xd0\xcf\x11\xe0 damaged", "cannot be read as a workbook"),
        (b"<html><body><table><tr><td>username</td></tr></table>", "this is HTML or XML, not a table"),
        (b'<?xml version="1.0"?><Workbook xmlns="x"/>', "this is HTML or XML, not a table"),
    ],
)
def test_what_is_no_workbook(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "users.xls"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        open_source(path)


def test_without_calamine_the_message_tells_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['python_calamine'] = None\n"
        "from alloy_async.provisioning import open_source\n"
        "try: open_source(sys.argv[1])\n"
        "except Exception as error: print(error)"
    )
    path = workbook(tmp_path / "users.xlsx", S=[["username"], ["ada"]])
    told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "pip install 'alloy-async[excel]'" in told.stdout
