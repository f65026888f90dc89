"""Whatever goes wrong, every row has one outcome, and what the report says is what happened."""

from __future__ import annotations

import asyncio
import csv
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alloy_async.core.errors import AlloyAsyncError, BadRequest, RateLimited, Unauthorized
from alloy_async.directory import Outcome, UserRecord
from alloy_async.provisioning import provision

from .fakes import MemoryDirectory

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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    rows=st.lists(usernames, min_size=1, max_size=60),
    answers=st.lists(answers, max_size=30),
    concurrency=st.integers(1, 5),
)
def test_every_row_is_accounted_for(
    tmp_path: Path, rows: list[str], answers: list[Answer], concurrency: int
) -> None:
    path = tmp_path / "users.csv"
    path.write_text("username,n\n" + "".join(f"{name},x\n" for name in rows))
    target = Unreliable(answers)

    report = asyncio.run(provision(path, target, concurrency=concurrency))

    assert report.counts.done == len(rows)
    failed = []
    if report.failed_file:
        with report.failed_file.open(newline="") as file:
            failed = list(csv.DictReader(file))
    assert len({row["_line"] for row in failed}) == len(failed) == report.counts.not_in
    for row in failed:
        assert rows[int(row["_line"]) - 2] == row["username"]
    lines_in = {n + 2 for n in range(len(rows))} - {int(row["_line"]) for row in failed}
    names_in = [rows[line - 2] for line in lines_in]
    assert len(set(names_in)) == len(names_in) == report.counts.created
    assert set(names_in) <= set(target.users)
    in_doubt = {row["username"] for row in failed if row["_status"] == "unknown"}
    assert set(target.users) - set(names_in) <= in_doubt
