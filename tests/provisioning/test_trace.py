"""How much code a row passes, and how often its job writes; `python -m benchmarks.trace` says where."""

from __future__ import annotations

from benchmarks.trace import count_files, trace_job

FUNCTIONS, FILES, TRANSACTIONS = 110, 20, 8


def test_a_job_of_one_row_takes_few_transactions() -> None:
    assert trace_job(1).transactions <= TRANSACTIONS


def test_a_row_passes_few_functions() -> None:
    row = trace_job(1000).of_each_row
    assert 5 < len(row) <= FUNCTIONS
    assert count_files(row) <= FILES
