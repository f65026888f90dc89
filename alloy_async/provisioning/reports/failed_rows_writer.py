"""The rows that did not go in: the original columns, and why; as a file that can be fed back."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import IO

from ..errors import SourceError
from ..planning.source_rereader import is_source_unchanged
from ..sources import EXTRA_COLUMNS, CsvSource, Row, Source, open_source
from ..store.job_identity_label import create_job_label
from ..store.store_opener import open_store_for_reading, parse_job_place
from .job_report import ReportRow, read_unresolved_rows

FORMULA_STARTS = "=+-@\t\r"
"""First characters by which a spreadsheet knows a formula."""

Write = Callable[[Row, str, str], object]


def write_correction_file(
    job: str | Path, path: str | Path, source: Source | str | Path | None = None
) -> int:
    """Write the rows of a job that did not go in to a new file, to be corrected there: `resume(job, target, failed=path)`.

    Args:
        job: its place.
        path: the file, which must not be there yet: CSV where the source is CSV, else JSON lines.
        source: what the job was made of; default the file that it remembers, opened by `open_source` without options.

    Returns:
        The number of rows.

    Raises:
        JobError: the job cannot be read.
        SourceError: the source cannot be read again, or was changed since.
        OSError: the file is there, or cannot be written.
    """
    with open_store_for_reading(parse_job_place(job)) as store:
        header = store.read_header()
        given = header.source_path if source is None else source
        opened = open_source(given) if isinstance(given, str | Path) else given
        if not is_source_unchanged(opened, header):
            raise SourceError("was changed since the job was made, or cannot be read twice", opened.name)
        unresolved = read_unresolved_rows(store, header.phase, planned=True)
        with Path(path).open("x", encoding="utf-8", newline="") as file:
            return write_failed_rows(file, opened, unresolved, create_job_label(header, store.path))


def write_failed_rows(
    file: IO[str], source: Source, unresolved: Iterable[ReportRow], label: str, *, safe: bool = False
) -> int:
    """Write the rows of a source that did not go in, with line, status, reason and job; gives their number.

    CSV stays CSV with the source's own delimiter; other sources become JSON lines. The extra columns stand first, so that a
    row with too many cells keeps them all; when the file is used as a source, they are ignored. Passwords are left blank.

    Args:
        file: where to.
        source: what the job was made of, unchanged.
        unresolved: `read_unresolved_rows`; lines that are of no row of the source are left out.
        label: of the job, by which `resume` knows them as its own; see `create_job_label`.
        safe: write CSV so that a spreadsheet takes no cell for a formula; such a file is for people, not for feeding back.
    """
    write = (
        _create_csv_writer(file, source, label, safe)
        if isinstance(source, CsvSource)
        else _create_json_writer(file, label)
    )
    rows, count = source.rows(), 0
    for number, lines in groupby(
        (line for line in unresolved if line.line is not None), key=lambda line: line.line
    ):
        row = next(row for row in rows if row.line == number)
        write(row, *_join_reasons(lines))
        count += 1
    return count


def write_failed_keys(
    file: IO[str], key: str, unresolved: Iterable[ReportRow], label: str, *, safe: bool = False
) -> int:
    """Write who did not go in, where the source cannot be read again; gives the number of rows.

    Args are those of `write_failed_rows`; `key` is the name of the key's column.
    """
    writer, count = csv.writer(file), 0
    writer.writerow([*EXTRA_COLUMNS, key])
    for (number, name), lines in groupby(unresolved, key=lambda line: (line.line, line.key)):
        cells = [number or "", *_join_reasons(lines), label, name]
        writer.writerow(map(escape_formula, cells) if safe else cells)
        count += 1
    return count


def escape_formula(value: object) -> object:
    """Put an apostrophe before text that a spreadsheet would take for a formula."""
    is_formula = isinstance(value, str) and value[:1] in FORMULA_STARTS and value != ""
    return f"'{value}" if is_formula else value


def _join_reasons(lines: Iterator[ReportRow]) -> tuple[str, str]:
    """Join status and reason of a row, of which several steps may be unresolved."""
    first, *others = list(lines)
    reasons = (f"{one.step}: {one.reason}" if one.step else one.reason or "" for one in (first, *others))
    return first.outcome, "; ".join(reasons)


def _create_csv_writer(file: IO[str], source: CsvSource, label: str, safe: bool) -> Write:
    labels = [label for label in source.columns.labels if label]
    writer = csv.writer(file, delimiter=source.delimiter)
    header = [*EXTRA_COLUMNS, *labels]
    writer.writerow(map(escape_formula, header) if safe else header)

    def write(row: Row, status: str, reason: str) -> object:
        values = row.values
        cells = [values[label] for label in labels if label in values]
        surplus = [value for label, value in values.items() if label not in labels]
        line = [row.line, status, reason, label, *cells, *surplus]
        return writer.writerow(map(escape_formula, line) if safe else line)

    return write


def _create_json_writer(file: IO[str], label: str) -> Write:
    def write(row: Row, status: str, reason: str) -> object:
        extra = dict(zip(EXTRA_COLUMNS, (row.line, status, reason, label), strict=True))
        return file.write(json.dumps({**extra, **row.values}, ensure_ascii=False) + "\n")

    return write
