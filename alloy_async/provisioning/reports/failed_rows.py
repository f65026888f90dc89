"""The rows that did not go in: the original columns, and why; as a file that can be fed back."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import IO

from ..sources import EXTRA_COLUMNS, CsvSource, Row, Source
from .job_report import ReportRow

FORMULA_STARTS = "=+-@\t\r"
"""First characters by which a spreadsheet knows a formula."""

Write = Callable[[Row, str, str], object]


def write_failed_rows(
    file: IO[str], source: Source, unresolved: Iterable[ReportRow], *, safe: bool = False
) -> int:
    """Write the rows of a source that did not go in, with line, status and reason; gives their number.

    CSV stays CSV with the source's own delimiter; other sources become JSON lines. The three extra columns stand
    first, so that a row with too many cells keeps them all; when the file is used as a source, they are ignored.
    Passwords are left blank.

    Args:
        file: where to.
        source: what the job was made of, unchanged.
        unresolved: `read_unresolved`; lines that are of no row of the source are left out.
        safe: write CSV so that a spreadsheet takes no cell for a formula; such a file is for people, not for feeding back.
    """
    write = (
        _create_csv_writer(file, source, safe) if isinstance(source, CsvSource) else _create_json_writer(file)
    )
    rows, count = source.rows(), 0
    for number, lines in groupby(
        (line for line in unresolved if line.line is not None), key=lambda line: line.line
    ):
        row = next(row for row in rows if row.line == number)
        write(row, *_join_reasons(lines))
        count += 1
    return count


def write_failed_keys(file: IO[str], key: str, unresolved: Iterable[ReportRow], *, safe: bool = False) -> int:
    """Write who did not go in, where the source cannot be read again; gives the number of rows.

    Args are those of `write_failed_rows`; `key` is the name of the key's column.
    """
    writer, count = csv.writer(file), 0
    writer.writerow([*EXTRA_COLUMNS, key])
    for (number, name), lines in groupby(unresolved, key=lambda line: (line.line, line.key)):
        cells = [number or "", *_join_reasons(lines), name]
        writer.writerow(map(protect_cell, cells) if safe else cells)
        count += 1
    return count


def protect_cell(value: object) -> object:
    """Put an apostrophe before text that a spreadsheet would take for a formula."""
    is_formula = isinstance(value, str) and value[:1] in FORMULA_STARTS and value != ""
    return f"'{value}" if is_formula else value


def _join_reasons(lines: Iterator[ReportRow]) -> tuple[str, str]:
    """Join status and reason of a row, of which several steps may be unresolved."""
    first, *others = list(lines)
    reasons = (f"{one.step}: {one.reason}" if one.step else one.reason or "" for one in (first, *others))
    return first.outcome, "; ".join(reasons)


def _create_csv_writer(file: IO[str], source: CsvSource, safe: bool) -> Write:
    labels = [label for label in source.columns.labels if label]
    writer = csv.writer(file, delimiter=source.delimiter)
    header = [*EXTRA_COLUMNS, *labels]
    writer.writerow(map(protect_cell, header) if safe else header)

    def write(row: Row, status: str, reason: str) -> object:
        values = row.values
        cells = [values[label] for label in labels if label in values]
        surplus = [value for label, value in values.items() if label not in labels]
        line = [row.line, status, reason, *cells, *surplus]
        return writer.writerow(map(protect_cell, line) if safe else line)

    return write


def _create_json_writer(file: IO[str]) -> Write:
    def write(row: Row, status: str, reason: str) -> object:
        extra = dict(zip(EXTRA_COLUMNS, (row.line, status, reason), strict=True))
        return file.write(json.dumps({**extra, **row.values}, ensure_ascii=False) + "\n")

    return write
