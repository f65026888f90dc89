"""What spreadsheets make of people's names and numbers: dates, numbers of days, fractions, and a row with totals.

Each may be right somewhere, so that the others of its column have to speak against it too: `Jan-01` is a name among `Ada-01`
and `Bob-02`, and March is one anywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

_MONTHS = (
    "jan|janv|ene|gen|feb|fev|fév|févr|mar|mars|mrz|mär|märz|mrt|apr|avr|abr|may|mai|mei|mag|maj|jun|juni|juin|giu|jul|juli|juil|lug"
    "|aug|ago|août|sep|sept|set|oct|okt|ott|out|nov|dec|déc|dez|dic"
)
_DAY = re.compile(
    rf"\d{{1,2}}(?:-|\. ?)(?:{_MONTHS})\.?|(?:{_MONTHS})\.?[- ]\d{{2}}"
    r"|\d{4}-\d{2}-\d{2}(?:[T ]00:00(?::00)?)?|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{4}",
    re.IGNORECASE,
)
"""How spreadsheets show a day: 1-Mar, 01. Mrz, Mar-01, 2026-03-01, 01.03.2026, 3/1/2026."""
_NAME_AND_NUMBER = re.compile(r"\d{1,2}(?:-|\. ?)[^\W\d_]+|[^\W\d_]+[- ]\d{1,2}")
_FIRST_DAY, _LAST_DAY = 36_000, 60_000
"""1998 and 2064, as spreadsheets count days."""
_FRACTION = re.compile(r"\d+\.(\d+)", re.ASCII)
_TOTAL = re.compile(
    r"(?:grand |sub)?totals?|total g[ée]n[ée]ral|totale|totaal|sums?|summe|zwischensumme|gesamt(?:summe|zahl)?|insgesamt"
    r"|somme|suma|soma|anzahl|count",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"[-+]?[\d.,' ]+%?")


class NameTracesCheck:
    """A column of keys or names, of which some look like what a spreadsheet made of them.

    Args:
        is_name: of people's names, among which a number is nobody's.
    """

    def __init__(self, *, is_name: bool) -> None:
        self._is_name = is_name
        self._values = 0
        self._numbers = 0
        self._first: dict[str, tuple[int, str]] = {}
        self._found: Counter[str] = Counter()
        self._others_are_alike: set[str] = set()
        """The kinds of which the column has others that no spreadsheet made."""

    def note_value(self, line: int, text: str) -> None:
        """Take one value in."""
        self._values += 1
        if not any(map(str.isdigit, text)):
            return
        kind = None
        if text.isascii() and text.isdigit():
            self._numbers += 1
            kind = "serial" if len(text) == 5 and _FIRST_DAY <= int(text) <= _LAST_DAY else None
        elif fraction := _FRACTION.fullmatch(text):
            kind = "fraction"
            if fraction[1] != "0":
                self._others_are_alike.add(kind)
        elif _DAY.fullmatch(text):
            kind = "day"
        elif _NAME_AND_NUMBER.fullmatch(text):
            self._others_are_alike.add("day")
        if kind:
            self._found[kind] += 1
            self._first.setdefault(kind, (line, text))

    def find_traces(self) -> Iterator[tuple[int, str]]:
        """Yield lines and messages, at the end: the first value of each kind, and how many there are."""
        for kind, (line, text) in self._first.items():
            number = self._found[kind]
            if kind in self._others_are_alike or not self._is_conspicuous(kind, number):
                continue
            rows = "this row" if number == 1 else f"this and {number - 1} more rows"
            yield line, _MESSAGES[kind].format(value=repr(text), number=text.partition(".")[0], rows=rows)

    def _is_conspicuous(self, kind: str, number: int) -> bool:
        """Tell whether so many values of a kind are odd ones among the others."""
        if kind == "fraction":
            return True
        if kind == "day":
            return 2 * number <= self._values
        return self._numbers == number and (self._is_name or 4 * number <= self._values >= 4)


_MESSAGES = {
    "day": "{value} looks like a date that a spreadsheet made of a name, as of MAR1 ({rows}); compare with the original",
    "serial": "{value} looks like a spreadsheet's number for a day, which it may have made of a name ({rows}); compare with the"
    " original",
    "fraction": "{value} looks like the number {number} from a column with gaps ({rows}); write it without the fraction",
}


class TotalsRowCheck:
    """The last row, which may be one with totals and nobody's.

    Evidence: a word for a total stands in it, all else is empty or a figure, and what is empty is filled in the rows before.
    So somebody called Total, who has a name and an address, is let be.
    """

    def __init__(self) -> None:
        self._filled: Counter[str] = Counter()
        self._last: tuple[int, Mapping[str, object]] | None = None

    def note_row(self, line: int, values: Mapping[str, object]) -> None:
        """Take one row in."""
        if self._last is not None:
            self._filled.update(label for label, value in self._last[1].items() if value not in ("", None))
        self._last = line, values

    def find_totals_row(self) -> tuple[int, str, str] | None:
        """Return line, column and message, at the end; None where the last row is like the others."""
        if self._last is None:
            return None
        line, values = self._last
        texts = {label: str(value).strip() for label, value in values.items() if value not in ("", None)}
        words = [label for label, text in texts.items() if not _FIGURE.fullmatch(text)]
        if len(words) != 1 or not _TOTAL.fullmatch(texts[words[0]].rstrip(":= ")):
            return None
        missing = [label for label, filled in self._filled.items() if filled >= 2 and label not in texts]
        if not missing and len(texts) == 1:
            return None
        message = (
            f"{texts[words[0]]!r} stands here with nothing but figures, as in a row of totals; delete the row"
        )
        return line, words[0], message
