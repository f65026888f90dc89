"""Reports and status of job files."""

from __future__ import annotations

import csv
import html.parser
import io
import os
import re
import time
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from alloy_async.provisioning import Counts, open_source
from alloy_async.provisioning.reports.failed_rows_writer import write_failed_keys, write_failed_rows
from alloy_async.provisioning.reports.job_report import (
    JobReport,
    ReportRow,
    read_report,
    read_unresolved_rows,
)
from alloy_async.provisioning.reports.pages.job_page import render_job
from alloy_async.provisioning.reports.quantities import format_duration, format_latency
from alloy_async.provisioning.reports.reasons import group_reasons
from alloy_async.provisioning.reports.status import JobStatus, read_status
from alloy_async.provisioning.reports.timeline import Timeline
from alloy_async.provisioning.store.job_store import BEGUN, Remark, RunLogLine, Second
from alloy_async.provisioning.store.rows import PlannedRow
from alloy_async.provisioning.store.store_opener import open_store, open_store_for_reading

from .jobs import START, begun_rows, finished_job


def report_of(path: Path) -> tuple[JobReport, list[ReportRow]]:
    with open_store_for_reading(path) as store:
        report = read_report(store)
        return report, list(read_unresolved_rows(store, report.phase))


def page_of(path: Path) -> str:
    with open_store_for_reading(path) as store:
        report = read_report(store)
        return render_job(report, read_unresolved_rows(store, report.phase))


def status_of(path: Path, now: float) -> JobStatus:
    with open_store_for_reading(path) as store:
        return read_status(store, now)


def test_the_figures_agree_with_the_lines(tmp_path: Path) -> None:
    report, unresolved = report_of(finished_job(tmp_path / "users.job"))
    assert report.counts.rows == 1000
    assert report.counts.unresolved == len(unresolved) == sum(reason.lines for reason in report.reasons)
    assert [line.number for line in unresolved] == sorted(line.number for line in unresolved)
    assert report.reasons[0].text == "User Name: … is on line … already; remove one of the two rows"
    assert report.sum_figure("rows") == sum(second.rows for second in report.seconds)
    assert report.get_latency("p50") <= report.get_latency("p95") <= report.get_latency("slowest")
    assert report.verdict == f"{len(unresolved)} of 1,000 rows did not go in."
    assert (report.state, report.worker, report.elapsed) == ("done", None, 60.0)


def test_a_pause_is_no_work(tmp_path: Path) -> None:
    paused, _ = report_of(finished_job(tmp_path / "paused.job", pause=7200))
    straight, _ = report_of(finished_job(tmp_path / "straight.job"))
    begun = tuple(RunLogLine(at, BEGUN, "") for at in (START, START + 31 + 7200))
    paused = attrs.evolve(paused, notes=begun)
    assert paused.rate == straight.rate == straight.sum_figure("rows") / 60
    assert paused.timeline.length == 60
    assert paused.timeline.pauses == ((31, 7200),)


def test_waiting_for_a_slow_limit_is_work(tmp_path: Path) -> None:
    slow, _ = report_of(finished_job(tmp_path / "slow.job", lines=10, seconds=1))
    rows = tuple(Second(int(START) + 60 * n, 1, 1, 0.1, 0.1, 0.1, 0, 0, 59.0) for n in range(10))
    slow = attrs.evolve(slow, seconds=rows, header=attrs.evolve(slow.header, ended=START + 600))
    assert slow.timeline.pauses == ()
    assert slow.rate == pytest.approx(10 / 600)


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["'a' is on line 404 already", "'b' is on line 5 already"], "… is on line … already"),
        (
            ["update: 404 Not Found: gone (request id a1-b2)", "update: 404 Not Found: gone (request id c3)"],
            "update: 404 Not Found: gone (request id …)",
        ),
        (
            ["503 from Alloy: busy, line 500", "503 from Alloy: busy, line 599"],
            "503 from Alloy: busy, line …",
        ),
        (["ada@x.example is taken", "bob@y.example.org is taken"], "… is taken"),
        (["id 5f2b9c1e-77aa is gone", "id 8c1e77aa90ff is gone"], "id … is gone"),
        (["a user's name isn't 'x y'", "a user's name isn't 'z'"], "a user's name isn't …"),
    ],
)
def test_reasons_that_differ_in_names_and_numbers_are_one(texts: list[str], reason: str) -> None:
    (found,) = group_reasons([("failed", text) for text in texts])
    assert (found.text, found.lines) == (reason, 2)


def test_reasons_that_differ_in_the_status_are_two() -> None:
    assert (
        len(group_reasons([("failed", "500 Internal Server Error"), ("failed", "503 Service Unavailable")]))
        == 2
    )


