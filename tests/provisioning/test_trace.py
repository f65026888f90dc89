"""How much code a row passes, and how often its job writes; `python -m benchmarks.trace` says where."""

from __future__ import annotations

from benchmarks.trace import WAY_IN, WAY_OF, count_files, trace_job

FUNCTIONS, FILES, TRANSACTIONS = 110, 20, 4
FUNCTIONS_OF_A_JOB, FILES_OF_A_JOB = 386, 72
"""What a whole job may call: no aim, but it shall not grow unnoticed."""
FUNCTIONS_ON_THE_WAY, FILES_ON_THE_WAY = 179, 46
"""What rows may pass, a batch at a time: likewise."""


def test_a_job_of_one_row_takes_few_transactions() -> None:
    job = trace_job(1)
    assert job.transactions <= TRANSACTIONS
    assert 100 < len(job.calls) <= FUNCTIONS_OF_A_JOB
    assert count_files(job.calls) <= FILES_OF_A_JOB


def test_a_row_passes_few_functions() -> None:
    row = trace_job(1000).of_each_row
    assert 5 < len(row) <= FUNCTIONS
    assert count_files(row) <= FILES


def test_rows_pass_few_functions_a_batch() -> None:
    one, large = trace_job(1), trace_job(WAY_OF, WAY_IN)
    way = large.list_begun_again(one)
    assert 50 < len(way) <= FUNCTIONS_ON_THE_WAY
    assert count_files(way) <= FILES_ON_THE_WAY
    # A coroutine that only goes on more often is not begun again.
    assert not any(name == "provision" for _, name in way)
    assert large.of_each_row < way
