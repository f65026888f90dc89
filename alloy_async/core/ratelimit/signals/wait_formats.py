"""Read how long to wait, in any of the forms in which servers write it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

# A number as large as this is a moment, not a delay: 2001 in seconds, or in milli-, micro- or nanoseconds.
EPOCH_SECONDS, EPOCH_MILLISECONDS = 1e9, 1e12
# A wait as long as this is a mistake, or is understood wrongly.
LONGEST_WAIT = 366 * 86_400.0
# Units of durations, in seconds, and how else they are written.
UNITS = {"w": 604_800.0, "d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LONG_NAMES = {
    "weeks?": "w",
    "days?": "d",
    "hours?|hrs?": "h",
    "minutes?|mins?": "m",
    "seconds?|secs?": "s",
    "milliseconds?|millis|msecs?": "ms",
    "[µμ]s|microseconds?": "us",
}
NUMBER = re.compile(
    r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE
)
# The patterns of durations are compiled by `re` when they are first used.
UNIT = "|".join(sorted((*UNITS, *LONG_NAMES), key=len, reverse=True))
PART = rf"(\d{{1,20}}(?:\.\d{{1,20}})?)\s*({UNIT})(?![a-z])"
DURATION = rf"(?:{PART}[\s,]*)+"
ISO_DURATION = r"P(?:\d{1,6}[WD])*(?:T(?:\d{1,20}(?:\.\d{1,20})?[HMS])+)?"
LONGEST_TEXT = 64


def get_joined_header(headers: Mapping[str, str], name: str) -> str | None:
    """Read a header; one that comes several times is a list, as RFC 9110 has it. None where there is none."""
    get_all = getattr(headers, "getall", None)
    if get_all is None:
        return headers.get(name)
    lines = get_all(name, ())
    return ", ".join(lines) if lines else None


def read_server_time(headers: Mapping[str, str], now: float) -> float:
    """Read the server's clock, by which it tells moments; ours may be wrong. It is `now` where the answer has no `Date`."""
    text = headers.get("date")
    moment = _parse_moment(text) if text and len(text) <= LONGEST_TEXT else None
    return now if moment is None else moment


def parse_number(text: str | None) -> float | None:
    """Parse the number that a value is, with blanks or quotes around it or not; None for anything else."""
    stripped = text.strip(" \t\"'") if text and len(text) <= LONGEST_TEXT else ""
    number = float(stripped) if NUMBER.fullmatch(stripped) else math.inf
    return number if math.isfinite(number) else None


def parse_wait(text: str | None, now: float, unit: float = 1.0) -> float | None:
    """Parse the seconds to wait by a header's value.

    Args:
        text: a number of `unit`s; a duration, as `30s`, `6m0s` or `250ms` (Go's form), `5 minutes` or `PT30S` (ISO 8601); a
            moment, as seconds or a smaller unit since 1970, as an HTTP date (RFC 9110) or as a date of RFC 3339; a list of
            these, of which the longest counts. Parameters, after a semicolon, are passed over.
        now: the wall clock, in seconds since 1970; a moment is taken relative to it.
        unit: of a bare number, in seconds.

    Returns:
        Seconds, 0.0 for the past; None for a value that is none of these or tells more than a year, and for no value.
    """
    if not text or len(text) > LONGEST_TEXT:
        return None
    wait = _parse_single_wait(text.partition(";")[0].strip(" \t\"'"), now, unit)
    if wait is None and "," in text:
        waits = [parse_wait(part, now, unit) for part in text.split(",")]
        known = [one for one in waits if one is not None]
        wait = max(known) if len(known) == len(waits) else None
    return wait if wait is not None and wait <= LONGEST_WAIT else None


def _parse_single_wait(text: str, now: float, unit: float) -> float | None:
    number = parse_number(text)
    if number is not None:
        if number < EPOCH_SECONDS:
            return max(0.0, number * unit)
        while number >= EPOCH_MILLISECONDS:
            number /= 1000
        return max(0.0, number - now)
    if re.fullmatch(DURATION, text, re.IGNORECASE | re.ASCII):
        return _sum_durations(text)
    if len(text) > 2 and re.fullmatch(ISO_DURATION, text, re.IGNORECASE | re.ASCII):
        return _sum_durations(re.sub("[PT]", " ", text.upper()))
    moment = _parse_moment(text)
    return None if moment is None else max(0.0, moment - now)


def _sum_durations(text: str) -> float:
    return sum(
        float(amount) * _find_unit(name.lower())
        for amount, name in re.findall(PART, text, re.IGNORECASE | re.ASCII)
    )


def _find_unit(name: str) -> float:
    short = next((short for names, short in LONG_NAMES.items() if re.fullmatch(names, name)), name)
    return UNITS[short]


@lru_cache(maxsize=16)
def _parse_moment(text: str) -> float | None:
    try:
        date = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    if date.tzinfo is None:  # "-0000", which is UTC without a claim about the place
        date = date.replace(tzinfo=UTC)
    try:
        moment = date.timestamp()
    except OverflowError:
        return None
    return moment if math.isfinite(moment) else None
