"""The pages of a plan and of a folder of jobs, and what a folder's jobs come to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alloy_async.cli.app import app
from alloy_async.cli.commands.jobs.report_renderer import render_html
from alloy_async.cli.output.failed_file import write_failed_file
from alloy_async.provisioning.reports.job_folder import find_old_jobs, list_jobs
from alloy_async.provisioning.reports.pages.jobs_page import group_repeated_jobs
from alloy_async.provisioning.reports.pages.plan_page import _render_why
from alloy_async.provisioning.store.rows import PlannedRow
from alloy_async.provisioning.store.store_opener import open_store_for_reading

from .jobs import START, finished_job

DAY = 86_400
PLANNED = {"seconds": 0, "note": "", "state": "planned", "started": None, "ended": None, "mode": "sync"}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def write_nights(folder: Path, count: int, *, bad: int = 0) -> None:
    """Jobs of the same kind, a night apart; in the first `bad` of them a row was refused."""
    for night in range(count):
        at = START + night * DAY
        outcome = "invalid" if night < bad else "created"
        finished_job(
            folder / f"hr.{night}.job",
            rows=[PlannedRow(1, 2, "ada", "create", outcome=outcome)],
            seconds=1,
            source="/srv/hr.csv",
            created=at,
            started=at,
            ended=at + 60,
        )


def render_changes(tmp_path: Path, why: str) -> str:
    path = finished_job(tmp_path / "users.job", rows=[PlannedRow(1, 2, "ada", "update", why=why)], **PLANNED)
    with open_store_for_reading(path) as store:
        (row,) = store.read_rows("apply")
    return _render_why(row)


@pytest.mark.parametrize(
    ("why", "cells"),
    [
        ("full_name: 'Ada' -> 'Ada L'", "<span>full_name</span><del>Ada</del><ins>Ada L</ins>"),
        (
            "active: True -> False, attributes.office: None -> 'a, b: c -> d'",
            "<span>active</span><del>yes</del><ins>no</ins>"
            "<span>office</span><del>(empty)</del><ins>a, b: c -&gt; d</ins>",
        ),
        ("attributes.floor: 4 -> '5'", "<span>floor</span><del>4</del><ins>5</ins>"),
        ("roles: '' -> 'a; b'", "<span>roles</span><del></del><ins>a; b</ins>"),
    ],
)
def test_a_change_is_shown_field_by_field(why: str, cells: str, tmp_path: Path) -> None:
    assert render_changes(tmp_path, why) == f'<div class="changes">{cells}</div>'


def test_what_is_not_a_change_is_shown_as_it_is(tmp_path: Path) -> None:
    text = render_changes(tmp_path, "given_name: 'a' -> 'b'; password: not sent, cannot be compared")
    assert text.endswith("</div>password: not sent, cannot be compared")


def test_the_page_of_a_plan(tmp_path: Path) -> None:
    rows = [
        PlannedRow(1, 2, "ada", "create"),
        PlannedRow(2, 3, "<b>bob", "update", why="full_name: '<i>' -> 'Bob'"),
        PlannedRow(3, None, "cat", "delete", why="is not in the source"),
        PlannedRow(4, 5, "dan", "refuse", outcome="invalid", reason="has 3 cells"),
        PlannedRow(5, 6, "eve", "none", outcome="unchanged"),
    ]
    page = render_html(finished_job(tmp_path / "users.job", rows=rows, **PLANNED))
    assert "1 to remove, 1 to change, 1 to create, 1 refused, 1 to leave as they are." in page
    assert page.index(">cat<") < page.index("bob<") < page.index(">ada<"), "what harms most comes first"
    assert "&lt;b&gt;bob" in page
    assert "<del>&lt;i&gt;</del>" in page
    assert page.count("<tr data-kind") == 5


def test_a_large_plan_makes_a_page_of_bounded_size(tmp_path: Path) -> None:
    rows = [PlannedRow(n, n + 1, f"user{n}", "create") for n in range(1, 10_001)]
    page = render_html(finished_job(tmp_path / "users.job", rows=rows, **PLANNED))
    assert page.count("<tr data-kind") == 2000
    assert "not shown: 8,000 to create" in page
    assert len(page) < 600_000


def test_jobs_are_listed_the_latest_first(tmp_path: Path) -> None:
    write_nights(tmp_path, 3, bad=1)
    (tmp_path / "notes.job").write_text("not a job")
    os.utime(tmp_path / "notes.job", (START - DAY, START - DAY))
    jobs = list_jobs(tmp_path)
    assert [job.path.name for job in jobs] == ["hr.2.job", "hr.1.job", "hr.0.job", "notes.job"]
    assert [job.worst_outcome for job in jobs] == ["", "", "invalid", "failed"]
    assert jobs[0].kind == "/srv/hr.csv to Alloy, create"
    ((_, nights),) = group_repeated_jobs(jobs)
    assert [job.path.name for job in nights] == ["hr.0.job", "hr.1.job", "hr.2.job"]
    shown = run("jobs", "list", tmp_path)
    assert shown.exit_code == 1, "one needs somebody's attention"
    assert shown.output.splitlines()[0].startswith("hr.2.job  ")
    assert "notes.job  cannot be read as a job" in shown.output


def test_the_page_of_a_folder(tmp_path: Path) -> None:
    write_nights(tmp_path, 3)
    index = tmp_path / "index.html"
    assert run("jobs", "list", tmp_path, "--format", "html", "-o", index, "--pages").exit_code == 0
    page = index.read_text()
    assert "All 3 jobs ended well." in page
    assert page.count('class="point"') == 3, "a bar for each night"
    for night in range(3):
        assert f'<a href="hr.{night}.html">' in page
        assert "did not go in" not in (tmp_path / f"hr.{night}.html").read_text()
    assert run("jobs", "list", tmp_path, "--format", "html").exit_code == 2


def test_a_page_of_the_users_own_is_not_replaced_by_that_of_a_job(tmp_path: Path) -> None:
    write_nights(tmp_path, 3)
    index = tmp_path / "index.html"
    (tmp_path / "hr.0.html").write_text("<h1>Our own</h1>")
    (tmp_path / "hr.1.html").mkdir()
    for _ in range(2):  # the second time, pages that we wrote are there too
        assert run("jobs", "list", tmp_path, "--format", "html", "-o", index, "--pages").exit_code == 0
        assert (tmp_path / "hr.0.html").read_text() == "<h1>Our own</h1>"
        names = ("hr.0-2.html", "hr.1-2.html", "hr.2.html")
        assert all(f'<a href="{name}">' in index.read_text() for name in names)
        assert {path.name for path in tmp_path.glob("*.html")} == {
            "index.html", "hr.0.html", "hr.1.html", *names
        }  # fmt: skip
    for name in names:
        (tmp_path / name).unlink()
    assert run("jobs", "list", tmp_path, "--format", "html", "-o", index).exit_code == 0
    assert "hr.0.html" not in index.read_text(), "it is not the page of that job"


def test_an_empty_folder(tmp_path: Path) -> None:
    assert run("jobs", "list", tmp_path).output == "There is no job here.\n"
    assert run("jobs", "list", tmp_path, "--format", "html", "-o", tmp_path / "x.html").exit_code == 0


def test_old_jobs_are_thrown_away_and_the_latest_stays(tmp_path: Path) -> None:
    write_nights(tmp_path, 4)
    finished_job(tmp_path / "open.job", lines=3, state="stopped", created=1.0, started=2.0, ended=3.0)
    now = START + 10 * DAY
    old = [job.path.name for job in find_old_jobs(list_jobs(tmp_path), now - 8 * DAY, keep=1)]
    assert old == ["hr.1.job", "hr.0.job"], "who can be resumed stays"
    old = [job.path.name for job in find_old_jobs(list_jobs(tmp_path), now, keep=3)]
    assert old == ["hr.0.job"]


def test_prune_shows_first_and_removes_when_told(tmp_path: Path) -> None:
    for name, at in (("a", 1000.0), ("b", 2000.0)):
        finished_job(tmp_path / f"{name}.job", lines=2, source="x.csv", created=at, started=at, ended=at + 1)
    write_failed_file(tmp_path / "a.job", None)
    (tmp_path / "a.failed.jsonl").write_text("somebody's own\n")
    shown = run("jobs", "prune", tmp_path, "--older-than", "1")
    assert "would remove" in shown.output
    assert (tmp_path / "a.job").exists()
    done = run("jobs", "prune", tmp_path, "--older-than", "1", "--yes")
    assert done.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.failed.jsonl", "b.job"]
    assert run("jobs", "prune", tmp_path, "--older-than", "1").output == "There is no such job.\n"


def test_prune_leaves_rows_that_somebody_corrected(tmp_path: Path) -> None:
    job = finished_job(tmp_path / "a.job", lines=2, source="x.csv", created=1.0, started=1.0, ended=2.0)
    corrected = write_failed_file(job, None)
    corrected.write_text(corrected.read_text() + "2,invalid,,,ada\n")
    done = run("jobs", "prune", tmp_path, "--older-than", "1", "--keep", "0", "--yes")
    assert f"{corrected} stays, as somebody changed it." in done.output
    assert [path.name for path in tmp_path.iterdir()] == [corrected.name]


def test_no_page_replaces_a_job_or_rows(tmp_path: Path) -> None:
    job = finished_job(tmp_path / "a.job", lines=2)
    rows = write_failed_file(job, None)
    for path in (job, rows):
        before = path.read_bytes()
        result = run("jobs", "list", tmp_path, "--format", "html", "-o", path)
        assert result.exit_code == 2
        assert "give another place" in result.output
        assert path.read_bytes() == before
