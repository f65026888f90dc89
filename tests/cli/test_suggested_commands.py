"""Every command that is printed works when it is pasted: it is neither refused as a command, nor does it end in a traceback."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from alloy_async.cli.exit_codes import ExitCode
from alloy_async.sandbox import Fault, Sandbox, Status

from .test_many import run

COMMAND = re.compile(r"(?<![\w`])alloy-async [a-z].*")
FAULTY = "username,full_name\nada,Ada\n,Nameless\nada,Twice\n"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox("alloy", seed_users=0) as sandbox:
        for name in ("ALLOY_API_KEY", "ALLOY_ASYNC_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        monkeypatch.setenv("ACME_KEY", "key")
        monkeypatch.setenv("FULL_NAME_SECRET", "x")
        monkeypatch.setenv("ALLOY_ASYNC_PROFILES", str(tmp_path / "profiles.toml"))
        (tmp_path / "profiles.toml").write_text(
            f'[acme]\nsystem = "alloy"\nbase_url = "{sandbox.url}"\ncredential = {{ env = "ACME_KEY" }}\n'
        )
        (tmp_path / "my key").write_text("key\n")
        (tmp_path / "tenants of june.toml").write_text(
            'profile = "acme"\nfile = "{name}.csv"\n[tenants.acme]\n[tenants.globex]\n'
        )
        for name in ("acme", "globex", "my users", "-users", "zoë"):
            (tmp_path / f"{name}.csv").write_text(FAULTY.replace("ada", name.strip("-").replace(" ", ".")))
        monkeypatch.chdir(tmp_path)
        yield sandbox


def list_commands(result: Result) -> list[list[str]]:
    found = [match[0] for line in result.output.splitlines() for match in COMMAND.finditer(line)]
    return [shlex.split(os.path.expandvars(text))[1:] for text in found]


def follow(words: list[str], seen: set[tuple[str, ...]], depth: int = 3) -> None:
    """Run a command, and what it suggests, and what that suggests."""
    if tuple(words) in seen or not depth:
        return
    seen.add(tuple(words))
    result = run(*words)
    assert result.exception is None or isinstance(result.exception, SystemExit), (words, result.exception)
    assert "Usage:" not in result.output, (words, result.output)
    if len(seen) > 1:
        assert result.exit_code != ExitCode.NOT_DONE, (words, result.output)
    for command in list_commands(result):
        follow(command, seen, depth - 1)


SCENARIOS = [
    ["provision", "my users.csv", "--profile", "acme"],
    ["provision", "zoë.csv", "--to", "alloy", "--api-key-file", "my key", "--rate", "1000", "--burst", "5"],
    ["provision", "./-users.csv", "--profile", "acme", "--mode", "upsert", "--job", "other place.job"],
    ["plan", "my users.csv", "--profile", "acme", "--rate", "1000", "--mode", "upsert"],
    ["plan", "acme.csv", "--to", "alloy", "--api-key-file", "my key"],
    ["provision", "acme.csv", "--to", "alloy", "--sandbox"],
    ["provision", "acme.csv", "--to", "alloy", "--sandbox", "--set", "department=R & D", "--json"],
    ["plan", "--many", "tenants of june.toml"],
    ["provision", "--many", "tenants of june.toml"],
    ["provision", "--many", "tenants of june.toml", "--only", "acme"],
    ["provision", "--many", "tenants of june.toml", "--sandbox"],
]


@pytest.mark.parametrize("words", SCENARIOS, ids=" ".join)
def test_what_is_suggested_works(server: Sandbox, words: list[str]) -> None:
    seen: set[tuple[str, ...]] = set()
    follow(words, seen)
    assert len(seen) > 1 or "--sandbox" in words, "nothing was suggested"


@pytest.mark.parametrize("words", [SCENARIOS[0], SCENARIOS[1], SCENARIOS[8]], ids=" ".join)
def test_what_is_suggested_in_an_outage_works(server: Sandbox, words: list[str]) -> None:
    server.faults.add(Fault(Status(500), "batch_create_users", times=None))
    first = run(*words)
    assert first.exit_code in (ExitCode.INCOMPLETE, ExitCode.NOT_DONE), first.output
    assert not server.faults.unhit
    server.faults.clear()
    commands = list_commands(first)
    assert commands
    seen = {tuple(words)}
    for command in commands:
        follow(command, seen)


@pytest.mark.parametrize("words", [SCENARIOS[0], SCENARIOS[8]], ids=" ".join)
def test_what_is_suggested_after_corrections_and_undo_works(server: Sandbox, words: list[str]) -> None:
    first = run(*words)
    for failed in Path().glob("*.failed.csv"):
        failed.write_text(failed.read_text().replace(",Nameless", f"new.{failed.stem},Named"))
    (again,) = [command for command in list_commands(first) if "--failed" in command]
    assert run(*again).exit_code == ExitCode.INCOMPLETE
    undo = ["undo", *words[1:3]] if "--many" in words else ["undo", "my users.job"]
    seen = {("",)}
    follow(undo, seen)
    if "--many" not in words:  # there it takes back what the corrected rows did too
        assert any(command[0] == "undo" and command[-1].endswith(".failed.job") for command in seen), seen
    assert server.ledger.count(what="deleted") == server.ledger.count(what="created")
