"""Corrected rows are fed back as the job was told to read and send, and nobody is doubled or removed by them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async import AsyncAlloy
from alloy_async.alloy.directory import AlloyDirectory
from alloy_async.cli.app import app
from alloy_async.provisioning import provision, resume
from alloy_async.sandbox import Fault, Sandbox, Status

from .test_next_steps import find_command


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox("alloy", seed_users=0, keys=["key", "renewed"]) as sandbox:
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        yield sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def correct(failed: Path, old: str, new: str) -> None:
    text = failed.read_text(encoding="utf-8")
    assert old in text
    failed.write_text(text.replace(old, new), encoding="utf-8")


def read_names(sandbox: Sandbox) -> dict[str, str]:
    """The users there, and their full names."""
    result = run("users", "list", "--in", sandbox.system, "--json")
    return {user["username"]: user["full_name"] for user in map(json.loads, result.stdout.splitlines())}


def test_findings_name_the_file_that_was_read(tmp_path: Path, server: Sandbox) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    again = find_command(run("provision", source, "--to", "alloy").stdout, "Correct them there, then run:  ")
    result = run(*again)
    assert result.exit_code == 1
    assert "users.failed.csv:2: error: " in result.stderr


def test_the_job_remembers_how_its_rows_are_read_and_sent(
    tmp_path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "leute.csv"
    source.write_bytes("Alle\nWer;Was\nada;Åda\n;Bób\n".encode("cp1252"))
    words = ["--map", "Wer=username", "--map", "Was=full_name", "--delimiter", ";", "--encoding", "cp1252"]
    result = run("provision", source, "--to", "alloy", "--mode", "upsert", "--skip-rows", "1", *words)
    assert result.exit_code == 1, result.output
    failed, job = tmp_path / "leute.failed.csv", tmp_path / "leute.job"
    again = find_command(result.stdout, "Correct them there, then run:  ")
    assert again == ["resume", str(job), "--failed", str(failed)]
    correct(failed, ";Bób", "bob;Bób")
    monkeypatch.chdir("/")
    result = run(*again)
    assert result.exit_code == 0, result.output
    assert read_names(server) == {"ada": "Åda", "bob": "Bób"}
    assert failed.exists(), "somebody corrected it"
    assert run("undo", tmp_path / "leute.failed.job").exit_code == 0
    assert read_names(server) == {"ada": "Åda"}


def test_rows_that_are_still_wrong_have_a_file_and_a_command_of_their_own(
    tmp_path: Path, server: Sandbox
) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n,Eve\n")
    again = find_command(run("provision", source, "--to", "alloy").stdout, "Correct them there, then run:  ")
    correct(tmp_path / "users.failed.csv", ",Bob", "bob,Bob")
    result = run(*again)
    assert result.exit_code == 1, result.output
    third = find_command(result.stdout, "Correct them there, then run:  ")
    correct(Path(third[-1]), ",Eve", "eve,Eve")
    assert run(*third).exit_code == 0
    assert set(read_names(server)) == {"ada", "bob", "eve"}


def test_a_job_that_would_still_send_rows_is_resumed_first(tmp_path: Path, server: Sandbox) -> None:
    source, failed = tmp_path / "users.csv", tmp_path / "users.failed.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    server.faults.add(Fault(Status(500), "batch_create_users", times=None))
    result = run("provision", source, "--to", "alloy")
    assert result.exit_code == 1, result.output
    assert "Correct them there" not in result.stdout
    server.faults.clear()
    requests = len(server.requests)
    result = run("resume", tmp_path / "users.job", "--failed", failed)
    assert result.exit_code == 2
    assert "resume it first" in " ".join(result.stderr.split())
    assert len(server.requests) == requests
    assert run("resume", tmp_path / "users.job").exit_code == 1
    correct(failed, ",Bob", "bob,Bob")
    assert run("resume", tmp_path / "users.job", "--failed", failed).exit_code == 0
    assert set(read_names(server)) == {"ada", "bob"}


def test_corrected_rows_of_a_sync_remove_nobody(tmp_path: Path, server: Sandbox) -> None:
    source, failed = tmp_path / "users.csv", tmp_path / "users.failed.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    result = run("provision", source, "--to", "alloy", "--mode", "sync", "--allow-delete", "1")
    correct(failed, ",Bob", "bob,Bob")
    assert run(*find_command(result.stdout, "Correct them there, then run:  ")).exit_code == 0
    assert set(read_names(server)) == {"ada", "bob"}
    assert server.ledger.count(what="deleted") == 0


def test_corrected_rows_go_to_the_account_of_the_job_only(
    tmp_path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, failed = tmp_path / "users.csv", tmp_path / "users.failed.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    again = find_command(run("provision", source, "--to", "alloy").stdout, "Correct them there, then run:  ")
    correct(failed, ",Bob", "bob,Bob")
    monkeypatch.setenv("ALLOY_API_KEY", "renewed")
    requests = len(server.requests)
    result = run(*again)
    assert result.exit_code == 2
    assert "--new-key" in result.stderr
    assert len(server.requests) == requests
    assert run(*again, "--new-key").exit_code == 0


async def test_the_library_takes_corrected_rows_back(tmp_path: Path) -> None:
    source, rest = tmp_path / "users.csv", tmp_path / "rest.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    rest.write_text("username,full_name\nbob,Bob\nada,Another\n")
    async with Sandbox("alloy", seed_users=0) as sandbox, AsyncAlloy("key", base_url=sandbox.url) as client:
        directory = AlloyDirectory(client)
        first = await provision(source, directory)
        second = await resume(first.job, directory, failed=rest)
        assert (second.mode, second.counts.created, second.counts.exists) == ("create", 1, 1)
        assert sorted(change.key for change in sandbox.ledger.find(what="created")) == ["ada", "bob"]
