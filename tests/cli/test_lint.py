"""`alloy-async lint`: findings as text and JSON lines, options for reading, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app


def lint(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["lint", *map(str, arguments), "--to", "alloy"], input=stdin)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("username,full_name\nada,Ada\nbob,Bob\n")
    return path


def test_a_clean_file(users: Path) -> None:
    result = lint(users)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2 rows checked for alloy: 0 errors, 0 warnings" in result.stderr


def test_findings_as_json_lines(users: Path) -> None:
    users.write_text("username,desk\nada,1\nADA,2\n")
    result = lint(users)
    assert result.exit_code == 1
    dropped, repeated = map(json.loads, result.stdout.splitlines())
    assert (dropped["line"], dropped["column"], dropped["severity"]) == (1, "desk", "warning")
    assert (repeated["file"], repeated["line"], repeated["column"]) == (str(users), 3, "username")


def test_warnings_alone_are_no_failure_unless_wished(users: Path) -> None:
    users.write_text("username,desk\nada,1\n")
    assert lint(users).exit_code == 0
    assert lint(users, "--strict").exit_code == 1


def test_options_for_reading(users: Path) -> None:
    users.write_bytes("Wer|Name\njürgen|Jürgen\n".encode("cp1252"))
    result = lint(
        users, "--encoding", "cp1252", "--delimiter", "|", "--map", "Wer=username", "--set", "full_name=x"
    )
    assert result.exit_code == 0, result.output
    mapping = users.with_suffix(".toml")
    mapping.write_text('[columns]\nWer = "username"\n')
    assert lint(users, "--encoding", "cp1252", "--mapping", mapping).exit_code == 0
    result = lint(users, "--encoding", "cp1252", "--map", "Wer=usrname")
    assert result.exit_code == 2
    assert "there is no field 'usrname'; did you mean 'username'?" in result.stderr


def test_standard_input() -> None:
    result = lint("-", stdin=b'{"username": "ada"}\n{"username": ""}\n')
    assert result.exit_code == 1
    assert json.loads(result.stdout)["line"] == 2


def test_what_cannot_be_read(users: Path) -> None:
    users.write_bytes(b"username\nada\nb\xe9b\n")
    result = lint(users)
    assert result.exit_code == 2
    assert f"Error: {users}:3:2: byte 0xE9 is not UTF-8" in result.stderr
