"""Where the bytes come from: compressed files, standard input, another system; and how much memory that takes."""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import attrs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from alloy_async.core.errors import ConfigurationError, ServerError
from alloy_async.directory import UserRecord
from alloy_async.provisioning import (
    CsvSource,
    DirectorySource,
    FieldMap,
    Source,
    SourceError,
    open_source,
    provision,
)
from simulation.memory_directory import MemoryDirectory

PEOPLE = b"username,full_name\n" + b"".join(b"user%d,Ada %d\n" % (n, n) for n in range(50_000))


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def names(source: Source) -> list[str]:
    return [row.record.username for row in source.rows() if row.record]


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_compressed_whatever_its_name(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(compress(PEOPLE))
    source = open_source(path)
    assert names(source) == names(source) == [f"user{n}" for n in range(50_000)]
    assert source.digest() == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_several_members_and_a_name_that_tells_the_format(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "users.ndjson.gz"
    path.write_bytes(compress(b'{"username": "ada"}\n{"user') + compress(b'name": "bob"}\n'))
    assert names(open_source(path)) == ["ada", "bob"]


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_damage_is_told_not_taken_for_the_end(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    path, whole = tmp_path / "users.csv", compress(PEOPLE)
    path.write_bytes(whole[:-6])
    with pytest.raises(SourceError, match="ends too early; was it copied whole"):
        names(open_source(path))
    path.write_bytes(whole[:500] + b"\xff" * 400 + whole[900:])
    with pytest.raises(SourceError):
        names(open_source(path))


def test_without_zstandard_the_message_tells_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['zstandard'] = None; sys.modules['compression'] = None\n"
        "from alloy_async.provisioning import open_source\n"
        "try: open_source(sys.argv[1])\n"
        "except Exception as error: print(error)"
    )
    path = tmp_path / "users.csv"
    path.write_bytes(zstd(PEOPLE))
    told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "pip install 'alloy-async[zstd]'" in told.stdout


@pytest.mark.parametrize("content", [PEOPLE, PEOPLE[:100], gzip.compress(PEOPLE)])
def test_standard_input_is_read_once(content: bytes) -> None:
    expected = [row["username"] for row in csv.DictReader(io.StringIO(_plain(content).decode()))]
    source = open_source("-", stdin=io.BytesIO(content))
    assert (source.name, source.digest()) == ("standard input", None)
    assert names(source) == expected
    with pytest.raises(SourceError, match="standard input: this can be read only once"):
        names(source)


def _plain(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def test_a_pipe_that_gives_little_at_a_time() -> None:
    class Slow(io.RawIOBase):
        data = gzip.compress(PEOPLE)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            size = min(3, len(buffer))
            part, self.data = self.data[:size], self.data[size:]
            buffer[: len(part)] = part
            return len(part)

    stream: BinaryIO = io.BufferedReader(Slow())
    assert len(names(open_source("-", stdin=stream))) == 50_000


def test_parquet_from_a_pipe_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    pq.write_table(pa.table({"username": ["ada"]}), stream)
    with pytest.raises(SourceError, match="Parquet cannot be read from a stream; give a file"):
        open_source("-", stdin=io.BytesIO(stream.getvalue()))


def test_tsv_by_its_name_and_by_format(tmp_path: Path) -> None:
    path = tmp_path / "users.tsv"
    path.write_text("username\tname, first; last\n")
    found = [open_source(path), open_source(path, format="csv", delimiter="\t")]
    assert [source.delimiter for source in found if isinstance(source, CsvSource)] == ["\t", "\t"]
    with pytest.raises(ConfigurationError, match="unknown format 'jsonnl'; did you mean 'jsonl'"):
        open_source(path, format="jsonnl")  # type: ignore[arg-type]


async def test_another_system() -> None:
    record = UserRecord(
        username="ada", email="ada@x.org", active=False, groups=("a",), attributes={"desk": 4, "mail": "x"}
    )
    directory = MemoryDirectory(*(f"user{n}" for n in range(2500)))
    directory.users["ada"] = record
    source = DirectorySource(directory)
    found = await asyncio.to_thread(lambda: list(source.rows()))
    assert [row.record for row in found] == list(directory.users.values())
    assert (source.name, source.digest(), found[-1].line) == ("Memory", None, 2501)
    mapped = DirectorySource(directory, mapping=FieldMap({"email": "username"}, {"department": "Sales"}))
    *_, last = await asyncio.to_thread(lambda: list(mapped.rows()))
    expected = attrs.evolve(record, username="ada@x.org", email=None, department="Sales")
    assert last.record == attrs.evolve(expected, attributes={**record.attributes, "username": "ada"})


async def test_a_listing_that_breaks_or_is_left() -> None:
    class Breaking(MemoryDirectory):
        closed = False

        async def list(self):  # type: ignore[no-untyped-def,override]
            try:
                yield UserRecord(username="ada")
                raise ServerError("502 bad gateway")
            finally:
                self.closed = True

    directory = Breaking()
    rows = DirectorySource(directory).rows()
    with pytest.raises(SourceError, match="Memory: the users cannot be listed: 502 bad gateway"):
        await asyncio.to_thread(lambda: list(rows))
    assert directory.closed

    class Endless(MemoryDirectory):
        closed = False

        async def list(self):  # type: ignore[no-untyped-def,override]
            try:
                while True:
                    yield UserRecord(username="ada")
            finally:
                self.closed = True

    endless = Endless()

    def some() -> None:
        rows = DirectorySource(endless).rows()
        next(rows)
        rows.close()  # type: ignore[attr-defined]

    await asyncio.to_thread(some)
    assert endless.closed


async def test_a_file_of_each_kind_into_a_directory(tmp_path: Path) -> None:
    jsonl, parquet = tmp_path / "users.jsonl", tmp_path / "users.parquet"
    jsonl.write_text('{"username": "ada", "password": "s3cret"}\n{"username": ""}\n')
    pq.write_table(pa.table({"username": ["bob", "ada"]}), parquet)
    target = MemoryDirectory()
    await provision(jsonl, target)
    await provision(parquet, target)
    assert sorted(target.users) == ["ada", "bob"]


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "csv.zst", "jsonl", "parquet"])
def test_a_large_file_streams_in_constant_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"users.{kind}"
    count = _write_big(path, kind)
    code = (
        "import resource, sys\n"
        "from alloy_async.provisioning import open_source\n"
        "rows = open_source(sys.argv[1]).rows()\n"
        "for number, row in zip(range(20_000), rows): pass\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "number += 1 + sum(1 for row in rows)\n"
        "print(number, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    number, grown = map(int, ran.stdout.split())
    assert number == count
    assert grown < 12_000  # KiB


def _write_big(path: Path, kind: str) -> int:
    note = "n" * 230
    if kind == "parquet":
        with pq.ParquetWriter(path, pa.schema([("username", pa.string()), ("note", pa.string())])) as writer:
            for start in range(0, 100_000, 20_000):
                numbers = range(start, start + 20_000)
                columns = {"username": [f"u{n}" for n in numbers], "note": [f"{n}{note}" for n in numbers]}
                writer.write_table(pa.table(columns))
        return 100_000
    form = json.dumps({"username": "u%d", "note": note}) if kind == "jsonl" else f"u%d,{note}"
    content = b"" if kind == "jsonl" else b"username,note\n"
    content += "".join(form % n + "\n" for n in range(100_000)).encode()
    packers = {"csv.gz": lambda data: gzip.compress(data, 1), "csv.zst": zstd}
    path.write_bytes(packers.get(kind, bytes)(content))
    return 100_000
