"""What a plan comes to: how many rows for each action, and the first of each."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import attrs

from .events import Checked
from .store.schema import Header, Mode

_SHOWN = 10


@attrs.frozen
class Step:
    """One line of a plan: what is done to whom, and why."""

    line: int | None
    key: str
    action: str
    step: str | None
    why: str | None


@attrs.frozen(kw_only=True)
class Plan:
    """What a job is going to do.

    Args:
        job: the job file, for `apply`.
        source: the input's name.
        target: the system's name.
        mode: what is done with each row.
        actions: lines by action: create, update, delete, offboard, none, refuse.
        first: the first lines of each action but `none`.
        check: what the checks found.
    """

    job: Path
    source: str
    target: str
    mode: Mode
    actions: dict[str, int]
    first: tuple[Step, ...]
    check: Checked | None

    @property
    def changes(self) -> int:
        """Lines that will be sent."""
        return sum(number for action, number in self.actions.items() if action not in ("none", "refuse"))


def summary(database: sqlite3.Connection, path: Path, header: Header, check: Checked | None = None) -> Plan:
    """The plan in a job file."""
    found = database.execute("SELECT action, count(*) FROM rows GROUP BY action").fetchall()
    first: list[Step] = []
    for action in ("create", "update", "delete", "offboard", "refuse"):
        lines = database.execute(
            "SELECT line, key, action, step, coalesce(why, reason) FROM rows WHERE action = ? ORDER BY number LIMIT ?",
            (action, _SHOWN),
        )
        first += [Step(*line) for line in lines]
    return Plan(
        job=path,
        source=header.source,
        target=header.system,
        mode=header.mode,
        actions=dict(found),
        first=tuple(first),
        check=check,
    )