@given(
    offsets=st.lists(st.integers(0, 10_000), min_size=1, max_size=300, unique=True).map(sorted),
)
def test_a_timeline_loses_nothing(offsets: list[int]) -> None:
    seconds = [Second(at, at % 7, 1, 0.1, 0.2, 0.3, 1, 1, 0.5) for at in offsets]
    timeline = Timeline.from_seconds(seconds)
    assert len(timeline.buckets) <= 150
    assert sum(bucket.calls for bucket in timeline.buckets) == len(seconds)
    assert sum(bucket.limited for bucket in timeline.buckets) == len(seconds)
    *whole, last = timeline.buckets
    rows = sum(bucket.rows for bucket in whole) * timeline.width
    assert 0 <= sum(second.rows for second in seconds) - round(rows) <= last.rows * timeline.width + 1e-6


def test_status_of_a_running_job(tmp_path: Path) -> None:
    path = finished_job(tmp_path / "users.job", seconds=40, rows=begun_rows(600), state="running", ended=None)
    store = open_store(path)
    store.record_intents("apply", [row.create_intent() for row in list(store.read_rows("apply", 600))[:50]])
    store.close()
    now = START + 40
    status = status_of(path, now)
    assert (status.state, status.worker, status.rate, status.eta, status.under_way) == (
        "cut off",
        None,
        0,
        None,
        0,
    )
    assert (status.counts.doubt, status.counts.planned) == (50, 350)
    worker = open_store(path)
    try:
        status = status_of(path, now)
    finally:
        worker.close()
    assert (status.state, status.worker, status.under_way) == ("running", os.getpid(), 50)
    assert 10 < status.rate < 30
    assert status.eta == pytest.approx(400 / status.rate)
    assert status.elapsed == 40


def test_the_eta_of_a_job_at_a_slow_limit(tmp_path: Path) -> None:
    path = finished_job(
        tmp_path / "users.job", lines=0, seconds=0, rows=begun_rows(60, 100), state="running", ended=None
    )
    store = open_store(path)
    store.add_seconds(Second(int(START) + 20 * n, 1, 1, 0.1, 0.1, 0.1, 0, 0, 19.0) for n in range(60))
    store.close()
    worker = open_store(path)
    try:
        status = status_of(path, START + 1195)
    finally:
        worker.close()
    assert status.rate == pytest.approx(1 / 20, rel=0.1)
    assert status.eta == pytest.approx(40 * 20, rel=0.1)


def test_looking_does_not_keep_a_worker_out(tmp_path: Path) -> None:
    path = finished_job(tmp_path / "users.job")
    assert status_of(path, START).worker is None
    worker = open_store(path)
    assert status_of(path, START).worker == os.getpid()
    worker.close()
    assert status_of(path, START).worker is None


class Page(html.parser.HTMLParser):
    """Checks that tags are closed in order, and keeps what the page would load."""

    void = frozenset({"meta", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path) -> None:
    text = page_of(finished_job(tmp_path / "users.job"))
    found = Page(text)
    assert found.loads == []
    assert not re.search(r"@import|url\(|\b(fetch|XMLHttpRequest)\b", text)
    assert found.tags.count("svg") == 5
    assert "did not go in" in text
    assert "$" not in text.replace("${", "")


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        (Counts(created=1), "The one row is as the source says."),
        (Counts(created=9, planned=1), "1 of 10 rows is still open."),
        (Counts(created=5, planned=5), "5 of 10 rows are still open."),
        (Counts(created=4, invalid=1, planned=5), "1 of 10 rows did not go in, 5 are still open."),
        (Counts(created=9, invalid=1), "1 of 10 rows did not go in."),
    ],
)
def test_the_verdict_counts_what_is_there(tmp_path: Path, counts: Counts, verdict: str) -> None:
    with open_store_for_reading(finished_job(tmp_path / "users.job")) as store:
        report = read_report(store)
    assert attrs.evolve(report, counts=counts).verdict == verdict


def test_the_page_of_a_job_without_failures(tmp_path: Path) -> None:
    text = page_of(finished_job(tmp_path / "users.job", unresolved=0))
    assert "All 1,000 rows are as the source says." in text
    assert "Why rows did not go in" not in text
    assert "<table>" not in text


def test_the_page_of_a_job_that_did_nothing_yet(tmp_path: Path) -> None:
    facts = {"seconds": 0, "note": "", "started": None, "ended": None, "state": "planned"}
    Page(page_of(finished_job(tmp_path / "users.job", lines=3, **facts)))
    path = finished_job(tmp_path / "empty.job", rows=[], **facts)
    assert "Nothing has been planned yet." in page_of(path)


