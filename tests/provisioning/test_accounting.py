"""Whatever goes wrong, every row has one line in the job file, and what that says is what happened."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, given, settings, strategies as st

from alloy_async.core.errors import AlloyAsyncError, BadRequest, RateLimited, Unauthorized
from alloy_async.directory import Outcome, UserRecord
from alloy_async.provisioning import RunOptions, provision, resume
from simulation.memory_directory import MemoryDirectory, rows_of

Answer = Literal["fine", "refused", "busy", "locked out", "lost", "lost but done"]
ERRORS: dict[Answer, AlloyAsyncError] = {
    "refused": BadRequest("400 somebody is bad", status=400),
    "busy": RateLimited("429 busy", status=429),
    "locked out": Unauthorized("401 locked out", status=401),
}
usernames = st.sampled_from(["", *(f"user{n}" for n in range(60))])
answers = st.sampled_from(["fine", "fine", "refused", "busy", "lost", "lost but done", "locked out"])


class Unreliable(MemoryDirectory):
    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__(batch_size=4)
        self._answers = itertools.chain(["fine"], answers, itertools.repeat("fine"))

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        answer = next(self._answers)
        if error := ERRORS.get(answer):
            raise error
        outcomes = [] if answer == "lost" else await super().create(records)
        if answer == "fine":
            return outcomes
        return [Outcome(record.username, "unknown", answer) for record in records]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    rows=st.lists(usernames, min_size=1, max_size=60),
    answers=st.lists(answers, max_size=20),
    concurrency=st.integers(1, 5),
)
def test_every_row_is_accounted_for(
    tmp_path: Path, rows: list[str], answers: list[Answer], concurrency: int
) -> None:
    path, job = tmp_path / "users.csv", tmp_path / "users.job"
    job.unlink(missing_ok=True)
    path.write_text("username,n\n" + "".join(f"{name},x\n" for name in rows))
    target = Unreliable(answers)

    report = asyncio.run(provision(path, target, run=RunOptions(concurrency=concurrency)))

    lines = rows_of(job)
    assert [line.key for line in lines] == rows
    assert report.counts.rows == len(rows)
    told = Counter(line.outcome or line.state for line in lines)
    assert told["created"] == report.counts.created
    assert told["planned"] == report.counts.planned
    created = [line.key for line in lines if line.outcome == "created"]
    assert len(set(created)) == len(created)
    assert set(created) <= set(target.users)
    in_doubt = {line.key for line in lines if line.state == "doubt"}
    assert set(target.users) - set(created) <= in_doubt

    while report.counts.unfinished or report.counts.failed:
        with contextlib.suppress(AlloyAsyncError):  # of the very first call
            report = asyncio.run(resume(job, target))
    good = set(rows) - {""}
    refused = {line.key for line in rows_of(job) if line.reason and "400" in line.reason}
    assert set(target.users) == good - refused
