"""The CSV reader against the standard library's writer, and against files that people really have."""

from __future__ import annotations

import csv
import io
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from alloy_async.provisioning import CsvSource, SourceError, open_source

# Everything a text file can hold; NUL, Ctrl-Z and halves of pairs have tests of their own.
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\x1a"), max_size=12)
tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8)
)


def source(tmp_path: Path, content: bytes | str, **options: str) -> CsvSource:
    path = tmp_path / "users.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = open_source(path, format="csv", **options)  # type: ignore[arg-type]
    assert isinstance(found, CsvSource)
    return found


def rows(source: CsvSource) -> list[list[object]]:
    return [list(row.values.values()) for row in source.rows()]


def lines_of(text: str) -> int:
    return len(io.StringIO(text, newline="").readlines())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=tables,
    delimiter=st.sampled_from(",;\t|"),
    terminator=st.sampled_from(["\r\n", "\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_reads_what_the_csv_module_wrote(
    tmp_path: Path,
    table: list[list[str]],
    delimiter: str,
    terminator: str,
    quoting: int,
    encoding: str,
) -> None:
    width = len(table[0]) if table else 1
    header = ["username", *(f"a,b;c\n{n}" for n in range(1, width))]
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=terminator,
        quoting=quoting,  # type: ignore[arg-type]
    )
    writer.writerow(header)
    expected = []
    for row in table:
        line = lines_of(text.getvalue()) + 1
        writer.writerow(row)
        if any(cell.strip() for cell in row):
            expected.append((line, row))

    read = source(tmp_path, text.getvalue().encode(encoding))

    assert read.columns.header == tuple(header)
    assert [(row.line, list(row.values.values())) for row in read.rows()] == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables, delimiter=st.sampled_from(",;\t|"))
def test_reads_minimal_quoting(tmp_path: Path, table: list[list[str]], delimiter: str) -> None:
    width = len(table[0]) if table else 1
    assume(width > 1 or delimiter == ",")  # nothing in a single column tells its delimiter
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)  # \r\n: cells with either are quoted
    writer.writerow(["login", *(f"x{n}" for n in range(1, width))])
    writer.writerows(table)

    read = source(tmp_path, text.getvalue())

    assert rows(read) == [r for r in table if any(map(str.strip, r))]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_source_error(tmp_path: Path, content: bytes) -> None:
    try:
        told = [str(row.line) for row in source(tmp_path, b"username,b\n" + content).rows()]
    except SourceError as error:
        told = [str(error.line)]
    assert all(line != "1" for line in told)


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"", "", "it is empty"),
        (b"\r\n\r\n", "", "no header"),
        (b"name,mail\nx,y\n", ":1", "no column holds the username; found 'name', 'mail'"),
        (b"email,x\n", ":1", "if people log in with their address"),
        (b"username,User_Name\n", ":1", "columns 1 ('username') and 2 ('User_Name')"),
        (b"username\nab\xe9c\n", ":2:3", "byte 0xE9 is not UTF-8; if '\xe9' is meant"),
        (b"username\n" * 200 + "adä\n".encode("utf-16-le") * 3, ":201:2", "try encoding='utf-16-le'"),
        (b"username\na\0b\n", ":2:2", "NUL"),
        (b'username,x\na,b\nc,"d\ne,f\n', ":3", "never closed"),
        (b'username,x\na,"b"c\n', ":2", "text follows a closing quote"),
        (b"PK\x03\x04....", "", "an Excel workbook"),
        (b"BZh91AY", "", "bzip2-compressed"),
        (b"username\n" + b"x" * (1 << 21), ":2", "longer than 1,048,576 characters"),
        (b'username,x\na,"' + b"x\n" * 100_000, ":2", "has more than 131,072 characters; is it closed?"),
    ],
)
def test_says_where_and_what_is_wrong(tmp_path: Path, content: bytes, place: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        list(source(tmp_path, content).rows())
    assert str(caught.value).startswith(f"{tmp_path / 'users.csv'}{place}: ")
    assert words in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv: cannot be read: No such file"):
        open_source(tmp_path / "none.csv")


def test_an_unknown_encoding(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="unknown encoding 'utf-9'"):
        source(tmp_path, "username\n", encoding="utf-9")


def test_the_error_pickles(tmp_path: Path) -> None:
    error = SourceError("broken", tmp_path, 3, 4)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.line, again.column) == (f"{tmp_path}:3:4: broken", 3, 4)


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("username;name, first;email\n", ";"),
        ('"username","a;b;c;d;e"\n', ","),
        ("username\tname\n", "\t"),
        ("username|x,y,z,w\n", "|"),
        ("username\n", ","),
        ("sep=|\r\nusername|x\r\n", "|"),
    ],
)
def test_finds_the_delimiter(tmp_path: Path, content: str, delimiter: str) -> None:
    assert source(tmp_path, content).delimiter == delimiter


def test_a_given_delimiter_and_encoding(tmp_path: Path) -> None:
    read = source(tmp_path, "username#x\nj\xfcrgen#1\n".encode("cp1252"), delimiter="#", encoding="cp1252")
    assert rows(read) == [["jürgen", "1"]]


def test_a_mark_does_not_stick_to_the_first_column(tmp_path: Path) -> None:
    read = source(tmp_path, b"\xef\xbb\xbfusername\nada\n", encoding="utf8")
    assert read.columns.header == ("username",)


def test_line_numbers_are_physical(tmp_path: Path) -> None:
    read = source(tmp_path, 'sep=,\n\nusername,"no\nte"\n\nada,"x\r\ny"\n,\nbob,\n')
    assert [(row.line, row.values["username"]) for row in read.rows()] == [(6, "ada"), (9, "bob")]


def test_a_file_that_changes_is_refused(tmp_path: Path) -> None:
    read = source(tmp_path, "username\nada\n")
    Path(read.name).write_text("username\nada\nbob\n")
    with pytest.raises(SourceError, match="was changed while"):
        list(read.rows())


def test_the_width_of_a_row(tmp_path: Path) -> None:
    few, right, many = source(tmp_path, "username,a,b\nx\nx,y,z\nx,y,z,w\n").rows()
    assert "1 cells where the header has 3; add" in few.findings[0].message
    assert "4 cells where the header has 3; quote" in many.findings[0].message
    assert (few.record, right.findings, many.record) == (None, (), None)
    assert many.values == {"username": "x", "a": "y", "b": "z", "column 4": "w"}


def test_no_value_that_may_be_a_password(tmp_path: Path) -> None:
    shifted, right = source(tmp_path, "username,pwd,note\nx,s3cret\nx,s3cret,y\n").rows()
    assert (dict(shifted.values), dict(right.values)) == ({}, {"username": "x", "pwd": "", "note": "y"})
    assert right.record is not None
    assert right.record.password == "s3cret"
    assert "s3cret" not in repr([shifted, right])
