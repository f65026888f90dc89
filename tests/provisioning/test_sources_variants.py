"""The same people as many tools export them: delimiters, encodings, line ends, headers, what stands above and behind."""

from __future__ import annotations

import contextlib
import encodings.aliases
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.core.errors import ConfigurationError
from alloy_async.directory import UserRecord
from alloy_async.provisioning import CsvSource, FieldMap, JobError, SourceError, open_source, provision
from alloy_async.provisioning.checks.linter import Linter
from simulation.memory_directory import CAPABILITIES, MemoryDirectory

ROWS = [["ada", "ada@example.com", "Ada", "Quist"], ["bela", "bela@example.com", "Béla", "Röhm"]]


def usernames(path: Path, **options: object) -> list[tuple[int, str]]:
    return [(row.line, row.record.username) for row in open_source(path, **options).rows() if row.record]  # type: ignore[arg-type]


def write(tmp_path: Path, content: str | bytes, name: str = "users.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le"]),
    above=st.sampled_from([[], ["Staff list 2026"], ["Staff list", ""], ["version:v1.0"], ["", ""], ["# made"]]),
    mark=st.sampled_from(["", "sep=D", "SEP=D", "sep=DDDD", '"sep=D"', "Sep=D;"]),
    surplus=st.integers(0, 4),
    quoted=st.sampled_from(["", '"']),
    blank=st.sampled_from(["", " "]),
    tail=st.sampled_from(["", "\x1a", "\0\0\0", "\n\n", " \n\x1a"]),
    zipped=st.integers(0, 2),
)  # fmt: skip
def test_the_same_people(
    tmp_path: Path,
    delimiter: str,
    end: str,
    encoding: str,
    above: list[str],
    mark: str,
    surplus: int,
    quoted: str,
    blank: str,
    tail: str,
    zipped: int,
) -> None:
    header = ["Login", "E-Mail", "First Name", "Last Name"]
    lines = [mark.replace("D", delimiter)] if mark else []
    lines += above
    for cells in (header, *ROWS):
        lines.append((delimiter + blank).join(f"{quoted}{cell}{quoted}" for cell in cells))
    lines[-2:] = [line + delimiter * surplus for line in lines[-2:]]
    content = (end.join(lines) + end + tail).encode(encoding)
    for _ in range(zipped):
        content = gzip.compress(content)
    read = open_source(write(tmp_path, content), format="csv")
    assert isinstance(read, CsvSource)
    first, second = read.rows()
    assert (first.line, second.line) == (len(lines) - 1, len(lines))
    for row, (username, email, given_name, family_name) in zip((first, second), ROWS, strict=True):
        assert row.record == UserRecord(
            username=username, email=email, given_name=given_name, family_name=family_name
        )


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        (  # Google Workspace
            "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
            "Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],Employee ID",
            "Ada,Quist,ada@x.org,S3cret,MD5,/Staff,007",
            {"email": "ada@x.org", "given_name": "Ada", "password": "S3cret", "external_id": "007"},
        ),
        (  # Entra, its own export
            "userPrincipalName,displayName,surname,mail,givenName,accountEnabled,department",
            "ada@x.org,Ada Quist,Quist,ada@x.org,Ada,False,IT",
            {"username": "ada@x.org", "full_name": "Ada Quist", "active": False, "department": "IT"},
        ),
        (  # Okta
            "login,firstName,lastName,email,employeeNumber",
            "ada,Ada,Quist,ada@x.org,12",
            {"username": "ada", "family_name": "Quist", "external_id": "12"},
        ),
        (  # Moodle
            "username,password,firstname,lastname,email,idnumber,suspended",
            "ada,S3cret,Ada,Quist,ada@x.org,007,1",
            {"username": "ada", "external_id": "007", "active": False, "password": "S3cret"},
        ),
        (  # Canvas
            "user_id,integration_id,login_id,password,ssha_password,first_name,last_name,email,status",
            "007,,ada,S3cret,{SSHA}abc,Ada,Quist,ada@x.org,active",
            {"username": "ada", "given_name": "Ada", "password": "S3cret"},
        ),
        (  # Keycloak
            "id,username,firstName,lastName,email,emailVerified,enabled",
            "5f0,ada,Ada,Quist,ada@x.org,true,true",
            {"username": "ada", "external_id": "5f0", "active": True},
        ),
        (  # German, as a spreadsheet writes it
            "Benutzername,E-Mail-Adresse,Vorname,Nachname,Abteilung,Kennwort",
            "ada,ada@x.org,Ada,Quist,IT,S3cret",
            {"username": "ada", "email": "ada@x.org", "given_name": "Ada", "department": "IT", "password": "S3cret"},
        ),
        ("Identifiant,Courriel,Prénom,Nom", "ada,a@x.org,Ada,Quist", {"given_name": "Ada", "family_name": "Quist"}),
        ("Usuario,Correo electrónico,Nombre,Apellidos", "ada,a@x.org,Ada,Quist", {"email": "a@x.org"}),
    ],
    ids=["google", "entra", "okta", "moodle", "canvas", "keycloak", "german", "french", "spanish"],
)  # fmt: skip
def test_headers_of_exports(tmp_path: Path, header: str, cells: str, expected: dict[str, object]) -> None:
    path = write(tmp_path, f"{header}\n{cells}\n")
    key = "username" if "username" in expected or "Identifiant" in header or "Usuario" in header else "email"
    (row,) = open_source(path, key=key).rows()
    assert row.record
    assert {field: getattr(row.record, field) for field in expected} == expected
    assert "SSHA" not in repr(row.record.attributes)


