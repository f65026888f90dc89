"""`python -m benchmarks.trace`: what a row of a CSV passes on its way into a directory: functions, files, transactions.

Three counts, none of which is the measure of another:

- *A job of one row*: each function of the package that `provision(file, directory)` calls from opening the file to the
  report, lambdas and comprehensions included, in a process that has run a job before. It was 187 functions in 32 files and
  17 transactions of the job file at commit 31a983b, before the package was sorted into rooms; now it is 382 in 72, and 4;
  321 of them have names. Nearly all are called once a job: finding out the form of the file, the account, the lock, the
  record of the one worker, the plan's checks, the figures of the report. There are more of them, as a job does more.
- *The way of rows*: the functions that are begun more often in a job of 20,000 rows, in batches of 1,000, than in a job of
  one: what rows pass, a block or a batch at a time, once a job is open. It is 177 functions in 46 files, of which 139 have
  names; where all rows go in one batch, 112 in 37.
- *A further row*: the functions that are called as often as there are rows. These were 22 in 11 files, and are 8 in 4; a
  further row took 36 calls, and takes 8.2.

The aim of 110 functions in 20 files and 8 transactions holds of the last count and of the transactions; of the way of rows,
where there is one batch, it is missed by two functions, and of a job of one row it does not hold.
`tests/provisioning/test_trace.py` holds all of it where it is.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeAlias

import attrs

import alloy_async
from alloy_async.provisioning import provision
from alloy_async.provisioning.store.sqlite.job_file import JobFile
from alloy_async.provisioning.store.writer import JobWriter
from simulation.memory_directory import MemoryDirectory

_PACKAGE = str(Path(alloy_async.__file__).parent)
_ROWS = 1000
WAY_OF, WAY_IN = 20_000, 1_000
"""Rows of the job by which the way of rows is found out, and of a batch of it."""
Function: TypeAlias = tuple[str, str]
"""File and qualified name."""


@attrs.frozen
class Trace:
    """What one job called.

    Args:
        calls: how often each function of the package was called, also those without a name; a coroutine counts each time that
            it goes on.
        begun: how often each was called anew.
        rows: of the source.
    """

    calls: Mapping[Function, int]
    begun: Mapping[Function, int]
    rows: int

    @property
    def transactions(self) -> int:
        """Transactions of the job file, but for the one that makes it."""
        claims = self.calls.get(_find_name(JobFile._become_worker), 0)
        return self.calls[_find_name(JobWriter._commit)] + claims - 1

    @property
    def of_each_row(self) -> frozenset[Function]:
        """Functions that each row passes: called as often as there are rows, or oftener."""
        return frozenset(function for function, calls in self.calls.items() if calls >= self.rows)

    def list_begun_again(self, other: Trace) -> frozenset[Function]:
        """List the functions that are begun more often than in another job: where that has one row, the way of rows."""
        return frozenset(
            function for function, begun in self.begun.items() if begun > other.begun.get(function, 0)
        )


def _find_name(function: Any) -> Function:
    code = getattr(function, "__func__", function).__code__
    return code.co_filename, code.co_qualname


def count_files(functions: frozenset[Function] | Mapping[Function, int]) -> int:
    """Count the files in which functions stand."""
    return len({file for file, _ in functions})


def trace_job(rows: int, batch_size: int | None = None) -> Trace:
    """Trace a job of so many rows; what is made once in a process is made before.

    Args:
        rows: of the source.
        batch_size: rows of one call; None: all.
    """
    calls: Counter[Function] = Counter()
    begun: Counter[Function] = Counter()
    starts: dict[CodeType, int] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(_PACKAGE):
            function = frame.f_code.co_filename, frame.f_code.co_qualname
            calls[function] += 1
            # Coroutines and generators are called too where they go on, but from another place than at first.
            begun[function] += starts.setdefault(frame.f_code, frame.f_lasti) == frame.f_lasti

    with tempfile.TemporaryDirectory() as folder:
        _run_job(Path(folder) / "warm.csv", 3, 3)
        before = sys.getprofile()
        sys.setprofile(note)
        threading.setprofile(note)
        try:
            _run_job(Path(folder) / "traced.csv", rows, batch_size or rows)
        finally:
            sys.setprofile(before)
            threading.setprofile(None)
    return Trace(calls, begun, rows)


def _run_job(source: Path, rows: int, batch_size: int) -> None:
    users = (f"user{n},Given{n} Family{n},user{n}@example.com\n" for n in range(rows))
    source.write_text("username,full_name,email\n" + "".join(users), encoding="utf-8")
    carries = ("username", "full_name", "email")
    report = asyncio.run(provision(source, MemoryDirectory(carries=carries, batch_size=batch_size)))
    assert report.complete


def main() -> None:
    """Print the figures."""
    one, many, large = trace_job(1), trace_job(_ROWS), trace_job(WAY_OF, WAY_IN)
    way = large.list_begun_again(one)
    row = many.of_each_row
    calls_of_row = (sum(many.calls.values()) - sum(one.calls.values())) / (_ROWS - 1)
    print(
        f"a job of one row: {len(one.calls)} functions in {count_files(one.calls)} files, opening and ending it included"
    )
    print(f"a job of one row: {one.transactions} transactions of the job file")
    print(f"the way of rows: {len(way)} functions in {count_files(way)} files")
    print(
        f"each row of {_ROWS:,}: {len(row)} functions in {count_files(row)} files; {calls_of_row:.1f} calls a further row"
    )
    for file in sorted({file for file, _ in row}):
        names = sorted(name for place, name in row if place == file)
        print(f"  {Path(file).relative_to(_PACKAGE)}: {', '.join(names)}")


if __name__ == "__main__":
    main()
