"""A rehearsal ends as the job does, changes nothing, and tells the time and the answers 429."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner

from alloy_async.cli.app import app
from alloy_async.core.errors import InvalidRequest
from alloy_async.directory import UserRecord
from alloy_async.provisioning import Mode, open_source, provision
from alloy_async.rehearsal import Conditions, rehearse
from alloy_async.sandbox import Limit, Sandbox
from simulation.memory_directory import MemoryDirectory
from simulation.sandbox_directories import directory_of, empty_sandbox, place_of

from ..systems import SYSTEMS

MAIL = "northwind.example"
QUICK = Conditions(speed=100)


def create_person(name: str, **changes: Any) -> UserRecord:
    record = UserRecord(
        username=name,
        email=f"{name}@{MAIL}",
        given_name=name.title(),
        family_name="Quist",
        full_name=f"{name.title()} Quist",
        password="Correct-H0rse-battery",
    )
    return attrs.evolve(record, **changes)


def write_file(path: Path, people: list[UserRecord], directory: Any) -> Any:
    can = directory.capabilities
    columns = ("username", "email", "given_name", "family_name", "full_name", "password")
    fields = [field for field in columns if field in can.carries]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, fields)
        out.writeheader()
        out.writerows({field: getattr(person, field) for field in fields} for person in people)
    return open_source(path, key=can.key)


@pytest.mark.parametrize("mode", ["create", "upsert", "sync", "offboard"])
@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_rehearsal_ends_as_the_job_does(system: str, mode: Mode, tmp_path: Path) -> None:
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as directory,
    ):
        if mode == "sync" and "list" not in directory.capabilities.abilities:
            pytest.skip("nobody can be listed there")
        # Whoever is in the emulation of a system anyway, as an administrator, is no leaver of ours.
        staff = [user async for user in directory.list()] if mode == "sync" else []
        await directory.create([create_person(name) for name in ("ada", "bob", "cat")])
        changed = create_person("bob", given_name="Robert", full_name="Robert Quist")
        # In mode sync a key that cannot be read keeps everybody from being removed.
        nobody = [] if mode == "sync" else [create_person("..")]
        people = [*staff, create_person("ada"), changed, create_person("eve"), *nobody]
        source = write_file(tmp_path / "users.csv", people, directory)
        first = len(sandbox.ledger)
        share = 1.0 if mode == "sync" else None
        rehearsed = await rehearse(source, directory, mode=mode, conditions=QUICK, allow_delete=share)
        assert len(sandbox.ledger) == first, "the system itself is not changed"
        real = await provision(source, directory, mode=mode, allow_delete=share)
        assert rehearsed.report.counts == real.counts
        assert rehearsed.strangers == ()
        assert not list(tmp_path.glob("rehearsal*"))
        if mode == "create":
            assert real.counts.created >= 1


async def test_rows_that_name_users_by_their_id_mean_the_same_users(tmp_path: Path) -> None:
    async with empty_sandbox("alloy", seed=7) as sandbox, directory_of("alloy", sandbox.url) as directory:
        await directory.create([create_person("ada"), create_person("bob")])
        bob = await directory.find("bob")
        (tmp_path / "users.csv").write_text(f"username,full_name\n{bob.remote_id},Robert\nada,Ada Quist\n")
        source = open_source(tmp_path / "users.csv", key="username")
        job = tmp_path / "kept.job"
        rehearsed = await rehearse(source, directory, mode="sync", allow_delete=0, conditions=QUICK, job=job)
        assert (rehearsed.report.counts.updated, rehearsed.report.counts.unchanged) == (1, 1)
        assert rehearsed.users == 2
        assert job.exists()


async def test_limits_and_latency_count_as_if_time_did_not_run(tmp_path: Path) -> None:
    async with (
        empty_sandbox("smooch") as sandbox,
        directory_of("smooch", sandbox.url, place_of(sandbox)) as directory,
    ):
        source = write_file(tmp_path / "users.csv", [create_person(f"n{n}") for n in range(30)], directory)
        conditions = Conditions(limit=Limit(2, burst=5), latency=0.1, speed=50)
        rehearsed = await rehearse(source, directory, conditions=conditions)
        assert rehearsed.report.counts.created == 30
        assert rehearsed.limited >= 1
        assert rehearsed.requests == 30 + rehearsed.limited
        assert rehearsed.seconds >= (30 - 5) / 2, "no more than the limit lets through"
        assert rehearsed.report.elapsed < rehearsed.seconds / 10


async def test_whoever_the_emulation_does_not_take_is_told(tmp_path: Path) -> None:
    async def export() -> AsyncIterator[UserRecord]:
        yield create_person("ada")
        yield UserRecord(username="no-email")

    async with empty_sandbox("opendatasoft") as sandbox, directory_of("opendatasoft", sandbox.url) as portal:
        source = write_file(tmp_path / "users.csv", [create_person("ada")], portal)
        rehearsed = await rehearse(source, portal, users=export(), mode="upsert", conditions=QUICK)
        assert rehearsed.report.counts.unchanged == 1
        assert [outcome.key for outcome in rehearsed.strangers] == ["no-email"]
        assert rehearsed.left_out == ("groups",)
        assert not sandbox.requests, "with an export the system is not even asked"


async def test_what_is_not_one_of_the_five_cannot_be_rehearsed(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("username\nada\n")
    with pytest.raises(InvalidRequest, match="there is no emulation of Memory"):
        await rehearse(open_source(tmp_path / "users.csv"), MemoryDirectory())


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, export = tmp_path / "users.csv", tmp_path / "there.jsonl"
    file.write_text("username,full_name\nada,Ada\nbob,Bob\n..,Dots\n")
    export.write_text(json.dumps({"username": "ada", "full_name": "Old"}) + "\n")
    arguments = [
        "rehearse",
        str(file),
        "--to",
        "alloy",
        "--mode",
        "upsert",
        "--speed",
        "100",
        "--limit",
        "50",
    ]
    told = CliRunner().invoke(app, [*arguments, "--users", str(export)])
    assert told.exit_code == 1, told.output
    assert "with 1 user; Alloy was not changed." in told.output
    assert "updated: 1" in told.output
    assert f"{file}:4: invalid: username: a name of dots only" in told.output
    assert not (tmp_path / "users.job").exists()
    with Sandbox("alloy", seed_users=2) as sandbox:
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        told = CliRunner().invoke(app, [*arguments, "--json"])
        assert told.exit_code == 1, told.output
        data = json.loads(told.stdout)
        assert (data["users"], data["report"]["counts"]["created"]) == (2, 2)
        assert [row["line"] for row in data["unresolved"]] == [4]
        assert not sandbox.ledger
    export.write_text("username,full_name\n")
    told = CliRunner().invoke(app, [*arguments, "--users", str(export)])
    assert told.exit_code == 2
    assert "is not a user as `users list` prints it" in told.output
