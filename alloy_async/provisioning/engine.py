"""The bulk job: read, check, send, record; a few batches in flight, memory that does not grow."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from itertools import chain
from pathlib import Path

from ..core.errors import (
    AlloyAsyncError,
    ConfigurationError,
    CredentialError,
    Forbidden,
    Redirected,
    StatusError,
    Unauthorized,
)
from ..core.events import RetryEvent
from ..directory import Directory, Outcome, Status
from .csvfile import CsvSource
from .errors import SourceError
from .events import Counts, Event, OnEvent, Report, Settled, Stopped, Waiting
from .failures import FailedRows
from .survey import Candidate, candidates, in_thread, slices, survey

_HOPELESS = (Unauthorized, Forbidden, Redirected, CredentialError, ConfigurationError)
_REFUSED_WHOLE = frozenset({400, 413, 422})
_PATIENCE = 30
"""Calls in a row that fail before the job gives up."""

_CUT_OFF = "the job was cut off while this row was on its way; it is in or it is not: run the job again"


async def provision(
    source: CsvSource | str | Path,
    target: Directory,
    *,
    concurrency: int = 4,
    failed: str | Path | None = None,
    on_event: OnEvent | None = None,
    stop: asyncio.Event | None = None,
) -> Report:
    """Create every user of a file in a directory; those who are there already stay as they are.

    The whole file is checked before anything is sent. Rows that did not go in are written, with
    line and reason, to a file that can be given as `source` again. Reading is done in a thread
    and memory does not grow with the number of rows, so the call may run inside a web backend.

    Args:
        source: a CSV file.
        target: the directory, as `AlloyDirectory(client)`.
        concurrency: batches in flight.
        failed: where to write the rows that did not go in; default `NAME.failed.csv` beside the
            source. It is written only when there are any.
        on_event: told each `Event` as it happens, on the event loop.
        stop: when set, batches in flight are finished and no more are sent.

    Returns:
        The report; `report.complete` tells whether every row is in.

    Raises:
        SourceError: the file cannot be read as users, or the failed rows not be written;
            nothing was sent.
        AlloyAsyncError: the very first calls failed, so that nothing went in: a wrong credential,
            an unreachable server.
    """
    if concurrency < 1:
        raise ConfigurationError(f"concurrency must be 1 or more; got {concurrency}")
    started = time.monotonic()
    if not isinstance(source, CsvSource):
        path = source
        source = await in_thread(lambda: CsvSource(path))
    emit = on_event or _ignore
    checked, first_lines = await survey(source, target.capabilities, emit)
    emit(checked)
    with FailedRows(_failed_path(source, failed), source) as failures:
        job = _Job(target, failures, checked.rows, concurrency, emit, stop or asyncio.Event())
        rows = candidates(source, target.capabilities, first_lines)
        try:
            await job.run(slices(rows, target.capabilities.batch_size))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if job.error and job.never_began:
            failures.discard()
            raise job.error
    return Report(
        source=source.path,
        target=target.name,
        counts=job.counts,
        check=checked,
        retries=job.retries,
        waited=job.waited,
        elapsed=time.monotonic() - started,
        failed_file=failures.path if failures.count else None,
        stopped=job.stopped,
    )


def _ignore(event: Event) -> None:
    """Where nobody listens."""


def _failed_path(source: CsvSource, failed: str | Path | None) -> Path:
    path = Path(failed) if failed else source.path.with_name(f"{source.path.stem}.failed.csv")
    if path.resolve() == source.path.resolve():
        raise SourceError("this is the input itself; give another place for the rows that do not go in", path)
    return path


class _Job:
    """The state of one run."""

    def __init__(
        self,
        target: Directory,
        failures: FailedRows,
        rows: int,
        concurrency: int,
        emit: OnEvent,
        stop: asyncio.Event,
    ) -> None:
        self.retries = 0
        self.waited = 0.0
        self.stopped: str | None = None
        self.error: AlloyAsyncError | None = None
        """What made the job give up."""
        self._target = target.watched(self._on_retry)
        self._failures = failures
        self._rows = rows
        self._slots = asyncio.Semaphore(concurrency)
        self._emit = emit
        self._stop = stop
        self._counter: Counter[Status] = Counter()
        self._answered = False
        self._lost_in_a_row = 0

    @property
    def counts(self) -> Counts:
        number = self._counter
        return Counts(
            created=number["created"],
            exists=number["exists"],
            invalid=number["invalid"],
            failed=number["failed"],
            unknown=number["unknown"],
        )

    @property
    def never_began(self) -> bool:
        """Whether the job gave up before anything can have gone in."""
        return self.error is not None and not self._answered and not self._counter["unknown"]

    async def run(self, parts: AsyncIterator[list[Candidate]]) -> None:
        """Send every part; once the job has given up, record the rest as failed."""
        async with asyncio.TaskGroup() as batches:
            try:
                async for part in parts:
                    good = [candidate for candidate in part if not self._rejected(candidate)]
                    await self._slots.acquire()
                    if self._stop.is_set():
                        self._give_up("interrupted")
                    if self.never_began:
                        return
                    sending = batches.create_task(self._send(good))
                    if not self._answered:  # one call shows whether address and credential work
                        await sending
            except (SourceError, OSError) as error:
                if not self._counter:
                    raise
                self._give_up(f"the rest could not be read: {error}")

    def _rejected(self, candidate: Candidate) -> bool:
        reason = candidate.errors
        if reason:
            self._settle(candidate, "invalid", reason)
        return bool(reason)

    async def _send(self, batch: Sequence[Candidate]) -> None:
        """Send one batch; one that is refused as a whole is halved until the bad rows are found."""
        parts = [batch] if batch else []
        try:
            while parts:
                outcomes = await self._create(parts[-1])
                part = parts.pop()
                if outcomes is None:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
                    continue
                for candidate, outcome in zip(part, outcomes, strict=True):
                    self._settle(candidate, outcome.status, outcome.reason or "")
        except BaseException:
            for candidate in chain.from_iterable(parts):
                self._settle(candidate, "unknown", _CUT_OFF)
            raise
        finally:
            self._slots.release()
        self._told()

    async def _create(self, batch: Sequence[Candidate]) -> Sequence[Outcome] | None:
        """The outcomes of one call; None when it was refused as a whole, for some row in it."""
        records = [candidate.record for candidate in batch if candidate.record]
        if self.stopped:
            reason = f"not sent: {self.stopped}"
            return [Outcome(record.username, "failed", reason) for record in records]
        try:
            outcomes = await self._target.create(records)
        except AlloyAsyncError as error:
            refused = isinstance(error, StatusError) and error.status in _REFUSED_WHOLE
            hopeless = isinstance(error, _HOPELESS) or not (self._answered or refused)
            self._lost(error, hopeless=hopeless)
            if refused and len(batch) > 1 and not self.stopped:
                return None
            status: Status = "invalid" if refused else "failed"
            return [Outcome(record.username, status, str(error)) for record in records]
        if any(outcome.status != "unknown" for outcome in outcomes):
            self._answered = True
            self._lost_in_a_row = 0
        else:
            self._lost(None)
        return outcomes

    def _lost(self, error: AlloyAsyncError | None, *, hopeless: bool = False) -> None:
        self._lost_in_a_row += 1
        if hopeless:
            self.error = self.error or error
            self._give_up(str(error))
        elif self._lost_in_a_row >= _PATIENCE:
            self._give_up(f"{_PATIENCE} calls in a row failed")

    def _give_up(self, reason: str) -> None:
        if self.stopped is None:
            self.stopped = reason
            if not self.never_began:  # then the caller gets the error itself
                self._emit(Stopped(reason))

    def _settle(self, candidate: Candidate, status: Status, reason: str) -> None:
        self._counter[status] += 1
        if status not in ("created", "exists"):
            self._failures.add(candidate.row.line, candidate.row.cells, status, reason)

    def _told(self) -> None:
        if not self.never_began:
            self._emit(Settled(self.counts, self._rows))

    def _on_retry(self, event: RetryEvent) -> None:
        self.retries += 1
        self.waited += event.wait
        self._emit(Waiting(event.operation, str(event.error), event.wait))
