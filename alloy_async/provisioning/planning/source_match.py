"""Check that a source is still the one that a job was planned from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import takewhile

from ...core.auth import hash_with_key
from ...directory import UserRecord
from ..async_helpers import in_thread, iterate_slices
from ..checks.row_checks import CheckedRow
from ..errors import SourceError
from ..job_context import JobContext
from ..sources import Row, Source
from ..store.header import JobHeader
from ..store.job_store import JobStore
from ..store.rows import JobRow
from .comparison import UserComparer
from .source_planner import SourcePlanner

_SLICE = 2000
_COST_OF_SECRETS, _NO_COST = 14, 0
"""The cost of guessing what a source holds, as the power of two that scrypt takes as its `n`."""


def seal_source(source: Source, salt: bytes) -> str | None:
    """Make what is kept of a source's content; None for a source that cannot be read twice.

    Whoever has the job file and all of the source but a password may guess that: one guess costs 50 ms. A source that has no
    column for secrets is hashed with the job's salt, which costs next to nothing: the hashes of its rows in the same file,
    each of which can be guessed by itself, are no dearer, so that more would protect nothing, and be paid by every job.
    """
    digest = source.digest()
    if digest is None:
        return None
    return _seal(digest, salt, _COST_OF_SECRETS if getattr(source, "holds_secrets", True) else _NO_COST)


def is_unchanged(source: Source, header: JobHeader) -> bool:
    """Tell whether a source that can be read again is what the job was planned from."""
    digest, sealed = source.digest(), header.source_digest
    if digest is None or sealed is None:
        return False
    cost = int(sealed.rpartition("$")[0] or _COST_OF_SECRETS)
    return _seal(digest, header.salt, cost) == sealed


def _seal(digest: str, salt: bytes, cost: int) -> str:
    if cost == _NO_COST:
        return f"{cost}${hash_with_key(digest, salt)}"
    sealed = hashlib.scrypt(digest.encode(), salt=salt, n=1 << cost, r=8, p=1, dklen=16).hex()
    return sealed if cost == _COST_OF_SECRETS else f"{cost}${sealed}"


async def refuse_changed_source(context: JobContext) -> None:
    """Make sure that the job's source is what the job was planned from.

    Raises:
        SourceError: it is not; with the first row that differs.
    """
    source, header = context.source, context.header
    assert source is not None
    if header.source_digest is None:
        return  # it could be read once only: its rows are compared as they come
    if await in_thread(is_unchanged, source, header):
        return
    said = "was changed since it was planned"
    planner = SourcePlanner(context.target.capabilities, context.comparer, header.mode, None)
    async for part in iterate_slices(planner.check_rows(source.rows()), _SLICE):
        row = await context.writer.call(_find_first_difference, context.store, part, context.comparer)
        if row is not None:
            raise SourceError(f"{said}: this row is another one; plan again", source.name, row.line)
    raise SourceError(
        f"{said}, in a column that the job file does not keep, or at its end; plan again", source.name
    )


def read_rows_between(store: JobStore, first: int, last: int) -> list[JobRow]:
    """Read the planned rows from one number to another."""
    return list(takewhile(lambda row: row.number <= last, store.read_rows("apply", first - 1)))


def has_changed(checked: CheckedRow, planned: JobRow | None, comparer: UserComparer) -> bool:
    """Tell whether a row is another one than was planned."""
    if planned is None or planned.key != checked.key:
        return True
    record = checked.row.record
    if planned.digest is None or planned.action not in ("create", "update"):
        return False
    return record is None or sends_otherwise(record, planned, comparer)


def sends_otherwise(record: UserRecord, planned: JobRow, comparer: UserComparer) -> bool:
    """Tell whether a row of the source creates or changes a user otherwise than was planned of it."""
    if planned.action == "update":
        there = comparer.read_image(planned.before or "{}")
        return comparer.digest_update(there, comparer.find_changes(record, there)) != planned.digest
    return comparer.digest(record) != planned.digest


def _find_first_difference(store: JobStore, part: Sequence[CheckedRow], comparer: UserComparer) -> Row | None:
    planned = {row.number: row for row in read_rows_between(store, part[0].number, part[-1].number)}
    return next((one.row for one in part if has_changed(one, planned.get(one.number), comparer)), None)
