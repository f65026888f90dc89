"""The file with the rows that did not go in: nothing is lost that somebody wrote, and it says nothing false."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.cli.output.failed_file import (
    get_failed_file_path,
    remove_stale_failed_file,
    write_failed_file,
)
from alloy_async.provisioning.errors import JobPlace
from alloy_async.provisioning.store.rows import PlannedRow
from alloy_async.sandbox import Sandbox

from ..provisioning.jobs import finished_job


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox("alloy", seed_users=0) as sandbox:
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        yield sandbox


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def provision(path: Path, *arguments: str | Path) -> Result:
    return run("provision", path, "--to", "alloy", *arguments)


def users(path: Path, *rows: str) -> Path:
    path.write_text("username,full_name\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def stopped(tmp_path: Path, server: Sandbox) -> tuple[Path, Path]:
    """A job of three users, the last of whom cannot be sent, and the file that says so."""
    path = users(tmp_path / "users.csv", "ada,Ada", "bob,Bob", ",Nobody")
    assert provision(path).exit_code == 1
    return path.with_suffix(".job"), tmp_path / "users.failed.csv"


def test_only_its_owner_may_read_it(stopped: tuple[Path, Path]) -> None:
    assert stopped[1].stat().st_mode & 0o777 == 0o600


def test_the_next_run_replaces_what_nobody_touched(stopped: tuple[Path, Path]) -> None:
    job, failed = stopped
    before = failed.read_bytes()
    result = run("resume", job)
    assert result.exit_code == 1
    assert failed.read_bytes() == before
    assert list(failed.parent.glob("users.failed*")) == [failed]


def test_what_somebody_corrected_stays(stopped: tuple[Path, Path]) -> None:
    job, failed = stopped
    corrected = failed.read_text().replace(",Nobody", "eve,Eve")
    failed.write_text(corrected)
    result = run("resume", job)
    assert failed.read_text() == corrected
    other = failed.with_name("users.failed.2.csv")
    assert f"1 row did not go in; {other} has each with its line and reason." in result.stdout
    assert "the username is missing" in other.read_text()


def test_when_all_rows_are_in_none_says_otherwise(tmp_path: Path) -> None:
    job = finished_job(tmp_path / "users.job", rows=[PlannedRow(1, 2, "ada", "create", digest=b"123456789")])
    failed = write_failed_file(job, None)
    assert failed.name == "users.failed.csv"
    assert "not sent yet" in failed.read_text()
    assert remove_stale_failed_file(job, None) == failed
    assert not failed.exists()
    failed = write_failed_file(job, None)
    failed.write_text(failed.read_text() + "somebody's own words")
    assert remove_stale_failed_file(job, None) is None
    assert failed.exists()


def test_a_job_that_becomes_whole_takes_the_file_away(stopped: tuple[Path, Path], server: Sandbox) -> None:
    job, failed = stopped
    users(job.with_suffix(".csv"), "ada,Ada", "bob,Bob")
    result = provision(job.with_suffix(".csv"))
    assert result.exit_code == 0
    assert failed.exists(), "it is of another job"


def test_places_that_would_destroy_something_are_refused_before_anything_is_sent(
    tmp_path: Path, server: Sandbox
) -> None:
    path = users(tmp_path / "users.csv", "ada,Ada", ",Nobody")
    text = path.read_text()
    for place, words in (
        (path, f"--failed {path} would replace the source"),
        (tmp_path / "nowhere" / "failed.csv", "cannot be written: No such file or directory"),
    ):
        result = provision(path, "--failed", place)
        assert result.exit_code == 2
        assert words in result.stderr.replace("\n", " ")
    assert path.read_text() == text
    assert len(server.ledger) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["users.csv"]


def test_a_report_replaces_neither_the_job_nor_its_source(stopped: tuple[Path, Path]) -> None:
    job, _ = stopped
    source = job.with_suffix(".csv")
    for place, words in ((job, "would replace the job file"), (source, "would replace its source")):
        before = place.read_bytes()
        result = run("report", job, "--format", "csv", "-o", place)
        assert result.exit_code == 2
        assert words in result.stderr
        assert place.read_bytes() == before


@pytest.mark.parametrize(
    ("job", "name"),
    [
        ("postgresql://db/jobs#june.1", "june.1.failed.csv"),
        ("postgresql://db/jobs#june.2", "june.2.failed.csv"),
        ("postgresql://db/jobs#june.job", "june.job.failed.csv"),
        (Path("there/users.job"), "there/users.failed.csv"),
        (Path("there/users.2.job"), "there/users.2.failed.csv"),
        (Path("there/june.1"), "there/june.1.failed.csv"),
    ],
)
def test_each_job_has_a_file_of_its_own(job: JobPlace, name: str) -> None:
    assert get_failed_file_path(job, "csv") == Path(name)


def test_a_line_that_could_not_be_read_is_there_to_be_corrected(tmp_path: Path, server: Sandbox) -> None:
    source = tmp_path / "users.jsonl"
    source.write_text('{"username": "ada"}\n{"username": "bob", oops}\n["eve"]\n')
    assert run("provision", source, "--to", "alloy").exit_code == 1
    failed = tmp_path / "users.failed.jsonl"
    first, second = map(json.loads, failed.read_text().splitlines())
    assert (first["_line"], first["_text"], second["_text"]) == (2, '{"username": "bob", oops}', '["eve"]')
    failed.write_text(json.dumps({**first, "username": "bob"}) + "\n")
    sent = len(server.requests)
    result = run("resume", tmp_path / "users.job", "--failed", failed)
    assert result.exit_code == 0, result.output
    assert not any(b"oops" in (request.body or b"") for request in [*server.requests][sent:])


@pytest.mark.parametrize(
    "lines",
    [
        '{"username": "ada"}\n{"username": "bob", "password": "c4n4ry" oops}\n',
        '{"username": "ada", "Kennwort": "x"}\n{"username": "bob", "c4n4ry" oops}\n',
        '{"username": "ada"}\n{"username": "bob", "initialPassword": "c4n4ry\n',
        "{\"username\": \"ada\"}\n{'username': 'bob', 'pwd': 'c4n4ry'}\n",
    ],
)
def test_the_text_of_a_line_that_may_hold_a_secret_is_left_out(
    tmp_path: Path, server: Sandbox, lines: str
) -> None:
    source = tmp_path / "users.jsonl"
    source.write_text(lines)
    assert run("provision", source, "--to", "alloy").exit_code == 1
    assert not [path for path in tmp_path.iterdir() if path != source and b"c4n4ry" in path.read_bytes()]
