"""What `-o` names stays what it is: a device, a pipe, a link, a file that only its owner may read, a job."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.cli.output_file import open_output_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="devices, pipes, links and modes of POSIX")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def list_users(output: object) -> Result:
    return run("call", "alloy", "list-all-users", "--sandbox", "-o", output)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job with a row that did not go in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.csv").write_text("username\nada\n\n,\n" + "x" * 400 + "\n")
    run("provision", "users.csv", "--to", "alloy", "--sandbox")
    return tmp_path / "users.job"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    result = list_users(pipe)
    reader.join()
    assert result.exit_code == 0, result.output
    assert len(read[0].splitlines()) == 8
    assert pipe.is_fifo()


@pytest.mark.parametrize("form", ["text", "json", "csv", "html"])
def test_every_output_goes_through_a_link_and_keeps_the_mode(job: Path, form: str) -> None:
    real, link = job.parent / "real", job.parent / "link"
    real.write_text("of yesterday")
    real.chmod(0o640)
    link.symlink_to(real)
    result = run("report", job, "--format", form, "-o", link)
    assert result.exit_code in (0, 1), result.output
    assert link.is_symlink()
    assert real.read_text() != "of yesterday"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_list_of_jobs_keeps_the_mode_too(job: Path) -> None:
    page = job.parent / "jobs.html"
    page.touch(0o600)
    assert run("jobs", "list", "--format", "html", "-o", page).exit_code in (0, 1)
    assert page.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "command",
    [("call", "alloy", "list-all-users", "--sandbox"), ("jobs", "list", "--format", "html")],
    ids=lambda command: command[0],
)
def test_a_job_is_not_replaced(job: Path, command: tuple[str, ...]) -> None:
    before = job.read_bytes()
    result = run(*command, "-o", job)
    assert result.exit_code == 2
    assert "users.job" in result.stderr
    assert "is a database, as jobs are; give another place" in result.stderr
    assert job.read_bytes() == before


def test_a_device_takes_the_output_and_no_rows_that_are_to_be_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.csv").write_text("username\nada\n")
    assert list_users("/dev/null").exit_code == 0
    refused = run("provision", "users.csv", "--to", "alloy", "--sandbox", "--failed", "/dev/null")
    assert refused.exit_code == 2
    assert "--failed /dev/null is not a regular file" in refused.stderr
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("dash", ["-", "/dev/stdout"])
def test_a_dash_is_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dash: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(list_users(dash).stdout.splitlines()) == 8
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named_as_it_was_given(tmp_path: Path) -> None:
    result = list_users(tmp_path / "nowhere" / "users.json")
    assert result.exit_code == 2
    assert f"Error: {tmp_path}/nowhere/users.json: No such file or directory" in result.stderr


def test_half_a_file_replaces_nothing_and_no_file_of_the_user(tmp_path: Path) -> None:
    whole, part = tmp_path / "users.csv", tmp_path / "users.csv.part"
    whole.write_text("of yesterday")
    part.write_text("another program's")

    def write_half() -> None:
        with open_output_file(whole) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert whole.read_text() == "of yesterday"
    assert part.read_text() == "another program's"
    assert sorted(tmp_path.iterdir()) == [whole, part]
