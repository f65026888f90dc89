"""A password given to all by --set is in no job file, and a job does not go on without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Sandbox

SECRET = "Corr-H0rse-c4n4ry"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox("alsid", seed_users=1) as sandbox:
        monkeypatch.setenv("ALSID_BASE_URL", sandbox.url)
        monkeypatch.setenv("ALSID_API_KEY", "key")
        yield sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("command", ["apply", "resume"])
def test_it_is_told_again(command: str, server: Sandbox, tmp_path: Path) -> None:
    source, job = tmp_path / "users.csv", tmp_path / "users.job"
    source.write_text("email,given_name,family_name\nada@x.example,Ada,Quist\n,Bob,Quist\n")
    told = ("--set", f"password={SECRET}")
    assert run("plan", source, "--to", "alsid", *told, "--set", "department=IT").exit_code == 0
    assert SECRET.encode() not in job.read_bytes()
    result = run(command, job)
    assert result.exit_code == 2, result.output
    assert "say it again: --set password=VALUE" in " ".join(result.stderr.split())
    result = run(command, job, *told, "--set", "department=Sales")
    assert result.exit_code == 2
    assert "--set department=... is not for this job" in " ".join(result.stderr.split())
    assert len(server.ledger) == 0
    result = run(command, job, *told)
    assert "created: 1" in result.stdout, result.output
    failed = tmp_path / "users.failed.csv"
    failed.write_text(failed.read_text().replace(",,Bob", ",bob@x.example,Bob"))
    assert run("resume", job, "--failed", failed).exit_code == 2
    assert run("resume", job, "--failed", failed, *told).exit_code == 0
    assert run("undo", job).exit_code == 0, "whom to remove needs no password"
    assert not [path for path in tmp_path.iterdir() if SECRET.encode() in path.read_bytes()]
