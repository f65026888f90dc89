"""Faults that only a whole column shows: lost zeros, impossible dates, values of several kinds."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import attrs

from ..sources import Finding
from .spreadsheet_traces import NameTracesCheck

_SAMPLE = 200
_NUMBERED = re.compile(
    r"ids?|no|nr|num|code|key|ref|pin|ssn|zip|plz|(employee|user|staff|person|external|badge|card|student)(id|no|nr|code|key)"
    r"|.*(number|nummer|post(al)?code|zip(code)?|personnel|badge|matric).*|postal"
)
"""Words in the names of columns whose numbers are names, so that zeros in front count."""
_POSTAL = re.compile(r"zip.*|plz|postal|post(al)?code")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class LostZerosCheck:
    """Numbers that name something, of which some seem to have lost their zeros.

    Evidence: some of the numbers begin with 0 and have one width, others are shorter. Or none begins with 0, most have
    one width, some are shorter, and they are too sparse to be simply counted from 1 (for postal codes: at all).
    """

    def __init__(self, name: str) -> None:
        words = re.split(r"[\W_]+", _CAMEL.sub(" ", name).casefold())
        self._watched = any(map(_NUMBERED.fullmatch, words))
        self._postal = any(map(_POSTAL.fullmatch, words))
        self._widths: Counter[int] = Counter()
        self._padded: set[int] = set()
        self._first: dict[int, tuple[int, str]] = {}
        self._largest = 0

    def note_value(self, line: int, text: str) -> None:
        """Take one value in."""
        if not self._watched or not text:
            return
        if not (text.isascii() and text.isdigit()) or len(text) > 40:
            self._watched = False  # names things by more than numbers: widths mean nothing
            return
        width = len(text)
        self._widths[width] += 1
        self._first.setdefault(width, (line, text))
        if text[0] == "0" and width > 1:
            self._padded.add(width)
        self._largest = max(self._largest, int(text))

    def find_lost_zeros(self) -> tuple[int, str] | None:
        """Return line and message, at the end; None where no zeros seem lost."""
        if not self._watched or len(self._widths) < 2:
            return None
        count = self._widths.total()
        usual, most = self._widths.most_common(1)[0]
        if self._padded:
            usual = max(self._padded)
            lost = len(self._padded) == 1 and max(self._widths) == usual
            why = f"numbers with zeros in front have {usual} digits here"
        else:
            sparse = usual >= 4 and count >= 5 and self._largest > 20 * count
            lost = (
                usual == max(self._widths) and 2 * most > count and (sparse or (self._postal and usual >= 4))
            )
            why = f"most have {usual} digits and none begins with 0"
        shorter = [width for width in self._widths if width < usual]
        if not lost or not shorter:
            return None
        line, text = min(self._first[width] for width in shorter)
        number = sum(self._widths[width] for width in shorter)
        rows = "this row" if number == 1 else f"this and {number - 1} more rows"
        message = f"{text!r} may have lost zeros in front ({why}; {rows}); a spreadsheet does that: compare with the original"
        return line, message


_DATES: Mapping[str, tuple[re.Pattern[str], tuple[int, int, int]]] = {
    # The shape, and which of its groups are year, month, day.
    "2026-01-31": (re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?", re.ASCII), (1, 2, 3)),
    "2026/01/31": (re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?: \d{1,2}:\d{2}.*)?", re.ASCII), (1, 2, 3)),
    "31.01.2026": (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: \d{1,2}:\d{2}.*)?", re.ASCII), (3, 2, 1)),
    "31/01/2026": (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: \d{1,2}:\d{2}.*)?", re.ASCII), (3, 2, 1)),
    "31-01-2026": (re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})(?: \d{1,2}:\d{2}.*)?", re.ASCII), (3, 2, 1)),
}
_EITHER = ("31/01/2026", "31-01-2026")
"""Shapes in which some countries write the month first."""


class WrongDatesCheck:
    """A column of dates with some that are not; it counts as one when four fifths of its first values have a date's shape."""

    def __init__(self) -> None:
        self._seen = 0
        self._shapes: Counter[str] = Counter()
        self._waiting: list[tuple[int, str, str | None]] = []
        self._usual: str | None = None
        self._judged = False
        self._order: tuple[str, int] | None = None

    def find_wrong_dates(self, line: int, text: str) -> Iterator[tuple[int, str]]:
        """Take one value in; yields lines and messages, where the column is known to be one of dates."""
        if self._judged and self._usual is None:
            return
        shape = next((name for name, (form, _) in _DATES.items() if form.fullmatch(text)), None)
        if self._judged:
            yield from self._find_date_faults(line, text, shape)
            return
        self._seen += 1
        self._shapes[shape or ""] += 1
        self._waiting.append((line, text, shape))
        if self._seen >= _SAMPLE:
            yield from self.find_wrong_dates_at_end()

    def find_wrong_dates_at_end(self) -> Iterator[tuple[int, str]]:
        """Decide, by what was seen so far; yields what waited for that."""
        if self._judged:
            return
        self._judged = True
        usual, most = max(self._shapes.items(), key=lambda item: (bool(item[0]), item[1]), default=("", 0))
        if usual and 5 * (self._seen - self._shapes[""]) >= 4 * self._seen and 2 * most > self._seen:
            self._usual = usual
            for waiting in self._waiting:
                yield from self._find_date_faults(*waiting)
        self._waiting = []

    def _find_date_faults(self, line: int, text: str, shape: str | None) -> Iterator[tuple[int, str]]:
        if shape is None:
            serial = text.isascii() and text.isdigit() and 10_000 <= int(text[:6]) <= 80_000
            hint = (
                "it looks like a spreadsheet's number for a day"
                if serial
                else f"the others look like {self._usual}"
            )
            yield line, f"{text!r} is not a date; {hint}"
            return
        form, places = _DATES[shape]
        match = form.fullmatch(text)
        assert match
        year, month, day = (int(match[place]) for place in places)
        if shape in _EITHER and max(month, day) > 12:
            month, day, order = (month, day, "day") if day > 12 else (day, month, "month")
            if _is_calendar_date(year, month, day):
                self._order = self._order or (order, line)
                if self._order[0] != order:
                    other = self._order[1]
                    yield line, f"{text!r} begins with the {order}, the date on line {other} with the other"
                    return
        if not _is_calendar_date(year, month, day):
            yield line, f"{text!r} is not a day of the calendar"
        elif shape != self._usual:
            yield line, f"{text!r} is written otherwise than the others (in the form {self._usual})"


