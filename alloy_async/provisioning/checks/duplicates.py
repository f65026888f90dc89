"""Repeated keys in a file of any length, found in eight bytes a row."""

from __future__ import annotations

import sqlite3
from array import array
from itertools import pairwise

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

    def repeated(self) -> frozenset[int]:
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
        suspects: the hashes worth remembering, from `KeyHashes.repeated`.
    """

    def __init__(self, suspects: frozenset[int]) -> None:
        self._suspects = suspects
        self._lines: dict[str, int] = {}

    def seen(self, key: str, line: int) -> int | None:
        """The line of the first row with this key; None when this row is the first."""
        if hash(key) not in self._suspects:
            return None
        first = self._lines.setdefault(key, line)
        return None if first == line else first


class LinesOnDisk:
    """Tells on which line a key came first, where the rows can be walked once only; kept in a temporary database."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("CREATE TABLE keys (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def seen(self, key: str, line: int) -> int | None:
        """The line of the first row with this key; None when this row is the first."""
        added = self._database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (key, line))
        if added.rowcount:
            return None
        first: int = self._database.execute("SELECT line FROM keys WHERE key = ?", (key,)).fetchone()[0]
        return first

    def close(self) -> None:
        """Remove the database."""
        self._database.close()
