"""Neighbouring rows of a job that are alike in all but their columns: what is read and planned many rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from .header import Action, RowOutcome
from .rows import JobRow
from .states import RowState


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

    def cut(self, start: int, stop: int) -> RowStretch:
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
            digests=self._cut_hashes(self.digests, start, stop),
            seen=self._cut_hashes(self.seen, start, stop),
            remote_ids=None if self.remote_ids is None else self.remote_ids[start:stop],
        )

    def _cut_hashes(self, hashes: bytes | None, start: int, stop: int) -> bytes | None:
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
