"""JSON lines and Parquet: typed values, and where they break."""

from __future__ import annotations

import datetime
import decimal
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.directory import UserRecord
from alloy_async.provisioning import FieldMap, Row, SourceError, open_source
from alloy_async.provisioning.sources.formats.exact_json import parse_exactly

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def rows(tmp_path: Path, content: str, mapping: FieldMap | None = None) -> list[Row]:
    path = tmp_path / "users.jsonl"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    return list(open_source(path, mapping=mapping).rows())


def parquet(tmp_path: Path, columns: dict[str, Any], **options: Any) -> Path:
    path = tmp_path / "users.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_an_object_a_line(tmp_path: Path) -> None:
    person = {
        "userName": "ada",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "id": 42,
        "active": False,
        "groups": ["a", " b "],
        "password": "s3cret",
        "attributes": {"desk": 4, "home": {"city": "London"}},
        "manager": {"id": 7},
    }
    (row,) = rows(tmp_path, "\n" + json.dumps(person) + "\n\n")
    assert row.record == UserRecord(
        username="ada",
        given_name="Ada",
        family_name="Lovelace",
        external_id="42",
        active=False,
        groups=("a", "b"),
        password="s3cret",
        attributes={"desk": 4, "home": {"city": "London"}, "manager": {"id": 7}},
    )
    assert (row.line, row.findings) == (2, ())
    assert "s3cret" not in repr(row) + json.dumps(row.values)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"username": "bob",}', "column 19: this is not JSON"),
        ('["bob"]', "this is not a JSON object"),
        ('{"username": {"first": "bob"}}', "holds an object where one value is expected"),
        ('{"username": "bob", "groups": [1]}', "must be a list of names"),
        ('{"username": 1e400}', "this is not JSON (number is infinity"),
        ('{"username": "bob", "x": NaN}', "this is not JSON"),
        ('{"username": "bob", "x": 1, "\\u0078": 2}', "the member 'x' comes twice in one object; leave one"),
        ('{"username": "bob", "profile": {"a": 1, "b": "c: d", "a": 1}}', "the member 'a' comes twice"),
        ('{"username": "bob", "id": -1e16}', "whose last digits are lost; write it as a text"),
        ('{"username": "bob", "mail": "b@x.org", "Mail": "b@y.org"}', "both mean email"),
    ],
)
def test_a_bad_line_is_told_and_the_rest_is_read(tmp_path: Path, line: str, words: str) -> None:
    ada, bad, eve = rows(tmp_path, f'{{"username": "ada"}}\n{line}\n{{"username": "eve", "x": 1}}\n')
    (finding,) = bad.findings
    assert (finding.line, finding.severity) == (2, "error")
    assert words in finding.remark
    assert [row.record and row.record.username for row in (ada, eve)] == ["ada", "eve"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[\n", "ends within the array"),
        ('{\n"username": "ada"\n', "ends within the array, or person 1"),
        ('[{"nickname": "ada"}]', "no column holds the username; found 'nickname'; rename"),
        ('{"nickname": "ada"}\n', "no column holds the username; found 'nickname'; rename"),
        ('{"username": "ada"}\n{"username": "\udc80"}\n', ":2:15: byte 0x"),
    ],
)
def test_what_is_no_source(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        rows(tmp_path, content)
    assert words in str(caught.value)


def test_a_mapped_member_may_be_missing_here_and_there_but_not_everywhere(tmp_path: Path) -> None:
    content = '{"who": "ada", "username": "x"}\n{"who": "bob", "profile": {"mail": "b@x.org"}}\n'
    ada, bob = rows(tmp_path, content, FieldMap({"who": "username", "profile.mail": "email"}))
    assert ada.record == UserRecord(username="ada", attributes={"username": "x"})
    assert bob.record == UserRecord(username="bob", email="b@x.org")
    with pytest.raises(SourceError, match="the column 'profil', which is not there; did you mean 'profile'"):
        rows(tmp_path, content, FieldMap({"who": "username", "profil": "email"}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(st.dictionaries(st.text(max_size=6), plain_values, max_size=4), max_size=5))
def test_any_object_is_a_row(tmp_path: Path, people: list[dict[str, Any]]) -> None:
    lines = [json.dumps({"username": "ada"}), *map(json.dumps, people)]
    read = rows(tmp_path, "\n".join(lines))
    assert [row.line for row in read] == list(range(1, len(lines) + 1))


@pytest.mark.parametrize("gap", ['{"username": 9}', '{"id": 3}'], ids=["columns", "rows"])
@pytest.mark.parametrize("form", ["{}", "[{}]", '{{"value": [{}]}}'], ids=["lines", "array", "answer"])
def test_long_numbers_are_kept_to_the_last_digit(tmp_path: Path, form: str, gap: str) -> None:
    """2**70 and 2**70 + 1 are two people, who became one: JSON's numbers above 64 bits have no exact value here."""
    numbers = [2**53, 2**53 + 1, 2**63, 2**64 - 1, 2**64, 2**70, 2**70 + 1, -(2**80), 10**300]
    objects = [*(f'{{"username": {number}, "x": {number}}}' for number in numbers), gap]
    read = rows(tmp_path, form.format((", " if form != "{}" else "\n").join(objects)))
    assert [row.record.username for row in read[:-1] if row.record] == [*map(str, numbers)]
    assert [str(row.record.attributes["x"]) for row in read[:-1] if row.record] == [*map(str, numbers)]
    assert [row.findings for row in read] == [()] * len(read)


@given(
    digits=st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    form=st.sampled_from(["{}", '{{"a": {}}}', '[1, {{"b": [{}]}}]', ' {{"c" : "d: e", "f":{}}}']),
)
def test_a_number_is_as_it_stands(digits: str, form: str) -> None:
    try:
        value: Any = parse_exactly(form.format(digits))
    except json.JSONDecodeError as error:
        assert "infinity" in str(error)  # noqa: PT017
        return
    while isinstance(value, list | dict):
        value = [*value.values()][-1] if isinstance(value, dict) else value[-1]
    assert decimal.Decimal(repr(value) if isinstance(value, float) else value) == decimal.Decimal(digits)
    if isinstance(value, str):
        assert value == digits, "what no type holds is a text"


def test_an_object_that_nests_without_end_is_one_bad_row(tmp_path: Path) -> None:
    deep = '{"username": 1' + "0" * 30 + ', "x": ' + "[" * 990 + "]" * 990 + "}"
    ada, bad = rows(tmp_path, f'{{"username": "ada"}}\n{deep}\n')
    assert (ada.findings, bad.record) == ((), None)
    assert "this is not JSON (it nests too deeply)" in bad.findings[0].message


def test_numbers_that_a_table_with_gaps_rounded(tmp_path: Path) -> None:
    path = parquet(tmp_path, {"username": [7.0, None, 123456789012345678.0, float("inf")]})
    read = [*open_source(path).rows()]
    assert [row.record and row.record.username for row in read[:2]] == ["7", ""]
    assert [len(row.findings) for row in read] == [0, 0, 1, 1]


def test_parquet(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        {
            "login": ["ada", "bob"],
            "Employee ID": pa.array(["007", None]),
            "enabled": [True, None],
            "groups": [["a", "b"], []],
            "since": [datetime.date(1843, 9, 1), None],
            "pay": [decimal.Decimal("1.50"), None],
            "home": [{"city": "London"}, None],
            "seats": pa.array([4.0, None]),
        },
    )
    ada, bob = open_source(path).rows()
    assert ada.record == UserRecord(
        username="ada",
        external_id="007",
        active=True,
        groups=("a", "b"),
        attributes={"since": "1843-09-01", "pay": "1.50", "home": {"city": "London"}, "seats": 4.0},
    )
    assert (bob.line, bob.record and bob.record.username) == (2, "bob")
    json.dumps([dict(ada.values), dict(bob.values)])


NOTHING_READ = "is left out, as it holds bytes that are not text in UTF-8"
MOMENT = datetime.datetime(2026, 1, 1, 10)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (pa.array([decimal.Decimal(0)], pa.decimal128(20, 10)), "0.0000000000"),
        (pa.array([decimal.Decimal("123456789012345678901234567890")]), "123456789012345678901234567890"),
        (pa.array([MOMENT], pa.timestamp("us", "America/New_York")), "2026-01-01T05:00:00-05:00"),
        (pa.array([MOMENT], pa.timestamp("us")).view(pa.timestamp("us", "Mars/Base")), "2026-01-01T10:00:00+00:00"),
        (pa.array([MOMENT], pa.timestamp("ns", "+02:00")), "2026-01-01T12:00:00+02:00"),
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array([["a", "b"]], pa.list_(pa.string(), 2)), ["a", "b"]),
        (pa.array([[("a", "1"), ("password", "S3CRET")]], pa.map_(pa.string(), pa.string())), {"a": "1"}),
        (pa.array([[{"a": "1", "api_key": "S3CRET"}]]), [{"a": "1"}]),
        (pa.array([datetime.timedelta(days=1)]), "1 day, 0:00:00"),
        (pa.array([datetime.time(1, 2)]), "01:02:00"),
        (pa.array([b"abc"]), "abc"),
        (pa.array(["x"], pa.large_string()), "x"),
        (pa.array([None]), None),
        (pa.array([0.1], pa.float32()), 0.1),
        (pa.array([2**64 - 1], pa.uint64()), 2**64 - 1),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)  # fmt: skip
