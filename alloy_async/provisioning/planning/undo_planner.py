"""Plan how to undo a job: rows of the phase `undo`, made from those of `apply`."""

from __future__ import annotations

from collections.abc import Iterator

from ...directory import Capabilities
from ..job_context import JobContext
from ..store.planned_batches import PlannedBatch, create_batch_of_columns
from ..store.rows import NOT_THERE, RowStretch
from .comparison import list_formerly_empty

_CHANGES = frozenset({"created", "updated", "deleted", "done"})


async def write_undo_rows(context: JobContext, *, remove_adopted: bool) -> None:
    """Write the rows that take back what a job did, and that it is being taken back; in one transaction, a batch in memory."""
    writer, store, can = context.writer, context.store, context.target.capabilities

    def write() -> None:
        writer.update_header(state=writer.header.get_state_after_event("take back"), stopped=None)
        store.clear_rows("undo")
        done = store.read_stretches("apply", states=("done",))
        changes = (rows for rows in done if rows.outcome in _CHANGES)
        store.insert_batches("undo", _plan_batches(changes, can, remove_adopted))

    await writer.call(write)


def _plan_batches(
    changes: Iterator[RowStretch], can: Capabilities, remove_adopted: bool
) -> Iterator[PlannedBatch]:
    for rows in changes:
        planned = _plan_stretch(rows, can, remove_adopted)
        if planned is not None:
            yield planned


def _plan_stretch(rows: RowStretch, can: Capabilities, remove_adopted: bool) -> PlannedBatch | None:
    """Plan the same for all rows of a stretch, which are alike."""
    first, lines, keys, ids = rows.first, rows.lines, rows.keys, rows.remote_ids
    held, kept = rows.digests, ""
    if rows.action == "offboard":
        kept = "a step of leaving cannot be taken back"
    elif rows.action == "create":
        if rows.adopted and rows.seen != NOT_THERE and not remove_adopted:
            kept = "its answer was lost: it may have been there before the job"
        elif "delete" not in can.abilities:
            kept = "the system has no way to delete users"
        else:
            why = "the job created it"
            return create_batch_of_columns(
                first, "delete", lines, keys, why=why, digests=held, seen=held, remote_ids=ids
            )
    elif rows.action == "update":
        if (reason := _explain_keeping(rows.before or "{}", can)) is None:
            why = "the job changed it"
            return create_batch_of_columns(
                first, "update", lines, keys,
                why=why, digests=rows.seen, seen=held, before=rows.before, remote_ids=ids,
            )  # fmt: skip
        kept = reason
    elif rows.outcome == "deleted" and rows.reason is None and (missing := can.list_hidden_needs()):
        kept = f"cannot be created again: a new user needs a {' and a '.join(missing)}, which nobody knows"
    elif rows.outcome == "deleted" and rows.reason is None:
        why = "the job removed it"
        return create_batch_of_columns(
            first, "create", lines, keys, why=why, digests=held, seen=NOT_THERE, before=rows.before
        )
    else:
        return None
    return create_batch_of_columns(first, "none", lines, keys, outcome="kept", reason=kept)


def _explain_keeping(before: str, can: Capabilities) -> str | None:
    """Explain why an update cannot be taken back; None where it can."""
    emptied = list_formerly_empty(before)
    hidden = [name for name in emptied if name in can.hidden]
    if hidden:
        return f"the {' and '.join(hidden)} of before is not known, so nothing of this change is taken back"
    return f"{', '.join(emptied)} was empty before, and cannot be emptied again" if emptied else None
