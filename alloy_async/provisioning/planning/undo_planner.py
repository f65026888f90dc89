"""What it takes to take a job back: lines of the table `undo`, made from those of `rows`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from ...directory import Capabilities
from ..store.rows import NOT_THERE, Planned, insert

_DONE = """
SELECT number, line, key, action, outcome, reason, digest, seen, before, adopted FROM rows
WHERE outcome IN ('created', 'updated', 'deleted', 'done') ORDER BY number"""


def plan_undo(database: sqlite3.Connection, can: Capabilities, remove_adopted: bool) -> None:
    """Write the lines that take back what a job did."""
    insert(database, "undo", list(_plan_rows(database, can, remove_adopted)))


def _plan_rows(database: sqlite3.Connection, can: Capabilities, remove_adopted: bool) -> Iterator[Planned]:
    for number, line, key, action, outcome, reason, digest, seen, before, adopted in database.execute(_DONE):
        kept: str | None = None
        if action == "offboard":
            kept = "a step of leaving cannot be taken back"
        elif action == "create":
            if adopted and seen != NOT_THERE and not remove_adopted:
                kept = "its answer was lost: it may have been there before the job"
            elif "delete" not in can.abilities:
                kept = "the system has no way to delete users"
            else:
                yield Planned(number, line, key, "delete", None, "the job created it", digest, digest)
        elif action == "update":
            emptied = [name for name, value in json.loads(before).items() if value is None]
            if emptied:
                kept = f"{', '.join(emptied)} was empty before, and cannot be emptied again"
            else:
                yield Planned(number, line, key, "update", None, "the job changed it", seen, digest, before)
        elif outcome == "deleted" and reason is None:
            yield Planned(number, line, key, "create", None, "the job removed it", digest, NOT_THERE, before)
        if kept is not None:
            yield _keep_row(number, line, key, kept)


def _keep_row(number: int, line: int | None, key: str, reason: str) -> Planned:
    facts: dict[str, Any] = {"state": "done", "outcome": "kept", "reason": reason}
    return Planned(number, line, key, "none", **facts)
