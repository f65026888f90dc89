"""`python -m benchmarks.trace`: what a row of a CSV passes on its way into a directory: functions, files, transactions.

Two counts, which are not each other's measure. A whole job of one row calls 294 functions in 56 files: opening the source
and the job file, look-up, execution, report and end are in it. Of a job of 1,000 rows, 32 functions in 17 files are called
as often as there are rows: these are what one more row passes; the others are called once a batch or a job. Both write
the job file in 8 transactions. `tests/provisioning/test_trace.py` holds bounds of the second count and of the transactions.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

import attrs

import alloy_async
from alloy_async.provisioning import provision
from alloy_async.provisioning.store.sqlite.job_file import JobFile
from alloy_async.provisioning.store.writer import JobWriter
from simulation.memory_directory import MemoryDirectory

_PACKAGE = str(Path(alloy_async.__file__).parent)
_ROWS = 1000
Function: TypeAlias = tuple[str, str]
"""File and qualified name."""


@attrs.frozen
class Trace:
    """What one job called.

    Args:
        calls: how often each function of the package was called, also those without a name.
        rows: of the source.
    """

    calls: Mapping[Function, int]
    rows: int

    @property
    def transactions(self) -> int:
        """Transactions of the job file, but for the one that makes it."""
        claims = self.calls.get(_find_name(JobFile._claim), 0)
        return self.calls[_find_name(JobWriter._commit)] + claims - 1

    @property
    def of_each_row(self) -> frozenset[Function]:
        """Functions that each row passes: called as often as there are rows, or oftener."""
        return frozenset(function for function, calls in self.calls.items() if calls >= self.rows)


def _find_name(function: Any) -> Function:
    code = getattr(function, "__func__", function).__code__
    return code.co_filename, code.co_qualname


def count_files(functions: frozenset[Function] | Mapping[Function, int]) -> int:
    """Count the files in which functions stand."""
    return len({file for file, _ in functions})


def trace_job(rows: int) -> Trace:
    """Trace a job of so many rows; what is made once in a process is made before."""
    calls: Counter[Function] = Counter()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(_PACKAGE):
            calls[frame.f_code.co_filename, frame.f_code.co_qualname] += 1

    with tempfile.TemporaryDirectory() as folder:
        _run_job(Path(folder) / "warm.csv", 3)
        before = sys.getprofile()
        sys.setprofile(note)
        threading.setprofile(note)
        try:
            _run_job(Path(folder) / "traced.csv", rows)
        finally:
            sys.setprofile(before)
            threading.setprofile(None)
    return Trace(calls, rows)


def _run_job(source: Path, rows: int) -> None:
    users = (f"user{n},Given{n} Family{n},user{n}@example.com\n" for n in range(rows))
    source.write_text("username,full_name,email\n" + "".join(users), encoding="utf-8")
    carries = ("username", "full_name", "email")
    report = asyncio.run(provision(source, MemoryDirectory(carries=carries, batch_size=rows)))
    assert report.complete


def main() -> None:
    """Print the figures."""
    one, many = trace_job(1), trace_job(_ROWS)
    row = many.of_each_row
    print(
        f"a job of one row: {len(one.calls)} functions in {count_files(one.calls)} files, opening and ending it included"
    )
    print(f"a job of one row: {one.transactions} transactions of the job file")
    print(f"each row of {_ROWS:,}: {len(row)} functions in {count_files(row)} files")
    for file in sorted({file for file, _ in row}):
        names = sorted(name for place, name in row if place == file)
        print(f"  {Path(file).relative_to(_PACKAGE)}: {', '.join(names)}")


if __name__ == "__main__":
    main()
