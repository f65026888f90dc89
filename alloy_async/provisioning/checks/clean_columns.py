"""Prove that nothing is wrong with a column of cells, at a fraction of the cost of checking each row.

A proof looks at the column as one text. Where it fails, the rows to blame are named, and are then walked by `RowChecks`, which
alone has the messages: to name a row that is fine costs time, to miss one that is not would be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from math import inf
from typing import TypeVar

from .suspicious_text import EMPTY_MARKS, may_be_damaged

T = TypeVar("T")

# What is taken once is not given back, so that a column is read in one go, whatever stands in it.
USUAL_EMAIL = (
    r"[A-Za-z0-9_+-]++(?:\.[A-Za-z0-9_+-]++)*+"
    r"@[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+(?:\.[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+)++(?<=[A-Za-z])"
)
USUAL_EMAIL_LENGTH = 64
_EMAIL = re.compile(USUAL_EMAIL)
_EMAILS = re.compile(rf"(?:(?:{USUAL_EMAIL})?+\n)*+")


def find_unusual_texts(
    column: Sequence[str], *, longest: float, filled: bool, trimmed: bool, must_be_whole: bool
) -> Collection[int]:
    """Find the cells that are not plain text: printable, without a dot or # at the start, or a lost character.

    Args:
        column: the cells.
        longest: most characters of one.
        filled: none may be empty.
        trimmed: none may have blanks around it.
        must_be_whole: none may look as if it had lost a letter.
    """
    text = " ".join(column)
    if (
        text.isprintable()
        and not ("." in text and (" ." in text or text[0] == "."))
        and "#" not in text
        and (text.isascii() or "\ufffd" not in text)
        and not (must_be_whole and may_be_damaged(text))
        and EMPTY_MARKS.isdisjoint(column)
        and (not filled or all(column))
        and (not trimmed or [*map(str.strip, column)] == [*column])  # all other blanks are not printable
        and (longest == inf or max(map(len, column)) <= longest)
    ):
        return ()

    def is_unusual(cell: str) -> bool:
        if not cell:
            return filled
        blanks = trimmed and (cell[0] == " " or cell[-1] == " ")
        odd = cell[0] in ".#" or "\ufffd" in cell or (must_be_whole and may_be_damaged(cell))
        return blanks or odd or cell in EMPTY_MARKS or not cell.isprintable() or len(cell) > longest

    return _find_matching_cells(column, is_unusual)


def find_unusual_emails(column: Sequence[str]) -> Collection[int]:
    """Find the cells that hold something else than an e-mail address as nearly all are."""
    text = "\n".join(column) + "\n"
    if (
        max(map(len, column)) <= USUAL_EMAIL_LENGTH
        and _EMAILS.fullmatch(text)
        and text.count("\n") == len(column)
    ):
        return ()
    return _find_matching_cells(
        column, lambda cell: bool(cell) and (len(cell) > USUAL_EMAIL_LENGTH or not _EMAIL.fullmatch(cell))
    )


def find_matching_cells(column: Sequence[object], is_wanted: Callable[[object], bool]) -> Iterable[int]:
    """Find the cells that hold one of some values, in a column that has few different ones."""
    wanted: Collection[object] = {cell for cell in set(column) if is_wanted(cell)}
    return _find_matching_cells(column, wanted.__contains__) if wanted else ()


def _find_matching_cells(column: Sequence[T], is_wanted: Callable[[T], bool]) -> list[int]:
    return [index for index, cell in enumerate(column) if is_wanted(cell)]
