"""Job files as finished and running jobs leave them, made without a job."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import attrs

from alloy_async.provisioning.store.header import JobHeader, Phase, RowOutcome
from alloy_async.provisioning.store.job_store import Remark, Second
from alloy_async.provisioning.store.planned_batches import group_into_batches
from alloy_async.provisioning.store.rows import PlannedRow
from alloy_async.provisioning.store.store_opener import create_store

START = 1_800_000_000.0
REASONS: Sequence[tuple[RowOutcome, str, int]] = (
    ("invalid", "User Name: {key!r} is on line 7 already; remove one of the two rows", 8),
    ("invalid", "E-mail: 'ada@example' is no e-mail address (name@example.org)", 3),
    ("failed", "503 from Alloy: the service is busy; try again later", 5),
    ("unknown", "the answer was lost, and asking failed", 1),
    ("drifted", "full_name was changed since the plan was made", 2),
)

REMARKS = (
    Remark(12, "E-mail", "warning", "'ada@example' is no e-mail address"),
    Remark(40, None, "error", "has 3 cells"),
)


def finished_job(
    path: Path,
    lines: int = 1000,
    seconds: int = 60,
    unresolved: int = 40,
    pause: int = 0,
    *,
    rows: Sequence[PlannedRow] | None = None,
    phase: Phase = "apply",
    remarks: Sequence[Remark] = REMARKS,
    note: str = "interrupted by Ctrl-C",
    **header: object,
) -> Path:
    """A job that is done, of which about `unresolved` rows did not go in; it was paused half-way for so many seconds."""
    chance = random.Random(lines)
    made = (
        [_row(number, lines, unresolved, chance) for number in range(1, lines + 1)] if rows is None else rows
    )
    told = JobHeader(
        source=str(path.with_suffix(".csv")),
        system="Alloy",
        base_url="https://alloy.example",
        mode="create",
        created=START - 5,
        started=START,
        ended=START + seconds + pause,
        state="done",
        rows=len(made),
        warnings=3,
        dropped='["Desk", "E-mail"]',
    )
    store = create_store(path, attrs.evolve(told, **header))
    with store.transaction():
        store.insert_batches(phase, group_into_batches(made))
        store.add_seconds(_second(number, lines, seconds, pause, chance) for number in range(seconds))
        if note:
            store.add_note("stop", note)
        store.add_remarks(remarks)
    store.close()
    return path


def begun_rows(done: int, lines: int = 1000) -> list[PlannedRow]:
    """Rows of which the first are in, and the rest were not sent yet."""
    numbers = range(1, lines + 1)
    return [
        PlannedRow(n, n + 1, f"user{n}", "create", outcome="created" if n <= done else None) for n in numbers
    ]


def _row(number: int, lines: int, unresolved: int, chance: random.Random) -> PlannedRow:
    key, outcome, reason = f"user{number}", "created", None
    if chance.random() < unresolved / lines:
        outcome, text, _ = chance.choices(REASONS, [weight for *_, weight in REASONS])[0]
        reason = text.format(key=key)
    elif chance.random() < 0.08:
        outcome = "exists"
    return PlannedRow(number, number + 1, key, "create", outcome=outcome, reason=reason)  # type: ignore[arg-type]


def _second(number: int, lines: int, seconds: int, pause: int, chance: random.Random) -> Second:
    at = int(START) + number + (pause if number > seconds // 2 else 0)
    rows = int(lines / seconds * chance.uniform(0.6, 1.2)) if number else 3
    p50 = chance.lognormvariate(-2.3, 0.2)
    busy = seconds * 0.55 < number < seconds * 0.65
    limited = chance.randint(1, 9) if busy else int(chance.random() < 0.03)
    calls = max(rows // 10, 1) if rows else 0
    factor = 2.5 if busy else 1
    p95, waited = p50 * factor * chance.uniform(1.5, 2.5), limited * 1.2
    return Second(
        at,
        rows // (3 if busy else 1),
        calls,
        p50 * factor,
        p95,
        p95 * chance.uniform(1, 3),
        limited,
        limited,
        waited,
    )