def test_a_header_below_rows_that_are_as_full_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "ada,ada@x.org\nusername,email\nbob,b@x.org\n")
    with pytest.raises(
        SourceError, match=r":1: this row does not name .*line 2 looks like the header.*skip_rows=1"
    ):
        open_source(path)
    assert usernames(path, skip_rows=1) == [(3, "bob")]
    assert usernames(path, skip_rows=1, mapping=FieldMap({"email": ("username",)})) == [(3, "b@x.org")]
    for wrong in (-1,):
        with pytest.raises(ConfigurationError, match="skip_rows must be 0 or more"):
            open_source(path, skip_rows=wrong)


def test_lint_tells_what_stands_above_the_header(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "Title,\nand more,\nusername,full name\nada,Ada\n"))
    (finding,) = Linter(source, CAPABILITIES).lint()
    assert (finding.line, finding.message) == (
        3,
        "the header was found on this line; the 2 rows above it are left out",
    )


def test_surplus_cells_in_one_row_only_tell_that_it_is_shifted(tmp_path: Path) -> None:
    rows = list(open_source(write(tmp_path, "username,title,note\na,x,y\nb,Key, EMEA,z,\nc,x,\n")).rows())
    assert [bool(row.record) for row in rows] == [True, False, True]


def test_a_cell_that_is_too_long_is_the_error_of_its_row(tmp_path: Path) -> None:
    long = "x" * 200_000
    for cell in (long, f'"{long}"'):
        path = write(tmp_path, f"username,note\nada,y\nbob,{cell}\neve,z\n")
        ada, bob, eve = open_source(path).rows()
        assert [row.line for row in (ada, bob, eve)] == [2, 3, 4]
        assert "more than 131,072 characters" in bob.findings[0].message
        assert eve.record


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('username,email,note\na,a@x.org,"oops\nb,b@x.org,z\n"c",c@x.org,z\n', 2),
        ('username,email,note\na,a@x.org,"oops\nb,b@x.org,"\nc,c@x.org,z\n', 2),
        ('username,email,note\na,a@x.org,z\n"b,b@x.org,z\nc,c@x.org,z\nd",d@x.org,z\n', 3),
        ('username;note\na;"x\nb;y\nc;z"\n', 2),
        ('username,email,note\r\na,"x\r\nb,b@x.org,z\r\nc",c@x.org,z\r\n', 2),
    ],
)
def test_quotes_that_swallow_rows(tmp_path: Path, content: str, line: int) -> None:
    with pytest.raises(
        SourceError, match=r"look like rows of this file|text follows a closing quote"
    ) as caught:
        list(open_source(write(tmp_path, content)).rows())
    assert caught.value.line == line


async def test_a_key_of_several_lines_names_nobody_and_removes_nobody(tmp_path: Path) -> None:
    source = write(tmp_path, 'username\n"ada\nbela\ncem"\ndora\n')
    swallowing, dora = open_source(source).rows()
    assert (swallowing.record, swallowing.line, dora.line) == (None, 2, 5)
    assert "several lines" in swallowing.findings[0].message
    target = MemoryDirectory("ada", "bela", "cem", "dora")
    with pytest.raises(JobError, match="has no readable key"):
        await provision(source, target, mode="sync", allow_delete=1)
    assert len(target.users) == 4


@pytest.mark.parametrize(
    "note",
    [
        "Dear Ada,\nyou, me, and others",
        "1 Main St\nLondon",
        "a, b, c\nd, e, f",
        "x\n\ny",
        'say ""hi""\nthere',
    ],
)
def test_cells_of_several_lines_that_swallow_nothing(tmp_path: Path, note: str) -> None:
    ada, bob = open_source(write(tmp_path, f'username,note,x\nada,"{note}",1\nbob,y,2\n')).rows()
    assert ada.record
    assert bob.record
    assert ada.record.attributes["note"] == note.replace('""', '"')


