"""Rows whose key an earlier row has, found once a whole source is planned."""

from __future__ import annotations

from ..checks.duplicates import FirstLines, create_duplicate_finding
from ..sources import Finding
from ..store.job_store import JobStore
from ..store.rows import RowResult
from .comparison import UserComparer


def refuse_repeated(
    store: JobStore, comparer: UserComparer, repeated: frozenset[int], column: str
) -> tuple[list[Finding], int]:
    """Refuse every planned row whose key an earlier row has.

    Returns:
        The findings, and how many rows of the source are refused by them alone.
    """
    first_lines = FirstLines(repeated, comparer.hash_key)
    found: dict[Finding, None] = {}
    results: list[RowResult] = []
    lines: set[int] = set()
    for row in store.read_rows("apply"):
        if not row.key or row.line is None:
            continue
        folded = comparer.fold(row.key)
        first = first_lines.find_first(folded, row.line, row.key)
        if first is not None:
            finding = create_duplicate_finding(row.line, column, row.key, first)
            found[finding] = None
            reason = finding.remark
            if row.action == "refuse":
                reason = f"{row.reason}; {reason}"
            else:
                lines.add(row.line)
            results.append(RowResult(row.number, row.state, "refuse", "invalid", reason))
    store.record_results("apply", results)
    return list(found), len(lines)
