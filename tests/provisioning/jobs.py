"""Job files as finished and running jobs leave them, made without a job."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from alloy_async.provisioning.store.metrics import Second, note, write
from alloy_async.provisioning.store.rows import Planned, insert
from alloy_async.provisioning.store.schema import Header, RowOutcome, connected, make

START = 1_800_000_000.0
REASONS: Sequence[tuple[RowOutcome, str, int]] = (
    ("invalid", "User Name: {key!r} is on line 7 already; remove one of the two rows", 8),
    ("invalid", "E-mail: 'ada@example' is no e-mail address (name@example.org)", 3),
    ("failed", "503 from Alloy: the service is busy; try again later", 5),
    ("unknown", "the answer was lost, and asking failed", 1),
    ("drifted", "full_name was changed since the plan was made", 2),
)


def finished_job(
    path: Path, lines: int = 1000, seconds: int = 60, unresolved: int = 40, pause: int = 0, **header: object
) -> Path:
    """A job that is done, of which about `unresolved` lines did not go in; it was paused half-way for so many seconds."""
    chance = random.Random(lines)
    database = connected(path)
    told = Header(
        source=str(path.with_suffix(".csv")),
        system="Alloy",
        base_url="https://alloy.example",
        mode="create",
        created=START - 5,
        started=START,
        ended=START + seconds + pause,
        state="done",
        rows=lines,
        warnings=3,
        dropped='["Desk", "E-mail"]',
    )
    make(database, attrs.evolve(told, **header))
    database.execute("BEGIN")
    insert(database, "rows", (_line(number, lines, unresolved, chance) for number in range(1, lines + 1)))
    write(database, (_second(number, lines, seconds, pause, chance) for number in range(seconds)))
    note(database, "stop", "interrupted by Ctrl-C")
    findings = [
        (12, "E-mail", "warning", "'ada@example' is no e-mail address"),
        (40, None, "error", "has 3 cells"),
    ]
    database.executemany("INSERT INTO findings VALUES (?, ?, ?, ?)", findings)
    database.execute("COMMIT")
    database.close()
    return path


def _line(number: int, lines: int, unresolved: int, chance: random.Random) -> Planned:
    key, outcome, reason = f"user{number}", "created", None
    if chance.random() < unresolved / lines:
        outcome, text, _ = chance.choices(REASONS, [weight for *_, weight in REASONS])[0]
        reason = text.format(key=key)
    elif chance.random() < 0.08:
        outcome = "exists"
    return Planned(number, number + 1, key, "create", state="done", outcome=outcome, reason=reason)  # type: ignore[arg-type]


def _second(number: int, lines: int, seconds: int, pause: int, chance: random.Random) -> Second:
    at = int(START) + number + (pause if number > seconds // 2 else 0)
    rows = int(lines / seconds * chance.uniform(0.6, 1.2)) if number else 3
    p50 = chance.lognormvariate(-2.3, 0.2)
    busy = seconds * 0.55 < number < seconds * 0.65
    limited = chance.randint(1, 9) if busy else int(chance.random() < 0.03)
    calls = max(rows // 10, 1) if rows else 0
    factor = 2.5 if busy else 1
    p95, waited = p50 * factor * chance.uniform(1.5, 2.5), limited * 1.2
    return (
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


def changed(path: Path, statement: str, *values: object) -> None:
    """Change a job file."""
    with sqlite3.connect(path) as database:
        database.execute(statement, values)
    database.close()