def test_types_of_parquet(tmp_path: Path, column: Any, value: object) -> None:
    (row,) = open_source(parquet(tmp_path, {"username": ["ada"], "x": column})).rows()
    assert row.record is not None
    assert (row.record.attributes["x"], row.findings) == (value, ())
    json.dumps(dict(row.values))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([b"S3CRET\xff"]),
        pa.array([b"\xff" * 16], pa.binary(16)),
        pa.array([[b"\xff"]]),
        pa.array([{"x": b"\xff"}]),
        pa.array([b"\xff"], pa.large_binary()),
    ],
    ids=lambda column: str(column.type),
)
def test_bytes_that_are_no_text_are_never_made_one(tmp_path: Path, column: Any) -> None:
    table = {"username": ["ada"], "x": column, "password": column, "department": column}
    (row,) = open_source(parquet(tmp_path, table)).rows()
    (bob,) = open_source(parquet(tmp_path, {"username": ["bob"], "x": column})).rows()
    assert bob.record is not None
    assert (bob.record.attributes, [finding.message for finding in bob.findings]) == ({}, [NOTHING_READ])
    assert {finding.column for finding in row.findings if finding.severity == "error"} == {
        "password",
        "department",
    }
    assert row.record is not None
    assert (row.record.password, row.record.department) == (None, None)
    assert "S3CRET" not in repr([row, dict(row.values)])
    json.dumps(dict(row.values))


