"""`alloy-async provision` as its user meets it: what it says, what it leaves, how it exits."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.sandbox import Fault, Limit, Reset, Sandbox

EXAMPLE = Path(__file__).parents[2] / "examples" / "users.csv"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox("alloy") as sandbox:
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        yield sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["provision", *map(str, arguments), "--to", "alloy"])


def users(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("\n".join(["username,full_name", *lines, ""]), encoding="utf-8")
    return path


def test_the_example(tmp_path: Path) -> None:
    path = Path(shutil.copy(EXAMPLE, tmp_path))
    result = run(path, "--sandbox")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:6] == [
        "created: 1180",
        "already there: 8",
        "invalid: 12",
        "failed: 0",
        "outcome unknown: 0",
        "rows: 1200",
    ]
    failed = tmp_path / "users.failed.csv"
    assert f"alloy-async provision {failed} --to alloy --sandbox" in result.stdout
    assert f"{path}:190: error: User Name: the username is missing" in result.stderr
    assert "Alloy has no place for these columns, they are not sent: E-mail, " in result.stderr
    with failed.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["_line"] for row in rows] == sorted((r["_line"] for r in rows), key=int)
    assert all(row["_status"] == "invalid" and row["_reason"] for row in rows)
    assert rows[0]["Employee ID"] == "044065"  # zeros in front stay


def test_all_in_and_again(tmp_path: Path, server: Sandbox) -> None:
    path = users(tmp_path, "ada,Ada", "bob,Bob")
    result = run(path)
    assert result.exit_code == 0, result.output
    assert "created: 2" in result.stdout
    assert list(tmp_path.iterdir()) == [path]
    result = run(path)
    assert result.exit_code == 0
    assert "created: 0\nalready there: 2\n" in result.stdout
    assert server.ledger.count("batch_create_users") == 2


def test_correcting_the_failed_rows_and_feeding_them_back(tmp_path: Path, server: Sandbox) -> None:
    path = users(tmp_path, "ada,Ada", ",Bob", "ADA,Eve")
    failed = tmp_path / "rest.csv"
    assert run(path, "--failed", failed).exit_code == 1
    text = failed.read_text(encoding="utf-8").replace(",Bob", "bob,Bob").replace("ADA,", "eve,")
    failed.write_text(text.replace("row can gobob,", "row cannot go in,"), encoding="utf-8")
    result = run(failed)
    assert result.exit_code == 0, result.output
    assert {effect.key for effect in server.ledger} == {"ada", "bob", "eve"}


def test_json(tmp_path: Path, server: Sandbox) -> None:
    result = run(users(tmp_path, "ada,Ada", ",Bob"), "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["counts"] == {"created": 1, "exists": 0, "invalid": 1, "failed": 0, "unknown": 0}
    assert report["failed_file"] == str(tmp_path / "users.failed.csv")
    assert report["check"]["findings"][0]["line"] == 3


def test_a_lost_answer_is_told(tmp_path: Path, server: Sandbox) -> None:
    server.faults.add(Fault(Reset(after_commit=True), "batch_create_users"))
    result = run(users(tmp_path, "ada,Ada"))
    assert result.exit_code == 1
    assert "outcome unknown: 1" in result.stdout
    assert "running the job again is safe" in (tmp_path / "users.failed.csv").read_text()


def test_a_rate_limit_is_followed(tmp_path: Path, server: Sandbox) -> None:
    server.limit = Limit(rate=20, burst=1, retry_after=None)
    result = run(users(tmp_path, *(f"u{n}," for n in range(6000))))
    assert result.exit_code == 0, result.output
    assert "created: 6000" in result.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "users.csv: it is empty"),
        (b"name\nada\n", "users.csv:1: no column holds the username; found 'name'; rename"),
        (b"username\nj\xfcrgen\n", "users.csv:2:2: byte 0xFC is not UTF-8; if '\xfc' is meant"),
        (b'username\nada\n"bob\n', "users.csv:3: a quoted cell that begins"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, server: Sandbox, content: bytes, words: str) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(content)
    result = run(path)
    assert result.exit_code == 2
    assert f"Error: {tmp_path}/{words}" in result.stderr
    assert result.stdout == ""
    assert list(server.ledger) == []


def test_options_for_reading(tmp_path: Path, server: Sandbox) -> None:
    path = tmp_path / "users.txt"
    path.write_bytes("login\tname\njürgen\tJürgen\n".encode("cp1252"))
    assert run(path, "--encoding", "cp1252", "--delimiter", "tab").exit_code == 0
    assert [effect.key for effect in server.ledger] == ["jürgen"]
    result = run(path, "--delimiter", "--")
    assert result.exit_code == 2
    assert "give one character, or 'tab'" in result.stderr


def test_a_wrong_key(tmp_path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "wrong-c4n4ry")
    result = run(users(tmp_path, "ada,Ada"), "-v")
    assert result.exit_code == 2
    assert "401" in result.stderr
    assert "The API key was refused: check ALLOY_API_KEY or --api-key-file." in result.stderr
    assert "c4n4ry" not in result.output
    assert not (tmp_path / "users.failed.csv").exists()


def test_no_key(tmp_path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOY_API_KEY")
    result = run(users(tmp_path, "ada,Ada"))
    assert result.exit_code == 2
    assert "ALLOY_API_KEY" in result.stderr


def test_a_key_file(tmp_path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOY_API_KEY")
    path, key = users(tmp_path, "ada,Ada"), tmp_path / "key.txt"
    result = run(path, "--api-key-file", key)
    assert result.exit_code == 2
    assert f"{key}: the API key cannot be read: No such file" in result.stderr
    key.write_text("\n")
    assert f"{key}: the file is empty" in run(path, "--api-key-file", key).stderr
    key.write_text("key\n")
    assert run(path, "--api-key-file", key).exit_code == 0


def test_nobody_there(tmp_path: Path, server: Sandbox) -> None:
    result = run(users(tmp_path, "ada,Ada"), "--base-url", "http://127.0.0.1:9", "--sandbox")
    assert result.exit_code == 2
    assert "--sandbox brings its own address and key" in result.stderr
    result = run(users(tmp_path, "ada,Ada"), "--base-url", "nonsense")
    assert result.exit_code == 2
    assert "base_url" in result.stderr


def test_verbose_shows_requests(tmp_path: Path, server: Sandbox) -> None:
    result = run(users(tmp_path, "ada,Ada"), "-v")
    assert result.exit_code == 0
    assert "batch_create_users" in result.stderr
