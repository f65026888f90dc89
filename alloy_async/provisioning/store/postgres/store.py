# ruff: noqa: S608 -- the names put into statements are this package's own
"""A job in a PostgreSQL database."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ....version import __version__
from ..header import JobHeader, Phase, encode_undo_flag
from ..job_store import Remark, RunLogLine, Second, ShardClaim, ShardCounts
from ..planned_batches import PlannedBatch, RowOverlay
from ..row_events import MOST, Event, group_into_events
from ..rows import JobRow, RowResult, RowStretch
from ..states import RowEvent, RowState
from .open_job import OpenDatabaseJob
from .schema import (
    BATCH_COLUMNS,
    EVENT_COLUMNS,
    HEADER,
    IS_HELD,
    NOTE_COLUMNS,
    REMARK_COLUMNS,
    SECOND_COLUMNS,
    convert_record_to_dict,
)

_WINDOW = 4096
_ALL_ROWS = 1, 2**62
_SUMMED = ("rows", "calls", "limited", "retries", "waited")
_WORST = ("p50", "p95", "slowest")
_ADD_SECOND = (
    f"INSERT INTO alloy_async.seconds AS s (job, epoch, {', '.join(SECOND_COLUMNS)})"
    f" VALUES (%s, %s, {', '.join(['%s'] * len(SECOND_COLUMNS))}) ON CONFLICT (job, second, epoch) DO UPDATE SET "
    + ", ".join([f"{name} = s.{name} + excluded.{name}" for name in _SUMMED])
    + "".join([f", {name} = greatest(s.{name}, excluded.{name})" for name in _WORST])
)
_MERGE = {**dict.fromkeys(_WORST, "max({})"), "waited": "sum({})"}
_MERGED = ["second", *(f"{_MERGE.get(name, 'sum({})::bigint').format(name)}" for name in SECOND_COLUMNS[1:])]
_READ_SECONDS = (
    f"SELECT {', '.join(_MERGED)} FROM alloy_async.seconds WHERE job = %s AND second >= %s"
    " GROUP BY second ORDER BY second"
)
_TOUCHED = "undo = {undo} AND first > {begin} - {most} AND first <= {last} AND first + rows > {begin}"
_COVERED = "sum(least(first + rows, {last} + 1) - greatest(first, {begin}))"
_REFUSED = """
SELECT b.action, coalesce(b.outcome, 'planned') AS before,
    sum(least(e.first + e.rows, b.first + b.rows, {last} + 1) - greatest(e.first, b.first, {begin})) AS rows
FROM {events} e JOIN {batches} b
    ON b.undo = e.undo AND b.first > e.first - {most} AND b.first < e.first + e.rows
        AND b.first + b.rows > greatest(e.first, {begin}) AND b.first <= {last}
