"""How an emulated Agilicus narrows its lists, and cuts them into pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..name_folding import fold
from .state import Json

LIMIT = 500


def limit_rows(items: str, rows: Iterable[Json], query: Mapping[str, Any]) -> Json:
    """Limit a list without pages: rows beyond the limit cannot be had."""
    limit = query.get("limit", LIMIT)
    return {items: list(rows)[:limit], "limit": limit}


def page_by_email(
    items: str,
    rows: Iterable[tuple[str, Json]],
    query: Mapping[str, Any],
    cursor: str,
) -> Json:
    """Give one page of rows, given with their emails; in ascending order whichever way the list is walked.

    Args:
        items: the member of the answer that holds the rows.
        rows: each with its email, in any order.
        query: with `limit` and `search_direction`.
        cursor: the parameter with the email to go on after, or before; empty at either end.
    """
    ordered = sorted(rows, key=lambda row: row[0])
    limit, start = query.get("limit", LIMIT), query.get(cursor, "")
    if query.get("search_direction") == "backwards":
        end = sum(email < start for email, _ in ordered) if start else len(ordered)
        begin = max(0, end - limit)
    else:
        begin = sum(email <= start for email, _ in ordered) if start else 0
        end = begin + limit
    page = ordered[begin:end]
    return {
        items: [row for _, row in page],
        "limit": limit,
        "previous_page_email": page[0][0] if page and begin > 0 else "",
        "next_page_email": page[-1][0] if page and end < len(ordered) else "",
    }


def matches(values: Mapping[str, Any], query: Mapping[str, Any], names: Mapping[str, str]) -> bool:
    """Tell whether the values equal every parameter that was sent.

    Args:
        values: of the row.
        query: what was sent.
        names: the value's name for each parameter.
    """
    return all(values.get(name) == query[sent] for sent, name in names.items() if sent in query)


def create_text_matcher(query: Mapping[str, Any]) -> Callable[[str | None, str], bool]:
    """Create what compares texts: as a whole, or in part and in either case."""
    if query.get("allow_partial_match"):
        return lambda value, wanted: fold(wanted) in fold(value or "")
    return lambda value, wanted: value == wanted
