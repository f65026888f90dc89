"""The events of a running job, for any progress display."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from .sources import Finding

SHOWN_FINDINGS = 20
"""So many findings are told and kept; the reason of a refused row is in the job file for each."""


@attrs.frozen
class Counts:
    """Lines of a job by what became of them: a line a row; in mode offboard one a step.

    Args:
        created: new in the directory.
        exists: were there already, and stayed as they are.
        updated: changed to what the source says.
        unchanged: as the source says already.
        uncompared: as the source says, as far as the system shows it: what it hides, as a password, was not sent.
        deleted: no longer there.
        done: steps of leaving that were taken.
        restored: taken back by undoing.
        kept: not taken back, each with its reason.
        invalid: refused, by the checks before sending or by the system.
        drifted: not sent, because the system no longer held what the plan saw.
        failed: not done, though nothing is known to be wrong with them; resuming tries them again.
        unknown: sent, the answer was lost, and the system could not be asked.
        doubt: sent, and the answer was lost; resuming asks.
        planned: not sent yet; resuming sends them.
    """

    created: int = 0
    exists: int = 0
    updated: int = 0
    unchanged: int = 0
    uncompared: int = 0
    deleted: int = 0
    done: int = 0
    restored: int = 0
    kept: int = 0
    invalid: int = 0
    drifted: int = 0
    failed: int = 0
    unknown: int = 0
    doubt: int = 0
    planned: int = 0

    @classmethod
    def from_tally(cls, tally: Mapping[str, int]) -> Counts:
        """Create the counts of a tally by outcome or, where there is none, by state; what was on its way counts as in doubt."""
        doubt = tally.get("doubt", 0) + tally.get("intended", 0)
        return cls(**{**{name: tally.get(name, 0) for name in _COUNTED}, "doubt": doubt})

    def __add__(self, other: Counts) -> Counts:
        """Count the lines of two jobs together."""
        return Counts(*[getattr(self, name) + getattr(other, name) for name in _COUNTED])

    @property
    def rows(self) -> int:
        """All lines."""
        return sum([getattr(self, name) for name in _COUNTED])

    @property
    def settled(self) -> int:
        """Lines with an outcome."""
        return self.rows - self.unfinished

    @property
    def unfinished(self) -> int:
        """Lines that resuming takes up for sure."""
        return self.doubt + self.planned

    @property
    def unresolved(self) -> int:
        """Lines that are not as the source says, or perhaps not."""
        return self.invalid + self.drifted + self.failed + self.unknown + self.kept + self.unfinished


_COUNTED = tuple(attrs.fields_dict(Counts))
OUTCOME_NAMES: Mapping[str, str] = {
    **{name: name for name in _COUNTED},
    "exists": "already there",
    "uncompared": "the same as far as shown",
    "done": "steps taken",
    "drifted": "changed since the plan",
    "unknown": "outcome unknown",
    "doubt": "in doubt",
    "planned": "not sent",
}
"""What people read for each figure of `Counts`."""


@attrs.frozen
class Checking:
    """The source is being checked; nothing has been sent."""

    rows: int


@attrs.frozen
class Checked:
    """The whole source has been read, checked and planned; sending begins.

    Args:
        rows: rows in the source.
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
class DoubtsFound:
    """So many rows are in doubt, as their answers were lost or the job was cut off; the system is being asked."""

    rows: int


@attrs.frozen
class Sending:
    """The first rows of this run are about to leave: from here on, cutting it off leaves rows in doubt.

    Args:
        counts: of the whole job so far.
    """

    counts: Counts


@attrs.frozen
class Progress:
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
class Paused:
    """Nothing is sent for now, for this reason; the job goes on by itself."""

    reason: str


INTERRUPTED = "interrupted"
"""Why a run gives up that `RunOptions.stop` ends."""


@attrs.frozen
class Stopped:
    """The job gives up sending; the rows that are left stay planned, for resuming.

    Attributes:
        reason: why.
        goes_on: only this run stops: workers that others started go on with the job.
    """

    reason: str
    goes_on: bool = False


Event: TypeAlias = Checking | Checked | DoubtsFound | Sending | Progress | Waiting | Paused | Stopped
OnEvent: TypeAlias = Callable[[Event], None]


def may_have_sent_from_here(event: Event) -> bool:
    """Tell whether from an event on a job may have sent something, so that cutting it off may leave rows in doubt."""
    return isinstance(event, Checked | DoubtsFound | Sending | Progress)
