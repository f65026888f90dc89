"""Record the progress of a run: outcomes are written, counted and timed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from ...core.hook_events import RetryEvent
from ..events import Counts
from ..store.header import Phase, RowOutcome
from ..store.job_store import BEGUN, Second
from ..store.rows import RowResult
from ..store.states import JobEvent
from ..store.writer import JobWriter
from .crash_points import crash_hook

_MOST_PENDING = 1000
_NAMES_OF_UNDOING: dict[RowOutcome | None, RowOutcome] = {
    "created": "restored", "updated": "restored", "exists": "kept", "drifted": "kept",
}  # fmt: skip


class ProgressRecorder:
    """Records the progress of one run, in the phase that the job is in.

    Args:
        writer: the job.
    """

    def __init__(self, writer: JobWriter) -> None:
        self.stats: PerSecondStats = PerSecondStats()
        self._writer = writer
        self.phase: Phase = writer.header.phase
        self._reach = crash_hook.get()
        self._tally: Counter[str] = Counter()
        self.in_doubt: int = 0
        """Rows of which nobody knows whether they were carried out, as they were counted last."""
        self.pending: list[RowResult] = []
        """What happened to rows and waits to be written with the next that is recorded; no later, so that all is in order."""

    @property
    def is_full(self) -> bool:
        """Whether so many results wait that they are to be written now."""
        return len(self.pending) >= _MOST_PENDING

    @property
    def counts(self) -> Counts:
        """Rows of the whole job by outcome."""
        return Counts.from_tally(self._tally)

    async def begin_run(self, *, reopen_unknown: bool) -> None:
        """Write down that a run begins; rows that failed in an earlier one are planned again, and all are counted.

        Args:
            reopen_unknown: rows of unknown outcome are in doubt again, too.
        """
        writer, store, phase = self._writer, self._writer.store, self.phase

        def write() -> None:
            header = writer.header
            state = header.get_state_after_event("run") if phase == "apply" else header.state
            writer.update_header(state=state, started=header.started or time.time(), ended=None, stopped=None)
            if header.started is not None:
                if reopen_unknown:
                    store.reopen_rows(phase, "unknown")
                store.reopen_rows(phase, "failed")
            store.add_note(BEGUN, "somebody began to work on the job")
            self._set_tally(store.count_outcomes(phase))

        if writer.header.started is None:
            # Nothing can be in doubt yet, and the next call comes before anything is sent: it reads the rows.
            writer.add_to_next_call(write)
        else:
            await writer.call(write)

    async def record_results(self, results: Sequence[RowResult]) -> None:
        """Write down what happened to rows, and what waits."""
        results, self.pending = [*self.pending, *results], []
        named, seconds = self._rename_for_undo(results), self.stats.take_finished_seconds()
        settled: Counter[str] = Counter()
        for result in named:
            if result.outcome is not None:
                settled[result.outcome] += result.rows
        self.stats.add_rows(settled.total())

        store = self._writer.store

        def write() -> None:
            store.record_results(self.phase, named)
            if seconds:
                store.add_seconds(seconds)

        await self._writer.call(write)
        self._reach("after outcome")
        self._tally.update(settled)
        self._tally["planned"] -= settled.total()

    def write_last_stats(self) -> None:
        """Write down what happened in the last second, where a run ends without `record_end_of_run`."""
        self._writer.store.add_seconds(self.stats.take_finished_seconds(last=True))

    async def recount(self) -> None:
        """Count the rows anew, as the job has them."""
        self._set_tally(await self._writer.call(self._writer.store.count_outcomes, self.phase))

    def begin_shard(self, job: Counter[str], shard: Counter[str]) -> None:
        """Begin with rows that were counted: those of the job, and those of the shard, of which some may be in doubt."""
        self._set_tally(shard)
        self._tally = job

    def _set_tally(self, tally: Counter[str]) -> None:
        self._tally, self.in_doubt = tally, tally["intended"] + tally["doubt"]

    async def record_end_of_run(self, stopped: str | None) -> Counts:
        """Write down how the run ended; the counts of the whole job.

        Args:
            stopped: why it gave up.
        """
        writer = self._writer

        def write() -> Counts:
            self.write_last_stats()
            self._tally = writer.store.count_outcomes(self.phase)
            counts = self.counts
            event: JobEvent = "stop" if counts.unfinished or counts.failed or stopped else "finish"
            writer.update_header(
                state=writer.header.get_state_after_event(event), ended=time.time(), stopped=stopped
            )
            return counts

        # Nothing is sent any more, and the store is closed next, which makes it durable.
        return await writer.call(write)

    def _rename_for_undo(self, results: Sequence[RowResult]) -> Sequence[RowResult]:
        if self.phase == "apply":
            return results
        return [
            result._replace(outcome=_NAMES_OF_UNDOING.get(result.outcome, result.outcome))
            for result in results
        ]


class PerSecondStats:
    """Counts what happens and gives it out second by second.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._finished: list[Second] = []
        self.retries: int = 0
        self.waited: float = 0.0
        self._begin_second(int(clock()))

    def add_rows(self, rows: int) -> None:
        """Count rows that got their outcome."""
        self._end_past_second()
        self._rows += rows

    def add_call(self, seconds: float) -> None:
        """Count a call that took so long."""
        if int(self._clock()) != self._second:
            self._end_past_second()
        self._latencies.append(seconds)

    def add_retry(self, event: RetryEvent) -> None:
        """Count an attempt that will be made again."""
        self._end_past_second()
        self._retries += 1
        self._waited += event.wait
        self.retries += 1
        self.waited += event.wait

    def add_refusal(self) -> None:
        """Count an attempt that was refused for a rate limit, whether it is made again or not."""
        self._end_past_second()
        self._limited += 1

    def take_finished_seconds(self, *, last: bool = False) -> list[Second]:
        """Take the seconds that are over, each once; with `last`, the one under way too."""
        self._end_past_second(over=last)
        taken, self._finished = self._finished, []
        return taken

    def _begin_second(self, second: int) -> None:
        self._second = second
        self._rows = self._limited = self._retries = 0
        self._waited = 0.0
        self._latencies: list[float] = []

    def _end_past_second(self, *, over: bool = False) -> None:
        now = int(self._clock())
        if now == self._second and not over:
            return
        if self._rows or self._latencies or self._retries:
            times = sorted(self._latencies) or [0.0]
            p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
            facts = (len(self._latencies), p50, p95, times[-1], self._limited, self._retries, self._waited)
            self._finished.append(Second(self._second, self._rows, *facts))
        self._begin_second(now)
