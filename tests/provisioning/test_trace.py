"""How much code a row passes, and how often its job writes; `python -m benchmarks.trace` says where."""

from __future__ import annotations

from benchmarks.trace import count_files, trace_job

FUNCTIONS, FILES, TRANSACTIONS = 110, 20, 8
FUNCTIONS_OF_A_JOB, FILES_OF_A_JOB = 385, 74
"""What a whole job may call: no aim, but it shall not grow unnoticed."""


def test_a_job_of_one_row_takes_few_transactions() -> None:
    job = trace_job(1)
    assert job.transactions <= TRANSACTIONS
    assert 100 < len(job.calls) <= FUNCTIONS_OF_A_JOB
    assert count_files(job.calls) <= FILES_OF_A_JOB


def test_a_row_passes_few_functions() -> None:
    row = trace_job(1000).of_each_row
    assert 5 < len(row) <= FUNCTIONS
    assert count_files(row) <= FILES
