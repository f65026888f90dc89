"""What is too much for memory while a job is planned: kept in temporary databases on disk, and gone with the process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Self


class _TemporaryDatabase:
    """A database in a file that has no name; a context manager."""

    _table: str

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute(self._table)
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the database."""
        self._database.close()


class ListingSnapshot(_TemporaryDatabase):
    """The users of a system by folded key, as one listing gave them."""

    _table = "CREATE TABLE users (key TEXT PRIMARY KEY, image TEXT, wanted INTEGER DEFAULT 0) WITHOUT ROWID"

    def add(self, users: Sequence[tuple[str, str]]) -> None:
        """Add users: folded key and image."""
        self._database.executemany("INSERT OR REPLACE INTO users (key, image) VALUES (?, ?)", users)

    def get(self, key: str) -> str | None:
        """Give the image of a user; None where there is no such one."""
        found = self._database.execute("SELECT image FROM users WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def want(self, keys: Iterable[str]) -> None:
        """Mark the users that are to stay, by folded key."""
        self._database.executemany("UPDATE users SET wanted = 1 WHERE key = ?", ((key,) for key in keys))

    def iterate_unwanted(self) -> Iterator[str]:
        """Give the images of the users that nobody wanted."""
        for (image,) in self._database.execute("SELECT image FROM users WHERE NOT wanted"):
            yield image

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM users").fetchone()[0])


class KeyIndex(_TemporaryDatabase):
    """On which line each key came first, for rows that can be walked once only."""

    _table = "CREATE TABLE keys (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID"

    def find_first(self, key: str, line: int) -> int | None:
        """Give the line of the first row with this key; None when this row is the first."""
        added = self._database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (key, line))
        if added.rowcount:
            return None
        first: int = self._database.execute("SELECT line FROM keys WHERE key = ?", (key,)).fetchone()[0]
        return first
