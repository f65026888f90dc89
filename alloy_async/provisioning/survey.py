"""Rows with their records and findings, and the check of the whole file before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import TypeVar

import attrs

from ..directory import Capabilities, UserRecord
from .checks import Finding, check_row, check_width, fold
from .csvfile import CsvSource, Row
from .duplicates import FirstLines, KeyHashes
from .events import Checked, Checking, OnEvent

T = TypeVar("T")

_SLICE = 2000
_SHOWN = 20


@attrs.frozen
class Candidate:
    """One row, the record it makes (None when its width is wrong) and what was found."""

    row: Row
    record: UserRecord | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> str:
        """The findings that keep the row from being sent, as one reason; empty when it is good."""
        return "; ".join(finding.remark for finding in self.findings if finding.severity == "error")


def candidates(
    source: CsvSource,
    can: Capabilities,
    first_lines: FirstLines,
    on_key: Callable[[str], None] | None = None,
) -> Iterator[Candidate]:
    """Walk the source; `on_key` is told each row's folded key."""
    for row in source.rows():
        if width := check_width(row.line, row.cells, source.columns):
            yield Candidate(row, None, (width,))
            continue
        record = source.columns.record(row.cells)
        findings = list(check_row(row.line, row.cells, record, source.columns, can))
        if value := getattr(record, can.key):
            key = fold(value) if can.folds_key else value
            if on_key:
                on_key(key)
            if (first := first_lines.seen(key, row.line)) is not None:
                same = "" if key == value else " (case and Unicode form make no difference)"
                message = f"{value!r} is on line {first} already{same}; remove one of the two rows"
                column = source.columns.name_of(can.key)
                findings.append(Finding(row.line, column, "error", message))
        yield Candidate(row, record, tuple(findings))


async def survey(source: CsvSource, can: Capabilities, emit: OnEvent) -> tuple[Checked, FirstLines]:
    """Check the whole file: what was found, and what finds its duplicates again when sending.

    A second reading follows only when some key seems to come twice; it tells for certain.
    """
    hashes = KeyHashes()
    first_lines = FirstLines(frozenset())
    checked = await _count(source, candidates(source, can, first_lines, hashes.add), can, emit)
    if repeated := await in_thread(hashes.repeated):
        first_lines = FirstLines(repeated)
        checked = await _count(source, candidates(source, can, first_lines), can, emit)
    return checked, first_lines


async def _count(source: CsvSource, rows: Iterator[Candidate], can: Capabilities, emit: OnEvent) -> Checked:
    count = errors = warnings = 0
    shown: list[Finding] = []

    def advance() -> int:
        nonlocal count, errors, warnings
        before = count
        for candidate in islice(rows, _SLICE):
            count += 1
            bad = bool(candidate.findings) and bool(candidate.errors)
            errors += bad
            warnings += 0 if bad else len(candidate.findings)
            shown.extend(candidate.findings[: _SHOWN - len(shown)])
        return count - before

    while await in_thread(advance):
        emit(Checking(count))
    columns = source.columns
    dropped = [columns.name_of(field) for field in columns.fields if field in can.drops]
    return Checked(count, errors, warnings, tuple(shown), (*dropped, *columns.attributes))


async def slices(rows: Iterator[T], size: int) -> AsyncIterator[list[T]]:
    """The rows in lists of `size`, each made in a thread so that the event loop stays free."""
    while part := await in_thread(lambda: list(islice(rows, size))):
        yield part


async def in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a thread; when cancelled, wait for it to end, as its file is still in use."""
    task = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
