# ruff: noqa: S608 -- the table's name is one of two constants
"""The lines of a job's tables `rows` and `undo`: written when planned, when about to be sent, and when settled."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

import attrs

from ...directory import UserRecord
from .schema import Action, RowOutcome, RowState, Table

NOT_THERE = b""
"""As `seen`: the system was asked and had no such user. None: it was not asked."""


class Planned(NamedTuple):
    """A line as it is planned; see the table's columns."""

    number: int
    line: int | None
    key: str
    action: Action
    step: str | None = None
    why: str | None = None
    digest: bytes | None = None
    seen: bytes | None = None
    before: str | None = None
    state: RowState = "planned"
    outcome: RowOutcome | None = None
    reason: str | None = None
    remote_id: str | None = None


@attrs.define(eq=False)
class Task:
    """A line that is to be done; `record` is what it sends."""

    number: int
    line: int | None
    key: str
    action: Action
    step: str | None
    digest: bytes
    seen: bytes | None
    before: str | None
    attempt: int
    record: UserRecord | None = attrs.field(default=None, repr=False)


class Result(NamedTuple):
    """What became of a line. Without an outcome it is in doubt, or to be sent again."""

    number: int
    outcome: RowOutcome | None
    reason: str | None = None
    remote_id: str | None = None
    adopted: bool = False


_number_of: Callable[[Result], int] = itemgetter(Result._fields.index("number"))
_verdict_of = itemgetter(*map(Result._fields.index, ("outcome", "reason", "adopted")))
_brief_of = itemgetter(*map(Planned._fields.index, ("number", "line", "key", "action", "digest")))
_rest_of = itemgetter(*map(Planned._fields.index, ("step", "why", "seen", "before", "state")))
_NO_MORE = (None, None, None, None, "planned")
_PLANNED = ", ".join(Planned._fields)
_TASK = "number, line, key, action, step, digest, seen, before, attempt"


def insert(database: sqlite3.Connection, table: Table, lines: Sequence[Planned]) -> None:
    """Write planned lines; most have few of the columns, which halves the work."""
    full = [line for line in lines if _rest_of(line) != _NO_MORE]
    brief = [line for line in lines if _rest_of(line) == _NO_MORE] if full else lines
    database.executemany(
        f"INSERT INTO {table} (number, line, key, action, digest) VALUES (?, ?, ?, ?, ?)",
        map(_brief_of, brief),
    )
    places = ", ".join("?" * len(Planned._fields))
    database.executemany(f"INSERT INTO {table} ({_PLANNED}) VALUES ({places})", full)


def planned(database: sqlite3.Connection, table: Table, after: int, limit: int) -> list[Task]:
    """The next lines to be done, in order."""
    found = database.execute(
        f"SELECT {_TASK} FROM {table} WHERE number > ? AND state = 'planned' ORDER BY number LIMIT ?",
        (after, limit),
    )
    return [Task(*line) for line in found]


def units(tasks: Iterable[Task], batch_size: int) -> Iterator[list[Task]]:
    """What goes together in one call: a batch of creations, the steps of one user, or one task."""
    by_action, by_key = attrgetter("action"), attrgetter("key")
    for action, alike in groupby(sorted(tasks, key=by_action), key=by_action):
        if action == "create":
            creations = list(alike)
            yield from (
                creations[start : start + batch_size] for start in range(0, len(creations), batch_size)
            )
        elif action == "offboard":
            yield from (list(steps) for _, steps in groupby(alike, key=by_key))
        else:
            yield from ([task] for task in alike)


def in_doubt(database: sqlite3.Connection, table: Table) -> list[Task]:
    """The lines of which nobody knows whether they were carried out."""
    found = database.execute(
        f"SELECT {_TASK} FROM {table} WHERE state IN ('intended', 'doubt') ORDER BY number"
    )
    return [Task(*line) for line in found]


def intend(database: sqlite3.Connection, table: Table, tasks: Sequence[Task]) -> None:
    """Write down that lines are about to be sent."""
    database.executemany(
        f"UPDATE {table} SET state = 'intended', attempt = attempt + 1 WHERE number BETWEEN ? AND ?",
        runs(task.number for task in tasks),
    )


def settle(
    database: sqlite3.Connection, table: Table, results: Sequence[Result], otherwise: RowState = "doubt"
) -> None:
    """Write down what became of lines; those without an outcome get the state `otherwise`."""
    for (outcome, reason, adopted), alike in groupby(results, key=_verdict_of):
        state = "done" if outcome else otherwise
        database.executemany(
            f"UPDATE {table} SET state = ?, outcome = ?, reason = ?, adopted = ?, attempt = max(0, attempt - ?)"
            " WHERE number BETWEEN ? AND ?",
            (
                (state, outcome, reason, adopted, outcome == "failed", first, last)
                for first, last in runs(map(_number_of, alike))
            ),
        )
    ids = [(result.remote_id, result.number) for result in results if result.remote_id]
    database.executemany(f"UPDATE {table} SET remote_id = ? WHERE number = ?", ids)


def take_back(database: sqlite3.Connection, table: Table, tasks: Sequence[Task]) -> None:
    """Plan lines again whose last intent was not carried out."""
    database.executemany(
        f"UPDATE {table} SET state = 'planned', attempt = attempt - 1 WHERE number BETWEEN ? AND ?",
        runs(task.number for task in tasks),
    )


def retry_failed(database: sqlite3.Connection, table: Table) -> None:
    """Plan the lines again of which surely nothing happened."""
    database.execute(
        f"UPDATE {table} SET state = 'planned', outcome = NULL, reason = NULL WHERE outcome = 'failed'"
    )


def doubt_unknown(database: sqlite3.Connection, table: Table) -> None:
    """Doubt the lines again whose outcome could not be found out."""
    database.execute(f"UPDATE {table} SET state = 'doubt', outcome = NULL WHERE outcome = 'unknown'")


def tally(database: sqlite3.Connection, table: Table) -> Counter[str]:
    """How many lines have each outcome; those without, by their state."""
    found = database.execute(f"SELECT coalesce(outcome, state), count(*) FROM {table} GROUP BY 1")
    return Counter(dict(found.fetchall()))


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each stretch of rising numbers without a gap: one statement writes a whole batch."""
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = number
        elif number != last + 1:
            yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last
