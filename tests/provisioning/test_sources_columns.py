"""Column names as exports spell them, and the records that rows make."""

from __future__ import annotations

import pytest

from alloy_async.provisioning import FieldMap
from alloy_async.provisioning.sources.column_layout import ColumnLayout, LayoutError


def columns_of(header: list[str]) -> ColumnLayout:
    return ColumnLayout.match_header(header, FieldMap())


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("userName", "username"),
        ("user_name", "username"),
        ("User Name", "username"),
        ("LOGIN", "username"),
        ("sAMAccountName", "username"),
        ("\ufeffusername ", "username"),
        ("e-mail", "email"),
        ("Email Address [Required]", "email"),
        ("First Name (legal)", "given_name"),
        ("name.familyName", "family_name"),
        ("Display Name", "full_name"),
        ("Employee ID", "external_id"),
        ("Dept.", "department"),
    ],
)
def test_tolerant_names(name: str, field: str) -> None:
    assert columns_of([name]).fields == {field: 0}


def test_of_several_names_the_plainest_wins_and_the_others_stay_as_attributes() -> None:
    columns = columns_of(["UPN", "Login", "username"])
    assert columns.fields == {"username": 2}
    assert columns.attributes == {"UPN": 0, "Login": 1}


def test_the_same_name_twice_is_refused() -> None:
    with pytest.raises(LayoutError, match=r"columns 1 \('E-Mail'\) and 3 \('email'\)"):
        columns_of(["E-Mail", "username", "email"])


def test_unnamed_and_repeated_columns_keep_their_cells() -> None:
    columns = columns_of(["username", "", "note", "note", " "])
    record = columns.create_record(["ada", "x", "y", "z", "w"])
    assert record.attributes == {"column 2": "x", "note": "y", "note (4)": "z", "column 5": "w"}


def test_a_record() -> None:
    header = ["login", "first", "last", "id", "active", "groups", "role", "pwd", "desk"]
    cells = ["\u00a0ada ", "Ada", "Lovelace", "00042", "No", "a; b,c", "x,y", " s3cret ", " 4 "]
    record = columns_of(header).create_record(cells)
    assert record.username == "ada"
    assert record.display_name == "Ada Lovelace"
    assert record.full_name is record.email is None
    assert record.external_id == "00042"
    assert record.active is False
    assert (record.groups, record.roles) == (("a", "b,c"), ("x", "y"))
    assert record.password == " s3cret "
    assert record.attributes == {"desk": " 4 "}
    assert "s3cret" not in repr(record)


def test_columns_of_an_earlier_failed_file_are_ignored() -> None:
    columns = columns_of(["_line", "_status", "username"])
    assert columns.fields == {"username": 2}
    assert columns.attributes == {}
