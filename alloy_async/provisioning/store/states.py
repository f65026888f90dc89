"""The life of a row and of a job: (state, event) -> state, as two tables; whatever is not in them must not happen.

The life of a row
=================

A row begins as `planned`, or is `done` at once where the plan finds that nothing is to be sent for it.

`intend` stands before everything that touches the system: it is durable before the request leaves, so that after a crash
every row that can have been sent is `intended`, and no row that is still `planned` was. Then one of these follows:

- The answer came. `settle` writes what became of the row. `fail` says that surely nothing happened, though nothing is known
  to be wrong with the row: it stays `failed` until `retry` plans it again, which taking up the job does, and nothing
  before, since what failed a moment ago would most likely fail again. `withdraw` says that the request never left, as the
  run gave up in between: the row is as if it had never been intended.
- The answer was lost: `lose` puts the row in `doubt`. So does a crash, only that nobody is left to write it down: a row
  that is `intended` and has no worker is in doubt too. The system is asked. It holds what was intended, or something else
  (`settle`), or nothing: `release` plans the row again, and it keeps its attempts, since the lost request may still arrive,
  and "exists" may then mean our own. If asking fails, the row stays in doubt with a newer reason (`lose`).
- No question can tell, or sending again could double the user: `abandon` makes the outcome `unknown`. Only the user, who
  knows that no request is on its way any more, leads out of it (`reopen`).

A row that is `done` never leaves: what the system answered is the truth. One thing may be added before anything is sent:
`refuse` stops a planned row, as its key turns out to be repeated, and gives a row that is refused already its second
reason.

Forbidden by not being here are above all `intend` on a row in doubt (it must be asked about first), on a failed one (it
must be planned again, which only taking up the job does), and on one that is done or unknown.

The life of a job
=================

A job is `planning` until every row is planned; `restart` throws away a half-made plan, of which nothing was sent. `plan`
says that the plan is whole: the job is `planned`, and waits to be applied. A source that can be read only once is planned
and sent in one reading, so `run` leads from `planning` to `running` as well. A run ends by `finish` when resuming would
have nothing to do (the job is `done`), else by `stop` (it is `stopped`). A job that is `running` without a worker was cut
off. Every job but an undone one can be taken back: `take back` comes before the first removal, and from then on nothing of
the job is sent any more; an undoing that was interrupted stays `undoing`, and ends as `undone`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeVar

RowState: TypeAlias = Literal["planned", "intended", "doubt", "failed", "unknown", "done"]
RowEvent: TypeAlias = Literal[
    "intend", "settle", "fail", "withdraw", "lose", "release", "abandon", "retry", "reopen", "refuse"
]
JobState: TypeAlias = Literal["planning", "planned", "running", "stopped", "done", "undoing", "undone"]
JobEvent: TypeAlias = Literal["restart", "plan", "run", "stop", "finish", "take back"]

ROW_TRANSITIONS: Mapping[tuple[RowState, RowEvent], RowState] = {
    ("planned", "intend"): "intended",
    ("planned", "settle"): "done",
    ("planned", "fail"): "failed",
    ("planned", "refuse"): "done",
    ("intended", "settle"): "done",
    ("intended", "fail"): "failed",
    ("intended", "withdraw"): "planned",
    ("intended", "release"): "planned",
    ("intended", "lose"): "doubt",
    ("intended", "abandon"): "unknown",
    ("doubt", "settle"): "done",
    ("doubt", "release"): "planned",
    ("doubt", "lose"): "doubt",
    ("doubt", "abandon"): "unknown",
    ("failed", "retry"): "planned",
    ("unknown", "reopen"): "doubt",
    ("done", "refuse"): "done",
}

JOB_TRANSITIONS: Mapping[tuple[JobState, JobEvent], JobState] = {
    ("planning", "restart"): "planning",
    ("planning", "plan"): "planned",
    ("planning", "run"): "running",
    ("planning", "take back"): "undoing",
    ("planned", "run"): "running",
    ("planned", "take back"): "undoing",
    ("running", "run"): "running",
    ("running", "stop"): "stopped",
    ("running", "finish"): "done",
    ("running", "take back"): "undoing",
    ("stopped", "run"): "running",
    ("stopped", "take back"): "undoing",
    ("done", "run"): "running",
    ("done", "take back"): "undoing",
    ("undoing", "take back"): "undoing",
    ("undoing", "stop"): "undoing",
    ("undoing", "finish"): "undone",
}

State = TypeVar("State")
Event = TypeVar("Event")


class ForbiddenTransition(RuntimeError):
    """Something was about to happen that must not happen in this state: a mistake of this package, not of its user."""


def get_next_state(transitions: Mapping[tuple[State, Event], State], state: State, event: Event) -> State:
    """Give the state after an event.

    Raises:
        ForbiddenTransition: the event must not happen in this state.
    """
    after = transitions.get((state, event))
    if after is None:
        raise ForbiddenTransition(f"{event!r} must not happen in state {state!r}")
    return after
