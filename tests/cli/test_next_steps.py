"""The commands that are suggested work as they are pasted, with all that the first command was told."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.cli.output.next_steps import format_command
from alloy_async.provisioning.store.sqlite.store import SqliteStore
from alloy_async.sandbox import Fault, Sandbox, Status


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def find_command(output: str, start: str) -> list[str]:
    """The command after a line's first words, as a shell reads it."""
    (line,) = [line for line in output.splitlines() if line.startswith(start)]
    words = shlex.split(line.removeprefix(start))
    assert words[0] == "alloy-async"
    return words[1:]


@pytest.mark.parametrize("name", ["users.csv", "-users.csv", "my users.csv", "--to"])
def test_corrected_rows_go_back_with_every_option(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes("Wer;Name;E-Mail\nada;Åda;a@x.example\n;Bób;b@x.example\n".encode("cp1252"))
    key = tmp_path / "the key"
    key.write_text("key")
    with Sandbox("opendatasoft", seed_users=0) as portal:
        options = [
            "--map",
            "E-Mail=email",
            "--map",
            "Wer=username",
            "--set",
            "groups=readers",
            "--delimiter",
            ";",
        ]
        words = [
            *options,
            "--encoding",
            "cp1252",
            "--base-url",
            portal.url,
            "--api-key-file",
            key,
            "--rate",
            "1e6",
        ]
        result = run("provision", *words, "--to", "opendatasoft", "--mode", "upsert", "--", name)
        assert result.exit_code == 1, result.output
        again = find_command(result.stdout, "Correct them there, then run:  ")
        assert again[0] == "resume"
        assert again[-4:] == ["--api-key-file", str(key), "--rate", "1000000.0"]
        failed = Path(again[again.index("--failed") + 1])
        text = failed.read_text(encoding="utf-8-sig")
        failed.write_text(text.replace(";Bób", "bob;Bób"), encoding="utf-8")
        second = run(*again)
        assert "created: 1" in second.stdout, second.output
        sent = json.loads(portal.requests[-1].body)
        assert "readers" in json.dumps(sent), "as --set says"


def test_going_on_keeps_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, key = tmp_path / "users.csv", tmp_path / "key"
    source.write_text("username\nada\n")
    key.write_text("key")
    monkeypatch.delenv("ALLOY_API_KEY", raising=False)
    with Sandbox("alloy") as sandbox:
        sandbox.faults.add(Fault(Status(500), "batch_create_users", times=None))
        first = run("provision", source, "--to", "alloy", "--base-url", sandbox.url, "--api-key-file", key)
        assert first.exit_code == 1, first.output
        on = find_command(first.stdout, "To go on:  ")
        assert on == ["resume", str(source.with_suffix(".job")), "--api-key-file", str(key)]
        sandbox.faults.clear()
        assert run(*on).exit_code == 0


def test_a_sandbox_that_is_gone_is_not_gone_on_with(tmp_path: Path) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username\n\x1bada\n,\n")
    result = run("provision", source, "--to", "alloy", "--sandbox")
    assert "To go on" not in result.stdout


def test_a_path_that_begins_with_a_dash() -> None:
    assert format_command("resume", Path("-x y.job")) == "alloy-async resume './-x y.job'"


def test_the_password_of_a_database_is_not_repeated() -> None:
    command = format_command("resume", "postgresql://ada:c4n4ry@db.example/jobs#june")
    assert command == "alloy-async resume 'postgresql://ada@db.example/jobs#june'"


def test_progress_as_json(tmp_path: Path) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,\n,Nobody\nbob,\n")
    result = run("provision", source, "--to", "alloy", "--sandbox", "--progress", "json")
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert {event["event"] for event in events} >= {"checked", "progress"}
    (checked,) = [event for event in events if event["event"] == "checked"]
    assert (checked["rows"], checked["errors"]) == (3, 1)
    assert events[-1]["counts"]["created"] == 2


def test_no_progress(tmp_path: Path) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username\nada\n")
    result = run("provision", source, "--to", "alloy", "--sandbox", "--progress", "none")
    assert "sending" not in result.stderr


def test_the_exit_code_of_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username\nada\n")
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    with Sandbox("alloy") as sandbox:
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        words = ["plan", source, "--to", "alloy", "--detailed-exitcode"]
        assert run(*words, "--job", tmp_path / "1.job").exit_code == 5
        assert run("provision", source, "--to", "alloy", "--job", tmp_path / "2.job").exit_code == 0
        assert run(*words, "--job", tmp_path / "3.job").exit_code == 0


def test_a_burst_needs_a_rate(tmp_path: Path) -> None:
    result = run("users", "list", "--in", "alloy", "--sandbox", "--burst", "4")
    assert result.exit_code == 2
    assert "--burst needs --rate" in result.stderr


def test_a_job_of_a_sandbox_says_that_it_is_gone(tmp_path: Path) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,Ada\n,Nameless\n")
    first = run("provision", source, "--to", "alloy", "--sandbox")
    assert first.exit_code == 1, first.output
    for command in ("resume", "undo"):
        result = run(command, source.with_suffix(".job"))
        assert (result.exit_code, "was made with a sandbox" in result.stderr) == (2, True), result.output
    # nor does a job that nobody can go on with keep the next one out
    with closing(SqliteStore.take_up(source.with_suffix(".job"))) as store:
        store.update_header(state="stopped")
    assert run("provision", source, "--to", "alloy", "--sandbox").exit_code == 1


def test_a_secret_of_a_job_is_expected_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "users.csv"
    source.write_text("email,given_name,family_name\nada@x.example,Ada,Quist\n")
    with Sandbox("alsid", seed_users=1) as sandbox:
        monkeypatch.setenv("ALSID_BASE_URL", sandbox.url)
        monkeypatch.setenv("ALSID_API_KEY", "key")
        result = run(
            "plan", source, "--to", "alsid", "--set", "password=Corr-H0rse-c4n4ry", "--rate", "1000000"
        )
        assert result.exit_code == 0, result.output
        assert "c4n4ry" not in result.stdout
        assert "expect it in the environment: password in $PASSWORD" in result.stdout
        (line,) = [line for line in result.stdout.splitlines() if line.startswith("To carry it out:  ")]
        for password, code in (("", 2), ("Corr-H0rse-c4n4ry", 0)):
            monkeypatch.setenv("PASSWORD", password)
            again = shlex.split(os.path.expandvars(line.removeprefix("To carry it out:  alloy-async ")))
            result = run(*again)
            assert result.exit_code == code, result.output
            assert ("--set password= is empty" in result.stderr) is (code == 2)


@pytest.mark.parametrize("together", [True, False])
def test_nothing_is_said_twice_where_both_outputs_are_one(tmp_path: Path, together: bool) -> None:
    (tmp_path / "users.csv").write_text("username\nada\n")
    (tmp_path / "tenants.toml").write_text('system = "alloy"\nfile = "users.csv"\n[tenants.acme]\n')
    for words in (["users.csv", "--to", "alloy"], ["--many", "tenants.toml"]):
        done = subprocess.run(
            [sys.executable, "-m", "alloy_async", "provision", *words, "--sandbox"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
            text=True,
            check=True,
        )
        said = done.stdout + (done.stderr or "")
        counted = [
            line for line in said.splitlines() if line.startswith(("acme: 1 created", "sending: 1 of 1"))
        ]
        expected = 1 if "--many" in words else 0
        assert len(counted) == (expected if together else expected + 1), said


def test_nobody_goes_on_with_a_rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`undo` asked an emulation that was gone, and left a job that was being undone."""
    source, job = tmp_path / "users.csv", tmp_path / "rehearsal.job"
    source.write_text("username\nada\n", encoding="utf-8")
    with Sandbox("alloy") as sandbox:
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        rehearsed = CliRunner().invoke(app, ["rehearse", str(source), "--to", "alloy", "--job", str(job)])
        assert rehearsed.exit_code == 0, rehearsed.output
        for command in ("undo", "resume", "apply"):
            result = CliRunner().invoke(app, [command, str(job)])
            assert (result.exit_code, "by `rehearse`" in result.output) == (2, True), result.output
        assert CliRunner().invoke(app, ["report", str(job)]).exit_code == 0
