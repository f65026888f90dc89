"""`alloy-async report` and `status`, on job files made beforehand and on a real one."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.provisioning.store.store_opener import open_store
from alloy_async.sandbox import Sandbox

from ..provisioning.jobs import begun_rows, finished_job


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a real job: two rows went in, two did not."""
    source = tmp_path / "users.csv"
    source.write_text(
        "Person;pwd;Full Name\nada;s3cret;Ada\n;s3cret;Nobody\nbob;;Bob\nADA;;Again\n", encoding="utf-8"
    )
    with Sandbox("alloy") as sandbox:
        monkeypatch.setenv("ALLOY_BASE_URL", sandbox.url)
        monkeypatch.setenv("ALLOY_API_KEY", "key")
        result = run("provision", source, "--to", "alloy", "--map", "Person=username")
    assert result.exit_code == 1, result.output
    return source.with_suffix(".job")


def test_text(job: Path) -> None:
    result = run("report", job)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[1] == "2 of 4 rows did not go in."
    assert (
        "line 3, (no key): invalid: Person: the username is missing; without it the row cannot go in" in lines
    )
    assert any(line.startswith("line 5, ADA: invalid: Person: 'ADA' is on line 2 already") for line in lines)
    assert f"alloy-async report {job} --format csv" in lines[-1]


def test_json(job: Path) -> None:
    told = json.loads(run("report", job, "--format", "json").stdout)
    assert (told["state"], told["counts"]["created"], told["counts"]["invalid"]) == ("done", 2, 2)
    assert [(row["line"], row["key"]) for row in told["unresolved_rows"]] == [(3, ""), (5, "ADA")]
    assert told["dropped"] == ["pwd"]


def test_csv_can_be_corrected_and_fed_back(job: Path, tmp_path: Path) -> None:
    failed = tmp_path / "failed.csv"
    assert run("report", job, "--format", "csv", "-o", failed).exit_code == 1
    with failed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert rows[0] == ["_line", "_status", "_reason", "_job", "Person", "pwd", "Full Name"]
    assert [(row[0], row[1], *row[4:]) for row in rows[1:]] == [
        ("3", "invalid", "", "", "Nobody"),
        ("5", "invalid", "ADA", "", "Again"),
    ]
    rows[1][4], rows[2][4] = "eve", "max"
    with failed.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    result = run("provision", failed, "--to", "alloy", "--sandbox", "--map", "Person=username")
    assert result.exit_code == 0, result.output
    assert "created: 2" in result.stdout


@pytest.mark.parametrize("form", ["text", "json", "csv", "html"])
def test_a_report_replaces_nothing_that_cannot_be_made_again(job: Path, form: str, tmp_path: Path) -> None:
    corrected = job.with_name("users.failed.csv")
    corrected.write_text(corrected.read_text(encoding="utf-8").replace("Nobody", "Eve"), encoding="utf-8")
    other = finished_job(tmp_path / "other.job", lines=3)
    places = [corrected, other, job.with_name("users.job-wal"), job.with_name("users.job-journal")]
    before = {path: path.read_bytes() if path.exists() else None for path in places}
    for path in places:
        result = run("report", job, "--format", form, "-o", path)
        assert result.exit_code == 2
        assert "give another place" in result.output
    assert {path: path.read_bytes() if path.exists() else None for path in places} == before


def test_rows_that_nobody_touched_are_written_anew(job: Path) -> None:
    rows = job.with_name("users.failed.csv")
    before = rows.read_bytes()
    assert run("report", job, "--format", "csv", "-o", rows).exit_code == 1
    assert rows.read_bytes() == before
    assert run("report", job, "--format", "html", "-o", rows).exit_code == 2


@pytest.mark.parametrize("form", ["text", "json", "csv", "html"])
def test_only_its_owner_may_read_a_report(job: Path, form: str, tmp_path: Path) -> None:
    report = tmp_path / "report"
    run("report", job, "--format", form, "-o", report)
    assert report.stat().st_mode & 0o777 == 0o600
    report.chmod(0o644)
    run("report", job, "--format", form, "-o", report) if form != "csv" else None
    assert report.stat().st_mode & 0o777 == 0o644, "who may read it is as somebody said before"


def test_csv_of_a_source_that_was_changed_tells_who(job: Path) -> None:
    source = job.with_suffix(".csv")
    source.write_text(source.read_text(encoding="utf-8") + "new;;New\n", encoding="utf-8")
    result = run("report", job, "--format", "csv")
    assert "so the file holds their keys only: it was changed since" in result.stderr
    assert [row["username"] for row in csv.DictReader(result.stdout.splitlines())] == ["", "ADA"]


def test_html(job: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run("report", job, "--format", "html", "-o", page).exit_code == 1
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "2 of 4 rows did not go in." in text
    assert "s3cret" not in text


def test_all_in_is_exit_code_0(tmp_path: Path) -> None:
    result = run("report", finished_job(tmp_path / "users.job", unresolved=0))
    assert result.exit_code == 0
    assert "All 1,000 rows are as the source says." in result.stdout


@pytest.mark.parametrize("command", ["report", "status"])
def test_what_is_no_job(tmp_path: Path, command: str) -> None:
    other = tmp_path / "users.csv"
    other.write_text("username\n")
    for path, words in (
        (tmp_path / "none.job", "there is no such job file"),
        (other, "is not a job file"),
    ):
        result = run(command, path)
        assert result.exit_code == 2
        assert f"Error: {path}: {words}" in result.stderr


def test_an_undone_job_is_undone_wholly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not created by the job, as who was there before, does not have to be taken back."""
    source = tmp_path / "users.csv"
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    source.write_text("username\nada.0@northwind.example\nnew@northwind.example\n")
    with Sandbox("alloy") as sandbox:
        for command in (["provision", source, "--to", "alloy"], ["undo", source.with_suffix(".job")]):
            assert run(*command, "--base-url", sandbox.url).exit_code == 0
    shown = run("status", source.with_suffix(".job")).stdout
    assert "100%" in shown
    assert "1 of 1 row" in shown


def test_status(tmp_path: Path) -> None:
    path = finished_job(tmp_path / "users.job", rows=begun_rows(250), state="running", ended=None)
    result = run("status", path)
    assert result.exit_code == 1
    assert "users.csv to Alloy: cut off\n" in result.stdout
    assert "250 of 1,000 rows" in result.stdout
    assert f"alloy-async resume {path}" in result.stdout
    worker = open_store(path)
    try:
        told = json.loads(run("status", path, "--json").stdout)
    finally:
        worker.close()
    assert (told["state"], told["rows"], told["counts"]["planned"]) == ("running", 1000, 750)


def test_watching_ends_with_the_job(tmp_path: Path) -> None:
    result = run("status", finished_job(tmp_path / "users.job"), "--watch")
    assert result.exit_code == 0
    assert "1,000 of 1,000 rows" in result.stdout
