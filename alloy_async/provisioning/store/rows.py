"""One row of a job, and rows of it that are alike: as they are planned, as they are read back, and what happened to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import attrs

from ...directory import UserRecord
from .header import Action, RowOutcome
from .states import ROW_TRANSITIONS, RowEvent, RowState, get_next_state

NOT_THERE = b""
"""As `seen`: the system was asked and had no such user. None: it was not asked."""


class PlannedRow(NamedTuple):
    """A row as it is planned: one thing to do.

    Attributes:
        number: in the order of the source; removals follow after its last row.
        line: where the row starts in the source; None where it is not from there.
        key: the user's natural key; empty where the row has none.
        step: of an offboard row: which.
        why: why this action; of an update: the fields, old -> new.
        digest: keyed hash of what the system shall hold.
        seen: keyed hash of what it held when planned, NOT_THERE, or None.
        before: JSON: what it held, where undoing needs it.
        outcome: of a row for which nothing is to be sent.
        reason: why that is so.
        remote_id: the system's own id of the user, where it was told.
    """

    number: int
    line: int | None
    key: str
    action: Action
    step: str | None = None
    why: str | None = None
    digest: bytes | None = None
    seen: bytes | None = None
    before: str | None = None
    outcome: RowOutcome | None = None
    reason: str | None = None
    remote_id: str | None = None


@attrs.define(eq=False)
class JobRow:
    """A row as the job has it now.

    Attributes:
        attempts: intents that cover it and may have acted: not those that were withdrawn, or surely did nothing.
        adopted: its answer was lost, and it was found as intended.
        record: what it sends, once that was read from the source again.
        The others as of `PlannedRow`, as they are after all that happened.
    """

    number: int
    line: int | None
    key: str
    action: Action
    step: str | None
    why: str | None
    digest: bytes | None
    seen: bytes | None
    before: str | None
    outcome: RowOutcome | None
    reason: str | None
    remote_id: str | None
    state: RowState = "planned"
    attempts: int = 0
    adopted: bool = False
    record: UserRecord | None = attrs.field(default=None, repr=False)

    @property
    def id_or_key(self) -> str:
        """By what its user is asked for and changed: the system's own id, where it is known, or else the key."""
        return self.remote_id or self.key

    def create_intent(self) -> RowResult:
        """Make the result that its request is about to be sent."""
        return RowResult(self.number, self.state, "intend")

    def create_settling_result(
        self,
        outcome: RowOutcome,
        reason: str | None = None,
        remote_id: str | None = None,
        *,
        adopted: bool = False,
    ) -> RowResult:
        """Make the result that ends the row."""
        return RowResult(self.number, self.state, "settle", outcome, reason, remote_id, adopted)

    def create_failed_result(self, reason: str | None, remote_id: str | None = None) -> RowResult:
        """Make the result that nothing happened, for no fault of the row."""
        return RowResult(self.number, self.state, "fail", "failed", reason, remote_id)

    def create_unknown_result(self, reason: str) -> RowResult:
        """Make the result that nobody can know what happened."""
        return RowResult(self.number, self.state, "abandon", "unknown", reason)

    def create_lost_result(self, reason: str | None) -> RowResult:
        """Make the result that the answer was lost, and that somebody has to ask."""
        return RowResult(self.number, self.state, "lose", None, reason)

    def create_resending_result(self) -> RowResult:
        """Make the result that it is not in, and is to be sent again."""
        return RowResult(self.number, self.state, "release")

    def create_unsent_result(self) -> RowResult:
        """Make the result that its request never left."""
        return RowResult(self.number, self.state, "withdraw")


class RowResult(NamedTuple):
    """What happened to a row, or the same to `rows` neighbours that were in the same state, the first of which is `number`.

    Only of a single row an id can be told.
    """

    number: int
    state_before: RowState
    event: RowEvent
    outcome: RowOutcome | None = None
    reason: str | None = None
    remote_id: str | None = None
    adopted: bool = False
    rows: int = 1

    @property
    def state(self) -> RowState:
        """The row's state after it; see `states`."""
        return get_next_state(ROW_TRANSITIONS, self.state_before, self.event)


@attrs.frozen(eq=False)
class RowStretch:
    """Rows of one stored batch to which the same happened, as columns.

    Args:
        first: number of the first row; the others follow without a gap.
        rows: how many.
        lines: where each starts in the source; None where they are not from there.
        keys: of each row.
        digests: of all rows, one behind the other, each as long as the others; None: they have none.
        seen: likewise; NOT_THERE or None for all of them.
        remote_ids: of each row; None where no row has one.
        The others as of `JobRow`, the same for all rows.
    """

    first: int
    rows: int
    action: Action
    step: str | None
    why: str | None
    before: str | None
    outcome: RowOutcome | None
    reason: str | None
    state: RowState
    attempts: int
    adopted: bool
    lines: Sequence[int] | None
    keys: Sequence[str]
    digests: bytes | None
    seen: bytes | None
    remote_ids: Sequence[str | None] | None

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.first + self.rows - 1

    def slice_rows(self, start: int, stop: int) -> RowStretch:
        """Cut out the rows from one place to before another, counted from 0."""
        if start <= 0 and stop >= self.rows:
            return self
        start, stop = max(start, 0), min(stop, self.rows)
        return attrs.evolve(
            self,
            first=self.first + start,
            rows=stop - start,
            lines=None if self.lines is None else self.lines[start:stop],
            keys=self.keys[start:stop],
            digests=self._slice_hashes(self.digests, start, stop),
            seen=self._slice_hashes(self.seen, start, stop),
            remote_ids=None if self.remote_ids is None else self.remote_ids[start:stop],
        )

    def _slice_hashes(self, hashes: bytes | None, start: int, stop: int) -> bytes | None:
        width = len(hashes or b"") // self.rows
        return hashes[start * width : stop * width] if hashes else hashes

    def iterate_rows(self) -> Iterator[JobRow]:
        """Give each row for itself."""
        none: Iterable[None] = [None] * self.rows
        columns = zip(
            range(self.first, self.first + self.rows),
            none if self.lines is None else self.lines,
            self.keys,
            self._split_hashes(self.digests),
            self._split_hashes(self.seen),
            none if self.remote_ids is None else self.remote_ids,
            strict=True,
        )
        for number, line, key, digest, seen, remote_id in columns:
            yield JobRow(
                number, line, key, self.action, self.step, self.why, digest, seen, self.before, self.outcome,
                self.reason, remote_id, self.state, self.attempts, self.adopted,
            )  # fmt: skip

    def _split_hashes(self, hashes: bytes | None) -> Iterable[bytes | None]:
        if not hashes:
            return [hashes] * self.rows
        width = len(hashes) // self.rows
        return (hashes[start : start + width] for start in range(0, len(hashes), width))


def create_intents(rows: Sequence[JobRow]) -> Iterator[RowResult]:
    """Create the intents of rows: one for neighbours that are in the same state."""
    first, count = rows[0], 0
    for row in rows:
        if row.number != first.number + count or row.state != first.state:
            yield first.create_intent()._replace(rows=count)
            first, count = row, 0
        count += 1
    yield first.create_intent()._replace(rows=count)
