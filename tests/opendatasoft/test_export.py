"""The CSV export: typed rows, faults in its middle, and constant memory."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from alloy_async import ConnectionLost, DecodeError, InvalidRequest
from alloy_async.opendatasoft import AsyncOpendatasoft, Opendatasoft, models
from alloy_async.opendatasoft.operations import UsersExport
from alloy_async.sandbox import ContentType, Fault, Sandbox, Truncated


async def test_every_user_is_a_typed_row(opendatasoft_sandbox: Sandbox) -> None:
    async with AsyncOpendatasoft("key", base_url=opendatasoft_sandbox.url) as portal:
        users = (await portal.get_users()).results or []
        async with portal.stream(UsersExport()) as stream:
            rows = [row async for row in stream.rows(models.ExportedUser)]
    assert opendatasoft_sandbox.requests[-1].headers["Accept"] == "text/csv, application/json"
    assert [(row.username, row.email) for row in rows] == [(user.username, user.email) for user in users]
    administrator = rows[0]
    assert administrator.permissions == ["edit_domain"]
    assert administrator.groups == ["Editors"]
    assert administrator.date_joined
    assert abs(datetime.now(UTC) - administrator.date_joined - timedelta(days=300)) < timedelta(minutes=1)
    assert rows[2].groups is None, "an empty cell is no value"
    assert not any(row.extra for row in rows)


@pytest.mark.parametrize("delimiter", [None, ";", "\t", "é"])
def test_any_delimiter_is_read_back(opendatasoft_sandbox: Sandbox, delimiter: str | None) -> None:
    email = f"odd{delimiter},@example.org"
    with Opendatasoft("key", base_url=opendatasoft_sandbox.url) as portal:
        portal.invite_users([models.User(username='a "quoted"\nname', email=email)])
        with portal.stream(UsersExport(delimiter=delimiter)) as stream:
            *_, last = stream.rows(models.ExportedUser, delimiter=delimiter or ",")
    assert (last.username, last.email) == ('a "quoted"\nname', email)


def test_the_whole_export_is_what_the_stream_brings() -> None:
    with (
        Sandbox("opendatasoft", export_bytes=300_000) as sandbox,
        Opendatasoft("key", base_url=sandbox.url) as portal,
    ):
        whole = portal.users_export()
        with portal.stream(UsersExport()) as stream:
            assert b"".join(stream) == whole
        with portal.stream(UsersExport()) as stream:
            names = [row.username for row in stream.rows(models.ExportedUser)]
    assert len(whole) >= 300_000
    assert len(names) == len(set(names)) == whole.count(b"\r\n") - 1


async def test_an_export_that_breaks_off_says_so() -> None:
    async with Sandbox("opendatasoft", export_bytes=300_000) as sandbox:
        sandbox.faults.add(Fault(Truncated()))
        rows: list[models.ExportedUser] = []
        async with AsyncOpendatasoft("key", base_url=sandbox.url) as portal:
            with pytest.raises(ConnectionLost, match="users_export") as caught:
                await read_into(rows, portal)
    assert caught.value.effect == "applied"
    assert len(rows) > 500


async def read_into(rows: list[models.ExportedUser], portal: AsyncOpendatasoft) -> None:
    async with portal.stream(UsersExport()) as stream:
        async for row in stream.rows(models.ExportedUser):
            rows.append(row)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"username,date_joined\r\nada,yesterday\r\n", r"row 2: \$.date_joined: expected a date and time"),
        (b"username\r\nada,1\r\n", "row 2 has 2 columns, the header has 1"),
    ],
)
async def test_a_row_that_does_not_fit_is_named(
    opendatasoft_sandbox: Sandbox, body: bytes, reason: str
) -> None:
    opendatasoft_sandbox.faults.add(Fault(ContentType("text/csv", body)))
    rows: list[models.ExportedUser] = []
    async with AsyncOpendatasoft("key", base_url=opendatasoft_sandbox.url) as portal:
        with pytest.raises(DecodeError, match=reason):
            await read_into(rows, portal)
    assert rows == []


async def test_a_delimiter_is_one_character(opendatasoft_sandbox: Sandbox) -> None:
    async with AsyncOpendatasoft("key", base_url=opendatasoft_sandbox.url) as portal:
        with pytest.raises(InvalidRequest, match="delimiter must be one character"):
            async with portal.stream(UsersExport(delimiter="::")):
                pass
    assert not opendatasoft_sandbox.requests


MEASURE = """
import resource, sys
from alloy_async.opendatasoft import Opendatasoft, models
from alloy_async.opendatasoft.operations import UsersExport
from alloy_async.sandbox import Sandbox

def read(kind, megabytes):
    with Sandbox("opendatasoft", export_bytes=megabytes * 1_000_000) as sandbox:
        with Opendatasoft("key", base_url=sandbox.url) as portal:
            with portal.stream(UsersExport()) as stream:
                parts = {
                    "bytes": stream.__iter__,
                    "lines": stream.lines,
                    "rows": lambda: stream.rows(models.ExportedUser),
                }[kind]()
                return sum(1 for _ in parts)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform != "darwin" else 1 << 20)

kind, megabytes = sys.argv[1], int(sys.argv[2])
read(kind, 1)
before = peak()
read(kind, megabytes)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of a process is not told there")
@pytest.mark.parametrize(("kind", "megabytes"), [("bytes", 50), ("lines", 50), ("rows", 15)])
def test_a_long_export_is_read_in_constant_memory(kind: str, megabytes: int) -> None:
    command = [sys.executable, "-c", MEASURE, kind, str(megabytes)]
    measured = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert int(measured.stdout) < 8, f"{measured.stdout.strip()} MB more than for 1 MB"
