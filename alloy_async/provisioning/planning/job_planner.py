"""Plan a whole job: every row is read and checked, the system is asked, nothing is changed there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ...core.argument_errors import format_argument_name
from ..async_helpers import iterate_slices, run_in_thread
from ..checks.duplicates import FindFirst
from ..errors import JobError
from ..events import SHOWN_FINDINGS, Checked, Checking
from ..job_context import JobContext
from ..reports.quantities import format_count_with_noun
from ..sources import Finding
from ..sources.blocks import read_row_blocks
from ..store.job_store import FINALITY, Remark
from ..store.planned_batches import PlannedBatch, group_into_batches
from .repeated_keys import record_repeated_rows_as_refused
from .row_actions import plan_removals
from .source_planner import SourcePlanner
from .source_rereader import hash_source_content
from .user_lookup import UserLookup

_SLICE = 2000


async def plan_whole_source(context: JobContext) -> Checked:
    """Plan every row of a source that can be read again, into a job that has none, and tell what was found.

    Raises:
        SourceError: the source cannot be read as users.
        AlloyAsyncError: the system could not be asked.
        JobError: too many users would be removed.
    """
    writer, header, target, comparer = context.writer, context.header, context.target, context.comparer
    mode, options = header.mode, json.loads(header.options)
    asks = mode != "create" or options["look_up"]
    assert context.source is not None
    number = 0
    async with UserLookup(target, comparer) as lookup:
        users = await lookup.take_snapshot() if mode == "sync" else 0
        planner = create_source_planner(context, lookup if asks and lookup.is_possible else None)
        waiting: Sequence[PlannedBatch] = ()
        async for batches in planner.iterate_planned_slices(read_row_blocks(context.source), _SLICE):
            if waiting:
                await writer.call(context.store.insert_batches, "apply", waiting)
            waiting = batches
            number += sum(batch.rows for batch in batches)
            context.run.on_event(Checking(planner.rows))
        # The last, with what follows: most sources have one slice.
        writer.add_to_next_call(context.store.insert_batches, "apply", waiting)
        repeated: list[Finding] = []
        newly_refused = 0
        if planner.repeated:
            repeated, newly_refused = await writer.call(
                record_repeated_rows_as_refused, context.store, comparer, planner.repeated, planner.key_column
            )
        if context.spool is not None and newly_refused:
            context.spool.abandon()
        if mode == "sync":
            number += await _plan_removals(context, planner, lookup, users, options["allow_delete"])
    if mode in ("sync", "offboard"):  # else nobody is removed, and nobody leaves
        await _add_finality_note(context)
    found = sorted([*planner.findings, *repeated], key=lambda finding: finding.line)
    findings = tuple(found[:SHOWN_FINDINGS])
    errors = planner.errors + newly_refused
    checked = Checked(planner.rows, errors, planner.warnings, findings, planner.dropped_columns)
    record_findings(context, checked, rows=number, state=header.get_state_after_event("plan"))
    context.run.on_event(checked)
    return checked


def create_source_planner(
    context: JobContext, lookup: UserLookup | None, first_line: FindFirst | None = None
) -> SourcePlanner:
    """Create the planner of a job's rows, as its options say.

    Args:
        context: the job.
        lookup: to ask the system; None to leave it to the system to say who exists.
        first_line: see `SourcePlanner`.
    """
    options = json.loads(context.header.options)
    return SourcePlanner(
        context.target.capabilities,
        context.comparer,
        context.header.mode,
        lookup,
        first_line,
        send_hidden=options.get("send_hidden", False),
        allow_inactive=options.get("allow_inactive", False),
        spool=context.spool,
    )


def record_findings(context: JobContext, checked: Checked, **header: Any) -> None:
    """Have what the checks found, and what of the header comes with it, written with the next call of the writer."""
    remarks = [Remark(one.line, one.column, one.severity, one.message) for one in checked.findings]
    dropped = json.dumps(checked.dropped, ensure_ascii=False)

    def write() -> None:
        context.writer.update_header(warnings=checked.warnings, dropped=dropped, **header)
        if remarks:
            context.store.add_remarks(remarks)

    context.writer.add_to_next_call(write)


async def _add_finality_note(context: JobContext) -> None:
    """Note what of the plan no undo brings back, for whoever is about to apply it."""
    actions = await context.writer.call(context.store.count_actions)
    can, system, notes = context.target.capabilities, context.header.system, []
    if actions.get("offboard"):
        notes.append("The steps of offboarding cannot be undone.")
    removals = format_count_with_noun(actions.get("delete", 0), "removal", "removals")
    if actions.get("delete") and (missing := can.list_hidden_needs()):
        needs = f"a new user of {system} needs a {' and a '.join(missing)}, which nobody knows"
        notes.append(f"The {removals} cannot be undone: {needs}.")
    elif actions.get("delete"):
        notes.append(
            f"To undo the {removals} creates new users: with other ids, and without what {system} does not show."
        )
    for note in notes:
        await context.writer.call(context.store.add_note, FINALITY, note)


async def discard_plan(context: JobContext) -> None:
    """Throw away a plan that was cut off half-way; nothing of it was sent."""
    source, header = context.source, context.header
    sealed = None if source is None else await run_in_thread(hash_source_content, source, header.salt)

    def write() -> None:
        context.writer.update_header(state=header.get_state_after_event("restart"), source_digest=sealed)
        context.store.clear_rows("apply")

    await context.writer.call(write)


async def _plan_removals(
    context: JobContext, planner: SourcePlanner, lookup: UserLookup, users: int, allowed: float | None
) -> int:
    """Plan the removal of who is not in the source; how many."""
    first = planner.rows * planner.numbers_per_row + 1
    own = lookup.own_account
    await own.look_up()
    lines = plan_removals(own.omit(lookup.iterate_unwanted()), context.comparer, first)
    count = 0
    async for part in iterate_slices(lines, _SLICE):
        count += len(part)
        await context.writer.call(context.store.insert_batches, "apply", group_into_batches(part))
    if own.is_omitted and own.user is not None:
        name = context.comparer.get_key(own.user)
        stays = f"{name} is not in the source, and stays: this is the account whose key is used here."
        await context.writer.call(context.store.add_note, FINALITY, stays)
    share = count / users if users else 0.0
    all_users = format_count_with_noun(users, "user", "users")
    what = f"{count:,} of the {all_users} would be removed ({share:.0%}), as they are not in the source"
    if count and planner.nameless:
        few = format_count_with_noun(planner.nameless, "row of it has", "rows of it have")
        rest = f"{few} no readable key and may mean some of them: correct that first"
        raise JobError(f"{what}, but {rest}. Nothing was sent", context.store.path)
    if mentioned := lookup.find_unwanted_but_mentioned():
        line, user = mentioned
        why = "stands in a cell that goes on over several lines: is a closing quote missing? If not, take the name out there"
        name = context.comparer.get_key(user)
        raise JobError(
            f"{name!r} would be removed, but {why} (line {line}). Nothing was sent", context.store.path
        )
    if allowed is not None and share > allowed:
        raise JobError(
            f"{what}; {allowed:.0%} are allowed. Nothing was sent. If this is meant, allow the share:"
            f" {format_argument_name('allow_delete', round(share + 0.005, 2))}",
            context.store.path,
        )
    return count
