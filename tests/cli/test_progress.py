"""What a running job looks like, on a terminal and elsewhere."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from alloy_async.cli.output.next_steps import NextSteps
from alloy_async.cli.output.progress import ProgressDisplay
from alloy_async.cli.output.summary import print_summary
from alloy_async.provisioning import (
    Checked,
    Checking,
    Counts,
    Finding,
    Progress,
    Report,
    Stopped,
    Waiting,
)

CHECKED = Checked(
    rows=1200,
    errors=2,
    warnings=1,
    findings=(
        Finding(7, "Login", "error", "the username is missing"),
        Finding(9, None, "error", "the row has 3 cells where the header has 2"),
    ),
    dropped=("Desk [old]",),
)


class Screen:
    """A console of a given kind, and what is on it."""

    def __init__(self, *, terminal: bool) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, force_terminal=terminal, width=100, color_system=None, legacy_windows=False
        )

    @property
    def text(self) -> str:
        return self.file.getvalue()


def report(**facts: object) -> Report:
    facts = {
        "job": Path("users.job"),
        "source": "users.csv",
        "target": "Alloy",
        "mode": "create",
        "counts": Counts(created=1100, exists=8, invalid=2, failed=90),
        "check": CHECKED,
        "retries": 3,
        "waited": 4.5,
        "elapsed": 2.0,
        "stopped": None,
        **facts,
    }
    return Report(**facts)  # type: ignore[arg-type]


def test_a_terminal_shows_a_bar() -> None:
    screen = Screen(terminal=True)
    with ProgressDisplay(screen.console, "users.csv", "Alloy") as display:
        display(Checking(600))
        display(CHECKED)
        display(Progress(Counts(created=1000), 1200))
        display(Waiting("batch_create_users", "429 Too Many Requests", 2.0))
        display(Progress(Counts(created=1110, failed=90), 1200))
    last = screen.text.rpartition("sending")[2]
    assert "1,200 of 1,200" in last
    assert "1 retry, 2 s waited" in last
    assert "users.csv:7: error: Login: the username is missing" in screen.text
    assert "users.csv:9: error: the row has 3 cells" in screen.text
    assert "... and 1 more finding" in screen.text
    assert "no place for these columns, they are not sent: Desk [old]" in screen.text


def test_elsewhere_a_line_every_five_seconds_and_the_last() -> None:
    screen, now = Screen(terminal=False), 0.0
    with ProgressDisplay(screen.console, "users.csv", "Alloy", clock=lambda: now) as display:
        display(Checked(600, 0, 0, (), ()))
        for second in range(1, 13):
            now = float(second)
            display(Progress(Counts(created=second * 50), 600))
        display(Stopped("interrupted"))
        display(Stopped("interrupted", goes_on=True))
    assert screen.text.splitlines() == [
        "600 rows checked: 600 to send, 0 not",
        "sending: 250 of 600 rows: 250 created",
        "sending: 500 of 600 rows: 500 created",
        "sending: 600 of 600 rows: 600 created",
        "No more rows are sent: interrupted",
        "Stopped here: interrupted; another worker goes on",
    ]


def test_the_final_table() -> None:
    screen = Screen(terminal=True)
    print_summary(screen.console, report(), Path("users.failed.csv"), NextSteps(("--to", "alloy")))
    lines = [line.strip("│ ") for line in screen.text.splitlines()]
    assert "users.csv to Alloy" in lines
    assert "created         │ 1,100" in lines
    assert "rows            │ 1,200" in lines
    assert "2.0 s, 600 rows/s, 3 retries after 4.5 s of waiting" in lines
    unresolved = report().counts.unresolved
    assert f"{unresolved} rows did not go in; users.failed.csv has each with its line and reason." in lines
    # The job itself comes first: corrected rows are fed back once it has nothing more to send.
    assert not [line for line in lines if line.startswith("Correct them there")]
    assert "To go on:  alloy-async resume users.job" in lines


def test_the_end_elsewhere() -> None:
    screen = Screen(terminal=False)
    end = report(counts=Counts(created=1200), retries=0, stopped="30 calls in a row failed")
    print_summary(screen.console, end)
    assert screen.text.splitlines() == [
        "created: 1200",
        "already there: 0",
        "invalid: 0",
        "failed: 0",
        "outcome unknown: 0",
        "rows: 1200",
        "time: 2.0 s, 600 rows/s",
        "The job ended early: 30 calls in a row failed",
        "All of it:  alloy-async report users.job --format html -o report.html",
    ]


def test_rows_of_unknown_outcome_are_not_to_be_corrected() -> None:
    screen = Screen(terminal=False)
    end = report(counts=Counts(created=1190, unknown=10), retries=0)
    print_summary(screen.console, end, Path("users.failed.csv"), NextSteps())
    lines = screen.text.splitlines()
    assert not [line for line in lines if line.startswith("Correct them there")]
    assert (
        "Once nothing can be on its way any more, 10 rows of unknown outcome are sent again by:"
        "  alloy-async resume users.job --send-again"
    ) in lines
