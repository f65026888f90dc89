"""How each tenant of a run is getting on, as its events tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

from ...provisioning import NoSuchJob, Plan, Report, TenantResult
from ...provisioning.events import (
    OUTCOME_NAMES,
    Checked,
    Checking,
    Counts,
    DoubtsFound,
    Event,
    Progress,
    Sending,
    Stopped,
    Waiting,
)
from ...provisioning.reports.quantities import format_count_with_noun
from .error_messages import describe_tenant_error

Stage: TypeAlias = Literal[
    "waits for its turn", "checking", "asking", "sending", "done", "incomplete", "failed"
]
RUNNING: frozenset[Stage] = frozenset({"checking", "asking", "sending"})


@attrs.define
class TenantState:
    """How one tenant is getting on.

    Args:
        name: of the tenant.
        stage: how far it is.
        rows: of its source, as far as known.
        counts: lines by outcome.
        note: what a person would want to know.
        result: at its end.
        earlier: lines that had their outcome before this run.
        dropped: columns that the system has no place for.
    """

    name: str
    stage: Stage = "waits for its turn"
    rows: int = 0
    counts: Counts = attrs.field(factory=Counts)
    note: str = ""
    result: TenantResult[Any] | None = None
    earlier: int = 0
    dropped: tuple[str, ...] = ()

    def update(self, event: Event | TenantResult[Any]) -> None:
        """Take in what happened."""
        match event:
            case Checking(rows):
                self.stage, self.rows = "checking", rows
            case Checked():
                self.stage, self.rows = "sending", event.rows
                refused = format_count_with_noun(event.errors, "row is", "rows are")
                self.note = f"{refused} not sent" if event.errors else ""
                self.dropped = event.dropped
            case DoubtsFound(rows):
                self.stage = "asking"
                self.note = f"{format_count_with_noun(rows, 'row is', 'rows are')} in doubt"
            case Sending(counts):
                self._begin_sending(counts)
                self.rows = self.rows or counts.rows
            case Progress(counts, rows):
                self._begin_sending(counts)
                self.counts, self.rows, self.note = counts, rows, ""
            case Waiting(_, reason, seconds):
                self.note = f"waits {seconds:,.0f} s: {reason}"
            case Stopped(reason):
                self.note = reason
            case TenantResult():
                self._note_end(event)

    def _begin_sending(self, counts: Counts) -> None:
        if self.stage == "waits for its turn":  # nothing was checked: an earlier run has done that, and more
            self.earlier = counts.settled
        self.stage = "sending"

    def _note_end(self, result: TenantResult[Any]) -> None:
        self.result = result
        if isinstance(result.error, NoSuchJob):
            self.note = describe_tenant_error(result.error)
        elif result.error is not None:
            self.stage, self.note = "failed", describe_tenant_error(result.error)
        elif result.is_begun:
            self.stage = "done" if result.complete else "incomplete"
            self.note = result.result.stopped or "" if isinstance(result.result, Report) else ""
            if isinstance(result.result, Report):
                self.counts, self.rows = result.result.counts, result.result.counts.rows


def describe_counts(counts: Counts) -> str:
    """Describe lines by outcome, as `990 created, 10 invalid`."""
    return ", ".join(
        f"{number:,} {OUTCOME_NAMES[name]}" for name, number in attrs.asdict(counts).items() if number
    )


def describe_end(state: TenantState) -> str:
    """Describe in a line what became of a tenant."""
    result = state.result
    if state.stage == "failed":
        done = describe_counts(state.counts)
        return f"{done}; then: {state.note}" if done else f"not done: {state.note}"
    if isinstance(result and result.error, NoSuchJob):
        return f"not begun: {state.note}"
    if result is None or not result.is_begun:
        return "not begun"
    dropped = (
        f"; not sent, as there is no place for them: {', '.join(state.dropped)}" if state.dropped else ""
    )
    if isinstance(result.result, Plan):
        return _describe_plan(result.result) + dropped
    why = f"; ended early: {state.note}" if state.note else ""
    return f"{describe_counts(state.counts) or 'no rows'}{why}{dropped}"


_DOING: Mapping[str, str] = {
    "create": "to create",
    "update": "to change",
    "delete": "to remove",
    "offboard": "steps of leaving",
    "none": "to leave as they are",
    "refuse": "refused",
}


def _describe_plan(plan: Plan) -> str:
    parts = [
        f"{plan.actions[action]:,} {words}" for action, words in _DOING.items() if plan.actions.get(action)
    ]
    return "; ".join([", ".join(parts) or "no rows", *plan.finality])
