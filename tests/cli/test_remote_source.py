"""A source by URL: read again by the commands that go on with the job, which is in the current folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Sandbox

ROWS = b"username,full_name\nada@x.example,Ada\n,Nobody\nbob@x.example,Bob\n"


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    monkeypatch.chdir(tmp_path)
    files = fsspec.filesystem("memory")
    files.pipe("/in/users.csv", ROWS)
    with Sandbox("alloy", seed_users=0) as sandbox:
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        yield sandbox
    files.rm("/", recursive=True)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_provision_and_its_failed_rows(server: Sandbox) -> None:
    result = run("provision", "memory://in/users.csv", "--to", "alloy")
    assert "created: 2" in result.stdout, result.output
    assert "users.failed.csv in the current folder" in result.stdout
    assert "Nobody" in Path("users.failed.csv").read_text()
    assert Path("users.job").exists()
    assert run("undo", "users.job").exit_code == 0
    assert server.ledger.count(what="deleted") == 2


def test_plan_and_apply(server: Sandbox) -> None:
    assert run("plan", "memory://in/users.csv", "--to", "alloy", "--job", "a.job").exit_code == 0
    fsspec.filesystem("memory").pipe("/in/users.csv", ROWS.replace(b"bob", b"eve"))
    result = run("apply", "a.job")
    assert result.exit_code == 2
    assert "memory://in/users.csv" in result.stderr
    assert len(server.ledger) == 0
    fsspec.filesystem("memory").pipe("/in/users.csv", ROWS)
    assert "created: 2" in run("apply", "a.job").stdout


def test_lint_and_a_table_of_tenants(server: Sandbox, tmp_path: Path) -> None:
    result = run("lint", "memory://in/users.csv", "--to", "alloy")
    assert result.exit_code == 1
    assert "memory://in/users.csv" in result.stdout
    Path("tenants.toml").write_text(
        f'[tenants.a]\nfile = "memory://in/users.csv"\nsystem = "alloy"\nbase_url = "{server.url}"\n'
        'credential = { env = "ALLOY_API_KEY" }\njob = "a.job"\n'
    )
    result = run("provision", "--many", "tenants.toml")
    assert result.exit_code == 1, result.output  # one row names nobody
    assert server.ledger.count(what="created") == 2


def test_a_secret_in_the_url_is_not_shown(server: Sandbox) -> None:
    result = run("provision", "https://host.example/users.csv?sig=hunter22", "--to", "alloy")
    assert result.exit_code == 2
    assert "holds a secret" in result.stderr
    assert "hunter22" not in result.output
