"""Copy the users of one system into another, as a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple, TypeAlias

import attrs

from ..core.background_loop import get_background_loop, iterate_sync
from ..core.calls.map_unordered import map_concurrently
from ..core.errors import AlloyAsyncError, InvalidRequest
from ..core.validation import check_count
from .error_policy import ends_work, refuses_batch, send_in_halves
from .interface import Directory
from .record import Outcome, Status, UserRecord
from .record_fit import Loss, find_losses
from .sync import SyncDirectory

KEPT_PROBLEMS = 100
MEMBERSHIPS = ("groups", "roles")

Change: TypeAlias = Callable[[UserRecord], UserRecord | None]
OnLosses: TypeAlias = Callable[[UserRecord, Sequence[Loss]], object]


@attrs.frozen
class Copied:
    """What became of one user.

    Args:
        record: as the source tells it.
        sent: as it was given to the target.
        losses: what of it the target could not get.
        outcome: what the target made of it.
    """

    record: UserRecord
    sent: UserRecord
    losses: tuple[Loss, ...]
    outcome: Outcome


class _PreparedUser(NamedTuple):
    record: UserRecord
    sent: UserRecord
    losses: tuple[Loss, ...]


@attrs.define
class CopyReport:
    """A copy in numbers; it grows while the copy runs.

    Args:
        counts: users by outcome.
        losses: users by each field that they lost something of.
        problems: the first outcomes that need somebody's attention, at most 100.
    """

    counts: Counter[Status] = attrs.field(factory=Counter)
    losses: Counter[str] = attrs.field(factory=Counter)
    problems: list[Outcome] = attrs.field(factory=list)

    @property
    def complete(self) -> bool:
        """Whether every user is in the target."""
        return self.counts.keys() <= {"created", "exists"}

    def add_user(self, copied: Copied) -> None:
        """Count one user."""
        outcome = copied.outcome
        self.counts[outcome.status] += 1
        self.losses.update({loss.field for loss in copied.losses})
        if outcome.status not in ("created", "exists") and len(self.problems) < KEPT_PROBLEMS:
            self.problems.append(outcome)


def copy(
    source: Directory | SyncDirectory,
    target: Directory | SyncDirectory,
    *,
    change: Change | None = None,
    on_losses: OnLosses | None = None,
    concurrency: int = 8,
) -> Copy:
    """Create the users of one directory in another; those who are there already stay as they are.

        async for user in copy(AgilicusDirectory(agilicus, org_id="..."), OpendatasoftDirectory(portal)):
            print(user.outcome.key, user.outcome.status, *user.losses)

    Users are taken from the source only as fast as the target takes them, so memory does not grow with their number. An
    error of one does not stop the rest. Doing it again is safe: who is in is left alone.

    Args:
        source: a system that lists.
        target: a system that creates.
        change: makes the record that is sent of one that was read, or None to leave somebody out. Without it, groups and
            roles stay behind, as the names of one system mean nothing, or too much, in another.
        on_losses: told of a record, before it is sent, what of it the target will not get. To raise there stops the copy.
        concurrency: batches in flight, each of `target.capabilities.batch_size` users.

    Returns:
        The copy, which begins when it is awaited or iterated: `await copy(...)` and `copy(...).run()` give the report,
        `async for` and `for` give a Copied for each user as it is done.

    Raises:
        InvalidRequest: the source cannot list, or the target cannot create; nothing was sent.
        ConfigurationError: concurrency is not 1 or more.
        AlloyAsyncError: while it runs: the source cannot be read on, or the target refuses the credential or cannot be
            reached. What was in flight is finished and told before.
    """
    return Copy(source, target, change, on_losses, concurrency)


class Copy:
    """A copy of users: await it, iterate it with or without `async`, or `run()` it.

    Attributes:
        report: of what was done so far.
    """

    def __init__(
        self,
        source: Directory | SyncDirectory,
        target: Directory | SyncDirectory,
        change: Change | None,
        on_losses: OnLosses | None,
        concurrency: int,
    ) -> None:
        check_count("concurrency", concurrency)
        self.source: Directory = source.directory if isinstance(source, SyncDirectory) else source
        self.target: Directory = target.directory if isinstance(target, SyncDirectory) else target
        for directory, ability in ((self.source, "list"), (self.target, "create")):
            if ability not in directory.capabilities.abilities:
                raise InvalidRequest(f"{directory.name} cannot {ability} users, so this copy is not possible")
        self.report: CopyReport = CopyReport()
        self._change = change
        self._on_losses = on_losses
        self._concurrency = concurrency
        self._failure: Exception | None = None

    def __await__(self) -> Generator[Any, None, CopyReport]:
        return self._run_to_end().__await__()

    def run(self) -> CopyReport:
        """Do it all, without await."""
        return get_background_loop().run(self._run_to_end)

    async def _run_to_end(self) -> CopyReport:
        async for _ in self:
            pass
        return self.report

    def __iter__(self) -> Iterator[Copied]:
        copying = self.__aiter__()
        try:
            yield from iterate_sync(copying)
        finally:
            get_background_loop().run(copying.aclose)

    async def __aiter__(self) -> AsyncGenerator[Copied, None]:
        self.report = CopyReport()
        self._failure = None
        async with (
            aclosing(self._iterate_batches()) as batches,
            aclosing(map_concurrently(self._send_batch, batches, self._concurrency)) as sent,
        ):
            async for _, done in sent:
                if isinstance(done, Exception):
                    self._failure = self._failure or done
                    continue
                for copied in done:
                    self.report.add_user(copied)
                    yield copied
        if self._failure is not None:
            raise self._failure

    async def _iterate_batches(self) -> AsyncGenerator[list[_PreparedUser], None]:
        """Yield the users to send, in the batches that the target takes."""
        batch: list[_PreparedUser] = []
        users = self.source.list()
        try:
            async for record in users:
                if self._failure is not None:
                    return
                if (prepared := self._prepare_user(record)) is not None:
                    batch.append(prepared)
                if len(batch) == self.target.capabilities.batch_size:
                    yield batch
                    batch = []
        finally:
            if isinstance(users, AsyncGenerator):
                await users.aclose()
        if batch:
            yield batch

    def _prepare_user(self, record: UserRecord) -> _PreparedUser | None:
        can = self.target.capabilities
        if self._change is not None:
            sent = self._change(record)
            if sent is None:
                return None
            lost = find_losses(sent, can)
        else:
            sent = attrs.evolve(record, groups=(), roles=(), remote_id=None)
            why = f"names of {self.source.name} stay behind; `change` can translate them"
            lost = find_losses(sent, can) + tuple(
                Loss(name, why) for name in MEMBERSHIPS if getattr(record, name)
            )
        if lost and self._on_losses is not None:
            self._on_losses(record, lost)
        return _PreparedUser(record, sent, lost)

    async def _send_batch(self, batch: Sequence[_PreparedUser]) -> list[Copied]:
        parts = send_in_halves([one.sent for one in batch], self._create_together)
        outcomes = [outcome async for _, part in parts for outcome in part]
        return [Copied(*one, outcome) for one, outcome in zip(batch, outcomes, strict=True)]

    async def _create_together(self, records: Sequence[UserRecord]) -> Sequence[Outcome] | None:
        """Create users together; None where they were refused for some of them."""
        try:
            return await self.target.create(records)
        except AlloyAsyncError as error:
            if ends_work("copy", error):
                raise
            if refuses_batch(error) and len(records) > 1:
                return None
            key = self.target.capabilities.key
            status: Status = "invalid" if refuses_batch(error) else "failed"
            return [Outcome(getattr(record, key) or "", status, str(error)) for record in records]