@pytest.mark.parametrize(
    "encoding", sorted({*encodings.aliases.aliases.values(), "base64", "rot13", "undefined", "idna"})
)
def test_every_encoding_of_python_reads_or_is_refused(tmp_path: Path, encoding: str) -> None:
    with contextlib.suppress(SourceError):
        list(open_source(write(tmp_path, "username\nada\n"), encoding=encoding).rows())


@pytest.mark.parametrize(("byte", "meant"), [(0x80, "€"), (0x92, "’"), (0x96, "–"), (0x9F, "Ÿ"), (0xE9, "é")])
def test_hints_of_windows_1252(tmp_path: Path, byte: int, meant: str) -> None:
    with pytest.raises(SourceError, match=f"if '{meant}' is meant there, the file is windows-1252"):
        list(open_source(write(tmp_path, b"username,n\nada,x" + bytes([byte]) + b"y\n")).rows())


@pytest.mark.parametrize("pretty", [None, 2])
@pytest.mark.parametrize(
    "wrapped", ["%s", '{"value": %s, "next": null}', '{"totalResults": 2, "Resources": %s}']
)
def test_json_arrays(tmp_path: Path, pretty: int | None, wrapped: str) -> None:
    people = [{"userName": "ada", "note": 'a "] {'}, {"userName": "bob", "list": [1, {"x": []}]}]
    path = write(tmp_path, wrapped % json.dumps(people, indent=pretty), "users.json")
    assert usernames(path) == [(1, "ada"), (2, "bob")]
    assert usernames(write(tmp_path, path.read_bytes(), "users")) == [(1, "ada"), (2, "bob")]


def test_json_over_any_lines_and_what_is_wrong_in_it(tmp_path: Path) -> None:
    path = write(tmp_path, '{\n"username": "ada"\n}\n{"username":\n"bob"}', "users.json")
    assert usernames(path) == [(1, "ada"), (2, "bob")]
    path = write(tmp_path, '[{"username": "ada"}, 7, {"username": x}, {"username": "bob"}]', "users.json")
    ada, seven, broken, bob = open_source(path).rows()
    assert ada.record
    assert bob.record
    assert "not a JSON object" in seven.findings[0].message
    assert "not JSON" in broken.findings[0].message
    big = [{"username": f"user{n}", "note": "n" * 300} for n in range(5000)]
    path = write(tmp_path, json.dumps(big), "users.json")
    assert [name for _, name in usernames(path)] == [person["username"] for person in big]
    path = write(tmp_path, json.dumps(big)[:-50], "users.json")
    with pytest.raises(SourceError, match="ends within the array, or person 5000; was it copied whole"):
        usernames(path)


def test_parquet_types_that_python_lacks(tmp_path: Path) -> None:
    path = tmp_path / "users.parquet"
    table = pa.table(
        {
            "username": ["ada", "bob"],
            "fine": pa.array([1_700_000_000_000_000_000, None], pa.timestamp("ns", "UTC")),
            "finer": pa.array([1_700_000_000_000_000_001, None], pa.timestamp("ns")),
            "far": pa.array([1 << 60, None], pa.timestamp("us")),
            "time": pa.array([1_001, None], pa.time64("ns")),
            "span": pa.array([1, None], pa.duration("ns")),
            "score": [float("nan"), 1.5],
            "kind": pa.array(["x", None]).dictionary_encode(),
        }
    )
    pq.write_table(table, path)
    ada, bob = open_source(path).rows()
    assert ada.record
    assert ada.record.attributes["fine"] == "2023-11-14T22:13:20+00:00"
    assert ada.record.attributes["finer"].endswith("20.000000001")
    assert (ada.record.attributes["score"], bob.record and bob.record.attributes["score"]) == (None, 1.5)
    json.dumps([dict(ada.values), dict(bob.values)])


def test_a_parquet_key_that_is_not_a_number_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "users.parquet"
    pq.write_table(pa.table({"username": [float("nan"), 7.0]}), path)
    assert [row.record and row.record.username for row in open_source(path).rows()] == ["", "7"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("active=nein", "is neither true nor false"), ("active=ture", "is neither true nor false")],
)
def test_what_is_set_is_checked_as_cells_are(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        FieldMap.parse([], [text])


def test_no_value_of_a_secret_is_in_a_message_about_the_mapping() -> None:
    for constants in (["password=S3cret1", "password=S3cret2"], ["password:S3cret1"], ["attributes.pin"]):
        with pytest.raises(ConfigurationError) as caught:
            FieldMap.parse([], constants)
        assert "S3cret" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("rows", [3, 9000])
def test_long_files_in_every_unicode_encoding(tmp_path: Path, encoding: str, rows: int) -> None:
    """The first bytes of a long file, by which it is recognised, may end within a character."""
    text = "username,full name\n" + "".join(f"u{number},Łukasz {number}\n" for number in range(rows))
    path = tmp_path / "users.csv"
    path.write_bytes(text.encode(encoding))
    assert sum(row.record is not None for row in open_source(path).rows()) == rows
