"""Nothing is sent that did not stand in the source: rounded numbers, words for nothing, a page for the whole, hidden cells."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alloy_async.directory import Capabilities, UserRecord
from alloy_async.provisioning import Mode, SourceError, open_source, provision
from alloy_async.provisioning.checks.linter import Linter
from simulation.memory_directory import MemoryDirectory, rows_of
from simulation.sandbox_directories import SYSTEMS, directory_of, empty_sandbox, place_of

BIG = float(2**53)
MODES: tuple[Mode, ...] = ("create", "upsert")


def write_typed(folder: Path, form: str, people: list[dict[str, object]]) -> Path:
    path = folder / f"users.{form}"
    if form == "parquet":
        columns = {name: [person[name] for person in people] for name in people[0]}
        pq.write_table(pa.table(columns), path)
    elif form == "xlsx":
        book = openpyxl.Workbook()
        book.active.append([*people[0]])
        for person in people:
            book.active.append([*person.values()])
        book.save(path)
    elif form == "jsonl":
        path.write_text("".join(f"{json.dumps(person)}\n" for person in people))
    else:
        path.write_text(json.dumps(people))
    return path


def read_findings(path: Path) -> list[tuple[str, str | None, str]]:
    rows = [*open_source(path).rows()]
    return [(one.severity, one.column, one.message) for row in rows for one in row.findings]


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet", "xlsx"])
@pytest.mark.parametrize("field", ["username", "given_name", "external_id", "password", "department"])
def test_true_and_false_are_no_text(field: str, form: str, tmp_path: Path) -> None:
    people = [{"username": name, field: value} for name, value in (("ada", True), ("bob", False))]
    found = read_findings(write_typed(tmp_path, form, people))
    assert found == 2 * [("error", field, "is true or false where a text is expected; write it as a text")]


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet", "xlsx"])
def test_true_and_false_stay_what_they_are_elsewhere(form: str, tmp_path: Path) -> None:
    people: list[dict[str, object]] = [{"username": "ada", "active": False, "remote": True}]
    (row,) = open_source(write_typed(tmp_path, form, people)).rows()
    assert row.record == UserRecord(username="ada", active=False, attributes={"remote": True})
    assert row.findings == ()


def test_a_rounded_number_is_left_out_of_the_free_attributes(tmp_path: Path) -> None:
    people: list[dict[str, object]] = [{"username": "ada", "badge": BIG}, {"username": "bob", "badge": 7.5}]
    ada, bob = open_source(write_typed(tmp_path, "parquet", people)).rows()
    assert ada.record == UserRecord(username="ada")
    assert [one.message for one in ada.findings] == [
        "is left out, as it is a number whose last digits are lost; write it as a text"
    ]
    assert (bob.record and bob.record.attributes, bob.findings) == ({"badge": 7.5}, ())


@pytest.mark.parametrize("system", ["smooch", "agilicus", "alloy"])
@pytest.mark.parametrize("form", ["parquet", "xlsx"])
async def test_a_row_is_not_sent_without_an_attribute_that_cannot_be_read(
    system: str, form: str, tmp_path: Path
) -> None:
    """It went as null, which says that there is nothing. Where no attributes are sent, the row is as good as others."""
    mails = [f"{name}@x.example" for name in ("ada", "bob")]
    people: list[dict[str, object]] = [
        {"username": mail, "email": mail, "badge": badge, "desk": "4"}
        for mail, badge in zip(mails, (BIG, 7.5), strict=True)
    ]
    source = write_typed(tmp_path, form, people)
    async with empty_sandbox(system) as sandbox:
        for mode in MODES:
            async with directory_of(system, sandbox.url, place_of(sandbox)) as target:
                report = await provision(source, target, mode=mode, job=tmp_path / f"{mode}.job")
            carries = "attributes" in target.capabilities.carries
            assert report.counts.invalid == carries
            reasons = [row.reason for row in rows_of(report.job) if row.outcome == "invalid"]
            assert all("the row is not sent without this value, which is left out" in str(r) for r in reasons)
        assert sandbox.ledger.count(what="created") == (1 if carries else 2)
        assert not any(b"null" in bytes(request.body or b"") for request in sandbox.requests)
        async with directory_of(system, sandbox.url, place_of(sandbox)) as target:
            report = await provision(source, target, mode="offboard", job=tmp_path / "leave.job")
            assert report.counts.invalid == 0, "who leaves needs no attributes"


@pytest.mark.parametrize("number", [10**15, 1234567890123450, -(10**15)])
def test_a_spreadsheet_keeps_fifteen_digits(number: int, tmp_path: Path) -> None:
    people: list[dict[str, object]] = [{"username": "ada", "external_id": number, "badge": number}]
    found = read_findings(write_typed(tmp_path, "xlsx", people))
    assert [(severity, column) for severity, column, _ in found] == [
        ("error", "external_id"),
        ("warning", "badge"),
    ]
    assert all("a number of more than 15 digits" in message for *_, message in found)
    people = [{"username": "ada", "external_id": 999_999_999_999_999}]
    (row,) = open_source(write_typed(tmp_path, "xlsx", people)).rows()
    assert row.record == UserRecord(username="ada", external_id="999999999999999")


PAGES = (
    {"next": "https://api.example/users?page=2"},
    {"nextPageToken": "abc"},
    {"@odata.nextLink": "https://graph.example/users?$skiptoken=x"},
    {"response_metadata": {"next_cursor": "abc"}},
    {"links": {"self": "x", "next": "y"}},
    {"meta": {"has_more": True}},
    {"hasNext": True},
    {"last": False},
    {"IsTruncated": True},
    {"totalResults": 3, "itemsPerPage": 2},
    {"total": 900},
    {"@odata.count": 3},
    {"totalElements": 3},
    {"page": {"totalPages": 2}},
)
WHOLES = (
    {},
    {"next": None, "previous": "x"},
    {"nextPageToken": ""},
    {"links": {"next": None}},
    {"has_more": False, "total": 2},
    {"last": True, "totalPages": 1, "totalElements": 2},
    {"nextSyncToken": "abc"},
    {"totalResults": 2, "itemsPerPage": 100, "startIndex": 1},
    {"count": 2, "status": 200},
)


@pytest.mark.parametrize("around", PAGES)
def test_a_page_is_not_taken_for_the_whole(around: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps({"users": [{"username": "ada"}, {"username": "bob"}], **around}))
    with pytest.raises(SourceError, match="one page of an answer, and more people follow"):
        open_source(path)


@pytest.mark.parametrize("around", WHOLES)
def test_the_last_page_may_be_the_whole(around: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps({**around, "users": [{"username": "ada"}, {"username": "bob"}]}))
    assert [row.record and row.record.username for row in open_source(path).rows()] == ["ada", "bob"]


@pytest.mark.parametrize(
    "text", ["dn: uid=ada,dc=x\nuid: ada\n", "version: 1\n\n# all\ndn:: dWlkPWFkYQ==\nuid: ada\n"]
)
def test_a_dump_of_a_directory_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(SourceError, match="this is LDIF"):
        open_source(path)


def list_errors(path: Path, can: Capabilities) -> set[tuple[int, str | None]]:
    found = Linter(open_source(path, key=can.key), can).lint()
    return {(one.line, one.column) for one in found if one.severity == "error"}


MARKS = ("nan", "NaN", "NaT", "<NA>", "None", "NULL", "null", "\\N", "(null)", "undefined", "N/A")


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_word_for_nothing_is_nobodys_name(system: str, mark: str, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(
        "username,email,given_name,password\n"
        f"ada,ada@x.example,{mark},Correct-H0rse-battery\n{mark},bob@x.example,Bob,Correct-H0rse-battery\n"
    )
    can = SYSTEMS[system].directory.capabilities
    wanted = {(2, "given_name")} if "given_name" in can.carries else set()
    assert list_errors(path, can) == wanted | ({(3, "username")} if can.key == "username" else set())


def test_people_may_be_called_null(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("username,family_name,password\nada,Null,null\nbob,NULL,None\n")
    assert list_errors(path, SYSTEMS["smooch"].directory.capabilities) == set()


async def test_who_is_called_null_can_leave(tmp_path: Path) -> None:
    target = MemoryDirectory("null")
    source = open_source("-", stdin=io.BytesIO(b"username\nnull\n"))
    report = await provision(source, target, mode="offboard", job=tmp_path / "users.job")
    assert report.complete
    assert target.users == {}


@pytest.mark.parametrize("mode", ["create", "upsert", "sync", "offboard"])
async def test_a_row_with_a_remark_is_sent(mode: Mode, tmp_path: Path) -> None:
    path = tmp_path / "users.parquet"
    pq.write_table(pa.table({"username": ["ada", "bob"], "photo": [b"\xff", b"ok"]}), path)
    target = MemoryDirectory(*(["ada", "bob"] if mode == "offboard" else ["ada"] if mode == "sync" else []))
    allow = 1.0 if mode == "sync" else None
    report = await provision(path, target, mode=mode, allow_delete=allow, job=tmp_path / "users.job")
    assert report.complete
    assert [*target.users] == ([] if mode == "offboard" else ["ada", "bob"])


NOTE = 'username,full_name,note\nada,Ada,"%s"\neve,Eve,x\n'


@pytest.mark.parametrize(
    ("note", "severity"),
    [
        ("a\nbob,Bob,x,y", "warning"),
        ("a\nbob,Bob,x,y\ncy,Cy", "warning"),
        ("a\nbob,Bob\ncy,Cy", "warning"),
        ("a\nbob,Bob\ncy,Cy\ndan,Dan\neve", "error"),
        ("a\nbob,Bob,x,y\ncy,Cy,z,w\ndan,Dan,v,w\neve,E", "error"),
        ("Dear Ada,\nthanks, and, see you\nBob, Cy", None),
        ("Main Street 1\n10115 Berlin,Germany", None),
        ("1\n2\n3\n4", None),
    ],
)
async def test_a_cell_that_may_hold_rows_of_another_width_is_told(
    note: str, severity: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "users.csv"
    path.write_text(NOTE % note)
    found = read_findings(path)
    assert [(one[0], one[1]) for one in found] == ([(severity, "note")] if severity else [])
    assert all("its closing quote is missing" in message for *_, message in found)
    target = MemoryDirectory(shows=("username", "full_name"))
    report = await provision(path, target, job=tmp_path / "users.job")
    assert report.complete is (severity != "error")
    assert "eve" in target.users


@pytest.mark.parametrize("ends", [(",,,", ",", ""), (",,,", ",,,", ",,,"), (",,,", "", "")])
def test_empty_cells_that_the_header_has_too_are_no_fault(ends: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    lines = ("username,full_name", "ada,Ada", "bob,Bob")
    path.write_text("".join(f"{line}{end}\n" for line, end in zip(lines, ends, strict=True)))
    assert [row.record and row.record.full_name for row in open_source(path).rows()] == ["Ada", "Bob"]


def test_numbers_come_with_the_zeros_that_their_format_shows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([None, "username", "external_id", "zip", "rate"])
    numbers = (
        (1234, "00000"),
        (123456, "00000"),
        (7, "[$-407]00000"),
        (7, "0"),
        (12.5, "00000"),
        ("x", "000"),
    )
    for number, form in numbers:
        sheet.append([None, f"u{sheet.max_row}", "00042", number, number])
        sheet.cell(sheet.max_row, 4).number_format = form
        sheet.cell(sheet.max_row, 5).number_format = "0.00%"
    book.save(tmp_path / "users.xlsx")
    rows = [*open_source(tmp_path / "users.xlsx").rows()]
    zips = [row.record and row.record.attributes["zip"] for row in rows]
    assert zips == ["01234", "123456", "00007", 7, 12.5, "x"]
    assert [row.record and row.record.attributes["rate"] for row in rows] == [number for number, _ in numbers]


@pytest.mark.parametrize("named", [True, False])
def test_a_hidden_column_is_not_taken(named: bool, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Staff"])
    book.active.append(["username", "salary" if named else None, "desk"])
    book.active.append(["ada", "1" if named else None, "2"])
    book.active.column_dimensions["B"].hidden = True
    book.save(tmp_path / "users.xlsx")
    if named:
        with pytest.raises(SourceError, match="'salary' is hidden in the sheet; show it") as caught:
            open_source(tmp_path / "users.xlsx")
        assert caught.value.line == 2
    else:
        assert len([*open_source(tmp_path / "users.xlsx").rows()]) == 1


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "header", ["username", "username,full_name", "full_name,username", '"username","note"']
)
def test_a_header_that_stands_there_again_is_nobody(header: str, mark: str, tmp_path: Path) -> None:
    """`cat january.csv february.csv > all.csv` made a user who was called username."""
    path = tmp_path / "users.csv"
    width = header.count(",") + 1
    path.write_text(
        "".join(
            f"{start}{header}\n{name}{',x' * (width - 1)}\n" for start, name in (("", "ada"), (mark, "bob"))
        )
    )
    rows = [*open_source(path).rows()]
    assert [[one.remark.partition(",")[0] for one in row.findings] for row in rows] == [
        [],
        ["repeats the header"],
        [],
    ]


def test_a_header_that_stands_there_again_in_a_workbook(tmp_path: Path) -> None:
    people: list[dict[str, object]] = [
        {"username": "ada", "note": 1},
        {"username": "username", "note": "note"},
        {"username": "username", "note": "x"},
    ]
    found = read_findings(write_typed(tmp_path, "xlsx", people))
    assert [message.partition(",")[0] for *_, message in found] == ["repeats the header"]