def _is_calendar_date(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


@attrs.define
class MixedKindsCheck:
    """Values of several kinds under one name, as only typed sources have them: 7 here and "007" there."""

    _kind: str | None = None
    _line: int = 0
    _told: bool = False

    def find_other_kind_in_next_value(self, line: int, value: object) -> str | None:
        """Take one value in; returns a message at the first that is of another kind."""
        if value is None or self._told:
            return None
        kind = "a number" if type(value) in (int, float) else _KIND_NAMES.get(type(value), "an object")
        if self._kind is None:
            self._kind, self._line = kind, line
        if kind == self._kind:
            return None
        self._told = True
        return f"is {kind} here and {self._kind} on line {self._line}; write it in one way"


_KIND_NAMES = {str: "a text", bool: "true or false", list: "a list"}


class ColumnProfile:
    """One column of a source, watched from row to row.

    Args:
        name: what findings call it.
        traces: of what a spreadsheet may have made of its values, where it is a column of keys or names.
    """

    def __init__(self, name: str, traces: NameTracesCheck | None = None) -> None:
        self.name = name
        self._traces = traces
        self._zeros = LostZerosCheck(name)
        self._dates = WrongDatesCheck()
        self._kinds = MixedKindsCheck()

    def find_faults_of_next_value(self, line: int, value: object) -> Iterator[Finding]:
        """Take one value in; yields what it shows."""
        if told := self._kinds.find_other_kind_in_next_value(line, value):
            yield Finding(line, self.name, "warning", told)
        text = value.strip() if type(value) is str else str(value) if type(value) is int else ""
        if text:
            self._zeros.note_value(line, text)
            if self._traces is not None:
                self._traces.note_value(line, text)
            yield from self._create_warnings(self._dates.find_wrong_dates(line, text))

    def find_column_faults(self) -> Iterator[Finding]:
        """Yield what only the whole column shows."""
        yield from self._create_warnings(self._dates.find_wrong_dates_at_end())
        if self._traces is not None:
            yield from self._create_warnings(self._traces.find_traces())
        if found := self._zeros.find_lost_zeros():
            yield from self._create_warnings([found])

    def _create_warnings(self, told: Iterable[tuple[int, str]]) -> Iterator[Finding]:
        return (Finding(line, self.name, "warning", message) for line, message in told)
