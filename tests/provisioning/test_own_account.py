"""The account whose key a job uses is neither removed nor disabled by it, where the system tells which one that is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloy_async.directory import UserRecord
from alloy_async.provisioning import Mode, apply, plan, provision, undo
from alloy_async.sandbox import Fault, Sandbox, Status
from simulation.memory_directory import MemoryDirectory, rows_of
from simulation.sandbox_directories import directory_of

MINE = "is the account whose key is used here"


def create_directory(own: str | None = "root") -> MemoryDirectory:
    target = MemoryDirectory(
        carries=("username", "full_name", "active", "roles"),
        shows=("username", "full_name", "active", "roles"),
    )
    for name in ("root", "ada", "bob"):
        target.users[name] = UserRecord(
            username=name, active=True, roles=("admin", "user"), full_name=name.title(), remote_id=name
        )
    target.own_user = target.users.get(own or "")
    return target


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["username,full_name,active,roles", *lines, ""]))
    return path


@pytest.mark.parametrize("own", ["root", None])
async def test_a_sync_leaves_it_out_and_its_plan_says_so(own: str | None, tmp_path: Path) -> None:
    target = create_directory(own)
    source, job = write(tmp_path / "users.csv", "ada,Ada,true,admin;user"), tmp_path / "users.job"
    planned = await plan(source, target, mode="sync", allow_delete=1, job=job)
    assert any(MINE in sentence and "root" in sentence for sentence in planned.finality) == bool(own)
    await apply(job, target)
    assert set(target.users) == ({"root", "ada"} if own else {"ada"})


@pytest.mark.parametrize(
    ("mode", "line", "words"),
    [
        ("offboard", "root,,,", "let another administrator remove it"),
        ("upsert", "root,Root,false,", "stays active"),
        ("sync", "root,Root,false,", "stays active"),
        ("upsert", "root,Root,true,user", "keeps its roles (admin)"),
        ("upsert", "root,Root II,true,admin;user;auditor", ""),
        ("offboard", "bob,,,", ""),
        ("upsert", "bob,Bob,false,user", ""),
    ],
)
async def test_a_row_that_would_end_it_is_refused(mode: Mode, line: str, words: str, tmp_path: Path) -> None:
    target = create_directory()
    report = await provision(
        write(tmp_path / "users.csv", line),
        target,
        mode=mode,
        allow_delete=1 if mode == "sync" else None,
        job=tmp_path / "users.job",
    )
    first = rows_of(report.job)[0]
    if words:
        assert first.outcome == "invalid"
        assert MINE in (first.reason or "")
        assert words in (first.reason or "")
        assert target.users["root"].active
        assert target.users["root"].roles == ("admin", "user")
    else:
        assert first.outcome in ("updated", "done")


async def test_a_plan_that_another_one_made_does_not_end_it(tmp_path: Path) -> None:
    """The key was renewed between plan and apply, and belongs to somebody whom the plan removes."""
    target, job = create_directory(), tmp_path / "users.job"
    await plan(write(tmp_path / "users.csv", "ada,Ada,,"), target, mode="sync", allow_delete=1, job=job)
    target.own_user = target.users["bob"]
    report = await apply(job, target)
    assert "bob" in target.users
    assert report.counts.drifted == 1
    (row,) = (row for row in rows_of(job) if row.key == "bob")
    assert MINE in (row.reason or "")


async def test_an_undo_does_not_end_it(tmp_path: Path) -> None:
    target, job = create_directory(), tmp_path / "users.job"
    await provision(write(tmp_path / "users.csv", "eve,Eve,,", "fay,Fay,,"), target, job=job)
    target.own_user = target.users["eve"] = UserRecord(username="eve", full_name="Eve", remote_id="eve")
    report = await undo(job, target)
    assert (report.counts.deleted, report.counts.kept) == (1, 1)
    assert "eve" in target.users


@pytest.mark.parametrize("mode", ["sync", "offboard"])
async def test_tenable_ad_tells_whose_key_it_is(mode: Mode, tmp_path: Path) -> None:
    async with Sandbox("alsid", seed_users=3) as sandbox, directory_of("alsid", sandbox.url) as target:
        own: Any = await target.find_own_user()
        everybody = [user async for user in target.list()]
        named = (
            own.email
            if mode == "offboard"
            else next(one.email for one in everybody if one.email != own.email)
        )
        source = tmp_path / "users.csv"
        source.write_text(f"email\n{named}\n")
        planned = await plan(
            source, target, mode=mode, allow_delete=1 if mode == "sync" else None, job=tmp_path / "users.job"
        )
        rows = rows_of(planned.job)
        assert own.email not in {row.key for row in rows if row.action in ("delete", "offboard")}
        await apply(planned.job, target)
        assert sandbox.ledger.count(what="deleted") == (len(everybody) - 2 if mode == "sync" else 0)


async def test_who_may_not_ask_is_not_kept_from_his_work(tmp_path: Path) -> None:
    async with Sandbox("alsid") as sandbox, directory_of("alsid", sandbox.url) as target:
        sandbox.faults.add(Fault(Status(403), "api_users_whoami_get", times=None))
        assert await target.find_own_user() is None
