"""A job that was made for one customer is never carried out on another, whose credential happens to be in the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Sandbox

from ..systems import SYSTEMS

MAIL = "northwind.example"
OF_THE_KEY = ("alloy", "alsid", "opendatasoft")
"""Systems that know their customers by nothing but the credential; the others have them in the route."""
PLACES = {"smooch": "--app-id", "agilicus": "--org-id"}


@pytest.fixture
def server(system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A service of two customers, whose keys are both good: what is refused, the job refuses."""
    keys: dict[str, Any] = {} if system in PLACES else {"keys": ["ours", "theirs"]}
    with Sandbox(system, seed_users=2, **keys) as sandbox:
        told = {"base_url": sandbox.url, **sandbox.credentials, **sandbox.place}
        for name, value in told.items():
            monkeypatch.setenv(f"{system}_{name}".upper(), value)
        (tmp_path / "users.csv").write_text(
            "username,email,given_name,family_name,password\n"
            + "".join(
                f"{name},{name}@{MAIL},{name.title()},Quist,Correct-H0rse-battery\n"
                for name in ("ada", "bob")
            )
        )
        yield sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def begin_job(command: str, system: str, path: Path) -> None:
    """Make the job that a command is for: a plan to apply, a stopped one to resume, a whole one to undo."""
    first = "plan" if command in ("apply", "resume") else "provision"
    result = run(first, path, "--to", system)
    assert result.exit_code == 0, result.output


def use_key_of_others(system: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Change the customer; gives the options that say so, where the credential alone does not."""
    if system in OF_THE_KEY:
        monkeypatch.setenv(f"{system.upper()}_API_KEY", "theirs")
        return []
    return [PLACES[system], "theirs"]


@pytest.mark.parametrize("command", ["apply", "resume", "undo"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_another_account_is_refused(
    system: str, command: str, server: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_job(command, system, tmp_path / "users.csv")
    effects, requests = len(server.ledger), len(server.requests)
    assert bool(effects) == (command == "undo")
    options = use_key_of_others(system, monkeypatch)
    job = tmp_path / "users.job"
    result = run(command, job, *options)
    assert result.exit_code == 2, result.output
    words = " ".join(result.stderr.split())
    assert "was made for another account" in words
    assert "--new-key" in words
    assert len(server.ledger) == effects, "nothing was created or deleted"
    assert len(server.requests) == requests, "nothing was even asked"

    if system not in OF_THE_KEY:
        assert run(command, job).exit_code == 0, "the job remembers whom it is for"
        return
    assert run(command, job, "--new-key").exit_code == 0
    whats = [change.what for change in server.ledger]
    assert whats.count("created") == 2
    assert whats.count("deleted") == (2 if command == "undo" else 0)
