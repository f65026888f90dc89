"""`--many` over jobs in PostgreSQL: the same table, the same commands; no password in what is kept beside it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.provisioning.store.store_opener import delete_store
from alloy_async.sandbox import Sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_database_that_is_away_is_asked_again_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_KEY", "key")
    (tmp_path / "acme.csv").write_text("username\nada\n")
    table = tmp_path / "tenants.toml"
    table.write_text(
        'system = "alloy"\nfile = "{name}.csv"\njob = "postgresql://ada:s3cret@127.0.0.1:1/jobs#{name}"\n'
        'credential = { env = "{NAME}_KEY" }\n[tenants.acme]\n'
    )
    result = run("provision", "--many", table)
    assert result.exit_code == 2
    assert (
        "acme: not done: postgresql://ada@127.0.0.1:1/jobs#acme: the database cannot be reached"
        in result.stdout
    )
    assert f"Once the database answers:  alloy-async provision --many {table}" in result.stdout
    assert "To go on" not in result.stdout
    assert "s3cret" not in result.output


def test_a_table_of_jobs_in_postgresql(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = uuid.uuid4().hex[:8]
    for name in ("acme", "globex"):
        monkeypatch.setenv(f"{name.upper()}_KEY", f"key-of-{name}")
        (tmp_path / f"{name}.csv").write_text(f"username\n{name}1\n{name}2\n")
    separator = "&" if "?" in database else "?"
    place = f"{database}{separator}password=s3cret#{run_id}-{{name}}"
    table = tmp_path / "tenants.toml"
    with Sandbox("alloy", seed_users=0, keys=["key-of-acme", "key-of-globex"]) as sandbox:
        table.write_text(
            f'system = "alloy"\nbase_url = "{sandbox.url}"\nfile = "{{name}}.csv"\njob = "{place}"\n'
            'credential = { env = "{NAME}_KEY" }\n[tenants]\nacme = {}\nglobex = {}\n'
        )
        first = run("provision", "--many", table)
        assert first.exit_code == 0, first.output
        again = run("provision", "--many", table)
        assert "acme: 2 already there" in again.stdout
        status = run("status", "--many", table)
        assert status.stdout.splitlines()[:2] == [
            "acme: done, 2 already there",
            "globex: done, 2 already there",
        ]
        assert run("undo", "--many", table).exit_code == 0
        report = run("report", "--many", table)
        assert f"#{run_id}-acme.2" in report.stdout
        assert sandbox.ledger.count(what="created") == 4
    kept = (tmp_path / "tenants.jobs.json").read_text()
    assert json.loads(kept)["jobs"]["acme"]["job"] == f"#{run_id}-acme.2"
    assert "s3cret" not in kept + first.output + status.output + report.output
    assert not list(tmp_path.glob("*.job"))
    for name in ("acme", "globex"):
        for job in (f"{run_id}-{name}", f"{run_id}-{name}.2"):
            delete_store(f"{database}#{job}")
