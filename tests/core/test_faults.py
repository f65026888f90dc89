"""Random answers to the operations of all systems; `python -m benchmarks.faults` makes 100,000 of them."""

from __future__ import annotations

import pytest

from alloy_async import NotFound
from benchmarks import faults
from benchmarks.faults import KEY, SECRET, Verdict, run_faults


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_answers_come_out_as_they_must(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        faults, "DEADLINE", 5.0
    )  # a machine that is busy may take long over what is not the fault here
    verdict, kinds = await run_faults(700, seed)
    assert verdict.wrong == []
    assert min(kinds[kind] for kind in ("whole", "cut", "reset", "unasked", "hang")) >= 1
    for outcome in (
        "result",
        "DecodeError",
        "ServerError",
        "ConnectionLost",
        "DeadlineExceeded",
        "looked through",
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
