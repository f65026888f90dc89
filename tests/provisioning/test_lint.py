"""Lint: every seeded defect is found with its row and column, and clean files raise no alarm."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.alloy.directory import AlloyDirectory
from alloy_async.alsid.directory import AlsidDirectory
from alloy_async.provisioning import FieldMap, Finding, SourceError, open_source
from alloy_async.provisioning.checks.linter import Linter

CAN = attrs.evolve(
    AlloyDirectory.capabilities,
    carries=(
        *AlloyDirectory.capabilities.carries,
        "email",
        "active",
        "external_id",
        "department",
        "attributes",
    ),
)
HEADER = (
    "username",
    "full_name",
    "email",
    "employee id",
    "postcode",
    "hired",
    "enabled",
    "department",
    "desk",
    "remarks",
)
WORDS = {
    "latin": "José Müller Zoë O'Brien André Ängström Łukasz Żółć Čapek İnci Ðorđe Þóra Œuvre ÉLÉONORE Jean-Luc Nuñez",
    "cyrillic": "Анна Сергеевна Ёлкина Київ Љубица",
    "greek": "Ελένη Παπαδοπούλου Άρης",
    "others": "山田 太郎 김철수 محمد רבקה สมชาย अनन्या ศรี",
}
words = st.sampled_from([word for text in WORDS.values() for word in text.split()])
phrases = st.lists(
    words | st.sampled_from(["“quoted”", "(a)", "– and –", "R&D", "§ 5", "№ 7", "50 €"]), max_size=4
)
dates = st.dates(datetime.date(1950, 1, 1), datetime.date(2030, 12, 31))
forms = st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y-%m-%dT%H:%M:%SZ"])
names = st.lists(words, min_size=1, max_size=3)
addresses = st.sampled_from(["", "user+{0}@mail-{0}.example.org", "o'b{0}@münchen.example"])
idents, postcodes, desks = st.integers(0, 10**6 - 1), st.integers(0, 99999), st.integers(1, 9999)
switches = st.sampled_from(["true", "false", "Yes", "0", ""])


@st.composite
def clean_tables(draw: st.DrawFn) -> list[list[str]]:
    """Files that a careful person exports: ids padded or counted, one form of date, right addresses."""
    rows, form = draw(st.integers(6, 25)), draw(forms)
    start, padded = draw(st.integers(1, 90)), draw(st.booleans())
    table = []
    for number in range(rows):
        name = " ".join(draw(names))
        ident = f"{draw(idents):06}" if padded else str(start + number)
        table.append(
            [
                f"user.{number}",
                name,
                draw(addresses).format(number),
                ident,
                f"{draw(postcodes):05}",
                draw(dates).strftime(form),
                draw(switches),
                draw(words),
                str(draw(desks)),
                " ".join(draw(phrases)),
            ]
        )
    return table


def text_of(table: list[list[str]], header: tuple[str, ...] = HEADER) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([header, *table])
    return text.getvalue()


def lint(tmp_path: Path, content: str | bytes, name: str = "users.csv") -> list[Finding]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Linter(open_source(path), CAN).lint())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(table=clean_tables())
def test_no_false_alarm(tmp_path: Path, table: list[list[str]]) -> None:
    assert lint(tmp_path, text_of(table)) == []


Defect = Callable[[list[str], list[list[str]]], tuple[str | None, str]]


def put(column: str, words: str, change: Callable[[str], str]) -> Defect:
    def seed(row: list[str], table: list[list[str]]) -> tuple[str | None, str]:
        index = HEADER.index(column)
        row[index] = change(row[index])
        return column, words

    return seed


def repeated(row: list[str], table: list[list[str]]) -> tuple[str | None, str]:
    row[0] = table[0][0].upper()
    return "username", "is on line 2 already"


def repeated_in_another_form(row: list[str], table: list[list[str]]) -> tuple[str | None, str]:
    table[0][0], row[0] = "zoë", "ZOE\u0308"
    return "username", "is on line 2 already"


def too_few(row: list[str], table: list[list[str]]) -> tuple[str | None, str]:
    del row[-1]
    return None, "9 cells where the header has 10"


def too_many(row: list[str], table: list[list[str]]) -> tuple[str | None, str]:
    row.append("x")
    return None, "11 cells where the header has 10"


def lost_zeros(column: str, width: int) -> Defect:
    def seed(row: list[str], table: list[list[str]]) -> tuple[str | None, str]:
        index = HEADER.index(column)
        for number, other in enumerate(table):
            other[index] = str(10 ** (width - 1) + 7 * number + 1)
        row[index] = "4" * (width - 1)
        return column, "may have lost zeros in front"

    return seed


def lost_zeros_here_and_there(row: list[str], table: list[list[str]]) -> tuple[str | None, str]:
    for number, other in enumerate(table):
        other[3] = f"{number:06}"
    row[3] = "42"
    return "employee id", "numbers with zeros in front have 6 digits here"


def shifted(row: list[str], table: list[list[str]]) -> tuple[str | None, str]:
    row[1], row[2] = "eve@example.org", "Eve"
    return "full_name", "are the cells of this row shifted"


def misread(text: str) -> str:
    return "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in text.encode())


DEFECTS: list[Defect] = [
    repeated,
    repeated_in_another_form,
    too_few,
    too_many,
    shifted,
    lost_zeros("employee id", 7),
    lost_zeros("postcode", 5),
    lost_zeros_here_and_there,
    put("username", "username is missing", lambda _: ""),
    put("username", "spaces around", lambda text: f" {text}"),
    put("username", "zero width space", lambda text: text[:2] + "\u200b" + text[2:]),
    put("username", "goes on over several lines", lambda text: text[:2] + "\n" + text[2:]),
    put("username", "has 300 characters", lambda _: "u" * 300),
    put("full_name", "escape", lambda text: text + "\x1bx"),
    put("remarks", "nobody sees", lambda text: text + "\x07."),
    put("remarks", "right-to-left override", lambda text: text + "\u202e."),
    put("remarks", "U+FFFD", lambda text: text + "Jos\ufffd"),
    put("remarks", "#REF! is a spreadsheet's error", lambda _: "#REF!"),
    put("employee id", "1.23E+11 is a long number", lambda _: "1.23E+11"),
    *(put("full_name", f"was probably {word!r}", lambda _, word=word: misread(word)) for word in  # type: ignore[misc]
      ("José", "Müller", "Łukasz Żółć", "naïve “quote”", "Анна", "Ελένη", "山田", "50 €")),
    *(put("email", "not an e-mail address", lambda _, text=text: text) for text in  # type: ignore[misc]
      ("ada", "ada@example", "ada@@x.org", "ada@x..org", "a da@x.org", "ada@x.org,", "<ada@x.org>", "a@x.org;b@x.org",
       ".ada@x.org", "ada.@x.org", "a..b@x.org", "ada@-x.org", "@x.org", "ada@", "ada@1.2.3.4", "n/a")),
    *(put("hired", "", lambda _, text=text: text) for text in  # type: ignore[misc]
      ("2026-02-30", "2026-13-01", "31.04.2020", "29/02/2023", "45123", "n/a", "soon", "0000-00-00")),
    put("enabled", "neither true nor false", lambda _: "perhaps"),
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
@given(table=clean_tables(), data=st.data())
@pytest.mark.parametrize("defect", DEFECTS)
def test_every_seeded_defect_is_found(
    tmp_path: Path, defect: Defect, table: list[list[str]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(table) - 1))
    column, words = defect(table[place], table)
    before = text_of(table[:place])
    line = len(io.StringIO(before, newline="").readlines()) + 1
    found = lint(tmp_path, text_of(table))
    assert [f for f in found if f.line == line and f.column == column and words in f.message], found
    strangers = [f for f in found if f.line != line]
    assert not strangers, strangers


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        (b"\xef\xbb\xbfusername\nada\n", 1, None, "begins with a byte order mark"),
        ("username;note;note\nada;1;2\n", 1, "note (3)", "'note' more than once"),
        ("username;\nada;1\n", 1, "column 2", "has no name in the header"),
        ("username;StraÃŸe\nada;1\n", 1, "StraÃŸe", "was probably 'Straße'"),
        ("username;note\n", 1, None, "there are no rows"),
        (
            "username;start\n" + "a;13/01/2020\nb;01/14/2020\n",
            3,
            "start",
            "begins with the month, the date on line 2",
        ),
        (
            "username;start\n" + "a;29/02/2023\nb;01/14/2020\nc;01/13/2020\n",  # no date tells no order
            2,
            "start",
            "is not a day of the calendar",
        ),
        ("username;work mail\nada;x\n", 2, "work mail", "is not an e-mail address"),
    ],
)
def test_about_the_whole(
    tmp_path: Path, content: str | bytes, line: int, column: str | None, words: str
) -> None:
    (finding,) = lint(tmp_path, content)
    assert (finding.line, finding.column) == (line, column)
    assert words in finding.message


def test_fields_that_the_system_drops(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("username,groups,desk\nada,a,4\n")
    found = list(Linter(open_source(path), AlloyDirectory.capabilities).lint())
    assert [(f.line, f.column) for f in found] == [(1, "groups"), (1, "desk")]
    assert all("will not be sent" in f.message for f in found)


def test_json_lines(tmp_path: Path) -> None:
    people: list[dict[str, Any]] = [{"username": f"u{n}", "id": f"{n:03}"} for n in range(9)]
    assert lint(tmp_path, "\n".join(map(json.dumps, people)), "users.jsonl") == []
    people[5]["id"] = 5
    people[7]["username"] = "U2"
    lines = [*map(json.dumps, people), '{"username": ']
    found = lint(tmp_path, "\n".join(lines), "users.jsonl")
    assert [(f.line, f.column) for f in found] == [(6, "id"), (8, "username"), (10, None), (6, "id")]
    assert "is a number here and a text on line 1" in found[0].message


def test_what_cannot_be_read_on(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"users\.csv:3:2: byte 0xE9"):
        lint(tmp_path, b"username\nada\nb\xe9b\n")


def test_standard_input_is_linted_in_one_pass() -> None:
    linter = Linter(open_source("-", stdin=io.BytesIO(b"username\nada\nADA\n")), CAN)
    assert [(f.line, f.column) for f in linter.lint()] == [(3, "username")]
    assert linter.rows == 2


def test_what_a_system_needs_and_takes_only_in_one_form(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(
        "username,email,first name,roles,password\nada,ada@x.org,Ada,7;admin,s3cret\nbob,bob@x.org,,,\n"
    )
    found = list(Linter(open_source(path, key="email"), AlsidDirectory.capabilities).lint())
    assert [(f.line, f.column, f.severity) for f in found] == [
        (1, "username", "warning"),
        (2, "roles", "warning"),
        (3, "first name", "error"),
        (3, "password", "error"),
    ]
    assert found[0].message == "will not be sent: people go by their email"
    assert found[1].message == "will not be sent: 'admin': a role goes by its id, a number"
    assert found[3].message == "the password is missing; without it the row cannot go in"


def test_a_constant_that_the_system_has_no_place_for_is_told(tmp_path: Path) -> None:
    """Else `--set password=...` would be taken without a word, and reach nobody."""
    path = tmp_path / "users.csv"
    path.write_text("username\nada\nbob\n")
    constants = {"full_name": "A", "password": "s3cret", "attributes.desk": "4"}
    can = AlloyDirectory.capabilities
    found = [*Linter(open_source(path, mapping=FieldMap({}, constants)), can).lint()]
    assert [(finding.column, finding.severity) for finding in found] == [
        ("password", "warning"),
        ("attributes.desk", "warning"),
    ]
    assert "s3cret" not in repr(found)