def test_a_map_with_a_key_twice_is_left_out(tmp_path: Path) -> None:
    column = pa.array([[("a", "1"), ("a", "2")]], pa.map_(pa.string(), pa.string()))
    (row,) = open_source(parquet(tmp_path, {"username": ["ada"], "x": column})).rows()
    assert [finding.message for finding in row.findings] == [
        "is left out, as it holds a map with a key twice"
    ]


def test_a_number_in_a_column_with_gaps_stays_whole(tmp_path: Path) -> None:
    (ada, _) = open_source(parquet(tmp_path, {"username": ["ada", "bob"], "id": [42.0, None]})).rows()
    assert ada.record is not None
    assert ada.record.external_id == "42"


def test_parquet_without_a_key_or_cut_off(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no column holds the username; found 'nick'"):
        open_source(parquet(tmp_path, {"nick": ["ada"]}))
    path = parquet(tmp_path, {"username": ["ada"] * 100})
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match="was it copied whole"):
        open_source(path)


def test_damage_within_a_parquet_file_is_told(tmp_path: Path) -> None:
    path = parquet(tmp_path, {"username": [f"user{n}" for n in range(9000)]}, use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    path.write_bytes(content)
    with pytest.raises(SourceError, match="its Parquet data is damaged"):
        list(open_source(path).rows())


def test_without_pyarrow_the_message_tells_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from alloy_async.provisioning import open_source\n"
        "try: open_source(sys.argv[1])\n"
        "except Exception as error: print(error)"
    )
    path = parquet(tmp_path, {"username": ["ada"]})
    told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "pip install 'alloy-async[parquet]'" in told.stdout
