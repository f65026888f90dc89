"""What a running job tells, for any progress display; and its final report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import attrs

from .checks import Finding


@attrs.frozen
class Counts:
    """Rows by what became of them.

    Args:
        created: new in the directory.
        exists: were there already, and stayed as they are.
        invalid: refused, by the checks before sending or by the system.
        failed: not in, though nothing is known to be wrong with them.
        unknown: sent, and the answer was lost; the job can be run again.
    """

    created: int = 0
    exists: int = 0
    invalid: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def done(self) -> int:
        """Rows with an outcome."""
        return self.created + self.exists + self.invalid + self.failed + self.unknown

    @property
    def not_in(self) -> int:
        """Rows that did not go in, or perhaps not."""
        return self.invalid + self.failed + self.unknown


@attrs.frozen
class Checking:
    """The file is being checked; nothing has been sent."""

    rows: int


@attrs.frozen
class Checked:
    """The whole file has been read and checked; sending begins.

    Args:
        rows: rows in the file.
        errors: rows that will not be sent.
        warnings: remarks on rows that will be sent.
        findings: the first of both.
        dropped: columns that the system has no place for.
    """

    rows: int
    errors: int
    warnings: int
    findings: tuple[Finding, ...]
    dropped: tuple[str, ...]


@attrs.frozen
class Settled:
    """One more batch has its outcomes; `counts` are of the whole job so far."""

    counts: Counts
    rows: int


@attrs.frozen
class Waiting:
    """A call failed in a way that may be repeated, and waits before its next attempt."""

    operation: str
    reason: str
    seconds: float


@attrs.frozen
class Stopped:
    """The job gives up sending; rows without an outcome are recorded as failed."""

    reason: str


Event: TypeAlias = Checking | Checked | Settled | Waiting | Stopped
OnEvent: TypeAlias = Callable[[Event], None]


@attrs.frozen(kw_only=True)
class Report:
    """What a job did.

    Args:
        source: the input.
        target: the system's name.
        counts: rows by outcome; they add up to `check.rows`.
        check: what the check before sending found.
        retries: attempts that were made again.
        waited: seconds that calls spent waiting for their next attempt, added up.
        elapsed: seconds, from start to end.
        failed_file: the rows that did not go in; None when all did.
        stopped: why the job ended early; None when it did not.
    """

    source: Path
    target: str
    counts: Counts
    check: Checked
    retries: int
    waited: float
    elapsed: float
    failed_file: Path | None
    stopped: str | None

    @property
    def complete(self) -> bool:
        """Whether every row is in the directory."""
        return self.counts.not_in == 0