def test_nothing_from_the_job_is_taken_for_markup(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>&\"'"
    path = finished_job(
        tmp_path / "users.job",
        rows=[PlannedRow(1, 2, evil, "refuse", outcome="invalid", reason=evil)],
        remarks=[Remark(2, evil, "error", evil)],
        note=evil,
        source=evil,
        stopped=evil,
        dropped=f'["{evil[:8]}"]',
    )
    text = page_of(path)
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert Page(text).tags.count("script") == 1


def test_a_large_job_makes_a_page_of_bounded_size(tmp_path: Path) -> None:
    path = finished_job(tmp_path / "users.job", lines=20_000, seconds=5000, unresolved=15_000)
    began = time.process_time()
    text = page_of(path)
    assert len(text) < 800_000
    assert time.process_time() - began < 5
    assert "These are the first 2,000 of" in text
    assert text.count("<tr data-kind") == 2000


def test_undone_jobs_report_on_the_undoing(tmp_path: Path) -> None:
    rows = [PlannedRow(n, n + 1, f"user{n}", "delete", outcome="restored") for n in range(1, 11)]
    undone: dict[str, Any] = {"phase": "undo", "state": "undone"}
    path = finished_job(tmp_path / "users.job", rows=rows, **undone)
    assert report_of(path)[0].verdict == "Everything was taken back."
    rows[2] = rows[2]._replace(outcome="kept", reason="edited since")
    path = finished_job(tmp_path / "kept.job", rows=rows, **undone)
    report, (row,) = report_of(path)
    assert report.verdict == "1 of 10 changes were not taken back."
    assert (row.number, row.outcome, row.reason) == (3, "kept", "edited since")


def test_failed_rows_can_be_fed_back(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text('login;pwd;note\nada;s3cret;"a;\nb"\nbob;x;\neve;s3cret\nmax;y;z;\n', encoding="utf-8")
    source = open_source(path)
    lines = [ReportRow(row, at, key, "create", None, "failed", f"why {key}") for row, at, key in
             ((1, 2, "ada"), (3, 5, ""), (4, 6, ""))]  # fmt: skip
    file = io.StringIO()
    assert write_failed_rows(file, source, lines, "1a users.job") == 3
    assert file.getvalue().splitlines() == [
        "_line;_status;_reason;_job;login;pwd;note",
        '2;failed;why ada;1a users.job;ada;;"a;',
        'b"',
        "5;failed;why ;1a users.job",
        "6;failed;why ;1a users.job",
    ]
    again = tmp_path / "failed.csv"
    again.write_text(file.getvalue(), encoding="utf-8")
    first, *_ = open_source(again).rows()
    assert dict(first.values) == {"login": "ada", "pwd": "", "note": "a;\nb"}


def test_failed_rows_of_json_lines_and_of_several_steps(tmp_path: Path) -> None:
    path = tmp_path / "users.jsonl"
    path.write_text(
        '{"username": "ada", "password": "s3cret", "attributes": {"x": 1}}\n{"username": "bob"}\n'
    )
    lines = [
        ReportRow(1, 1, "ada", "offboard", "delete credentials", "failed", "busy"),
        ReportRow(2, 1, "ada", "offboard", "delete the user", "failed", "busy"),
        ReportRow(9, None, "old", "delete", None, "failed", "busy"),
    ]
    file = io.StringIO()
    assert write_failed_rows(file, open_source(path), lines, "1a users.job") == 1
    assert "s3cret" not in file.getvalue()
    assert '"_reason": "delete credentials: busy; delete the user: busy"' in file.getvalue()
    again = tmp_path / "again.jsonl"
    again.write_text(file.getvalue())
    (row,) = open_source(again).rows()
    assert row.record is not None
    assert (row.record.username, row.record.attributes) == ("ada", {"x": 1})


def test_failed_keys_where_the_source_is_gone() -> None:
    lines = [
        ReportRow(1, 2, "ada", "create", None, "failed", "busy"),
        ReportRow(9, None, "old", "delete", None, "kept", "edited"),
    ]
    file = io.StringIO()
    assert write_failed_keys(file, "username", lines, "1a users.job") == 2
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [(row["_line"], row["username"]) for row in rows] == [("2", "ada"), ("", "old")]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.25, "0.2 s"), (9.96, "10.0 s"), (45, "45 s"), (59.9, "1 min"), (200, "3 min 20 s"), (3600, "1 h"),
     (3599.9, "1 h"), (7500, "2 h 05 min"), (100_000, "27 h 46 min")],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_latencies() -> None:
    assert (format_latency(0.0851), format_latency(1.25)) == ("85 ms", "1.2 s")
