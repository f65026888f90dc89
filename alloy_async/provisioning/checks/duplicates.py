"""Repeated keys in a file of any length, found in eight bytes a row."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from ..sources import Finding

_BUCKETS = 1024

FindFirst: TypeAlias = Callable[[str, int, str], tuple[int, str] | None]
"""Takes a key folded, the line of its row and its spelling; gives line and spelling of the first row that has it."""


class KeyHashes:
    """Collects the hash of every key; tells which hashes came more than once.

    Args:
        hash_key: gives 64 bits, signed; keyed, so that nobody can construct collisions, and, for workers that compare theirs,
            with the job's key: Python's own is keyed anew in every process.
    """

    def __init__(self, hash_key: Callable[[str], int] = hash) -> None:
        self._hash_key = hash_key
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, key: str) -> None:
        """Remember one key."""
        value = self._hash_key(key)
        self._buckets[value % _BUCKETS].append(value)

    def take_repeated(self) -> frozenset[int]:
        """Return the hashes that came more than once, and forget all."""
        found: set[int] = set()
        for number, bucket in enumerate(self._buckets):
            ordered = sorted(bucket)
            found.update(a for a, b in pairwise(ordered) if a == b)
            self._buckets[number] = array("q")
        return frozenset(found)


class FirstLines:
    """Tells, exactly, on which line a key came first.

    Args:
        suspects: the hashes worth remembering, from `KeyHashes.take_repeated`.
        hash_key: as for `KeyHashes`.
    """

    def __init__(self, suspects: frozenset[int], hash_key: Callable[[str], int] = hash) -> None:
        self._suspects = suspects
        self._hash_key = hash_key
        self._lines: dict[str, tuple[int, str]] = {}

    def find_first(self, folded: str, line: int, key: str) -> tuple[int, str] | None:
        """Return line and spelling of the first row with this key; None when this row is the first.

        Args:
            folded: the key as keys are compared.
            line: of this row.
            key: as this row spells it.
        """
        if self._hash_key(folded) not in self._suspects:
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
