"""What corrections made is a tenant's too: it is undone, shown and gone on with by the same command as its first job."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from alloy_async.provisioning.store.store_opener import open_store, open_store_for_reading, read_job_header
from alloy_async.sandbox import Fault, Hang, Status

from .test_corrections import correct
from .test_many import TOP, World, run, started, world as world
from .test_next_steps import find_command


@pytest.fixture
def corrected(world: World) -> World:
    """Acme's bad rows were corrected in two steps, globex's in none, and initech had none."""
    for name, bad in (("acme", ",One\n,Two\n"), ("globex", ",One\n")):
        with (world.folder / f"{name}.csv").open("a") as file:
            file.write(bad)
    run("provision", "--many", world.table)
    correct(world.folder / "acme.failed.csv", ",One", "acme-one,One")
    run("resume", "--many", world.table, "--failed")
    correct(world.folder / "acme.failed.failed.csv", ",Two", "acme-two,Two")
    run("resume", "--many", world.table, "--failed")
    assert world.jobs == [
        "acme.failed.failed.job", "acme.failed.job", "acme.job", "globex.job", "initech.job",
    ]  # fmt: skip
    return world


def count_left(world: World, name: str) -> int:
    ledger = world.sandboxes[name].ledger
    return ledger.count(what="created") - ledger.count(what="deleted")


def test_undo_takes_corrections_back_first(corrected: World) -> None:
    result = run("undo", "--many", corrected.table)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[:3] == ["acme: 5 deleted", "globex: 3 deleted", "initech: 3 deleted"]
    assert lines[3].startswith("3 tenants: 3 done; 11 deleted; ")
    assert [count_left(corrected, name) for name in corrected.sandboxes] == [0, 0, 0]
    deleted = [change.key for change in corrected.sandboxes["acme"].ledger.find(what="deleted")]
    assert deleted[:2] == ["acme-two", "acme-one"]
    again = run("undo", "--many", corrected.table)
    assert (again.exit_code, again.stdout.splitlines()[:3]) == (0, lines[:3])
    status = run("status", "--many", corrected.table)
    assert status.stdout.splitlines()[0] == "acme: undone, 5 deleted"
    assert status.exit_code == 0


def test_status_and_report_show_every_job_and_count_each_row_once(corrected: World) -> None:
    status = run("status", "--many", corrected.table)
    assert status.stdout.splitlines() == [
        "acme: done, 5 created",
        "  acme.job: done, 3 created, 2 invalid",
        "  acme.failed.job: done, 1 created, 1 invalid",
        "  acme.failed.failed.job: done, 1 created",
        "globex: done, 3 created, 1 invalid",
        "initech: done, 3 created",
        "3 tenants: 3 done; 11 created, 1 invalid",
    ]
    data = json.loads(run("status", "--many", corrected.table, "--json").stdout)
    assert [one["job"] for one in data["acme"]["corrections"]] == [
        "acme.failed.job",
        "acme.failed.failed.job",
    ]
    assert data["acme"]["counts"]["created"] == 5
    assert "corrections" not in data["globex"]

    report = run("report", "--many", corrected.table)
    assert report.exit_code == 1, "globex has a row that is not in"
    assert report.stdout.splitlines()[:3] == [
        "acme: done: 5 created; of 3 jobs:",
        f"  done: 3 created, 2 invalid; {corrected.folder / 'acme.job'}",
        "    2 invalid: username: the username is missing; without it the row cannot go in",
    ]
    assert run("report", "--many", corrected.table, "--only", "acme").exit_code == 0
    data = json.loads(run("report", "--many", corrected.table, "--format", "json").stdout)
    assert data["acme"]["counts"]["invalid"] == 0
    assert [one["counts"]["created"] for one in data["acme"]["corrections"]] == [1, 1]
    page = corrected.folder / "all.html"
    assert run("report", "--many", corrected.table, "--format", "html", "-o", page).exit_code == 1
    for name in ("acme", "acme.failed", "acme.failed.failed", "globex"):
        assert f'href="{name}.html"' in page.read_text()
        assert (corrected.folder / f"{name}.html").exists()


def test_resume_tells_of_a_tenant_whose_rows_are_all_in_by_now(corrected: World) -> None:
    sent = corrected.sent
    result = run("resume", "--many", corrected.table)
    assert result.stdout.splitlines()[0] == "acme: 5 created"
    assert json.loads(run("resume", "--many", corrected.table, "--only", "acme", "--json").stdout)["complete"]
    assert corrected.sent == sent


def test_a_file_that_is_fed_back_twice_does_not_hide_a_row_that_is_not_in(world: World) -> None:
    with (world.folder / "acme.csv").open("a") as file:
        file.write(",One\n,Two\n")
    run("provision", "--many", world.table)
    failed = world.folder / "acme.failed.csv"
    correct(failed, ",One", "acme-one,One")
    for _ in range(2):
        run("resume", world.folder / "acme.job", "--failed", failed)
    status = run("status", "--many", world.table, "--only", "acme")
    assert status.stdout.splitlines()[0] == "acme: done, 4 created, 1 invalid"


def test_corrections_are_found_wherever_their_file_was(world: World, tmp_path: Path) -> None:
    with (world.folder / "acme.csv").open("a") as file:
        file.write(",One\n")
    run("provision", "--many", world.table, "--only", "acme")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file = (world.folder / "acme.failed.csv").rename(elsewhere / "rest.csv")
    correct(file, ",One", "acme-one,One")
    assert run("resume", "--many", world.table, "--only", "acme", "--failed", file).exit_code == 0
    assert "rest.job: done, 1 created" in run("status", "--many", world.table).stdout
    undone = run("undo", "--many", world.table, "--only", "acme")
    assert undone.stdout.splitlines()[0] == "acme: 4 deleted"


def test_nothing_of_a_tenant_is_undone_while_somebody_works_on_one_of_its_jobs(corrected: World) -> None:
    with closing(open_store(corrected.folder / "acme.job")):
        result = run("undo", "--many", corrected.table)
    assert result.exit_code == 2
    assert "acme: not done: " in result.stdout
    assert "acme.job" in result.stdout.splitlines()[0]
    assert count_left(corrected, "acme") == 5
    assert [count_left(corrected, name) for name in ("globex", "initech")] == [0, 0]
    assert "acme: to be undone, 5 created" in run("status", "--many", corrected.table).stdout
    again = find_command(result.stdout, "To go on taking it back:  ")
    assert run(*again).exit_code == 0
    assert count_left(corrected, "acme") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_undo_that_was_killed_between_two_jobs_is_gone_on_with(corrected: World) -> None:
    acme = corrected.sandboxes["acme"]
    acme.faults.add(Fault(Hang(), "delete_a_user", nth=2, times=None))
    with started("undo", "--many", corrected.table, "--concurrency", "1") as process:
        give_up = time.monotonic() + 60
        while read_job_header(corrected.folder / "acme.failed.failed.job").state != "undone":
            assert process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    acme.faults.clear()
    assert read_job_header(corrected.folder / "acme.job").state == "done"
    status = run("status", "--many", corrected.table)
    assert status.exit_code == 1, status.output
    assert "acme: " in status.stdout.splitlines()[0]
    (corrected.folder / "acme.csv").unlink()  # nobody needs it to undo
    again = find_command(status.stdout, "To go on:  ")
    result = run(*again)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "acme: 5 deleted"
    assert count_left(corrected, "acme") == 0


def test_a_correction_that_was_stopped_is_resumed_with_the_rest(world: World) -> None:
    with (world.folder / "acme.csv").open("a") as file:
        file.write(";One\n")
    text = (world.folder / "acme.csv").read_text().replace(",", ";").replace("username", "Login")
    (world.folder / "acme.csv").write_text(text)
    world.write(acme='map = { Login = "username" }')
    run("provision", "--many", world.table, "--only", "acme")
    correct(world.folder / "acme.failed.csv", ";One", "acme-one;One")
    acme = world.sandboxes["acme"]
    acme.faults.add(Fault(Status(500), "batch_create_users", times=None))
    result = run("resume", "--many", world.table, "--only", "acme", "--failed")
    assert result.exit_code == 1, result.output
    acme.faults.clear()
    status = run("status", "--many", world.table, "--only", "acme")
    assert (status.exit_code, status.stdout.splitlines()[0]) == (1, "acme: stopped, 3 created, 1 invalid")
    result = run(*find_command(status.stdout, "To go on:  "))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "acme: 4 created"


def test_a_tenant_that_has_ended_needs_its_file_no_more(corrected: World) -> None:
    (corrected.folder / "initech.csv").unlink()
    assert "initech: 3 created" in run("resume", "--many", corrected.table).stdout


def test_a_damaged_correction_is_told_and_nothing_of_its_tenant_undone(corrected: World) -> None:
    (corrected.folder / "acme.failed.job").write_bytes(b"no job")
    status = run("status", "--many", corrected.table)
    assert status.exit_code == 2
    assert "acme: unreadable" in status.stdout
    assert "  acme.failed.job: unreadable, " in status.stdout
    result = run("undo", "--many", corrected.table)
    assert result.exit_code == 2
    assert "acme.failed.job" in result.stdout.splitlines()[0]
    assert count_left(corrected, "acme") == 5
    with open_store_for_reading(corrected.folder / "globex.job") as store:
        assert store.read_header().state == "undone"


def test_pages_of_jobs_that_are_called_alike_do_not_replace_each_other(world: World) -> None:
    for name in world.sandboxes:
        (world.folder / name).mkdir()
    world.write(TOP + 'job = "{name}/users.job"\n')
    assert run("provision", "--many", world.table).exit_code == 0
    (world.folder / "globex" / "users.job").write_bytes(b"no job")
    page = world.folder / "users.html"
    assert run("report", "--many", world.table, "--format", "html", "-o", page).exit_code == 2
    text = page.read_text()
    assert [f'href="users-{n}.html"' in text for n in (2, 3, 4)] == [True, False, True]
    assert "acme" in (world.folder / "users-2.html").read_text()
    assert "initech" in (world.folder / "users-4.html").read_text()
