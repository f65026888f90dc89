"""Databases as they are found: read-only, without rights, of another version; and passwords in their addresses, never shown."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from click.testing import CliRunner

from alloy_async import ConfigurationError
from alloy_async.cli.app import app
from alloy_async.provisioning import JobError, JobUnavailable, RunOptions, plan, provision, resume, work
from alloy_async.provisioning.database_outages import survive_outages
from alloy_async.provisioning.events import Event, Paused, Progress
from alloy_async.provisioning.store.postgres.address import JobAddress
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from alloy_async.testing import Sandbox
from simulation.memory_directory import MemoryDirectory

ROWS = 40


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("username\n" + "".join(f"user{n}@x.example\n" for n in range(ROWS)))
    return path


@pytest.fixture
def fresh(database: str) -> Iterator[str]:
    """A database of its own."""
    name = f"d{uuid.uuid4().hex}"
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    parts = database.partition("?")
    yield parts[0].rpartition("/")[0] + f"/{name}?{parts[2]}"
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def run_as(database: str, role: str) -> str:
    """The same database for another role, who has the password s3cr3t."""
    user = database.partition("://")[2].partition("@")[0]
    return database.replace(f"://{user}@", f"://{role}:s3cr3t@", 1)


@pytest.fixture
def role(fresh: str) -> Iterator[str]:
    """A role that may do nothing but connect."""
    name = f"r{uuid.uuid4().hex}"
    with psycopg.connect(fresh, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 's3cr3t'".encode())
    yield name
    with psycopg.connect(fresh, autocommit=True) as admin:
        admin.execute(f"DROP OWNED BY {name}".encode())
        admin.execute(f"DROP ROLE {name}".encode())


@pytest.mark.parametrize(
    "address",
    [
        "ada:s3c@r3t@db.example/jobs",
        "ada:s3c/r3t@db.example/jobs",
        "ada:12/r3t@db.example/jobs",
        "ada:s3c#r3t@db.example/jobs",
        "ada:12#r3t@db.example/jobs",
        "ada:s3c?r3t@db.example/jobs",
        "ada:s3c r3t@db.example/jobs",
        "ada:s3c[r3t@db.example/jobs",
        "ada:s3cr3t%zz@db.example/jobs",
        "db.example/jobs?password=s3cr3t%zz",
    ],
)
def test_a_password_that_is_not_encoded_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        JobAddress.parse(f"postgresql://{address}#june")
    assert not any(part in str(raised.value) for part in ("s3c", "r3t"))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada:s3cr:3t@db.example:5432,[::1]:5433/jobs", "ada@db.example:5432,[::1]:5433/jobs"),
        ("ada:s3c%40r3t@/jobs?host=/run/pg&lease_seconds=3", "ada@/jobs?host=/run/pg&lease_seconds=3"),
        ("db/jobs?passw0rd=s3cr3t&sslmode=require", "db/jobs?sslmode=require"),
        ("db/jobs?sslpassword=s3cr3t&password=s3cr3t", "db/jobs"),
    ],
)
def test_what_is_shown_of_an_address_is_one(address: str, shown: str) -> None:
    found = JobAddress.parse(f"postgresql://{address}#june")
    assert found.shown == f"postgresql://{shown}#june"
    assert JobAddress.parse(found.shown).shown == found.shown
    assert JobAddress.parse(found.create_address_of_other_job("ju ly")).job == "ju ly"
    assert JobAddress.parse(found.create_address_of_other_job("july")).database == found.database


async def test_workers_are_given_the_password_where_nobody_sees_it(
    users: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    place = f"{run_as(database, 'postgres')}#{uuid.uuid4()}"
    seen: list[tuple[list[str], dict[str, str]]] = []

    def look(event: Event) -> None:
        if isinstance(event, Progress):
            children = psutil.Process().children(recursive=True)
            workers = [child for child in children if "work" in child.cmdline()]
            seen.extend((worker.cmdline(), worker.environ()) for worker in workers)

    with Sandbox("alloy", seed_users=0, latency=1.5) as sandbox:
        directory: Any = sandbox.directory()
        async with directory.client:
            run = RunOptions(on="local:1", on_event=look)
            assert (await provision(users, directory, job=place, run=run)).complete
    assert seen
    assert not any("s3cr3t" in word for words, _ in seen for word in words)
    assert {environment["PGPASSWORD"] for _, environment in seen} == {"s3cr3t"}


@pytest.mark.parametrize("go_on", [False, True])
async def test_a_password_does_not_travel_to_other_hosts(users: Path, database: str, go_on: bool) -> None:
    directory = MemoryDirectory()
    run = RunOptions(on="dask://127.0.0.1:1")
    place = f"{run_as(database, 'postgres')}#{uuid.uuid4()}"
    if go_on:
        await plan(users, directory, job=place)
    with pytest.raises(ConfigurationError, match="PGPASSWORD or") as raised:
        await (
            resume(place, directory, run=run) if go_on else provision(users, directory, job=place, run=run)
        )
    assert "s3cr3t" not in str(raised.value)


async def test_a_database_that_can_only_be_read_is_told_at_once(users: Path, fresh: str) -> None:
    await plan(users, MemoryDirectory(), job=f"{fresh}#june")
    with psycopg.connect(fresh, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
    for go_on in (
        provision(users, MemoryDirectory(), job=f"{fresh}#july"),
        resume(f"{fresh}#june", MemoryDirectory()),
        work(f"{fresh}#june", MemoryDirectory()),
    ):
        with pytest.raises(JobUnavailable, match="can only be read"):
            await go_on
    with open_store_for_reading(f"{fresh}#june") as store:
        assert store.count_outcomes("apply") == {"planned": ROWS}


async def test_work_that_fails_at_once_is_not_tried_without_a_pause(database: str) -> None:
    """As on a disk that is full, which the database tells only to who writes much."""
    events: list[Event] = []
    run = RunOptions(on_event=events.append)
    attempts = 0

    async def fail() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 2:
            run.stop.set()
        raise JobUnavailable("cannot be written: No space left on device", place)

    place = f"{database}#june"
    began = time.monotonic()
    with pytest.raises(JobUnavailable, match="No space left"):
        await survive_outages(place, MemoryDirectory(), run, fail)
    assert attempts == 2
    assert time.monotonic() - began >= 1
    assert isinstance(events[0], Paused)


def test_who_may_not_make_tables_is_told_what_to_ask_for(users: Path, fresh: str, role: str) -> None:
    poor = run_as(fresh, role)
    with Sandbox("alloy", seed_users=0) as sandbox:
        reach = ("--to", "alloy", "--base-url", sandbox.url)
        words = ("provision", str(users), *reach, "--job", f"{poor}#june")
        result = CliRunner().invoke(app, words, env={"ALLOY_API_KEY": "key"})
        assert not sandbox.requests
    assert result.exit_code == 2
    assert "permission denied" in result.stderr
    assert "the right to create a schema" in result.stderr
    assert "s3cr3t" not in result.output


async def test_rights_to_tables_suffice_where_somebody_has_made_them(
    users: Path, fresh: str, role: str
) -> None:
    await plan(users, MemoryDirectory(), job=f"{fresh}#june")
    with psycopg.connect(fresh, autocommit=True) as admin:
        for what in (
            "USAGE, CREATE ON SCHEMA",
            "ALL ON ALL TABLES IN SCHEMA",
            "ALL ON ALL SEQUENCES IN SCHEMA",
        ):
            admin.execute(f"GRANT {what} alloy_async TO {role}".encode())
    report = await work(f"{run_as(fresh, role)}#june", MemoryDirectory())
    assert report.complete
    report = await provision(users, MemoryDirectory(), job=f"{run_as(fresh, role)}#july")
    assert report.complete


@pytest.mark.parametrize(
    "change", ["UPDATE alloy_async.settings SET format = 99", "ALTER TABLE alloy_async.settings DROP format"]
)
async def test_tables_of_another_version_are_told(users: Path, fresh: str, change: str) -> None:
    await plan(users, MemoryDirectory(), job=f"{fresh}#june")
    with psycopg.connect(fresh, autocommit=True) as admin:
        admin.execute(change.encode())
    directory = MemoryDirectory()
    go_on: list[Callable[[], Any]] = [
        lambda: provision(users, directory, job=f"{fresh}#july"),
        lambda: resume(f"{fresh}#june", directory),
        lambda: work(f"{fresh}#june", directory),
    ]
    for one in go_on:
        with pytest.raises(JobError, match=r"tables of .* format, .* nothing was sent"):
            await one()
    assert not directory.users
    result = CliRunner().invoke(app, ["jobs", "list", fresh])
    assert result.exit_code == 2
    assert result.stderr.count("Error:") == 1
    assert "#all" not in result.stderr


async def test_of_two_who_begin_the_same_job_at_once_one_does(users: Path, fresh: str) -> None:
    """Also where there are no tables yet."""
    directory = MemoryDirectory()
    place = f"{fresh}#june"
    results = await asyncio.gather(
        *(provision(users, directory, job=place) for _ in range(4)), return_exceptions=True
    )
    failures = [result for result in results if isinstance(result, BaseException)]
    assert len(failures) == 3
    assert all(isinstance(failure, JobError) and "exists already" in str(failure) for failure in failures)
    assert len(directory.users) == ROWS
