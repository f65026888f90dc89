"""The line on which each key came first, where the rows can be walked only once; kept on disk, not in memory."""

from __future__ import annotations

import sqlite3


class KeyLines:
    """Tells on which line a key came first; a temporary database that goes with `close`."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("CREATE TABLE keys (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def find_first(self, key: str, line: int) -> int | None:
        """Return the line of the first row with this key; None when this row is the first."""
        added = self._database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (key, line))
        if added.rowcount:
            return None
        first: int = self._database.execute("SELECT line FROM keys WHERE key = ?", (key,)).fetchone()[0]
        return first

    def close(self) -> None:
        """Remove the database."""
        self._database.close()
