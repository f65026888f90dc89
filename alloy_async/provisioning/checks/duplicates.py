"""Repeated keys in a file of any length, found in eight bytes a row."""

from __future__ import annotations

from array import array
from itertools import pairwise

from ..sources import Finding

_BUCKETS = 1024


class KeyHashes:
    """Collects the hash of every key; tells which hashes came more than once."""

    def __init__(self) -> None:
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, key: str) -> None:
        """Remember one key."""
        # str hashes are 64 bits and keyed anew in every process: nobody can construct collisions.
        value = hash(key)
        self._buckets[value % _BUCKETS].append(value)

    def take_repeated(self) -> frozenset[int]:
        """The hashes that came more than once; forgets all."""
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
    """

    def __init__(self, suspects: frozenset[int]) -> None:
        self._suspects = suspects
        self._lines: dict[str, int] = {}

    def find_first(self, key: str, line: int) -> int | None:
        """The line of the first row with this key; None when this row is the first."""
        if hash(key) not in self._suspects:
            return None
        first = self._lines.setdefault(key, line)
        return None if first == line else first


def create_duplicate_finding(line: int, column: str, key: str, first: int, *, folds: bool) -> Finding:
    """Create the finding that an earlier row has the key.

    Args:
        line: of the row that repeats the key.
        column: what the source calls the column of the key.
        key: as it stands in this row.
        first: line of the earlier row.
        folds: whether the two keys are the same only without regard to case and Unicode form.
    """
    same = " (case and Unicode form make no difference)" if folds else ""
    message = f"{key!r} is on line {first} already{same}; remove one of the two rows"
    return Finding(line, column, "error", message)
