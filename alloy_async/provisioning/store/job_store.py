"""The seam behind which a job's truth is kept: its plan, its intents and their outcomes, in the words of a job.

    planned batch -> intent of a batch (durable before its request leaves) -> outcome of a batch, with its exceptions

Everything is appended; nothing of a row is ever changed in place. How often a row was about to be sent are the intents that
cover it, and a row in doubt is an intent without an outcome; `states` says what may follow what.

A store is used by one thread at a time. Its verbs run within `transaction` where several belong together or must be durable;
alone, each is a transaction of its own. Every failure of the medium is a JobError, whose message says what to do next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import takewhile
from typing import Any, NamedTuple, Protocol

from ..errors import JobPlace
from .header import JobHeader, Phase
from .planned_batches import PlannedBatch
from .rows import JobRow, RowResult, RowStretch
from .states import RowState


class Second(NamedTuple):
    """What happened in one second.

    Attributes:
        second: since 1970.
        rows: that got their outcome.
        calls: to the directory that were answered.
        p50, p95, slowest: seconds that these took.
        limited: answers 429.
        retries: attempts made again, those included.
        waited: seconds of waiting before these.
    """

    second: int
    rows: int
    calls: int
    p50: float
    p95: float
    slowest: float
    limited: int
    retries: int
    waited: float


class RunLogLine(NamedTuple):
    """What a person would want to know of a run, in seconds since 1970, its kind and its text."""

    at: float
    kind: str
    text: str


BEGUN = "begun"
"""The kind of the note that each run makes when it begins: until then, nobody worked on the job."""
CORRECTED = "corrected"
"""The kind of the notes that tell to which job corrected rows were fed back; durable before that job sends anything."""
FINALITY = "finality"
"""The kind of the notes that tell what of a plan no undo brings back."""


class Remark(NamedTuple):
    """One of the first findings of the check before sending."""

    line: int
    column: str | None
    severity: str
    message: str


class ShardCounts(NamedTuple):
    """How many shards of a phase there are, how many are done, and on how many somebody works now."""

    phase: Phase
    total: int
    done: int
    live: int

    @property
    def unfinished_shards(self) -> int:
        """Those that are not done."""
        return self.total - self.done


class JobStore(Protocol):
    """One job, kept somewhere; `open_store` and `create_store` of each kind of place give one."""

    @property
    def path(self) -> JobPlace:
        """Where the job is."""
        ...

    @property
    def worker(self) -> int | None:
        """The id of the process that works on the job now; None when nobody does, whatever the header says."""
        ...

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """Do what is called within, all or nothing.

        Args:
            durable: on return it would survive a loss of power; without, a crash of the process only.
        """
        ...

    def check_worker(self) -> None:
        """Make sure, without asking anybody, that no other worker can have taken the job over; right before a request leaves.

        Raises:
            JobError: one may have.
        """
        ...

    def close(self) -> None:
        """Leave the job at rest, durably, and let others work on it."""
        ...

    # what the job is
    def read_header(self) -> JobHeader:
        """Read what the job is."""
        ...

    def update_header(self, **columns: Any) -> None:
        """Change attributes of the header."""
        ...

    # the plan
    def insert_batches(self, phase: Phase, batches: Iterable[PlannedBatch]) -> None:
        """Write planned rows, in the order of their numbers; `group_into_batches` makes batches of single ones."""
        ...

    def clear_rows(self, phase: Phase) -> None:
        """Throw a half-made plan away, of which nothing was ever intended."""
        ...

    # carrying it out
    def read_stretches(
        self, phase: Phase, after: int = 0, *, states: Sequence[RowState] = ()
    ) -> Iterator[RowStretch]:
        """Read the rows in their order, by stretches of rows that are alike, a batch in memory at a time.

        Args:
            after: the number to begin behind.
            states: only those in one of these; none given: all.
        """
        ...

    def read_rows(self, phase: Phase, after: int = 0, *, states: Sequence[RowState] = ()) -> Iterator[JobRow]:
        """Read the same rows one by one."""
        ...

    def record_intents(self, phase: Phase, intents: Sequence[RowResult]) -> None:
        """Write down that rows are about to be sent, each with the event `intend`."""
        ...

    def record_results(self, phase: Phase, results: Sequence[RowResult]) -> None:
        """Write down what happened to rows; what is the same for neighbours is written once."""
        ...

    def reopen_rows(self, phase: Phase, state: RowState) -> None:
        """Take up again all rows that are `failed` (they are planned) or `unknown` (they are in doubt)."""
        ...

    # what is told of it
    def count_outcomes(self, phase: Phase) -> Counter[str]:
        """Count rows by outcome; those without one by state."""
        ...

    def count_actions(self) -> dict[str, int]:
        """Count the rows of the plan by action."""
        ...

    def was_anything_intended(self) -> bool:
        """Tell whether any request may have left."""
        ...

    def add_seconds(self, seconds: Iterable[Second]) -> None:
        """Add to what happened in each second."""
        ...

    def read_seconds(self, since: float = 0) -> list[Second]:
        """Read what happened in each second, in order."""
        ...

    def add_note(self, kind: str, text: str) -> None:
        """Write a note for people."""
        ...

    def read_notes(self) -> list[RunLogLine]:
        """Read the notes in their order."""
        ...

    def add_remarks(self, remarks: Iterable[Remark]) -> None:
        """Write what the checks found."""
        ...

    def read_remarks(self) -> list[Remark]:
        """Read what the checks found."""
        ...


class ShardClaim(NamedTuple):
    """The claim of a worker on a shard, or on a whole job.

    Attributes:
        host: of the worker.
        process: its id there.
        phase: of the rows.
        shard: its number; 0 for the whole job.
        epoch: of the worker, and of no other ever.
        ends: when it ends unless it is renewed, by the database's clock, in seconds since 1970.
        seconds_left: until then.
    """

    host: str
    process: int
    phase: Phase
    shard: int
    epoch: int
    ends: float
    seconds_left: float

    def __str__(self) -> str:
        return f"process {self.process} of {self.host} holds {f'shard {self.shard}' if self.shard else 'the whole job'}"


class NoOpenShard(Exception):
    """There is no shard that nobody works on."""


class ShardedStore(JobStore, Protocol):
    """A store whose jobs can be split for many workers, each of which opens the shards that it claims as stores."""

    def split_into_shards(self, phase: Phase, size: int) -> None:
        """Split the planned rows of a phase, anew where it was split before.

        Args:
            phase: whose rows.
            size: rows of a shard; a multiple of the steps that each row of the source takes.
        """
        ...

    def count_shards_by_state(self, phase: Phase) -> ShardCounts:
        """Count the shards of a phase."""
        ...

    def read_claims(self) -> list[ShardClaim]:
        """Read on what somebody works now, in the order of the shards."""
        ...

    def count_outcomes_of_shard(self, phase: Phase) -> Counter[str]:
        """Count the rows of the shard that was claimed, as `count_outcomes` does those of the job."""
        ...

    def finish_shard(self) -> None:
        """Say that nothing is left to do in this shard, once the store is closed."""
        ...


def read_planned_rows_between(store: JobStore, first: int, last: int) -> list[JobRow]:
    """Read the planned rows from one number to another."""
    return list(takewhile(lambda row: row.number <= last, store.read_rows("apply", first - 1)))
