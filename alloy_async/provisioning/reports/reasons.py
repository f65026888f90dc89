"""Why rows are not as the source says, grouped: what differs only in names, numbers and ids is one reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import attrs

_DISTINCT = 1000
_VARIABLE = re.compile(
    r"""(?<!\w)'[^']*'(?!\w) | (?<!\w)"[^"]*"(?!\w)  # what is quoted
    | (?<=request\ id\ )[^\s,;)]+
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+  # an address
    | \b(?=[0-9a-f-]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b  # an id
    | \b(?![45]\d\d[ ](?:from\b|[A-Z]))\d[\d.,:]*\b  # a number, but for the status of an answer, as in 404 Not Found""",
    re.VERBOSE,
)


@attrs.frozen
class Reason:
    """Rows that share an outcome and a reason, but for the names and numbers in it."""

    outcome: str
    text: str
    lines: int


def generalise_reason(text: str) -> str:
    """Leave out of a reason what is of one row only: names, numbers, addresses and ids."""
    return _VARIABLE.sub("…", text)


def group_reasons(reasons: Iterable[tuple[str, str | None]]) -> tuple[Reason, ...]:
    """Take together reasons that differ only in names and numbers; the most frequent first.

    Args:
        reasons: outcome and reason of each row.
    """
    found: Counter[tuple[str, str]] = Counter()
    for outcome, text in reasons:
        kind = (outcome, generalise_reason(text or "no reason was given"))
        found[kind if kind in found or len(found) < _DISTINCT else (outcome, "other reasons")] += 1
    return tuple(Reason(outcome, text, number) for (outcome, text), number in found.most_common())
