"""Plan how to undo a job: rows of the phase `undo`, made from those of `apply`."""

from __future__ import annotations

from collections.abc import Iterator

from ...directory import Capabilities
from ..job_context import JobContext
from ..store.rows import NOT_THERE, JobRow, PlannedRow
from .comparison import list_emptied

_CHANGES = frozenset({"created", "updated", "deleted", "done"})


async def plan_undo(context: JobContext, *, remove_adopted: bool) -> None:
    """Write the rows that take back what a job did, and that it is being taken back; in one transaction, a batch in memory."""
    store, can = context.store, context.target.capabilities

    def write() -> None:
        store.clear_rows("undo")
        store.insert_rows("undo", _plan_rows(store.read_rows("apply", states=("done",)), can, remove_adopted))

    await context.writer.write_header(write, state=context.header.state_after("take back"), stopped=None)


def _plan_rows(rows: Iterator[JobRow], can: Capabilities, remove_adopted: bool) -> Iterator[PlannedRow]:
    for row in rows:
        if row.outcome in _CHANGES:
            planned = _plan_row(row, can, remove_adopted)
            if planned is not None:
                yield planned


def _plan_row(row: JobRow, can: Capabilities, remove_adopted: bool) -> PlannedRow | None:
    place = (row.number, row.line, row.key)
    kept: str
    if row.action == "offboard":
        kept = "a step of leaving cannot be taken back"
    elif row.action == "create":
        if row.adopted and row.seen != NOT_THERE and not remove_adopted:
            kept = "its answer was lost: it may have been there before the job"
        elif "delete" not in can.abilities:
            kept = "the system has no way to delete users"
        else:
            why = "the job created it"
            return PlannedRow(*place, "delete", None, why, row.digest, row.digest, remote_id=row.remote_id)
    elif row.action == "update":
        why = "the job changed it"
        if (reason := _explain_keeping(row.before or "{}", can)) is None:
            return PlannedRow(
                *place, "update", None, why, row.seen, row.digest, row.before, remote_id=row.remote_id
            )
        kept = reason
    elif row.outcome == "deleted" and row.reason is None and (missing := can.list_unknown_needs()):
        kept = f"cannot be created again: a new user needs a {' and a '.join(missing)}, which nobody knows"
    elif row.outcome == "deleted" and row.reason is None:
        return PlannedRow(*place, "create", None, "the job removed it", row.digest, NOT_THERE, row.before)
    else:
        return None
    return PlannedRow(*place, "none", outcome="kept", reason=kept)


def _explain_keeping(before: str, can: Capabilities) -> str | None:
    """Explain why an update cannot be taken back; None where it can."""
    emptied = list_emptied(before)
    hidden = [name for name in emptied if name in can.hidden]
    if hidden:
        return f"the {' and '.join(hidden)} of before is not known, so nothing of this change is taken back"
    return f"{', '.join(emptied)} was empty before, and cannot be emptied again" if emptied else None
