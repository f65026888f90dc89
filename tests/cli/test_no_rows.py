"""A source without rows, or with rows that a quote swallowed, touches nobody: in every mode, in every system that has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Sandbox

from ..systems import SYSTEMS

CASES = Path(__file__).parent.parent / "provisioning" / "cases"
HEADER = "username,email\n"
EMPTY = {
    "header only": HEADER,
    "blank rows": f"{HEADER}\n,\n  , \n",
    "title and header": f"Staff list 2026,\n{HEADER}",
    "mark and header": f"sep=,\n{HEADER}",
    "end of file": f"{HEADER}\x1a",
    "nothing": "",
}


@pytest.fixture
def server(system: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(system, seed_users=3) as sandbox:
        for name, value in {"base_url": sandbox.url, **sandbox.credentials, **sandbox.place}.items():
            monkeypatch.setenv(f"{system}_{name}".upper(), value)
        yield sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def list_modes(system: str) -> Sequence[tuple[str, ...]]:
    sync = [] if system == "smooch" else [("sync", "--allow-delete", "1")]
    return [("create",), ("upsert",), ("offboard",), *sync]


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_rows_are_refused(system: str, server: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    # What is empty does not hang on the system.
    for text in EMPTY.values() if system == "alloy" else (HEADER,):
        path.write_text(text)
        for mode in list_modes(system):
            for command in ("provision", "plan") if text == HEADER else ("provision",):
                result = run(command, path, "--to", system, "--mode", *mode)
                assert result.exit_code == 2, (command, mode, text, result.output)
                assert "no rows" in result.stderr or "is empty" in result.stderr, result.stderr
    assert len(server.ledger) == 0
    assert {request.method for request in server.requests} <= {"GET"}, "nothing but questions"
    assert [file.name for file in tmp_path.iterdir()] == ["users.csv"], "no job file is left"


@pytest.mark.parametrize("system", ["alloy"])
def test_who_means_it_says_so(system: str, server: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(HEADER)
    result = run("provision", path, "--to", system, "--mode", "sync", "--allow-delete", "1", "--allow-empty")
    assert result.exit_code == 0, result.output
    assert server.ledger.count(what="deleted") == 3


@pytest.mark.parametrize("system", ["alloy"])
def test_a_sync_with_swallowed_rows_removes_nobody(system: str, server: Sandbox, tmp_path: Path) -> None:
    job = ("--job", tmp_path / "1.job")
    words = ("--to", system, "--mode", "sync", "--allow-delete")
    assert run("provision", CASES / "sync_good.csv", *words, "1", *job).exit_code == 0
    effects = len(server.ledger)
    assert effects >= 1200
    result = run("provision", CASES / "sync_bad.csv", *words, "0.05", "--job", tmp_path / "2.job")
    assert result.exit_code == 2
    assert "sync_bad.csv:101: the quoted cell that begins here" in " ".join(result.stderr.split())
    assert len(server.ledger) == effects
