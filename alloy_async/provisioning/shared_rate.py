"""One rate limit for all who work on jobs in one database with one credential, on whatever hosts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ..core.ratelimit.configured_rate import Rate
from ..core.ratelimit.limiter import Limiter
from ..directory import Directory
from .errors import JobPlace
from .store.store_opener import connect_to_budget_database, open_database_budget


@asynccontextmanager
async def share_rate(place: JobPlace, target: Directory) -> AsyncIterator[None]:
    """Have the calls of a target draw from the one budget that its account has in the database of a job.

    The rate that its client was told is then of all together; where it was told none, they learn one together. A client that
    has a shared budget already keeps it, as does one whose job is in a file.

    Args:
        place: the job.
        target: the directory.

    Raises:
        JobError: the database does not answer.
    """
    limiter: Limiter | None = getattr(getattr(target, "client", None), "limiter", None)
    told = None if limiter is None else limiter.rate
    if limiter is None or isinstance(place, Path) or not _is_process_limit(told):
        yield
        return
    assert told is None or isinstance(told, Rate)
    database, salt = await asyncio.to_thread(connect_to_budget_database, place)
    try:
        account = await target.fingerprint_account(salt)
    except BaseException:
        await asyncio.to_thread(database.close)
        raise
    account = account or f"job {place.rpartition('#')[2]}"  # a credential that nobody can tell from others
    budget = await asyncio.to_thread(
        open_database_budget, place, account, told, limiter.clock, database, limiter.wake_first
    )
    limiter.set_rate(budget)
    try:
        yield
    finally:
        limiter.set_rate(Rate(math.inf) if told is None else told)
        await asyncio.to_thread(budget.close)


def _is_process_limit(told: object) -> bool:
    """Tell whether a limit is of one process alone."""
    return told is None or (isinstance(told, Rate) and not told.shared)
