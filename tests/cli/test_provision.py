"""`alloy-async provision` as its user meets it: what it says, what it leaves, how it exits."""

from __future__ import annotations

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
    assert f"12 rows did not go in; {failed} has each with its line and reason." in result.stdout
    again = run(failed, "--sandbox", "--failed", tmp_path / "still.csv")
    assert "rows: 12" in again.stdout, "the file can be fed back"
    assert (tmp_path / "still.csv").read_text(encoding="utf-8").startswith("_line,_status,_reason,")


def test_a_file_of_the_users_is_not_overwritten(tmp_path: Path, server: Sandbox) -> None:
    path = users(tmp_path, "ada,Ada", ",Nobody")
    theirs = tmp_path / "users.failed.csv"
    theirs.write_text("my notes")
    result = run(path)
    assert result.exit_code == 1
    assert f"{theirs}: is a file of yours; give --failed a place" in result.stderr
    assert theirs.read_text() == "my notes"
    assert sorted(file.name for file in tmp_path.iterdir() if "part" in file.name) == []


def test_the_example_says_what_is_wrong(tmp_path: Path) -> None:
    path = Path(shutil.copy(EXAMPLE, tmp_path))
    result = run(path, "--sandbox")
    assert f"{path}:190: error: User Name: the username is missing" in result.stderr
    assert "Alloy has no place for these columns, they are not sent: E-mail, " in result.stderr


def test_all_in_and_again(tmp_path: Path, server: Sandbox) -> None:
    path = users(tmp_path, "ada,Ada", "bob,Bob")
    result = run(path)
    assert result.exit_code == 0, result.output
    assert "created: 2" in result.stdout
    assert sorted(file.name for file in tmp_path.iterdir()) == ["users.csv", "users.job"]
    result = run(path)
    assert result.exit_code == 0
    assert "created: 0\nalready there: 2\n" in result.stdout
    assert server.ledger.count("batch_create_users") == 2


def test_correcting_the_failed_rows_and_feeding_them_back(tmp_path: Path, server: Sandbox) -> None:
    path = users(tmp_path, "ada,Ada", ",Bob", "ADA,Eve")
    failed = tmp_path / "rest.csv"
    assert run(path).exit_code == 1
    reported = CliRunner().invoke(
        app, ["report", str(path.with_suffix(".job")), "--format", "csv", "-o", str(failed)]
    )
    assert reported.exit_code == 1, reported.output
    text = failed.read_text(encoding="utf-8").replace(",Bob", "bob,Bob").replace("ADA,", "eve,")
    failed.write_text(text.replace("row can gobob,", "row cannot go in,"), encoding="utf-8")
    result = run(failed)
    assert result.exit_code == 0, result.output
    assert {effect.key for effect in server.ledger} == {"ada", "bob", "eve"}


def test_json(tmp_path: Path, server: Sandbox) -> None:
    result = run(users(tmp_path, "ada,Ada", ",Bob"), "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert {name: number for name, number in report["counts"].items() if number} == {
        "created": 1,
        "invalid": 1,
    }
    assert report["job"] == str(tmp_path / "users.job")
    assert report["check"]["findings"][0]["line"] == 3


def test_after_a_lost_answer_it_asks_and_does_nothing_twice(tmp_path: Path, server: Sandbox) -> None:
    server.faults.add(Fault(Reset(after_effect=True), "batch_create_users"))
    result = run(users(tmp_path, "ada,Ada"))
    assert result.exit_code == 0, result.output
    assert "created: 1" in result.stdout
    assert len(server.ledger) == 1


def command(name: str, job: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [name, str(job), *arguments])


def test_plan_apply_and_undo(tmp_path: Path, server: Sandbox) -> None:
    path, job = users(tmp_path, "ada,Ada", "bob,Bob"), tmp_path / "users.job"
    assert run(path).exit_code == 0
    users(tmp_path, "ada,Ada L", "eve,Eve")
    planned = CliRunner().invoke(
        app,
        [
            "plan",
            str(path),
            "--to",
            "alloy",
            "--mode",
            "sync",
            "--allow-delete",
            "0.9",
            "--job",
            str(tmp_path / "p.job"),
        ],
    )
    assert planned.exit_code == 0, planned.output
    assert "  + eve (line 3)\n" in planned.stdout
    assert "  ~ ada (line 2)  full_name: 'Ada' -> 'Ada L'\n" in planned.stdout
    assert "  - bob  is not in the source\n" in planned.stdout
    assert "To carry it out:  alloy-async apply " in planned.stdout
    assert len(server.ledger) == 2
    applied = command("apply", tmp_path / "p.job")
    assert applied.exit_code == 0, applied.output
    assert "created: 1\nupdated: 1\ndeleted: " in applied.stdout
    undone = command("undo", tmp_path / "p.job")
    assert undone.exit_code == 0, undone.output
    undone = command("undo", job)
    assert undone.exit_code == 0, undone.output
    assert "deleted: 2" in undone.stdout
    again = command("undo", job)
    assert (again.exit_code, again.stderr) == (2, f"Error: {job}: was undone already\n")


def test_a_file_that_is_no_job(tmp_path: Path, server: Sandbox) -> None:
    path = users(tmp_path, "ada,Ada")
    for name in ("apply", "resume", "undo"):
        result = command(name, path)
        assert result.exit_code == 2
        assert f"Error: {path}: " in result.stderr


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
    assert "The API key was refused: check" in result.stderr
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
    assert "--base-url must start with https://" in result.stderr


def test_verbose_shows_requests(tmp_path: Path, server: Sandbox) -> None:
    result = run(users(tmp_path, "ada,Ada"), "-v")
    assert result.exit_code == 0
    assert "batch_create_users" in result.stderr
