"""Read how long to wait, in any of the forms in which servers write it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A number as large as this is a moment, not a delay: 2001 in seconds, or in milliseconds.
EPOCH_SECONDS, EPOCH_MILLISECONDS = 1e9, 1e12
UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?")
PART = r"(\d{1,20}(?:\.\d{1,20})?)(ms|us|µs|ns|d|h|m|s)"
DURATION = rf"(?:{PART})+"  # compiled by `re` when it is first used, like PART
LONGEST_TEXT = 64


def parse_number(text: str | None) -> float | None:
    """Parse the number that a value is, with blanks around it or not; None for anything else."""
    stripped = text.strip() if text and len(text) <= LONGEST_TEXT else ""
    return float(stripped) if NUMBER.fullmatch(stripped) else None


def parse_wait(text: str | None, now: float, unit: float = 1.0) -> float | None:
    """Parse the seconds to wait by a header's value.

    Args:
        text: a number of `unit`s; a duration, as `30s`, `6m0s` or `250ms` (Go's form); a moment, as seconds or milliseconds
            since 1970, as an HTTP date (RFC 9110) or as a date of RFC 3339.
        now: the wall clock, in seconds since 1970; a moment is taken relative to it.
        unit: of a bare number, in seconds.

    Returns:
        Seconds, 0.0 for the past; None for a value that is none of these, and for no value.
    """
    if not text or len(text) > LONGEST_TEXT:
        return None
    text = text.strip()
    if NUMBER.fullmatch(text):
        number = float(text)
        if number >= EPOCH_MILLISECONDS:
            number = number / 1000 - now
        elif number >= EPOCH_SECONDS:
            number -= now
        else:
            number *= unit
        return max(0.0, number)
    if re.fullmatch(DURATION, text):
        return sum(float(amount) * UNITS[name] for amount, name in re.findall(PART, text))
    moment = _parse_moment(text)
    return None if moment is None else max(0.0, moment - now)


def _parse_moment(text: str) -> float | None:
    try:
        date = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    if date.tzinfo is None:  # "-0000", which is UTC without a claim about the place
        date = date.replace(tzinfo=UTC)
    moment = date.timestamp()
    return moment if math.isfinite(moment) else None
