"""Lint warns of rows with totals, dates made of names, and numbers with a fraction; and of nobody who is called so."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from alloy_async.alloy.directory import AlloyDirectory
from alloy_async.provisioning import Finding, open_source
from alloy_async.provisioning.checks.linter import Linter

CAN = attrs.evolve(
    AlloyDirectory.capabilities,
    carries=(*AlloyDirectory.capabilities.carries, "email", "external_id", "attributes"),
)
HEADER = "username,email,family_name,external_id,hours"
PEOPLE = [f"{name},{name}@x.org,{name.title()},E-{name},8" for name in ("ada", "bob", "cat", "dan", "eve")]


def lint(path: Path, *rows: str, header: str = HEADER) -> list[Finding]:
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return [*Linter(open_source(path), CAN).lint()]


@pytest.mark.parametrize(
    "row",
    [
        "Total,,,,40", "TOTAL:,,,,40", "Summe,,,,\"40,5\"", "Gesamt,,,,", "Sum,,,,40", "Insgesamt,,,5,40", "Grand Total,,,,40",
        "Somme,,,,40", "Total général,,,,40", "Totaal,,,,40",
    ],
)  # fmt: skip
def test_a_row_of_totals(row: str, tmp_path: Path) -> None:
    (found,) = lint(tmp_path / "users.csv", *PEOPLE, row)
    assert (found.line, found.column, found.severity) == (7, "username", "warning")
    assert "as in a row of totals; delete the row" in found.message


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([*PEOPLE, "total,total@x.org,Total,E-total,8"], HEADER),
        ([*PEOPLE, "jtotal,j@x.org,Total,E-7,8"], HEADER),
        ([*PEOPLE, "totals1,,,,"], HEADER),
        ([PEOPLE[0], "Total,t@x.org,Sum,E-9,8", *PEOPLE[1:]], HEADER),
        (["ada", "bob", "total"], "username"),
        (["ada,", "bob,", "total,"], "username,family_name"),
    ],
)
def test_somebody_called_total(rows: list[str], header: str, tmp_path: Path) -> None:
    assert [
        one for one in lint(tmp_path / "users.csv", *rows, header=header) if "totals" in one.message
    ] == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Mar-01", "looks like a date"),
        ("1-Mar", "looks like a date"),
        ("1-Mrz", "looks like a date"),
        ("01. Mrz", "looks like a date"),
        ("Mrz 01", "looks like a date"),
        ("02-Sept", "looks like a date"),
        ("2026-03-01", "looks like a date"),
        ("2026-03-01 00:00:00", "looks like a date"),
        ("01.03.2026", "looks like a date"),
        ("43891", "a spreadsheet's number for a day"),
        ("12.0", "looks like the number 12 from a column with gaps"),
    ],
)
@pytest.mark.parametrize("place", [0, 3])
def test_what_a_spreadsheet_made_of_a_name(value: str, words: str, place: int, tmp_path: Path) -> None:
    cells = ["fay", "fay@x.org", "Fay", "E-fay", "8"]
    cells[place] = value
    (found,) = lint(tmp_path / "users.csv", *PEOPLE, ",".join(cells))
    assert (found.line, found.column, found.severity) == (7, HEADER.split(",")[place], "warning")
    assert words in found.message
    assert value in found.message


@pytest.mark.parametrize(
    "usernames",
    [
        ["march", "may", "april", "jan", "summer"],
        ["Ada-01", "Jan-01", "Bob-02"],
        ["1-ada", "1-may", "2-bob", "2-jan"],
        ["jan-01", "jan-02", "may-01", "may-02"],
        ["43891", "43892", "1204", "7"],
        ["43891", "40012", "39999"],
        ["mar1", "sept2", "dec10"],
        ["1.2", "12.0", "13.5"],
        ["1990-01-31", "1985-07-12", "2001-11-02"],
    ],
)
def test_people_who_are_called_so(usernames: list[str], tmp_path: Path) -> None:
    assert lint(tmp_path / "users.csv", *usernames, header="username") == []


def test_dates_in_a_column_of_dates_are_nobodys_name(tmp_path: Path) -> None:
    rows = [
        f"{person.split(',')[0]},{day}"
        for person, day in zip(PEOPLE, ("1-Mar", "12-May", "", "n", "3-Jun"), strict=True)
    ]
    assert lint(tmp_path / "users.csv", *rows, header="username,hired") == []


def test_many_of_a_kind_are_told_once(tmp_path: Path) -> None:
    names = [f"{number}.0" for number in range(1, 30)]
    (found,) = lint(tmp_path / "users.csv", "ada", *names, header="username")
    assert "'1.0'" in found.message
    assert "this and 28 more rows" in found.message
