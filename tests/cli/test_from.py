"""`alloy-async provision --from`: the users of one system into another, as a job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def systems(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Sandbox]]:
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Sandbox(name)) for name in ("alloy", "alsid")}
        for name, server in servers.items():
            monkeypatch.setenv(f"{name.upper()}_BASE_URL", server.url)
            monkeypatch.setenv(f"{name.upper()}_API_KEY", "key")
        yield servers


def test_the_users_of_another_system(systems: dict[str, Sandbox], tmp_path: Path) -> None:
    people, job = tmp_path / "people.jsonl", tmp_path / "move.job"
    people.write_text(
        "".join(
            json.dumps({"email": f"{name}@x.org", "first name": name.title(), "password": "Abc-defg-1234"})
            + "\n"
            for name in ("ada", "bob", "eve")
        )
    )
    assert run("provision", people, "--to", "alsid").exit_code == 0
    arguments = ("provision", "--from", "alsid", "--to", "alloy", "--map", "email=username", "--job")
    # New users of Alsid are inactive, and Alloy has only active ones.
    refused = run(*arguments, tmp_path / "refused.job")
    assert refused.exit_code == 1
    assert "this user is inactive" in run("report", tmp_path / "refused.job").output
    result = run(*arguments, job, "--allow-inactive")
    assert result.exit_code == 0, result.output
    created = {effect.key for effect in systems["alloy"].ledger}
    assert {"ada@x.org", "bob@x.org", "eve@x.org"} < created
    told = json.loads(run("report", job, "--format", "json").stdout)
    assert told["counts"]["created"] + told["counts"]["exists"] == 12
    assert run("resume", job).exit_code == 0


def test_either_a_file_or_a_system(tmp_path: Path) -> None:
    for arguments in (["--from", "alsid", "users.csv"], []):
        result = run("provision", "--to", "alloy", *arguments)
        assert result.exit_code == 2
        assert "give either FILE, or --from with a system" in result.stderr
    assert "--from needs --job" in run("provision", "--to", "alloy", "--from", "alsid").stderr
