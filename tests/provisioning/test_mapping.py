"""Which column is which field, as the user says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from alloy_async.core.errors import ConfigurationError
from alloy_async.directory import FIELDS, UserRecord
from alloy_async.provisioning import FieldMap, SourceError, open_source

fields = st.sampled_from(FIELDS) | st.text(min_size=1, max_size=5).map("attributes.".__add__)


def record(tmp_path: Path, content: str, mapping: FieldMap, key: str = "username") -> UserRecord | None:
    path = tmp_path / "users.csv"
    path.write_text(content, encoding="utf-8")
    (row,) = open_source(path, mapping=mapping, key=key).rows()
    return row.record


def test_columns_constants_and_the_usual_names_together(tmp_path: Path) -> None:
    content = "Person,mail,Former address,Cost Center,dept\nada,ada@x.org,old@x.org,042,IT\n"
    mapping = FieldMap(
        {"person": "username", "Cost Center": "attributes.cost_center"},
        {"department": "Sales", "attributes.site": "London", "active": "yes"},
    )
    assert record(tmp_path, content, mapping) == UserRecord(
        username="ada",
        email="ada@x.org",
        active=True,
        department="Sales",
        attributes={"Former address": "old@x.org", "cost_center": "042", "dept": "IT", "site": "London"},
    )


def test_a_mapping_settles_what_is_ambiguous(tmp_path: Path) -> None:
    content = "username,E-Mail,email\nada,a@x.org,b@x.org\n"
    with pytest.raises(SourceError, match="both mean email; rename one of them, or map one"):
        record(tmp_path, content, FieldMap())
    found = record(tmp_path, content, FieldMap({"email": "email"}))
    assert found == UserRecord(username="ada", email="b@x.org", attributes={"E-Mail": "a@x.org"})


def test_the_key_may_be_another_field_or_mapped(tmp_path: Path) -> None:
    found = record(tmp_path, "mail\nada@x.org\n", FieldMap(), key="email")
    assert found == UserRecord(username="", email="ada@x.org")
    found = record(tmp_path, "mail\nada@x.org\n", FieldMap({"mail": "username"}))
    assert found == UserRecord(username="ada@x.org")
    with pytest.raises(
        SourceError, match=r"no column holds the email; .*mapping=FieldMap\({'COLUMN': 'email'}\)"
    ):
        record(tmp_path, "username\nada\n", FieldMap(), key="email")


def test_an_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"users\.csv:1: .* 'Logn', which is not there; did you mean 'Login'\?"
    ):
        record(tmp_path, "Login,x\nada,1\n", FieldMap({"Logn": "username"}))
    with pytest.raises(SourceError, match="'zzz', which is not there; there are: Login, x"):
        record(tmp_path, "Login,x\nada,1\n", FieldMap({"zzz": "username"}))


@pytest.mark.parametrize(
    ("columns", "constants", "words"),
    [
        ({"a": "user_name"}, {}, "there is no field 'user_name'; did you mean 'username'?"),
        ({}, {"attribute.x": "1"}, "a free attribute is attributes.NAME"),
        ({"a": "attributes."}, {}, "there is no field 'attributes.'"),
        ({"a": "email", "b": "email"}, {}, "columns 'a' and 'b' are both mapped to email"),
        ({"a": "email"}, {"email": "x"}, "email is both set and mapped from 'a'"),
    ],
)
def test_what_makes_no_sense(columns: dict[str, str], constants: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FieldMap(columns, constants)
    assert words in str(caught.value)


def test_the_texts_of_the_command_line() -> None:
    assert FieldMap.parse(["a=b=email", "Name=full_name"], ["department=R=D"]) == FieldMap(
        {"a=b": "email", "Name": "full_name"}, {"department": "R=D"}
    )
    for bad in ("email", "=email", "a="):
        with pytest.raises(ConfigurationError, match="columns= takes COLUMN=FIELD, as Mail=email; got"):
            FieldMap.parse([bad])
    with pytest.raises(ConfigurationError, match="the field 'department' is given twice: 'a' and 'b'"):
        FieldMap.parse([], ["department=a", "department=b"])


def test_a_saved_mapping(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(
        '[columns]\n"Cost Center" = "attributes.cost_center"\nlogin = "username"\nprofile.mail = "email"\n'
        '[constants]\ndepartment = "Sales"\nattributes.site = "London"\n',
        encoding="utf-8",
    )
    saved = FieldMap.load(path)
    assert saved == FieldMap(
        {"Cost Center": "attributes.cost_center", "login": "username", "profile.mail": "email"},
        {"department": "Sales", "attributes.site": "London"},
    )
    mine = FieldMap({"uid": "username"}, {"department": "IT"})
    assert mine.fill_gaps_from(saved) == FieldMap(
        {"Cost Center": "attributes.cost_center", "profile.mail": "email", "uid": "username"},
        {"department": "IT", "attributes.site": "London"},
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[column]\n", "unknown table [column]; did you mean 'columns'?"),
        ("[columns]\na = 1\n", "columns.a must be text in quotes; got 1"),
        ("columns = 1\n", "columns must be a table of texts"),
        ("[columns\n", "this is not a TOML file"),
        ('[columns]\na = "mail"\n', "there is no field 'mail'; did you mean 'email'?"),
    ],
)
def test_a_saved_mapping_with_a_fault(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        FieldMap.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    with pytest.raises(ConfigurationError, match="the mapping cannot be read: No such file"):
        FieldMap.load(tmp_path / "none.toml")


@given(columns=st.dictionaries(st.text(min_size=1, max_size=6), fields, max_size=5))
def test_every_mapping_of_distinct_fields_is_taken(columns: dict[str, str]) -> None:
    distinct = {field: column for column, field in columns.items()}
    mapping = FieldMap({column: field for field, column in distinct.items()})
    assert mapping.fields == set(distinct)


def test_a_constant_is_not_shown() -> None:
    assert "hunter2" not in repr(FieldMap({}, {"password": "hunter2"}))
