"""Corrected rows are fed back as the job was told to read and send, and nobody is doubled or removed by them."""

from __future__ import annotations

import csv
import json
import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async import Alloy, AsyncAlloy
from alloy_async.alloy.directory import AlloyDirectory
from alloy_async.cli.app import app
from alloy_async.provisioning import Counts, ForeignRowsError, provision, resume, write_correction_file
from alloy_async.provisioning.store.header import JobHeader
from alloy_async.provisioning.store.sqlite.store import SqliteStore
from alloy_async.sandbox import Fault, Sandbox, Status

from .test_next_steps import find_command


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox("alloy", seed_users=0, keys=["key", "renewed"]) as sandbox:
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        yield sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def correct(failed: Path, old: str, new: str) -> None:
    text = failed.read_text(encoding="utf-8")
    assert old in text
    failed.write_text(text.replace(old, new), encoding="utf-8")


def read_names(sandbox: Sandbox) -> dict[str, str]:
    """The users there, and their full names."""
    result = run("users", "list", "--in", sandbox.system, "--json")
    return {user["username"]: user["full_name"] for user in map(json.loads, result.stdout.splitlines())}


def test_findings_name_the_file_that_was_read(tmp_path: Path, server: Sandbox) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    again = find_command(run("provision", source, "--to", "alloy").stdout, "Correct them there, then run:  ")
    result = run(*again)
    assert result.exit_code == 1
    assert "users.failed.csv:2: error: " in result.stderr


