"""Rows whose key an earlier row has, found once a whole source is planned."""

from __future__ import annotations

from itertools import count

from ..checks.duplicates import FirstLines, create_duplicate_finding
from ..sources import Finding
from ..store.job_store import JobStore
from ..store.rows import RowResult
from .comparison import UserComparer


def record_repeated_rows_as_refused(
    store: JobStore, comparer: UserComparer, repeated: frozenset[int], column: str
) -> tuple[list[Finding], int]:
    """Refuse every planned row whose key an earlier row has.

    Returns:
        The findings, and how many rows of the source are refused by them alone.
    """
    first_lines = FirstLines(repeated)
    found: dict[Finding, None] = {}
    results: list[RowResult] = []
    lines: set[int] = set()
    for rows in store.read_stretches("apply"):
        folded = [*map(comparer.fold, rows.keys)]
        if rows.lines is None or not first_lines.may_repeat(folded):
            continue
        for number, line, key, form in zip(count(rows.first), rows.lines, rows.keys, folded, strict=False):
            if not key or (first := first_lines.find_earlier_or_add(form, line, key)) is None:
                continue
            finding = create_duplicate_finding(line, column, key, first)
            found[finding] = None
            reason = finding.remark
            if rows.action == "refuse":
                reason = f"{rows.reason}; {reason}"
            else:
                lines.add(line)
            results.append(RowResult(number, rows.state, "refuse", "invalid", reason))
    store.record_results("apply", results)
    return list(found), len(lines)
