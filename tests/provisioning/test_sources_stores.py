"""Sources in object stores, by their own drivers (extra `stores`: Amazon's; Google's and Azure's where they are installed)."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import fsspec
import fsspec.asyn
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aiohttp import web

from alloy_async.core.background_loop import get_background_loop
from alloy_async.provisioning import RunOptions, SourceError, open_source, plan, work
from alloy_async.testing import Sandbox

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # the drivers' own
    pytest.mark.usefixtures("s3"),  # before a test counts what is open
]
fsspec.asyn.get_loop()  # lives as long as the process: not what a test leaves behind
NAMES = [f"user{n}@x.example" for n in range(3000)]
LINES = b"".join(b'{"username":"%s"}\n' % name.encode() for name in NAMES)
CSV = b"username,full_name\n" + b"".join(b"%s,Ada\n" % name.encode() for name in NAMES)


@attrs.frozen
class Store:
    """A store that is up: where its files are, and how one gets there."""

    root: str
    put: Callable[[str, bytes], None]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    pytest.importorskip("s3fs")
    server_module = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_module.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def open_s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
    for name, value in (("ACCESS_KEY_ID", "k"), ("SECRET_ACCESS_KEY", "s"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    files: Any = fsspec.filesystem("s3", skip_instance_cache=True)
    bucket = f"bucket-{uuid.uuid4()}"
    files.mkdir(bucket)
    return Store(f"s3://{bucket}", lambda name, data: files.pipe(f"{bucket}/{name}", data))


def open_gs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    pytest.importorskip("gcsfs")
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = emulator.create_server("127.0.0.1", port, in_memory=True, default_bucket="bucket")
    server.start()
    request.addfinalizer(server.stop)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    files: Any = fsspec.filesystem("gs", skip_instance_cache=True)
    return Store("gs://bucket", lambda name, data: files.pipe(f"bucket/{name}", data))


def open_abfs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    pytest.importorskip("adlfs")
    blobs: dict[str, bytes] = {}
    loop = get_background_loop()
    runner = loop.run(lambda: _start_blob_server(blobs))
    request.addfinalizer(lambda: loop.run(runner.cleanup))
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING",
        "DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=a2V5;"
        f"BlobEndpoint=http://127.0.0.1:{runner.addresses[0][1]}/dev;",
    )
    return Store("abfs://container", blobs.__setitem__)


async def _start_blob_server(blobs: dict[str, bytes]) -> web.AppRunner:
    """Start a server that speaks so much of Azure's protocol as reading a blob takes."""

    async def answer(request: web.Request) -> web.Response:
        if request.query.get("comp") == "list":
            empty = "<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>"
            return web.Response(text=empty, content_type="application/xml")
        data = blobs.get(request.match_info.get("name", ""))
        if data is None:
            return web.Response(status=404, headers={"x-ms-error-code": "BlobNotFound"})
        headers = {
            "ETag": f'"{hash(data):x}"',
            "Last-Modified": "Fri, 27 Nov 2026 20:00:00 GMT",
            "x-ms-creation-time": "Fri, 27 Nov 2026 20:00:00 GMT",
            "x-ms-blob-type": "BlockBlob",
        }
        wanted = request.headers.get("x-ms-range") or request.headers.get("Range")
        if request.method != "GET" or wanted is None:
            return web.Response(body=data, headers=headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last or len(data)) + 1]
        headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        return web.Response(status=206, body=part, headers=headers)

    application = web.Application()
    application.router.add_route("*", "/dev/container/{name:.*}", answer)
    application.router.add_route("*", "/dev/container", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


@pytest.fixture(params=[open_s3, open_gs, open_abfs], ids=["s3", "gs", "abfs"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    opened: Store = request.param(request, monkeypatch)
    return opened


def make_file(name: str, folder: Path) -> bytes:
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"username": NAMES}), folder / "made")
        return (folder / "made").read_bytes()
    data = LINES if name.startswith("users.jsonl") else CSV
    return gzip.compress(data) if name.endswith(".gz") else data


def test_each_format_is_read_as_a_file_of_this_host_is(store: Store, tmp_path: Path) -> None:
    for name in ("users.csv", "users.csv.gz", "users.jsonl", "users.parquet"):
        data = make_file(name, tmp_path)
        store.put(f"in/{name}", data)
        source = open_source(f"{store.root}/in/{name}")
        for _ in range(2):
            assert [row.record.username for row in source.rows() if row.record] == NAMES
        (tmp_path / name).write_bytes(data)
        assert source.digest() == open_source(tmp_path / name).digest()


def test_a_file_that_changes_between_two_passes_is_refused(store: Store) -> None:
    store.put("users.csv", CSV)
    source = open_source(f"{store.root}/users.csv")
    store.put("users.csv", CSV.replace(b"user7@", b"eve77@"))
    with pytest.raises(SourceError, match="changed while it was being read"):
        [*source.rows()]


def test_a_file_that_is_not_there_is_told(store: Store) -> None:
    store.put("users.csv", CSV)
    with pytest.raises(SourceError, match="there is no such file"):
        open_source(f"{store.root}/nothing.csv")


async def test_workers_read_it_where_they_are(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    store = open_s3(request, monkeypatch)
    store.put("users.csv", CSV)
    place = f"{database}#{uuid.uuid4()}"
    with Sandbox("alloy", seed_users=0) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            await plan(f"{store.root}/users.csv", directory, job=place)
            run = RunOptions(shard_rows=500)
            reports = await asyncio.gather(*(work(place, directory, run=run) for _ in range(2)))
        assert all(report.complete for report in reports)
        created = [effect.key for effect in sandbox.ledger.find(what="created")]
    assert sorted(created) == sorted(NAMES)
