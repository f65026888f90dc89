"""Corrected rows of a job in PostgreSQL go into a job of its database, by workers too, whatever the system and the mode."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.provisioning.reports.corrections import list_job_and_correction_jobs
from alloy_async.provisioning.store.job_identity_label import create_job_label
from alloy_async.provisioning.store.store_opener import (
    count_shards_by_state,
    create_store,
    open_store_for_reading,
    read_job_header,
)
from alloy_async.sandbox import Sandbox
from tests.cli.test_next_steps import find_command

SYSTEMS = {
    "alloy": ("username,full_name", "ada{n}@x.example,Ada {n}", ",Nameless"),
    "opendatasoft": ("username,email,first_name", "ada{n},ada{n}@x.example,Ada", "bob,,Bob"),
    "agilicus": ("email,first_name", "ada{n}@x.example,Ada", ",Nameless"),
}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class Job:
    """A job in PostgreSQL of six good rows and two bad ones, one of which somebody corrected."""

    def __init__(self, system: str, sandbox: Sandbox, folder: Path, place: str) -> None:
        header, good, bad = SYSTEMS[system]
        self.system, self.place, self.folder = system, place, folder
        self.source = folder / "users.csv"
        rows = [*(good.format(n=n) for n in range(6)), bad, bad]
        self.source.write_text("\n".join([header, *rows]) + "\n")
        self._bad, self._good = bad, good
        self.account = ["--base-url", sandbox.url]
        for name, value in sandbox.place.items():
            self.account += [f"--{name.replace('_', '-')}", str(value)]

    def begin(self, mode: str, *words: str) -> Result:
        more = ["--allow-delete", "1"] if mode == "sync" else []
        if mode == "offboard":
            self.provision("create", "--job", self.folder / "before.job")
        return self.provision(mode, "--job", self.place, *more, *words)

    def provision(self, mode: str, *words: str | Path) -> Result:
        return run("provision", self.source, "--to", self.system, "--mode", mode, *self.account, *words)

    def correct(self, to: int) -> None:
        (path,) = self.folder.glob(f"{self.place.rpartition('#')[2]}.failed.csv")
        text = path.read_text()
        assert text.count(self._bad) == 2
        path.write_text(text.replace(self._bad, self._good.format(n=to), 1))

    @property
    def jobs(self) -> list[str]:
        return [str(place).rpartition("#")[2] for place in list_job_and_correction_jobs(self.place)]


@pytest.fixture
def place(database: str) -> str:
    return f"{database}#{uuid.uuid4().hex}"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ALLOY_API_KEY", "OPENDATASOFT_API_KEY", "AGILICUS_TOKEN"):
        monkeypatch.setenv(name, "key")


@pytest.mark.parametrize("mode", ["create", "upsert", "sync"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_corrected_rows_go_into_a_job_of_the_same_database(
    tmp_path: Path, place: str, system: str, mode: str
) -> None:
    with Sandbox(system, seed_users=0) as sandbox:
        job = Job(system, sandbox, tmp_path, place)
        first = job.begin(mode)
        assert first.exit_code == 1, first.output
        again = find_command(first.stdout, "Correct them there, then run:  ")
        job.correct(7)
        result = run(*again)
        assert result.exit_code == 1, "the other row is as bad as before"
        name = place.rpartition("#")[2]
        assert job.jobs == [name, f"{name}.failed"]
        assert not [*tmp_path.glob("*.job")]
        assert sandbox.ledger.count(what="created") == 7
        assert sandbox.ledger.count(what="deleted") == 0
        undone = run("undo", place)
        assert undone.exit_code == 0
        rest = find_command(
            undone.stdout, "Rows that were corrected and fed back are still in; to take them back, too:  "
        )
        assert run(*rest).exit_code == 0
        assert sandbox.ledger.count(what="deleted") == 7


def test_corrections_that_somebody_is_checking_are_waited_for(tmp_path: Path, place: str) -> None:
    """Whoever was told to resume their job was told then to feed them back instead."""
    with Sandbox("alloy", seed_users=0) as sandbox:
        job = Job("alloy", sandbox, tmp_path, place)
        again = find_command(job.begin("create").stdout, "Correct them there, then run:  ")
        job.correct(7)
        first = read_job_header(place)
        options = json.loads(first.options) | {"corrects": create_job_label(first, place)}
        header = attrs.evolve(first, state="planning", options=json.dumps(options))
        checking = create_store(f"{place}.failed", header)
        refused = run(*again)
        checking.close()  # it was lost
        assert refused.exit_code == 2
        assert "(planning); another worker is on it: wait for it" in refused.stderr
        assert run(*again).exit_code == 1, "the other row is as bad as before"
        assert sandbox.ledger.count(what="created") == 7


def test_corrected_leavers_leave(tmp_path: Path, place: str) -> None:
    with Sandbox("alloy", seed_users=0) as sandbox:
        job = Job("alloy", sandbox, tmp_path, place)
        (tmp_path / "more.csv").write_text("username,full_name\nada7@x.example,Ada\n")
        run("provision", tmp_path / "more.csv", "--to", "alloy", *job.account)
        assert job.begin("offboard").exit_code == 1
        job.correct(7)
        result = run("resume", place, "--failed")
        assert read_job_header(f"{place}.failed").mode == "offboard"
        assert "steps taken" in result.stdout
        assert sandbox.ledger.count(what="deleted") == 7


def test_workers_share_the_job_of_corrected_rows(tmp_path: Path, place: str) -> None:
    with Sandbox("alloy", seed_users=0) as sandbox:
        job = Job("alloy", sandbox, tmp_path, place)
        assert job.begin("upsert").exit_code == 1
        job.correct(7)
        result = run("resume", place, "--failed", "--on", "local:2", "--shard-rows", "1")
        assert "created: 1" in result.stdout, result.output
        assert count_shards_by_state(f"{place}.failed").total == 2
        assert run("undo", f"{place}.failed", "--on", "local:1").exit_code == 0
        assert [change.key for change in sandbox.ledger.find(what="deleted")] == ["ada7@x.example"]
        # taken back, they may be corrected once more: in the next job
        (tmp_path / f"{place.rpartition('#')[2]}.failed.csv").unlink()
        run("report", place, "--format", "csv", "-o", f"{place.rpartition('#')[2]}.failed.csv")
        job.correct(8)
        run("resume", place, "--failed")
        assert job.jobs[1:] == [f"{job.jobs[0]}.failed", f"{job.jobs[0]}.failed.2"]


def test_a_constant_that_is_secret_does_not_travel_to_workers(tmp_path: Path, place: str) -> None:
    with Sandbox("alloy", seed_users=0) as sandbox:
        job = Job("alloy", sandbox, tmp_path, place)
        assert job.begin("create", "--set", "password=Tr0ub4dor").exit_code == 1
        job.correct(7)
        sent = len(sandbox.requests)
        result = run("resume", place, "--failed", "--set", "password=Tr0ub4dor", "--on", "local:1")
        assert result.exit_code == 2
        assert "the workers of --on would not have it" in " ".join(result.stderr.split())
        assert len(sandbox.requests) == sent


def test_no_message_shows_the_password_of_an_address(place: str) -> None:
    address = place.replace("#", ("&" if "?" in place else "?") + "password=s3cret#")
    for command in ("resume", "undo", "report", "status", "apply", "work"):
        for words in ([], ["--failed"]) if command == "resume" else ([],):
            result = run(command, address, *words)
            assert result.exit_code == 2
            assert "s3cret" not in result.output
    with pytest.raises(Exception, match="there is no such job") as caught, open_store_for_reading(address):
        pass
    assert "s3cret" not in str(caught.value)
