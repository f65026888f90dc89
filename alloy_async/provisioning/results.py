"""What a user gets: the plan of a job, and the report of what it did."""

from __future__ import annotations

import attrs

from .errors import JobPlace
from .events import Checked, Counts
from .store.header import Action, Mode, Phase
from .store.job_store import FINALITY, JobStore

_SHOWN = 10
_ORDER: tuple[Action, ...] = ("create", "update", "delete", "offboard", "refuse")


@attrs.frozen
class PreviewRow:
    """One row of a plan: what is done to whom, and why."""

    line: int | None
    key: str
    action: str
    step: str | None
    why: str | None


@attrs.frozen(kw_only=True)
class Plan:
    """What a job is going to do.

    Args:
        job: the job file, for `apply`.
        source: the input's name.
        target: the system's name.
        mode: what is done with each row.
        actions: lines by action: create, update, delete, offboard, none, refuse.
        first: the first lines of each action but `none`.
        check: what the checks found.
        finality: what of it no undo brings back, and whom it leaves alone, in sentences.
    """

    job: JobPlace
    source: str
    target: str
    mode: Mode
    actions: dict[str, int]
    first: tuple[PreviewRow, ...]
    check: Checked | None
    finality: tuple[str, ...] = ()

    @property
    def changes(self) -> int:
        """Lines that will be sent."""
        return sum(number for action, number in self.actions.items() if action not in ("none", "refuse"))


@attrs.frozen(kw_only=True)
class Report:
    """What a job did.

    Args:
        job: the job file, for `resume`, `undo` and reports.
        source: the input's name.
        target: the system's name.
        mode: what was done with each row.
        counts: lines by outcome.
        check: what the check before sending found; None when the job was taken up again.
        retries: attempts that were made again.
        waited: seconds that calls spent waiting for their next attempt, added up.
        elapsed: seconds, from start to end.
        stopped: why the job ended early; None when it did not.
        phase: `undo` where the job was taken back, and `counts` are of that.
    """

    job: JobPlace
    source: str
    target: str
    mode: Mode
    counts: Counts
    check: Checked | None
    retries: int
    waited: float
    elapsed: float
    stopped: str | None
    phase: Phase = "apply"

    @property
    def complete(self) -> bool:
        """Whether every row is as the source says."""
        return self.counts.unresolved == 0


def summarize_plan(store: JobStore, check: Checked | None = None) -> Plan:
    """Summarize the plan of a job."""
    header, actions = store.read_header(), store.count_actions()
    return Plan(
        job=store.path,
        source=header.source,
        target=header.system,
        mode=header.mode,
        actions=actions,
        first=tuple(_find_first_rows_by_action(store, actions)),
        check=check,
        finality=tuple(note.text for note in store.read_notes() if note.kind == FINALITY),
    )


def _find_first_rows_by_action(store: JobStore, actions: dict[str, int]) -> list[PreviewRow]:
    """Find the first rows of each action; reads no further than to the last of them."""
    wanted = {action: min(actions.get(action, 0), _SHOWN) for action in _ORDER}
    found: dict[Action, list[PreviewRow]] = {action: [] for action in _ORDER}
    missing = sum(wanted.values())
    for row in store.read_rows("apply") if missing else ():
        if len(found.get(row.action, ())) < wanted.get(row.action, 0):
            shown = PreviewRow(row.line, row.key, row.action, row.step, row.why or row.reason)
            found[row.action].append(shown)
            missing -= 1
            if not missing:
                break
    return [row for action in _ORDER for row in found[action]]
