"""What a plan compares, says and sends of users who are there; what undoing brings back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from alloy_async.directory import UserRecord
from alloy_async.directory.record import fold_all
from alloy_async.directory.record_columns import RecordColumns
from alloy_async.provisioning import RunOptions, apply, open_source, plan, provision, undo
from alloy_async.provisioning.events import Checked
from alloy_async.provisioning.planning.comparison import UserComparer
from alloy_async.sandbox import Sandbox
from alloy_async.systems import load_directory
from simulation.memory_directory import rows_of
from simulation.sandbox_directories import directory_of, empty_sandbox, place_of

BEFORE = "username,email,given name,office\nun1,un1@example.com,Old,Berlin\n"
AFTER = "username,email,given name,office\nun1,un1@example.com,New,Paris\n"
ALSID = "email,given name,password\nal1@example.com,Al,{}\n"
OLD, NEW = "0ld!Secret9999", "N3w!Secret9999"


@asynccontextmanager
async def emulate(system: str) -> AsyncIterator[tuple[Sandbox, Any]]:
    async with (
        empty_sandbox(system) as sandbox,
        directory_of(system, sandbox.url, place_of(sandbox)) as directory,
    ):
        yield sandbox, directory


def write(path: Path, text: str, directory: Any) -> Any:
    path.write_text(text, encoding="utf-8")
    return open_source(path, key=directory.capabilities.key)


@pytest.mark.parametrize("system", ["smooch", "agilicus"])
async def test_a_changed_attribute_is_planned_sent_and_taken_back(system: str, tmp_path: Path) -> None:
    async with emulate(system) as (_, directory):
        await provision(write(tmp_path / "1.csv", BEFORE, directory), directory)
        key = "un1" if system == "smooch" else "un1@example.com"
        second = write(tmp_path / "2.csv", AFTER, directory)
        planned = await plan(second, directory, mode="upsert")
        (row,) = planned.first
        assert row.why == "given_name: 'Old' -> 'New', attributes.office: 'Berlin' -> 'Paris'"
        done = await apply(planned.job, directory, second)
        assert done.counts.updated == 1
        assert (await directory.find(key)).attributes["office"] == "Paris"
        again = await provision(second, directory, mode="upsert", job=tmp_path / "again.job")
        assert again.counts.unchanged == 1
        assert (await undo(planned.job, directory)).counts.restored == 1
        there = await directory.find(key)
        assert (there.given_name, there.attributes["office"]) == ("Old", "Berlin")


@pytest.mark.parametrize("system", ["smooch", "agilicus"])
async def test_an_attribute_alone_is_a_change_and_an_empty_one_is_none(system: str, tmp_path: Path) -> None:
    async with emulate(system) as (_, directory):
        await provision(write(tmp_path / "1.csv", BEFORE, directory), directory)
        only = write(tmp_path / "2.csv", BEFORE.replace("Berlin", "Paris"), directory)
        assert (await provision(only, directory, mode="upsert")).counts.updated == 1
        empty = write(tmp_path / "3.csv", BEFORE.replace("Berlin", ""), directory)
        assert (await provision(empty, directory, mode="upsert")).counts.unchanged == 1
        renamed = write(tmp_path / "4.csv", AFTER.replace("Paris", ""), directory)
        assert (await provision(renamed, directory, mode="upsert")).counts.updated == 1
        key = "un1" if system == "smooch" else "un1@example.com"
        assert (await directory.find(key)).attributes["office"] == "Paris"


async def test_an_attribute_that_was_not_there_is_kept_when_taken_back(tmp_path: Path) -> None:
    async with emulate("smooch") as (_, directory):
        without = "username,email,given name\nun1,un1@example.com,Old\n"
        await provision(write(tmp_path / "1.csv", without, directory), directory)
        report = await provision(write(tmp_path / "2.csv", BEFORE, directory), directory, mode="upsert")
        undone = await undo(report.job, directory)
        assert (undone.counts.kept, undone.phase) == (1, "undo")


async def test_an_attribute_that_was_blank_is_blank_again(tmp_path: Path) -> None:
    async with emulate("smooch") as (_, directory):
        await provision(write(tmp_path / "1.csv", BEFORE.replace("Berlin", ""), directory), directory)
        report = await provision(write(tmp_path / "2.csv", BEFORE, directory), directory, mode="upsert")
        assert (await undo(report.job, directory)).counts.restored == 1
        assert not (await directory.find("un1")).attributes.get("office")


def passwords(sandbox: Sandbox) -> list[str]:
    """The passwords that were sent, in their order."""
    return [
        text
        for request in sandbox.requests
        for text in (OLD, NEW)
        if text.encode() in request.body and request.method in ("POST", "PATCH")
    ]


async def test_a_password_is_told_as_not_sent(tmp_path: Path) -> None:
    async with emulate("alsid") as (sandbox, directory):
        await provision(write(tmp_path / "1.csv", ALSID.format(OLD), directory), directory)
        changed = 0
        for number, given in enumerate(("Al", "Albert"), 2):
            text = ALSID.format(NEW).replace("Al,", f"{given},")
            report = await provision(
                write(tmp_path / f"{number}.csv", text, directory), directory, mode="upsert"
            )
            assert report.check is not None
            (finding,) = report.check.findings
            assert (finding.column, finding.severity) == ("password", "warning")
            assert "is not sent, as it cannot be compared" in finding.message
            (row,) = rows_of(report.job)
            assert "password: not sent, cannot be compared" in (row.why or "")
            assert report.counts.unchanged == 0
            changed = report.counts.updated
        assert changed == 1
        assert passwords(sandbox) == [OLD], "another field that differs does not take the password along"


async def test_a_password_is_sent_where_that_is_asked_for(tmp_path: Path) -> None:
    async with emulate("alsid") as (sandbox, directory):
        await provision(write(tmp_path / "1.csv", ALSID.format(OLD), directory), directory)
        second = write(tmp_path / "2.csv", ALSID.format(NEW), directory)
        report = await provision(second, directory, mode="upsert", send_hidden=True)
        assert report.counts.updated == 1
        assert passwords(sandbox) == [OLD, NEW]
        (row,) = rows_of(report.job)
        assert row.why == "password: sent, cannot be compared"
        assert NEW.encode() not in Path(report.job).read_bytes()
        undone = await undo(report.job, directory)
        assert undone.counts.kept == 1


@pytest.mark.parametrize("system", ["alloy", "opendatasoft", "smooch"])
@pytest.mark.parametrize("mode", ["create", "upsert"])
async def test_inactive_people_get_no_active_account(system: str, mode: Any, tmp_path: Path) -> None:
    text = "username,email,active,full name\nada,ada@example.com,False,Gone\nbob,bob@example.com,True,Bob\n"
    async with emulate(system) as (_, directory):
        source = write(tmp_path / "users.csv", text, directory)
        report = await provision(source, directory, mode=mode)
        assert (report.counts.created, report.counts.invalid) == (1, 1)
        allowed = await provision(source, directory, mode=mode, allow_inactive=True, job=tmp_path / "2.job")
        assert (allowed.counts.created, allowed.counts.invalid) == (1, 0)


async def test_an_inactive_leaver_leaves(tmp_path: Path) -> None:
    async with emulate("alloy") as (sandbox, directory):
        await provision(write(tmp_path / "1.csv", "username\nada\n", directory), directory)
        leaving = write(tmp_path / "2.csv", "username,active\nada,no\n", directory)
        assert (await provision(leaving, directory, mode="offboard")).complete
        assert sandbox.ledger.count(what="deleted") == 1


async def test_a_plan_tells_which_removals_are_final(tmp_path: Path) -> None:
    async with emulate("alsid") as (_, directory):
        await provision(write(tmp_path / "1.csv", ALSID.format(OLD), directory), directory)
        text = ALSID.format(OLD).replace("al1@", "al2@")
        file = write(tmp_path / "2.csv", text, directory)
        planned = await plan(file, directory, mode="sync", allow_delete=1)
        assert planned.actions["delete"] >= 1
        (sentence,) = [one for one in planned.finality if "this is the account whose key" not in one]
        assert "removal cannot be undone: a new user of Alsid needs a password" in sentence
        done = await apply(planned.job, directory, file)
        undone = await undo(done.job, directory)
        kept = [row for row in rows_of(done.job, "undo") if row.outcome == "kept"]
        assert any("cannot be created again" in (row.reason or "") for row in kept)
        assert undone.counts.invalid == 0


async def test_images_hold_what_is_shown(tmp_path: Path) -> None:
    async with emulate("smooch") as (_, directory):
        await provision(write(tmp_path / "1.csv", BEFORE, directory), directory)
        report = await provision(write(tmp_path / "2.csv", AFTER, directory), directory, mode="upsert")
        (row,) = rows_of(report.job)
        user = await directory.find("un1")
        assert json.loads(row.before or "") == {
            "username": "un1",
            "remote_id": user.remote_id,
            "email": "un1@example.com",
            "given_name": "Old",
            "attributes": {"office": "Berlin"},
        }


@pytest.mark.parametrize("name", ["Ada", "\ud800", "it's a \\", "Zoë\n"])
def test_users_have_the_same_hashes_as_columns(name: str) -> None:
    comparer = UserComparer(load_directory("alloy").capabilities, b"s" * 16)
    users = [UserRecord(username="Bob", full_name="Bob"), UserRecord(username=f"x{name}", full_name=name)]
    columns = RecordColumns.from_records(users)
    hashes = comparer.digest_columns(columns, fold_all(columns.get("username")))
    assert hashes == b"".join(map(comparer.digest, users))


UNFIT = {
    "alsid": ({"roles": ["admin"], "given_name": "Al", "password": NEW}, "a role goes by its id"),
    "agilicus": ({"roles": ["admin"]}, "a role is written application:role"),
    "smooch": ({"desk": [1, 2], "home": {"city": "Rome"}}, "holds a list or an object"),
}


@pytest.mark.parametrize("system", UNFIT)
async def test_what_a_system_does_not_take_in_this_form_is_told_and_makes_no_difference(
    tmp_path: Path, system: str
) -> None:
    """It was created without a word, planned as a change in every night's upsert, and kept undo from removing the user."""
    values, why = UNFIT[system]
    person = {"username": "un1", "email": "un1@example.com", **values}
    async with emulate(system) as (sandbox, directory):
        source = write(tmp_path / "users.jsonl", json.dumps(person) + "\n", directory)
        events: list[Any] = []
        created = await provision(source, directory, run=RunOptions(on_event=events.append))
        (check,) = (event for event in events if isinstance(event, Checked))
        assert created.counts.created == 1
        assert [finding.severity for finding in check.findings if why in finding.message] == ["warning"] * (
            2 if system == "smooch" else 1
        )
        again = await provision(source, directory, mode="upsert", job=tmp_path / "again.job")
        assert again.counts.updated == 0
        assert sandbox.ledger.count(what="updated") == 0
        undone = await undo(created.job, directory)
        assert undone.counts.deleted == 1
