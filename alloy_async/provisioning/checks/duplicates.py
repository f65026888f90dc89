"""Repeated keys in a file of any length, found in eight bytes a row."""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from ..sources import Finding

_TOGETHER = 1 << 17

FindFirst: TypeAlias = Callable[[str, int, str], tuple[int, str] | None]
"""Takes a key folded, the line of its row and its spelling; gives line and spelling of the first row that has it."""


class KeyHashes:
    """Collects the hash of every key; tells which hashes came more than once."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, keys: Iterable[str]) -> None:
        """Remember keys, folded."""
        self._hashes.fromlist([*map(hash, keys)])

    def take_repeated(self) -> frozenset[int]:
        """Return the hashes that came more than once, and forget all."""
        hashes, self._hashes = self._hashes, array("q")
        return frozenset(_find_repeated(hashes))


def _find_repeated(hashes: array[int], byte: int = 0) -> Iterator[int]:
    """Find what is in there more than once, in parts by a byte of each, so that only one of them is in memory as objects."""
    if len(hashes) > _TOGETHER and byte < hashes.itemsize:  # beyond its last byte all are the same one
        parts = [array("q") for _ in range(256)]
        appends = [part.append for part in parts]
        places = bytes(memoryview(hashes).cast("B")[byte :: hashes.itemsize])
        for place, value in zip(places, hashes, strict=True):
            appends[place](value)
        del hashes, appends, places
        while parts:
            yield from _find_repeated(parts.pop(), byte + 1)
    elif len(set(hashes)) < len(hashes):
        yield from (value for value, times in Counter(hashes).items() if times > 1)


class FirstLines:
    """Tells, exactly, on which line a key came first.

    Args:
        suspects: the hashes worth remembering, from `KeyHashes.take_repeated`.
    """

    def __init__(self, suspects: frozenset[int]) -> None:
        self._suspects = suspects
        self._lines: dict[str, tuple[int, str]] = {}

    def may_repeat(self, keys: Iterable[str]) -> bool:
        """Tell whether one of some folded keys may be a repeated one."""
        return not self._suspects.isdisjoint(map(hash, keys))

    def find_earlier(self, folded: str, line: int, key: str) -> tuple[int, str] | None:
        """Return line and spelling of the first row with this key; None when this row is the first.

        Args:
            folded: the key as keys are compared.
            line: of this row.
            key: as this row spells it.
        """
        if hash(folded) not in self._suspects:
            return None
        first = self._lines.setdefault(folded, (line, key))
        return None if first[0] == line else first


def create_duplicate_finding(line: int, column: str, key: str, first: tuple[int, str]) -> Finding:
    """Create the finding that an earlier row has the key, with the reason why two spellings are one key.

    Args:
        line: of the row that repeats the key.
        column: what the source calls the column of the key.
        key: as this row spells it.
        first: line and spelling of the earlier row.
    """
    number, spelling = first
    same = ""
    if spelling != key:
        same = f" as {spelling!r} ({_explain_sameness(key, spelling)} no difference)"
    return Finding(
        line, column, "error", f"{key!r} is on line {number} already{same}; remove one of the two rows"
    )


def _explain_sameness(one: str, other: str) -> str:
    if one.casefold() == other.casefold():
        return "case makes"
    composed = (unicodedata.normalize("NFKC", key) for key in (one, other))
    return "Unicode form makes" if len(set(composed)) == 1 else "case and Unicode form make"
