"""Random answers over both ways of sending; `python -m benchmarks.wire_fuzz` has many more."""

from __future__ import annotations

import pytest

from benchmarks.wire_fuzz import compare_ways


@pytest.mark.parametrize("seed", [0, 1_000_000])
async def test_random_answers_come_out_as_they_must(seed: int) -> None:
    seen, wrong = await compare_ways(400, seed)
    assert wrong == []
    for kind in ("result", "error none", "error unknown", "error applied"):
        assert min(seen[f"direct: {kind}"], seen[f"session: {kind}"]) > 5
