"""Reading lines and CSV rows of an answer that comes in pieces: whatever comes, rows are right or an error says why."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import attrs
import pytest
from hypothesis import given, strategies as st

from alloy_async import AsyncOpendatasoft, DecodeError, InvalidRequest, Model
from alloy_async.core.codec.conversion import Mismatch
from alloy_async.core.messages import csv_record_reader
from alloy_async.core.messages.csv_record_reader import CsvRecordReader
from alloy_async.core.messages.stream import Stream
from alloy_async.core.operation.markers import Json
from alloy_async.opendatasoft.operations import UsersExport

from .server import Scripted, reply


@attrs.define(eq=False, repr=False)
class Person(Model):
    username: str | None = None
    first_name: Annotated[str | None, Json("first name")] = None


class Pieces:
    """An open response that gives what it is told to."""

    status = 200

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    async def read_piece(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def close(self) -> None:
        self._pieces.clear()


def stream(*pieces: bytes, **headers: str) -> Stream:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def open_response() -> tuple[Any, Mapping[str, str]]:
        return Pieces(*pieces), named

    return Stream("users_export", open_response)


async def read(source: Stream, **how: Any) -> list[Any]:
    async with source:
        return [row async for row in source.rows(**how)]


def in_pieces(raw: bytes, size: int) -> list[bytes]:
    return [raw[at : at + size] for at in range(0, len(raw), size)]


CELLS = st.text(st.sampled_from('ab";\n\r ,\u2028\x0cé'), max_size=6)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([",", ";", "\t"]),
    st.integers(1, 9),
)
async def test_what_the_csv_module_writes_is_read_back(
    rows: list[list[str]], end: str, delimiter: str, size: int
) -> None:
    target = io.StringIO()
    # It quotes only the line ends that it writes itself.
    quoting = csv.QUOTE_MINIMAL if end == "\r\n" else csv.QUOTE_ALL
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    source = stream(*in_pieces(target.getvalue().encode(), size))
    async with source:
        found = [cells async for cells in source._read_csv_records(delimiter)]
    assert found[1:] == [row for row in rows if row != [""]]


@given(st.text(st.sampled_from('ab",'), max_size=30))
def test_a_line_is_split_as_the_csv_module_does(line: str) -> None:
    cells = CsvRecordReader(",").add_line(line)
    lines = iter([line])
    expected = next(csv.reader(lines), [])
    if cells is None:  # a quote is open; the csv module takes the end of the text for its end
        assert CsvRecordReader(",").add_line(line + '"') is not None or '"' in expected[-1]
    else:
        assert cells == expected


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_stray_quote_within_a_cell_is_a_letter(size: int) -> None:
    raw = b'username,first name\nada,5" pipe\nbob,6"\n"c,d",x "y" z\n'
    assert await read(stream(*in_pieces(raw, size))) == [
        {"username": "ada", "first name": '5" pipe'},
        {"username": "bob", "first name": '6"'},
        {"username": "c,d", "first name": 'x "y" z'},
    ]


async def test_a_quote_that_is_never_closed_is_an_error_that_names_its_row() -> None:
    raw = b"username,first name\nada,x\n" + b'bob,"5 inch\n' + b"cy,z\n" * 1000
    with pytest.raises(DecodeError, match="row 3: a quote that opens in it is never closed") as raised:
        await read(stream(raw))
    assert (raised.value.effect, raised.value.operation) == ("applied", "users_export")


async def test_a_stray_quote_costs_time_that_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = b"username,first name\n" + b'bob,"5 inch\n' + b"cyril,zed\n" * 200_000
    started = time.process_time()
    with pytest.raises(DecodeError, match="never closed"):
        await read(stream(*in_pieces(raw, 65536)))
    assert time.process_time() - started < 5  # 2 MB took minutes


async def test_a_record_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_record_reader, "MAX_RECORD", 1000)
    records = CsvRecordReader(",")
    assert records.add_line('"a long line of it\n') is None
    with pytest.raises(Mismatch, match="not closed within 1000 characters"):
        [records.add_line("and more\n") for _ in range(200)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
async def test_each_kind_of_line_end(end: str, size: int) -> None:
    raw = end.join(["username,first name", "ada,A", "", '"b\nc",B']).encode()
    found = await read(stream(*in_pieces(raw, size)), of=Person)
    assert [(row.username, row.first_name) for row in found] == [("ada", "A"), ("b\nc", "B")]
    source = stream(*in_pieces(f"a{end}{end}b\x0cc".encode(), size))
    async with source:
        assert [line async for line in source.lines()] == ["a", "", "b\x0cc"]


async def test_a_cell_of_any_length() -> None:
    long = "x" * 500_000
    raw = f'username,first name\nada,{long}\nbob,"{long}"\n'.encode()
    found = await read(stream(*in_pieces(raw, 65536)))
    assert [len(row["first name"]) for row in found] == [500_000, 500_000]


@pytest.mark.parametrize(
    ("raw", "media", "said"),
    [
        (b"<!DOCTYPE html>\n<html>\n<body>Sign in, please</body></html>", "", "got an HTML page"),
        (b"Sign in,please\n<b>now</b>", "text/html; charset=utf-8", "got an HTML page"),
        (b'{"error": "lapsed", "code": 5}', "", "got a JSON document"),
        (b'[{"error": "lapsed"}]', "text/csv", "got a JSON document"),
        (b'"lapsed"', "application/problem+json", "got a JSON document"),
    ],
)
@pytest.mark.parametrize("of", [None, Person])
async def test_a_page_or_json_does_not_become_rows(raw: bytes, media: str, said: str, of: Any) -> None:
    with pytest.raises(DecodeError, match=said):
        await read(stream(raw, content_type=media), of=of)
    async with (
        Scripted(reply(200, raw, Content_Type=media or "text/csv")) as service,
        AsyncOpendatasoft("k", base_url=service.url) as client,
    ):
        with pytest.raises(DecodeError, match=said):
            await client.users_export()


async def test_an_export_is_one_whatever_its_media_type_says() -> None:
    raw = b"username,first name\nada,A\n"
    for media in ("text/csv", "text/plain", "application/octet-stream", "application/vnd.ms-excel", ""):
        assert len(await read(stream(raw, content_type=media), of=Person)) == 1
        async with (
            Scripted(reply(200, raw, Content_Type=media)) as service,
            AsyncOpendatasoft("k", base_url=service.url) as client,
        ):
            assert await client.users_export() == raw


async def test_columns_of_which_the_model_has_none_are_refused() -> None:
    with pytest.raises(
        DecodeError, match=r"no column is one of Person .*'username;first name'.*another delimiter"
    ):
        await read(stream(b"username;first name\nada;A\n"), of=Person)
    assert len(await read(stream(b"username;first name\nada;A\n"), of=Person, delimiter=";")) == 1
    assert await read(stream(b"x,y\n1,2\n")) == [{"x": "1", "y": "2"}]


async def test_the_declared_encoding_is_taken() -> None:
    text = "username,first name\nadé,A\n"
    for encoding in ("latin-1", "utf-8", "utf-8-sig", "utf-16", "cp1252"):
        rows = await read(stream(text.encode(encoding), content_type=f"text/csv; charset={encoding}"))
        assert rows == [{"username": "adé", "first name": "A"}]
    with pytest.raises(DecodeError, match="not utf-8 text near byte 22"):
        await read(stream(text.encode("latin-1")))


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r"])
async def test_a_delimiter_that_cannot_be_one(delimiter: str) -> None:
    with pytest.raises(InvalidRequest, match="delimiter must be one character"):
        await read(stream(b"a,b\n"), delimiter=delimiter)


@pytest.mark.parametrize("delimiter", ["|", "^", "]", "\\", "-", "é", " "])
async def test_any_other_delimiter(delimiter: str) -> None:
    raw = f'a{delimiter}b\n"x{delimiter}y"{delimiter}z\n'.encode()
    assert await read(stream(raw), delimiter=delimiter) == [{"a": f"x{delimiter}y", "b": "z"}]


async def test_rows_are_read_as_they_come() -> None:
    async def rows() -> AsyncIterator[Any]:
        source = stream(b"a,b\n1,2\n", b"3,")
        async with source:
            async for row in source.rows():
                yield row, list(source._opened[0]._pieces)  # type: ignore[index]

    assert [pieces async for _, pieces in rows()] == [[b"3,"], []]
    assert UsersExport().accept.startswith("text/csv")
