"""The figures of a job for its report, read from its store while a worker may be writing."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

import attrs

from ..errors import JobPlace
from ..events import Counts
from ..store.header import UNRESOLVED, JobHeader, Phase
from ..store.job_store import BEGUN, JobStore, Remark, RunLogLine, Second
from .reasons import Reason, group_reasons
from .timeline import Timeline

_OPEN = {
    "doubt": "the answer was lost; resume the job, which asks the system",
    "planned": "not sent yet; resume the job",
}
_UNCOMPARED = re.compile(r"(\w+): not sent, cannot be compared")


class ReportRow(NamedTuple):
    """One row of a job that is not as it should be, as a report shows it."""

    number: int
    line: int | None
    key: str
    action: str
    step: str | None
    outcome: str
    reason: str | None


@attrs.frozen(kw_only=True)
class JobReport:
    """The figures of one job.

    Args:
        path: the job file.
        header: what the job is.
        phase: what the counts are of: `apply`, or `undo` once the job is being taken back.
        counts: lines by outcome.
        seconds: those in which something happened, in order.
        reasons: why lines are not in, the most frequent first.
        uncompared: fields that the source says and the system never shows, each with the rows of which it was not sent.
        findings: the first remarks of the check before sending.
        notes: what else happened.
        worker: the id of the process that works on the job; None when nobody does.
        now: when all this was read, in seconds since 1970.
    """

    path: JobPlace
    header: JobHeader = attrs.field(repr=False)
    phase: Phase
    counts: Counts
    seconds: tuple[Second, ...] = attrs.field(repr=False)
    reasons: tuple[Reason, ...]
    uncompared: tuple[tuple[str, int], ...]
    findings: tuple[Remark, ...]
    notes: tuple[RunLogLine, ...]
    worker: int | None
    now: float

    @property
    def state(self) -> str:
        """The job's state; `cut off` when its process is gone without having ended it."""
        return describe_state(self.header, self.worker)

    @property
    def outcomes(self) -> tuple[tuple[str, int], ...]:
        """Every outcome that some line has, with their number."""
        return tuple((outcome, number) for outcome, number in attrs.asdict(self.counts).items() if number)

    @property
    def verdict(self) -> str:
        """How the job stands, in one sentence."""
        counts = self.counts
        if not counts.rows:
            return "Nothing has been planned yet."
        if self.phase == "undo":
            kept = f"{counts.unresolved:,} of {counts.rows:,} changes were not taken back."
            return kept if counts.unresolved else "Everything was taken back."
        name = "step" if self.header.mode == "offboard" else "row"
        if not counts.unresolved:
            which = f"All {counts.rows:,} {name}s are" if counts.rows > 1 else f"The one {name} is"
            return f"{which} as the source says{self._describe_uncompared()}."
        closed, still_open = counts.unresolved - counts.unfinished, counts.unfinished
        of_all = f"of {counts.rows:,} {name}{'s' * (counts.rows > 1)}"
        facts = [f"{closed:,} {of_all} did not go in"] if closed else []
        if still_open:
            facts.append(
                f"{still_open:,} {'' if closed else f'{of_all} '}{'are' if still_open > 1 else 'is'} still open"
            )
        return f"{', '.join(facts)}."

    def _describe_uncompared(self) -> str:
        if not self.uncompared:
            return ""
        fields = (f"the {field} of {number:,} was not sent" for field, number in self.uncompared)
        return f", as far as {self.header.system} shows it: {', '.join(fields)}"

    @property
    def elapsed(self) -> float:
        """Seconds from start to end, or to now while the job is being worked on."""
        if self.header.started is None:
            return 0.0
        return max((self.header.ended or self.now) - self.header.started, 0.0)

    @property
    def timeline(self) -> Timeline:
        """What happened when, without the pauses between a stop and the next run."""
        return Timeline.from_seconds(self.seconds, [note.at for note in self.notes if note.kind == BEGUN])

    @property
    def busy_seconds(self) -> float:
        """Seconds in which somebody worked on the job: waiting for a limit counts, a pause before it was resumed does not."""
        return max(self.elapsed - sum(length for _, length in self.timeline.pauses), 0.0)

    @property
    def rate(self) -> float:
        """Rows a second while the job was busy."""
        return sum(second.rows for second in self.seconds) / self.busy_seconds if self.busy_seconds else 0.0

    @property
    def dropped(self) -> tuple[str, ...]:
        """Columns that the system has no place for."""
        return tuple(json.loads(self.header.dropped))

    def sum_figure(self, figure: Literal["rows", "calls", "limited", "retries", "waited"]) -> float:
        """Sum a figure of `Second` over the job."""
        return float(sum(getattr(second, figure) for second in self.seconds))

    def get_latency(self, figure: Literal["p50", "p95", "slowest"] = "p50") -> float:
        """Get a latency in seconds: of `p50` and `p95` the call-weighted median over the seconds, of `slowest` the greatest."""
        timed = [second for second in self.seconds if second.calls]
        if figure == "slowest":
            return max((second.slowest for second in timed), default=0.0)
        timed.sort(key=lambda second: getattr(second, figure))
        half, seen = sum(second.calls for second in timed) / 2, 0
        for second in timed:
            seen += second.calls
            if seen >= half:
                return float(getattr(second, figure))
        return 0.0


def describe_state(header: JobHeader, worker: int | None) -> str:
    """Name a job's state; `cut off` when its process is gone without having ended it."""
    return (
        "cut off" if header.state in ("planning", "running", "undoing") and worker is None else header.state
    )


def read_report(store: JobStore, now: float | None = None) -> JobReport:
    """Read the figures of a job.

    Args:
        store: the job.
        now: seconds since 1970; None asks the clock.
    """
    with store.transaction():  # one moment for all figures, also while the job goes on
        header = store.read_header()
        return JobReport(
            path=store.path,
            header=header,
            phase=header.phase,
            counts=Counts.from_tally(store.count_outcomes(header.phase)),
            seconds=tuple(store.read_seconds()),
            reasons=group_reasons(
                (row.outcome, row.reason) for row in read_unresolved_rows(store, header.phase)
            ),
            uncompared=_count_uncompared_rows_by_field(store) if header.mode in ("upsert", "sync") else (),
            findings=tuple(store.read_remarks()),
            notes=tuple(store.read_notes()),
            worker=store.worker,
            now=time.time() if now is None else now,
        )


def read_unresolved_rows(store: JobStore, phase: Phase, *, planned: bool = False) -> Iterator[ReportRow]:
    """Read every row that is not as it should be, in the order of the source.

    Args:
        store: the job.
        phase: `JobReport.phase`.
        planned: those too that were not sent yet.
    """
    for row in store.read_rows(phase):
        outcome = row.outcome or ("planned" if row.state == "planned" else "doubt")
        if outcome in UNRESOLVED or outcome == "doubt" or (planned and outcome == "planned"):
            reason = row.reason or _OPEN.get(outcome)
            yield ReportRow(row.number, row.line, row.key, row.action, row.step, outcome, reason)


def _count_uncompared_rows_by_field(store: JobStore) -> tuple[tuple[str, int], ...]:
    rows = (
        row.why for row in store.read_rows("apply") if row.why and row.outcome in ("uncompared", "updated")
    )
    return tuple(Counter(field for why in rows for field in _UNCOMPARED.findall(why)).items())
