"""Random answers to the operations of all systems; `python -m benchmarks.faults` makes 100,000 of them."""

from __future__ import annotations

import pytest

from alloy_async import NotFound
from benchmarks import faults
from benchmarks.faults import KEY, SECRET, Verdict, run_faults
from benchmarks.random_calls.call_judge import LOST, find_fault, judge_status
from benchmarks.random_calls.held_time import HeldTime


@pytest.mark.parametrize("seed", [1, 5])
async def test_random_answers_come_out_as_they_must(seed: int) -> None:
    verdict, kinds = await run_faults(700, seed)
    assert verdict.wrong == []
    assert min(kinds[kind] for kind in ("whole", "cut", "reset", "unasked", "hang")) >= 1
    for outcome in (
        "result",
        "DecodeError",
        "ServerError",
        "ConnectionLost",
        "DeadlineExceeded",
        "RateLimited",
        "looked through",
        "sent again",
    ):
        assert verdict.seen[outcome] >= 1


@pytest.mark.parametrize(
    "error",
    [NotFound(KEY), NotFound("x", body={"a": SECRET}), NotFound("x\ny"), NotFound("\x1b[31m")],
    ids=range(4),
)
def test_a_secret_or_a_control_character_would_be_found(error: NotFound) -> None:
    verdict = Verdict()
    faults._search_error(error, "get_a_user", verdict)
    assert len(verdict.wrong) >= 1


def test_the_judge_of_calls_finds_what_is_wrong_over_all_requests() -> None:
    ok, busy, refused, gone = (judge_status(status, None) for status in (200, 503, 429, 404))
    away, lost = judge_status(429, 3600), frozenset({LOST})
    right = [
        ([ok], False, "result"),
        ([refused, ok], False, "result"),
        ([refused, refused, refused], False, "none"),
        ([refused, busy], False, "unknown"),
        ([busy, gone], True, "unknown"),
        ([lost, ok], True, "applied"),
        ([refused, gone], False, "none"),
        ([away], False, "none"),
    ]
    for requests, idempotent, found in right:
        assert find_fault(requests, idempotent, 3, found, False) is None, (requests, found)
    wrong = [
        ([ok, ok], True, "result"),  # done twice
        ([busy, ok], False, "result"),  # perhaps done twice
        ([lost, ok], False, "result"),
        ([away, ok], True, "result"),  # sooner than the server asked
        ([refused], False, "none"),  # given up too early
        ([busy], True, "unknown"),
        ([busy, gone], True, "none"),  # the first request may have been carried out
        ([busy, busy, busy, ok], True, "result"),  # too many
        ([gone], False, "applied"),
        ([], False, "unknown"),
    ]
    for requests, idempotent, found in wrong:
        assert find_fault(requests, idempotent, 3, found, False) is not None, (requests, found)
    assert find_fault([], False, 3, "none", True) is None
    assert find_fault([refused], False, 3, "none", True) is None
    assert find_fault([ok], False, 3, "none", True) is not None


def test_only_work_of_the_benchmark_that_fell_past_the_deadline_is_excused() -> None:
    moments, worked = iter([10.0, 12.0, 20.0, 21.0, 30.0, 30.0]), iter([0.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    held = HeldTime(lambda: next(moments), lambda: next(worked))
    for _ in range(3):
        with held.hold():
            pass
    # From 10 to 12 it worked for half of the time, from 20 to 21 all the time, at 30 for none.
    for since, until, seconds in ((0, 9, 0), (0, 11, 0.5), (11, 20.5, 1.0), (20.25, 20.5, 0.25), (21, 40, 0)):
        assert held.count_seconds(since, until) == pytest.approx(seconds), (since, until)