def test_the_job_remembers_how_its_rows_are_read_and_sent(
    tmp_path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "leute.csv"
    source.write_bytes("Alle\nWer;Was\nada;Åda\n;Bób\n".encode("cp1252"))
    words = ["--map", "Wer=username", "--map", "Was=full_name", "--delimiter", ";", "--encoding", "cp1252"]
    result = run("provision", source, "--to", "alloy", "--mode", "upsert", "--skip-rows", "1", *words)
    assert result.exit_code == 1, result.output
    failed, job = tmp_path / "leute.failed.csv", tmp_path / "leute.job"
    again = find_command(result.stdout, "Correct them there, then run:  ")
    assert again == ["resume", str(job), "--failed", str(failed)]
    correct(failed, ";Bób", "bob;Bób")
    monkeypatch.chdir("/")
    result = run(*again)
    assert result.exit_code == 0, result.output
    assert read_names(server) == {"ada": "Åda", "bob": "Bób"}
    assert failed.exists(), "somebody corrected it"
    assert run("undo", tmp_path / "leute.failed.job").exit_code == 0
    assert read_names(server) == {"ada": "Åda"}


def test_rows_that_are_still_wrong_have_a_file_and_a_command_of_their_own(
    tmp_path: Path, server: Sandbox
) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n,Eve\n")
    again = find_command(run("provision", source, "--to", "alloy").stdout, "Correct them there, then run:  ")
    correct(tmp_path / "users.failed.csv", ",Bob", "bob,Bob")
    result = run(*again)
    assert result.exit_code == 1, result.output
    third = find_command(result.stdout, "Correct them there, then run:  ")
    correct(Path(third[-1]), ",Eve", "eve,Eve")
    assert run(*third).exit_code == 0
    assert set(read_names(server)) == {"ada", "bob", "eve"}


def test_a_job_that_would_still_send_rows_is_resumed_first(tmp_path: Path, server: Sandbox) -> None:
    source, failed = tmp_path / "users.csv", tmp_path / "users.failed.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    server.faults.add(Fault(Status(500), "batch_create_users", times=None))
    result = run("provision", source, "--to", "alloy")
    assert result.exit_code == 1, result.output
    assert "Correct them there" not in result.stdout
    server.faults.clear()
    requests = len(server.requests)
    result = run("resume", tmp_path / "users.job", "--failed", failed)
    assert result.exit_code == 2
    assert "resume it first" in " ".join(result.stderr.split())
    assert len(server.requests) == requests
    assert run("resume", tmp_path / "users.job").exit_code == 1
    correct(failed, ",Bob", "bob,Bob")
    assert run("resume", tmp_path / "users.job", "--failed", failed).exit_code == 0
    assert set(read_names(server)) == {"ada", "bob"}


def test_corrected_rows_of_a_sync_remove_nobody(tmp_path: Path, server: Sandbox) -> None:
    source, failed = tmp_path / "users.csv", tmp_path / "users.failed.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    result = run("provision", source, "--to", "alloy", "--mode", "sync", "--allow-delete", "1")
    correct(failed, ",Bob", "bob,Bob")
    assert run(*find_command(result.stdout, "Correct them there, then run:  ")).exit_code == 0
    assert set(read_names(server)) == {"ada", "bob"}
    assert server.ledger.count(what="deleted") == 0


def test_corrected_rows_go_to_the_account_of_the_job_only(
    tmp_path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, failed = tmp_path / "users.csv", tmp_path / "users.failed.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    again = find_command(run("provision", source, "--to", "alloy").stdout, "Correct them there, then run:  ")
    correct(failed, ",Bob", "bob,Bob")
    monkeypatch.setenv("ALLOY_API_KEY", "renewed")
    requests = len(server.requests)
    result = run(*again)
    assert result.exit_code == 2
    assert "--new-key" in result.stderr
    assert len(server.requests) == requests
    assert run(*again, "--new-key").exit_code == 0


async def test_the_library_takes_corrected_rows_back(tmp_path: Path) -> None:
    source, rest = tmp_path / "users.csv", tmp_path / "users.failed.csv"
    source.write_text("username,full_name\nada,Ada\n,Bob\n")
    async with Sandbox("alloy", seed_users=0) as sandbox, AsyncAlloy("key", base_url=sandbox.url) as client:
        directory = AlloyDirectory(client)
        first = await provision(source, directory)
        assert write_correction_file(first.job, rest) == 1
        correct(rest, ",Bob", "bob,Bob")
        second = await resume(first.job, directory, failed=rest)
        assert (second.mode, second.counts) == ("create", Counts(created=1))
        with pytest.raises(ForeignRowsError, match="has no column '_job'") as caught:
            await resume(first.job, directory, failed=source)
        assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
        assert sorted(change.key for change in sandbox.ledger.find(what="created")) == ["ada", "bob"]


def provision_faulty(source: Path, *words: str) -> Path:
    """Provision a file, some rows of which are faulty; the file with these."""
    assert run("provision", source, "--to", "alloy", *words).exit_code == 1
    return source.with_suffix(".failed.csv")


def flatten(result: Result) -> str:
    return " ".join(result.stderr.split())


@pytest.fixture
def jobs(tmp_path: Path, server: Sandbox) -> tuple[Path, Path]:
    """The failed rows of two jobs, acme's and globex's, each with somebody who has no name."""
    for name in ("acme", "globex"):
        (tmp_path / f"{name}.csv").write_text(f"username,full_name\n{name}-1,One\n,Two\n")
    first, second = (provision_faulty(tmp_path / f"{name}.csv") for name in ("acme", "globex"))
    return first, second


def test_rows_of_another_job_are_refused(tmp_path: Path, server: Sandbox, jobs: tuple[Path, Path]) -> None:
    _, globex = jobs
    correct(globex, ",Two", "globex-2,Two")
    before = len(server.requests)
    result = run("resume", tmp_path / "acme.job", "--failed", globex)
    assert result.exit_code == 2
    assert "is of globex.job, not of acme.job" in flatten(result)
    right = find_command(result.stderr, "To feed it back to its own job:  ")
    assert len(server.requests) == before
    assert not (tmp_path / "globex.failed.job").exists()
    assert run(*right).exit_code == 0
    assert "globex-2" in read_names(server)


def test_one_row_of_another_job_among_the_right_ones_is_refused_with_its_line(
    tmp_path: Path, server: Sandbox, jobs: tuple[Path, Path]
) -> None:
    acme, globex = jobs
    correct(acme, ",Two", "acme-2,Two")
    correct(globex, ",Two", "globex-2,Two")
    acme.write_text(acme.read_text() + globex.read_text().splitlines()[1] + "\n")
    result = run("resume", tmp_path / "acme.job", "--failed", acme)
    assert result.exit_code == 2
    assert f"{acme}:3: _job says that this row is of globex.job" in flatten(result)
    assert set(read_names(server)) == {"acme-1", "globex-1"}


@pytest.mark.parametrize("header", ["username,full_name", "_line,_status,_reason,username,full_name"])
def test_a_file_that_does_not_know_its_job_is_refused(
    tmp_path: Path, server: Sandbox, jobs: tuple[Path, Path], header: str
) -> None:
    acme, other = jobs[0], tmp_path / "other.csv"
    cells = "," * (header.count(",") - 1)
    other.write_text(f"{header}\n{cells}eve,Eve\n")
    result = run("resume", tmp_path / "acme.job", "--failed", other)
    assert result.exit_code == 2
    assert "has no column '_job'" in flatten(result)
    again = find_command(result.stderr, "To feed back the rows of this job:  ")
    assert again == ["resume", str(tmp_path / "acme.job"), "--failed", str(acme)]
    acme.unlink()
    result = run("resume", tmp_path / "acme.job", "--failed", other)
    assert run(*find_command(result.stderr, "To write it anew:  ")).exit_code == 1
    correct(acme, ",Two", "acme-2,Two")
    assert run(*again).exit_code == 0


def test_a_job_and_its_file_may_be_moved(tmp_path: Path, server: Sandbox, jobs: tuple[Path, Path]) -> None:
    acme, _ = jobs
    correct(acme, ",Two", "acme-2,Two")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    job = (tmp_path / "acme.job").rename(folder / "renamed.job")
    assert run("resume", job, "--failed", acme.rename(folder / "rest.csv")).exit_code == 0


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_a_duplicate_that_is_not_corrected_stays_refused(tmp_path: Path, server: Sandbox, mode: str) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,Ada\nADA,Another\n")
    failed = provision_faulty(source, "--mode", mode)
    result = run("resume", tmp_path / "users.job", "--failed", failed)
    assert result.exit_code == 1, result.output
    assert "'ADA' is on line 2 of" in flatten(result)
    assert read_names(server) == {"ada": "Ada"}
    correct(failed, "ADA,Another", "bea,Another")
    assert run("resume", tmp_path / "users.job", "--failed", failed).exit_code == 0
    assert read_names(server) == {"ada": "Ada", "bea": "Another"}


def test_a_duplicate_of_a_row_that_was_left_out_goes_in(tmp_path: Path, server: Sandbox) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name,active\nada,Ada,perhaps\nada,Ada Quist,\n")
    failed = provision_faulty(source)
    lines = failed.read_text().splitlines(keepends=True)
    assert len(lines) == 3
    failed.write_text(lines[0] + lines[2])
    assert run("resume", tmp_path / "users.job", "--failed", failed).exit_code == 0
    assert read_names(server) == {"ada": "Ada Quist"}


def test_only_rows_that_did_not_go_in_are_fed_back(
    tmp_path: Path, server: Sandbox, jobs: tuple[Path, Path]
) -> None:
    acme, _ = jobs
    header, row = acme.read_text().splitlines()
    label = row.split(",")[-3]
    good = row.replace(",Two", "acme-2,Two")
    acme.write_text(
        "\n".join(
            [
                header,
                good,
                good.replace("acme-2", "acme-3"),
                f"2,invalid,,{label},eve,Eve",
                f",invalid,,{label},mallory,Mallory",
                f"x,invalid,,{label},trent,Trent",
            ]
        )
        + "\n"
    )
    result = run("resume", tmp_path / "acme.job", "--failed", acme)
    assert result.exit_code == 1, result.output
    assert set(read_names(server)) == {"acme-1", "acme-2", "globex-1"}
    said = flatten(result)
    assert (
        f"acme.failed.csv:3: error: _line: line 3 of {tmp_path / 'acme.csv'} stands on line 2 already" in said
    )
    assert (
        f"acme.failed.csv:4: error: _line: line 2 is not one of {tmp_path / 'acme.csv'} that did not go in"
        in said
    )
    assert "acme.failed.csv:5: error: _line: names no line" in said


def test_a_check_of_corrections_that_was_cut_off_is_done_again(
    tmp_path: Path, server: Sandbox, jobs: tuple[Path, Path]
) -> None:
    acme, _ = jobs
    correct(acme, ",Two", "acme-2,Two")
    cut_off = tmp_path / "acme.failed.job"
    with closing(SqliteStore.create(cut_off, JobHeader(
        source=str(acme), system="Alloy", base_url=server.url, mode="create",
        options=json.dumps({"system": "alloy", "corrects": str(tmp_path / "acme.job"), "look_up": True}),
    ))):  # fmt: skip
        pass
    result = run("resume", cut_off)
    assert result.exit_code == 2
    assert "Feed them back to that job once more" in flatten(result)
    assert run("resume", tmp_path / "acme.job", "--failed", acme).exit_code == 0
    assert (tmp_path / "acme.failed.2.job").exists()


def test_rows_that_a_spreadsheet_saved_in_its_own_encoding_are_fed_back(
    tmp_path: Path, server: Sandbox
) -> None:
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,Ada\n,Zo\u00eb\n", encoding="utf-8")
    assert run("provision", source, "--to", "alloy").exit_code == 1
    job, failed = source.with_suffix(".job"), tmp_path / "users.failed.csv"
    with failed.open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    row[header.index("username")] = "zoe"
    with failed.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows((header, row))
    refused = run("resume", job, "--failed", failed)
    assert (refused.exit_code, "give --encoding cp1252" in refused.output) == (2, True)
    done = run("resume", job, "--failed", failed, "--encoding", "cp1252")
    assert done.exit_code == 0, done.output
    with Alloy() as client:
        assert client.get_a_user("zoe").full_name == "Zo\u00eb"
    assert run("resume", job, "--encoding", "cp1252").exit_code == 2
    again = run("resume", failed.with_suffix(".job"))
    assert again.exit_code == 0, again.output


@pytest.mark.parametrize("command", ["apply", "resume"])
def test_a_source_that_cannot_be_read_any_more_was_changed(
    command: str, tmp_path: Path, server: Sandbox
) -> None:
    """It told to give --encoding, which these commands do not have, and which would not help."""
    source = tmp_path / "users.csv"
    source.write_text("username,full_name\nada,Ada\n", encoding="utf-8")
    assert run("plan", source, "--to", "alloy").exit_code == 0
    source.write_bytes(b"username,full_name\nada,Zo\xeb\n")
    result = run(command, source.with_suffix(".job"))
    assert result.exit_code == 2
    assert "was changed since the job was made" in result.output
    assert "--encoding" not in result.output
    assert len(server.ledger) == 0
