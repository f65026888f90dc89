"""What a job is: its one header, and the words that its rows use."""

from __future__ import annotations

import json
import os
import time
from typing import Literal, TypeAlias

import attrs

from .states import JOB_TRANSITIONS, JobEvent, JobState, get_next_state

Mode: TypeAlias = Literal["create", "upsert", "sync", "offboard"]
Phase: TypeAlias = Literal["apply", "undo"]
"""A job has two sets of rows: what it does, and, once it is taken back, what that takes."""
Action: TypeAlias = Literal["create", "update", "delete", "offboard", "none", "refuse"]
RowOutcome: TypeAlias = Literal[
    "created", "exists", "updated", "unchanged", "uncompared", "deleted", "done",
    "invalid", "drifted", "failed", "unknown",
    "restored", "kept",
]  # fmt: skip
"""What became of a row. `uncompared`: as the source says, as far as the system shows it. `drifted`: the system
no longer held what the plan saw, so nothing was sent. `done`: a step of leaving.
`restored` and `kept` (somebody edited it since) come from undoing. The others as in `alloy_async.directory.Status`."""
UNRESOLVED: tuple[RowOutcome, ...] = ("invalid", "drifted", "failed", "unknown", "kept")
"""Outcomes of rows that are not as the source says, or perhaps not."""


@attrs.frozen(kw_only=True)
class JobHeader:
    """What a job is.

    Args:
        source: its name, for people.
        system: the system's name.
        base_url: where the system is.
        mode: what is done with each row.
        options: JSON: what else the user asked for; never anything secret.
        source_digest: of the source's content, sealed; None until it has been read to its end.
        salt: the key of all hashes in the job.
        account: keyed hash of whose users these are; empty where that could not be told.
        state: see `states`.
        pid: the process that worked on it last.
        created, started, ended: seconds since 1970.
        stopped: why it ended early.
        rows: number of planned rows, once planned.
        warnings: remarks on rows that are sent.
        failed_rows: keyed hash of the file with the rows that did not go in, as it was written last.
        dropped: JSON: columns that the system has no place for.
    """

    source: str
    system: str
    base_url: str
    mode: Mode
    options: str = "{}"
    source_digest: str | None = None
    salt: bytes = attrs.field(factory=lambda: os.urandom(16), repr=False)
    account: str = ""
    state: JobState = "planning"
    pid: int | None = attrs.field(factory=os.getpid)
    created: float = attrs.field(factory=time.time)
    started: float | None = None
    ended: float | None = None
    stopped: str | None = None
    rows: int = 0
    warnings: int = 0
    dropped: str = "[]"
    failed_rows: str = ""

    @property
    def source_path(self) -> str:
        """Where the source is, from whatever folder the job is taken up; its name where it is not a file."""
        return str(json.loads(self.options).get("source_path") or self.source)

    @property
    def corrects(self) -> str | None:
        """The label of the job whose rows that did not go in this one takes in, corrected; None where it takes in none."""
        return json.loads(self.options).get("corrects")  # type: ignore[no-any-return]

    @property
    def was_rehearsed(self) -> bool:
        """Whether its system was an emulation that ended with the command, so that nobody can go on with it."""
        return bool(json.loads(self.options).get("sandbox"))

    @property
    def phase(self) -> Phase:
        """Which rows count now: what the job does, or what taking it back takes."""
        return "undo" if self.state in ("undoing", "undone") else "apply"

    def get_state_after_event(self, event: JobEvent) -> JobState:
        """Give the job's state after an event; see `states`."""
        return get_next_state(JOB_TRANSITIONS, self.state, event)


def encode_undo_flag(phase: Phase) -> int:
    """Give the value of the column `undo`, which every store has in the tables of rows."""
    return int(phase == "undo")
