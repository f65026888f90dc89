"""Sources by URL: read as a file of this host is, however they are kept; never with a secret in their name."""

from __future__ import annotations

import gzip
import http.server
import json
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import fsspec.asyn
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.registry import _registry

from alloy_async.core.errors import ConfigurationError
from alloy_async.provisioning import SourceError, apply, open_source, plan, provision, resume
from alloy_async.provisioning.sources.files.input_bytes import get_file_name, parse_source_place
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from simulation.memory_directory import MemoryDirectory

fsspec.asyn.get_loop()  # lives as long as the process: not what a test leaves behind
NAMES = [f"user{n}@x.example" for n in range(5000)]
CSV = b"username,full_name\n" + b"".join(b"%s,Ada\n" % name.encode() for name in NAMES)
LINES = b"".join(json.dumps({"username": name}).encode() + b"\n" for name in NAMES)


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/", recursive=True)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A server of files that gives no parts of them."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    folder = tmp_path / "web"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def create_parquet(path: Path) -> bytes:
    pq.write_table(pa.table({"username": NAMES}), path)
    return path.read_bytes()


@pytest.mark.parametrize("where", ["memory", "file", "web"])
@pytest.mark.parametrize(
    "name", ["users.csv", "users.csv.gz", "users.jsonl", "users.jsonl.gz", "users.parquet"]
)
def test_each_format(where: str, name: str, tmp_path: Path, memory: Any, web: str) -> None:
    data = create_parquet(tmp_path / "made") if "parquet" in name else LINES if "jsonl" in name else CSV
    data = gzip.compress(data) if name.endswith(".gz") else data
    if where == "memory":
        url = f"memory://bucket/{name}"
        memory.pipe(f"/bucket/{name}", data)
    else:
        (tmp_path / "web" / name).write_bytes(data)
        url = f"{web}/{name}" if where == "web" else f"file://{tmp_path}/web/{name}"
    source = open_source(url)
    assert source.name == url
    for _ in range(2):
        assert [row.record.username for row in source.rows() if row.record] == NAMES
    (tmp_path / name).write_bytes(data)
    assert source.digest() == open_source(tmp_path / name).digest()


def test_a_file_that_changes_between_two_passes(memory: Any) -> None:
    memory.pipe("/users.csv", CSV)
    source = open_source("memory://users.csv")
    memory.pipe("/users.csv", CSV + b"late@x.example,Late\n")
    with pytest.raises(SourceError, match="changed while it was being read"):
        [*source.rows()]


async def test_a_job_reads_it_again(memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    memory.pipe("/in/users.csv", CSV)
    made = await plan("memory://in/users.csv", MemoryDirectory())
    assert Path(made.job) == Path("users.job")
    with open_store_for_reading(made.job) as store:
        assert store.read_header().source_path == "memory://in/users.csv"
    directory = MemoryDirectory()
    report = await apply(made.job, directory)
    assert report.counts.created == len(NAMES)


async def test_changed_content_is_refused(memory: Any, tmp_path: Path) -> None:
    memory.pipe("/users.csv", CSV)
    await plan("memory://users.csv", MemoryDirectory(), job=tmp_path / "a.job")
    memory.pipe("/users.csv", CSV.replace(b"user7@", b"eve7@"))
    directory = MemoryDirectory()
    for go_on in (apply, resume):
        with pytest.raises(SourceError, match=r"plan again|changed") as caught:
            await go_on(tmp_path / "a.job", directory)
        assert caught.value.source == "memory://users.csv"
    assert not directory.users


async def test_mode_sync(memory: Any, tmp_path: Path) -> None:
    directory = MemoryDirectory()
    memory.pipe("/users.csv", CSV)
    await provision("memory://users.csv", directory, job=tmp_path / "a.job")
    memory.pipe("/users.csv", CSV.rsplit(b"user4999", 1)[0])
    report = await provision(
        "memory://users.csv", directory, mode="sync", allow_delete=0.1, job=tmp_path / "b.job"
    )
    assert report.counts.deleted == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://nothing.csv", "no such file"),
        ("http://127.0.0.1:1/users.csv", "cannot be read: Cannot connect"),
    ],
)
def test_what_cannot_be_read(url: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        open_source(url)


@pytest.mark.parametrize(
    ("url", "package", "words"),
    [
        ("s3://bucket/users.csv", "s3fs", r"pip install 'alloy-async\[s3\]'"),
        ("gs://bucket/users.csv", "gcsfs", r"pip install 'alloy-async\[gs\]'"),
        ("abfs://container@account/users.csv", "adlfs", r"pip install 'alloy-async\[abfs\]'"),
        ("sftp://host/users.csv", "paramiko", "pip install paramiko"),
        ("nonsense://bucket/users.csv", "nonsense", "no driver that reads nonsense://"),
    ],
)
def test_a_driver_that_is_missing(
    url: str, package: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(_registry, urlsplit(url).scheme, raising=False)
    with pytest.raises(ConfigurationError, match=words):
        open_source(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIA:hunter22@bucket/users.csv",
        "https://hunter22@host.example/users.csv",
        "https://host.example/users.csv?X-Amz-Signature=hunter22&X-Amz-Date=1",
        "https://host.example/users.csv?sv=1&sig=hunter22",
        "https://host.example/users.csv?access_token=hunter22",
        "simplecache::https://host.example/users.csv?api_key=hunter22",
    ],
)
def test_a_url_with_a_secret_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="holds a secret") as caught:
        open_source(url)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("s3://bucket/in/users.csv", "users.csv"),
        ("https://host/users.jsonl?day=1", "users.jsonl"),
        ("simplecache::gs://bucket/users.csv", "users.csv"),
        ("zip://inner.csv::s3://bucket/users.zip", "inner.csv"),
        ("https://host/", "users"),
    ],
)
def test_the_name_of_the_file(place: str, name: str) -> None:
    assert parse_source_place(place) == place
    assert get_file_name(place) == Path(name)


@pytest.mark.parametrize("place", ["users.csv", "a:b.csv", "a::b.csv", "C:/users.csv", "./s3:/users.csv"])
def test_a_path_stays_a_path(place: str) -> None:
    assert get_file_name(place) == parse_source_place(place) == Path(place)