WHERE e.undo = {undo} AND e.event = 'refuse'
    AND e.first > {begin} - {most} AND e.first <= {last} AND e.first + e.rows > {begin} GROUP BY 1, 2"""
_COUNTS = f"""
SELECT 'plan', NULL, coalesce(outcome, 'planned'), {_COVERED} FROM {{batches}} WHERE {_TOUCHED} GROUP BY 3
UNION ALL SELECT event, was, outcome, {_COVERED} FROM {{events}} WHERE {_TOUCHED} GROUP BY 1, 2, 3
UNION ALL SELECT 'was refused', NULL, before, sum(rows) FROM ({_REFUSED}) AS refused GROUP BY 3"""
_INTENDED = """
SELECT coalesce(sum(CASE event WHEN 'intend' THEN rows ELSE -rows END), 0) FROM {events}
WHERE job = %s AND (event IN ('intend', 'withdraw') OR (event = 'fail' AND was IS NULL))"""


class PostgresStore(OpenDatabaseJob):
    """A job in a database, as a `JobStore`; or a shard of one."""

    def split_into_shards(self, phase: Phase, size: int) -> None:
        """Split the planned rows of a phase for many workers, anew where it was split before.

        Args:
            phase: whose rows.
            size: rows of a shard; a multiple of the steps that each row of the source takes.
        """
        undo = encode_undo_flag(phase)
        with self.transaction():
            most = self.fetch_rows(
                f"SELECT coalesce(max(first + rows - 1), 0) FROM {self.batches} WHERE job = %s AND undo = %s",
                undo,
            )[0][0]
            self.execute_many(
                "DELETE FROM alloy_async.shards WHERE job = %s AND undo = %s AND shard > 0",
                [(self.job, undo)],
            )
            shards = [
                (self.job, undo, number, first, first + size - 1)
                for number, first in enumerate(range(1, most + 1, size), 1)
            ]
            self.execute_many(
                "INSERT INTO alloy_async.shards (job, undo, shard, first, last) VALUES (%s, %s, %s, %s, %s)",
                shards,
            )
            self.execute_many(
                "UPDATE alloy_async.jobs SET version = %s WHERE job = %s", [(__version__, self.job)]
            )

    def count_shards_by_state(self, phase: Phase) -> ShardCounts:
        """Count the shards of a phase."""
        found = self.fetch_rows(
            "SELECT count(*), count(*) FILTER (WHERE done),"
            f" count(*) FILTER (WHERE NOT done AND {IS_HELD})"
            " FROM alloy_async.shards WHERE job = %s AND undo = %s AND shard > 0",
            encode_undo_flag(phase),
        )
        return ShardCounts(phase, *found[0])

    def read_claims(self) -> list[ShardClaim]:
        """Read on what somebody works now, in the order of the shards."""
        found = self.fetch_rows(
            "SELECT worker, undo, shard, epoch, extract(epoch FROM lease_until)::double precision,"
            " extract(epoch FROM lease_until - clock_timestamp())::double precision"
            f" FROM alloy_async.shards WHERE job = %s AND {IS_HELD} ORDER BY undo, shard"
        )
        claims: list[ShardClaim] = []
        for worker, undo, *rest in found:
            host, _, process = worker.rsplit(":", 2)
            claims.append(ShardClaim(host, int(process), "undo" if undo else "apply", *rest))
        return claims

    def finish_shard(self) -> None:
        """Say that nothing is left to do in this shard, once the store is closed."""
        self._is_finished = True

    def read_header(self) -> JobHeader:
        """Read what the job is."""
        (values,) = self.fetch_rows(f"SELECT {', '.join(HEADER)} FROM alloy_async.jobs WHERE job = %s")
        return JobHeader(**dict(zip(HEADER, values, strict=True)))

    def update_header(self, **columns: Any) -> None:
        """Change attributes of the header."""
        names = ", ".join([f"{name} = %s" for name in columns])
        self.execute_many(
            f"UPDATE alloy_async.jobs SET {names} WHERE job = %s", [(*columns.values(), self.job)]
        )

    def insert_batches(self, phase: Phase, batches: Iterable[PlannedBatch]) -> None:
        """Write planned rows, in the order of their numbers."""
        self.append("batches", BATCH_COLUMNS, batches, undo=encode_undo_flag(phase))

    def clear_rows(self, phase: Phase) -> None:
        """Throw a half-made plan away, of which nothing was ever intended."""
        with self.transaction():
            for table in (self.batches, self.events):
                self.execute_many(
                    f"DELETE FROM {table} WHERE job = %s AND undo = %s",
                    [(self.job, encode_undo_flag(phase))],
                )

    def read_stretches(
        self, phase: Phase, after: int = 0, *, states: Sequence[RowState] = ()
    ) -> Iterator[RowStretch]:
        """Read the rows in their order, by stretches of rows that are alike."""
        after = max(after, self._first - 1)
        while window := self._read_window(phase, after):
            last = window[-1].first + window[-1].rows - 1
            overlay = RowOverlay(window, self._read_events(phase, window[0].first, last))
            for batch in window:
                for stretch in overlay.iterate_stretches(batch, after, states):
                    if stretch.first > self._last:
                        return
                    yield stretch.slice_rows(0, self._last - stretch.first + 1)
            after = last

    def read_rows(self, phase: Phase, after: int = 0, *, states: Sequence[RowState] = ()) -> Iterator[JobRow]:
        """Read the rows in their order, one by one."""
        for stretch in self.read_stretches(phase, after, states=states):
            yield from stretch.iterate_rows()

    def record_intents(self, phase: Phase, intents: Sequence[RowResult]) -> None:
        """Write down that rows are about to be sent."""
        self.append("events", EVENT_COLUMNS, group_into_events(encode_undo_flag(phase), intents, 0))

    def record_results(self, phase: Phase, results: Sequence[RowResult]) -> None:
        """Write down what happened to rows; what is the same for neighbours is written once."""
        self.append("events", EVENT_COLUMNS, group_into_events(encode_undo_flag(phase), results, 0))

    def reopen_rows(self, phase: Phase, state: RowState) -> None:
        """Take up again all rows that are `failed` (they are planned) or `unknown` (they are in doubt)."""
        event: RowEvent = "retry" if state == "failed" else "reopen"
        with self.transaction():
            results = [RowResult(row.number, state, event) for row in self.read_rows(phase, states=(state,))]
            self.record_results(phase, results)

    def count_outcomes(self, phase: Phase) -> Counter[str]:
        """Count rows by outcome; those without one by state."""
        return self._count_outcomes_between(phase, *_ALL_ROWS)

    def count_outcomes_of_shard(self, phase: Phase) -> Counter[str]:
        """Count the rows of this shard in the same way."""
        return self._count_outcomes_between(phase, self._first, self._last)

    def _count_outcomes_between(self, phase: Phase, first: int, last: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        undo = encode_undo_flag(phase)
        for event, was, outcome, rows in self._fetch_counts(_COUNTS, undo, first, last):
            if event == "plan":
                counts[outcome] += int(rows)
            elif event == "was refused":
                counts[outcome] -= int(rows)
            else:
                states = Event(undo, 0, 0, 0, event, was, outcome, None, None, 0)
                counts[outcome or states.state] += int(rows)
                if event != "refuse":
                    counts[states.state_before] -= int(rows)
        return +counts

    def count_actions(self) -> dict[str, int]:
        """Count the rows of the plan by action."""
        with self.transaction():
            found = self.fetch_rows(
                f"SELECT action, sum(rows) FROM {self.batches} WHERE job = %s AND undo = 0 GROUP BY action"
            )
            counts: Counter[str] = Counter({name: int(rows) for name, rows in found})
            for action, _, rows in self._fetch_counts(_REFUSED, 0, *_ALL_ROWS):
                counts[action] -= int(rows)
                counts["refuse"] += int(rows)
        return dict(+counts)

    def was_anything_intended(self) -> bool:
        """Tell whether any request may have left."""
        return int(self.fetch_rows(_INTENDED.format(events=self.events))[0][0]) > 0

    def add_seconds(self, seconds: Iterable[Second]) -> None:
        """Add to what happened in each second."""
        self.execute_many(_ADD_SECOND, [(self.job, self.epoch, *second) for second in seconds])

    def read_seconds(self, since: float = 0) -> list[Second]:
        """Read what happened in each second, in order."""
        found = self.fetch_rows(_READ_SECONDS, since)
        return [Second._make(second) for second in found]

    def add_note(self, kind: str, text: str) -> None:
        """Write a note for people."""
        self.append("notes", NOTE_COLUMNS, [RunLogLine(time.time(), kind, text)])

    def read_notes(self) -> list[RunLogLine]:
        """Read the notes in their order."""
        found = self.fetch_rows(
            f"SELECT {', '.join(NOTE_COLUMNS)} FROM alloy_async.notes WHERE job = %s ORDER BY at"
        )
        return [RunLogLine._make(note) for note in found]

    def add_remarks(self, remarks: Iterable[Remark]) -> None:
        """Write what the checks found."""
        self.append("remarks", REMARK_COLUMNS, remarks)

    def read_remarks(self) -> list[Remark]:
        """Read what the checks found."""
        columns = ", ".join([f'"{name}"' for name in REMARK_COLUMNS])
        return [
            Remark._make(remark)
            for remark in self.fetch_rows(
                f"SELECT {columns} FROM alloy_async.remarks WHERE job = %s ORDER BY line"
            )
        ]

    def _fetch_counts(self, statement: str, undo: int, first: int, last: int) -> list[Any]:
        names = {"events": self.events, "batches": self.batches}
        numbers = {"most": MOST, "undo": undo, "begin": first, "last": last}
        return self.fetch_with_given_values(statement.format(**names, **numbers), ())

    def _read_window(self, phase: Phase, after: int) -> list[PlannedBatch]:
        """Read the next batches: as many as hold some 4,000 rows, and no others, which may be large."""
        columns = ", ".join(BATCH_COLUMNS)
        found = self.fetch_rows(
            f"SELECT {columns} FROM (SELECT *, sum(rows) OVER (ORDER BY first) - rows AS rows_before"
            f" FROM {self.batches} WHERE job = %s AND undo = %s AND first > %s"
            f" AND first + rows - 1 > %s AND first <= %s ORDER BY first LIMIT {_WINDOW}) AS next_batches"
            f" WHERE rows_before < {_WINDOW} ORDER BY first",
            encode_undo_flag(phase), after - MOST, after, self._last,
        )  # fmt: skip
        return [PlannedBatch(**convert_record_to_dict(BATCH_COLUMNS, record)) for record in found]

    def _read_events(self, phase: Phase, first: int, last: int) -> list[Event]:
        columns = ", ".join([*EVENT_COLUMNS, "id"])
        found = self.fetch_rows(
            f"SELECT {columns} FROM {self.events} WHERE job = %s AND undo = %s AND first > %s AND first <= %s"
            " AND first + rows > %s ORDER BY id",
            encode_undo_flag(phase), first - MOST, last, first,
        )  # fmt: skip
        return [Event(**convert_record_to_dict((*EVENT_COLUMNS, "id"), record)) for record in found]
