"""Making the plan of a whole job: every row is read and checked, the system is asked, nothing is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from ...directory import Directory
from ..async_helpers import in_thread, slices
from ..errors import JobError, SourceError
from ..events import SHOWN_FINDINGS, Checked, Checking, OnEvent
from ..execution.tasks import first_difference
from ..sources import Finding, Source
from ..store import rows
from ..store.schema import Header
from ..store.writer import Journal
from .comparison import UserComparer
from .lookup import Lookup
from .row_planner import RowPlanner, plan_removals, refuse_repeated

_SLICE = 2000


async def make_plan(
    journal: Journal, source: Source, target: Directory, comparer: UserComparer, emit: OnEvent
) -> Checked:
    """Plan every row of a source, one that has a digest, into a job that has none.

    Raises:
        SourceError: the source cannot be read as users.
        AlloyAsyncError: the system could not be asked.
        JobError: too many users would be removed.
    """
    mode, options = journal.header.mode, json.loads(journal.header.options)
    asks = mode != "create" or options["look_up"]
    async with Lookup(target, comparer) as lookup:
        users = await lookup.take_snapshot() if mode == "sync" else 0
        planner = RowPlanner(
            target.capabilities, comparer, mode, lookup if asks and lookup.possible else None
        )
        async for lines in planner.plan_rows(source.rows(), _SLICE):
            await journal.do(rows.insert, "rows", lines)
            if mode == "sync":
                await in_thread(lookup.mark_wanted, [line.key for line in lines if line.key])
            emit(Checking(planner.rows))
        repeated = await _refuse_repeated(journal, planner, comparer)
        if mode == "sync":
            await _plan_removals(journal, planner, lookup, comparer, users, options["allow_delete"])
    found = sorted([*planner.findings, *repeated], key=lambda finding: finding.line)
    findings = tuple(found[:SHOWN_FINDINGS])
    errors = planner.errors + len({finding.line for finding in repeated})
    await record_findings(journal, planner, findings)
    return Checked(planner.rows, errors, planner.warnings, findings, planner.dropped)


async def record_findings(journal: Journal, planner: RowPlanner, findings: Sequence[Finding]) -> None:
    """Write down what the checks found."""
    values = [(one.line, one.column, one.severity, one.message) for one in findings]
    await journal.do(
        lambda database: database.executemany("INSERT INTO findings VALUES (?, ?, ?, ?)", values)
    )
    ((lines,),) = await journal.execute("SELECT count(*) FROM rows")
    dropped = json.dumps(planner.dropped, ensure_ascii=False)
    await journal.set(rows=lines, warnings=planner.warnings, dropped=dropped)


def seal_digest(digest: str, salt: bytes) -> str:
    """A source's digest as it is kept: slow to make, so that what the source holds cannot be guessed from it."""
    return hashlib.scrypt(digest.encode(), salt=salt, n=1 << 14, r=8, p=1, dklen=16).hex()


def is_unchanged(source: Source, header: Header) -> bool:
    """Whether a source that can be read again is what the job was planned from."""
    digest = source.digest()
    return digest is not None and seal_digest(digest, header.salt) == header.source_digest


async def refuse_changed(journal: Journal, source: Source, target: Directory, comparer: UserComparer) -> None:
    """Make sure that a source is what the job was planned from.

    Raises:
        SourceError: it is not; with the first row that differs.
    """
    expected = journal.header.source_digest
    digest = await in_thread(source.digest)
    if expected is None:
        return  # it could be read once only: its rows are compared as they come
    if digest is not None and await in_thread(seal_digest, digest, journal.header.salt) == expected:
        return
    said = "was changed since it was planned"
    planner = RowPlanner(target.capabilities, comparer, journal.header.mode, None)
    async for part in slices(planner.check_rows(source.rows()), _SLICE):
        row = await journal.do(first_difference, part, comparer)
        if row is not None:
            raise SourceError(f"{said}: this row is another one; plan again", source.name, row.line)
    raise SourceError(
        f"{said}, in a column that the job file does not keep, or at its end; plan again", source.name
    )


async def _refuse_repeated(journal: Journal, planner: RowPlanner, comparer: UserComparer) -> list[Finding]:
    suspects = await in_thread(planner.keys.take_repeated)
    if not suspects:
        return []
    return await journal.do(refuse_repeated, comparer, suspects, planner.key_column)


async def _plan_removals(
    journal: Journal,
    planner: RowPlanner,
    lookup: Lookup,
    comparer: UserComparer,
    users: int,
    allowed: float | None,
) -> None:
    first = planner.rows * planner.stride + 1
    lines = plan_removals(lookup.iterate_unwanted(), comparer, first)
    count = 0
    async for part in slices(lines, _SLICE):
        count += len(part)
        await journal.do(rows.insert, "rows", part)
    share = count / users if users else 0.0
    what = f"{count:,} of the {users:,} users would be removed ({share:.0%}), as they are not in the source"
    if count and planner.nameless:
        rest = f"{planner.nameless:,} rows of it have no readable key and may mean some of them: correct these rows first"
        raise JobError(f"{what}, but {rest}. Nothing was sent", journal.path)
    if allowed is not None and share > allowed:
        raise JobError(
            f"{what}; {allowed:.0%} are allowed. Nothing was sent. If this is meant, allow the share: --allow-delete"
            f" {share + 0.005:.2f}",
            journal.path,
        )
