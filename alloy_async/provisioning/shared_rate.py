"""One rate limit for all who work on jobs in one database with one credential, on whatever hosts."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import attrs

from ..core.ratelimit.configured_rate import Rate
from ..core.ratelimit.limiter import Limiter
from ..directory import Directory
from .errors import JobPlace
from .store.store_opener import connect_to_budget_database, open_database_budget

if TYPE_CHECKING:
    from .store.postgres.rate_budget.database_budget import DatabaseBudget


@attrs.define
class _Sharing:
    """The budget that a limiter has for now.

    Args:
        budget: in a database.
        told: the rate that the limiter had before, and gets back.
        jobs: jobs of this process that go by it.
    """

    budget: DatabaseBudget
    told: Rate | None
    jobs: int = 0


_sharing_of_limiters: WeakKeyDictionary[Limiter, _Sharing] = WeakKeyDictionary()
_lock = threading.Lock()
"""Held while one is opened or closed: jobs of one credential begin and end at the same time."""


@asynccontextmanager
async def share_rate(place: JobPlace, target: Directory) -> AsyncIterator[Callable[[], None]]:
    """Have the calls of a target draw from the one budget that its account has in the database of a job.

    The rate that its client was told is then of all together; where it was told none, they learn one together. A client that
    has a shared budget already keeps it, as does one whose job is in a file. Several jobs of this process with one credential
    go by the budget of the first one until the last one ends, also where their databases differ.

    Args:
        place: the job.
        target: the directory.

    Yields:
        What raises JobUnavailable while the budget cannot be reached.

    Raises:
        JobError: the database does not answer.
    """
    limiter: Limiter | None = getattr(getattr(target, "client", None), "limiter", None)
    if limiter is None or isinstance(place, Path) or not _can_be_shared(limiter):
        yield lambda: None
        return
    database, salt = await asyncio.to_thread(connect_to_budget_database, place)
    try:
        account = await target.fingerprint_account(salt)
    except BaseException:
        await asyncio.to_thread(database.close)
        raise
    account = account or f"job {place.rpartition('#')[2]}"  # a credential that nobody can tell from others
    host = urlsplit(target.base_url)
    account = f"{host.hostname}:{host.port} {account}"
    sharing = await asyncio.to_thread(_begin_sharing, limiter, place, account, database)
    try:
        yield lambda: sharing.budget.check()
    finally:
        await asyncio.to_thread(_end_sharing, limiter)


def _can_be_shared(limiter: Limiter) -> bool:
    """Tell whether a limiter has the limit of this process alone, or one that is shared in a database already."""
    told = limiter.rate
    return told is None or (not told.shared if isinstance(told, Rate) else limiter in _sharing_of_limiters)


def _begin_sharing(limiter: Limiter, place: str, account: str, database: Any) -> _Sharing:
    with _lock:
        sharing, told = _sharing_of_limiters.get(limiter), limiter.rate
        if sharing is not None and told is sharing.budget:
            database.close()
            sharing.jobs += 1
            return sharing
        # The first job, or another one that was told another rate: the last one told counts.
        assert told is None or isinstance(told, Rate)
        budget = open_database_budget(place, account, told, limiter.clock, database, limiter.wake_first)
        limiter.set_rate(budget)
        if sharing is None:
            sharing = _sharing_of_limiters[limiter] = _Sharing(budget, told)
        else:
            sharing.budget.close()
            sharing.budget, sharing.told = budget, told
        sharing.jobs += 1
        return sharing


def _end_sharing(limiter: Limiter) -> None:
    with _lock:
        sharing = _sharing_of_limiters[limiter]
        sharing.jobs -= 1
        if sharing.jobs:
            return
        del _sharing_of_limiters[limiter]
        if limiter.rate is sharing.budget:
            limiter.set_rate(Rate(math.inf) if sharing.told is None else sharing.told)
        sharing.budget.close()
