"""Corrected rows of many tenants go back to the jobs that they are of; and each job knows whose account it is by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_corrections import correct
from .test_many import World, run, world as world
from .test_next_steps import find_command


@pytest.fixture
def faulty(world: World) -> World:
    """A run in which a row each of acme and globex was refused."""
    for name in ("acme", "globex"):
        with (world.folder / f"{name}.csv").open("a") as file:
            file.write(",Nameless\n")
    return world


def read_created(world: World, name: str) -> set[str]:
    return {change.key for change in world.sandboxes[name].ledger.find(what="created")}


def test_one_command_feeds_back_what_was_corrected_of_each(faulty: World) -> None:
    result = run("provision", "--many", faulty.table)
    assert result.exit_code == 1, result.output
    again = find_command(result.stdout, "Correct them there, then run:  ")
    assert again == ["resume", "--many", str(faulty.table), "--failed"]
    correct(faulty.folder / "acme.failed.csv", ",Nameless", "acme-new,Nameless")
    sent = len(faulty.sandboxes["globex"].requests)
    result = run(*again)
    assert result.exit_code == 1, "globex's row was not corrected"
    assert "acme: 1 created" in result.stdout
    assert "acme-new" in read_created(faulty, "acme")
    assert len(faulty.sandboxes["globex"].requests) == sent
    assert faulty.jobs == ["acme.failed.job", "acme.job", "globex.job", "initech.job"]
    correct(faulty.folder / "globex.failed.csv", ",Nameless", "globex-new,Nameless")
    sent = len(faulty.sandboxes["acme"].requests)
    result = run(*again)
    assert result.exit_code == 0, result.output
    assert "globex-new" in read_created(faulty, "globex")
    assert len(faulty.sandboxes["acme"].requests) == sent, "what was fed back is not fed back again"


def test_rows_that_are_still_wrong_are_corrected_where_they_are_then(faulty: World) -> None:
    again = find_command(
        run("provision", "--many", faulty.table, "--only", "acme").stdout, "Correct them there, then run:  "
    )
    assert again == ["resume", "--many", str(faulty.table), "--only", "acme", "--failed"]
    correct(faulty.folder / "acme.failed.csv", ",Nameless", ",Renamed")
    result = run(*again)
    assert result.exit_code == 1, result.output
    assert "acme.failed.failed.csv" in result.stdout
    correct(faulty.folder / "acme.failed.failed.csv", ",Renamed", "acme-new,Renamed")
    result = run(*find_command(result.stdout, "Correct them there, then run:  "))
    assert result.exit_code == 0, result.output
    assert "acme-new" in read_created(faulty, "acme")


def test_a_file_goes_to_its_own_tenant_only(faulty: World) -> None:
    run("provision", "--many", faulty.table)
    file = faulty.folder / "globex.failed.csv"
    correct(file, ",Nameless", "globex-new,Nameless")
    sent = faulty.sent
    result = run("resume", "--many", faulty.table, "--failed", file)
    assert result.exit_code == 2
    assert "say whose, as --only NAME" in " ".join(result.stderr.split())
    result = run("resume", "--many", faulty.table, "--only", "acme", "--failed", file)
    assert result.exit_code == 2
    assert "is of globex.job, not of acme.job" in result.stdout
    assert faulty.sent == sent
    result = run("resume", "--many", faulty.table, "--only", "globex", "--failed", file)
    assert result.exit_code == 0, result.output
    assert "globex-new" in read_created(faulty, "globex")


def test_a_job_that_would_still_send_rows_is_not_corrected_yet(faulty: World) -> None:
    faulty.sandboxes["acme"].keys = {"another key"}
    run("provision", "--many", faulty.table)
    result = run("resume", "--many", faulty.table, "--only", "acme", "--failed")
    assert "not begun: " in result.stdout, result.output
    assert "provision it first" in result.stdout


def test_the_only_job_finds_its_own_file(faulty: World) -> None:
    run("provision", "--many", faulty.table)
    job, file = faulty.folder / "acme.job", faulty.folder / "acme.failed.csv"
    result = run("resume", job, "--failed")
    assert (result.exit_code, "correct the rows in it first" in " ".join(result.stderr.split())) == (2, True)
    correct(file, ",Nameless", "acme-new,Nameless")
    assert run("resume", job, "--failed").exit_code == 0
    result = run("resume", job, "--failed")
    assert (result.exit_code, "say it: --failed FILE" in " ".join(result.stderr.split())) == (2, True)
    assert run("resume", faulty.folder / "initech.job", "--failed").exit_code == 2


@pytest.mark.parametrize("kept", ["env", "file"])
def test_a_job_of_a_table_knows_where_its_credential_is(
    faulty: World, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (faulty.folder / "keys").mkdir()
    (faulty.folder / "keys" / "acme").write_text("key-of-acme\n")
    if kept == "file":
        faulty.write(acme='credential = { file = "keys/acme" }')
    assert run("provision", "--many", faulty.table, "--only", "acme").exit_code == 1
    monkeypatch.setenv("ALLOY_API_KEY", "key-of-globex")
    monkeypatch.chdir("/")
    file = faulty.folder / "acme.failed.csv"
    correct(file, ",Nameless", "acme-new,Nameless")
    result = run("resume", faulty.folder / "acme.job", "--failed", file)
    assert result.exit_code == 0, result.output
    assert run("undo", faulty.folder / "acme.job").exit_code == 0
    assert b"key-of-acme" not in (faulty.folder / "acme.job").read_bytes()
    if kept == "env":
        monkeypatch.delenv("ACME_KEY")
        result = run("undo", faulty.folder / "acme.failed.job")
        assert result.exit_code == 2
        assert "the environment variable ACME_KEY is not set" in " ".join(result.stderr.split())


def test_no_job_runs_the_command_that_gave_its_credential(faulty: World) -> None:
    faulty.write(acme='credential = { command = "echo key-of-acme" }')
    assert run("provision", "--many", faulty.table, "--only", "acme").exit_code == 1
    job = faulty.folder / "acme.job"
    assert b"key-of-acme" not in job.read_bytes()
    result = run("undo", job)
    assert result.exit_code == 2
    assert "came from a command (echo ...)" in " ".join(result.stderr.split())
    assert run(*find_command(result.stderr.replace("table:  ", "table:\n> "), "> ")).exit_code == 1
    key = faulty.folder / "key"
    key.write_text("key-of-acme")
    assert run("undo", job, "--api-key-file", key).exit_code == 0


def test_a_key_file_is_remembered(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key"
    key.write_text("key-of-acme")
    monkeypatch.chdir(tmp_path)
    url = world.sandboxes["acme"].url
    assert (
        run("provision", "acme.csv", "--to", "alloy", "--base-url", url, "--api-key-file", "key").exit_code
        == 0
    )
    monkeypatch.chdir("/")
    assert run("undo", tmp_path / "acme.job").exit_code == 0


def test_to_take_back_what_never_was_is_no_mistake(world: World) -> None:
    assert run("provision", "--many", world.table, "--only", "acme").exit_code == 0
    result = run("undo", "--many", world.table)
    assert result.exit_code == 0, result.output
    assert "globex: not begun: " in result.stdout
    assert "there is nothing to take back" in result.stdout
    assert "To go on" not in result.stdout
