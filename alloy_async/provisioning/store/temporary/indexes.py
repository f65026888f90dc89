"""Indexes that are too large for memory while a job is planned, in temporary databases on disk that end with the process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Self

from ....directory.record import fold
from ..header import UNRESOLVED, RowOutcome
from ..rows import JobRow

_TOGETHER = 2000
_NOTHING_IN: tuple[RowOutcome, ...] = ("invalid", "drifted", "failed")
"""Outcomes of rows of which surely nothing is in, so that another row may have their key."""


class _TemporaryDatabase:
    """A database in a file that has no name; a context manager."""

    _tables: tuple[str, ...]

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        for table in self._tables:
            self._database.execute(table)
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the database."""
        self._database.close()


class ListingSnapshot(_TemporaryDatabase):
    """The users of a system as one listing gave them, each under every folded key that the system knows it by."""

    _tables = (
        "CREATE TABLE users (number INTEGER PRIMARY KEY, image TEXT, wanted INTEGER DEFAULT 0, line INTEGER)",
        "CREATE TABLE keys (key TEXT, number INTEGER, PRIMARY KEY (key, number)) WITHOUT ROWID",
    )

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def add_users(self, users: Sequence[tuple[Sequence[str], str]]) -> None:
        """Add users: folded keys and image."""
        first = self._count
        self._count += len(users)
        images = ((number, image) for number, (_, image) in enumerate(users, first))
        self._database.executemany("INSERT INTO users (number, image) VALUES (?, ?)", images)
        keys = ((key, number) for number, (keys, _) in enumerate(users, first) for key in keys)
        self._database.executemany("INSERT INTO keys VALUES (?, ?)", keys)

    def find_images(self, key: str) -> list[str]:
        """Give the images of all users that have a folded key."""
        found = self._database.execute(
            "SELECT image FROM keys JOIN users USING (number) WHERE key = ? ORDER BY number", (key,)
        )
        return [image for (image,) in found]

    def mark_wanted(self, keys: Iterable[str]) -> None:
        """Mark the users that are to stay, by any folded key."""
        self._database.executemany(
            "UPDATE users SET wanted = 1 WHERE number IN (SELECT number FROM keys WHERE key = ?)",
            ((key,) for key in keys),
        )

    def note_mentions_in_multiline_cells(self, line: int, keys: Iterable[str]) -> None:
        """Note that a row on a line names users, by any folded key, in a cell that is about something else."""
        self._database.executemany(
            "UPDATE users SET line = ? WHERE number IN (SELECT number FROM keys WHERE key = ?)",
            ((line, key) for key in keys),
        )

    def find_unwanted_but_mentioned(self) -> tuple[int, str] | None:
        """Find a user whom nobody wanted and some row names all the same: the line, and the image."""
        query = "SELECT line, image FROM users WHERE NOT wanted AND line IS NOT NULL ORDER BY line, number"
        return self._database.execute(query).fetchone()  # type: ignore[no-any-return]

    def iterate_unwanted(self) -> Iterator[str]:
        """Give the images of the users that nobody wanted."""
        for (image,) in self._database.execute("SELECT image FROM users WHERE NOT wanted"):
            yield image

    def __len__(self) -> int:
        return self._count


class KeyIndex(_TemporaryDatabase):
    """On which line each key came first, for rows that can be walked once only."""

    _tables = ("CREATE TABLE keys (folded TEXT PRIMARY KEY, line INTEGER, key TEXT) WITHOUT ROWID",)

    def find_earlier_or_add(self, folded: str, line: int, key: str) -> tuple[int, str] | None:
        """Give line and spelling of the first row with this key; None when this row is the first.

        Args:
            folded: the key as keys are compared.
            line: of this row.
            key: as this row spells it.
        """
        # A spelling that is the folded one takes no room.
        added = self._database.execute(
            "INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", (folded, line, None if key == folded else key)
        )
        if added.rowcount:
            return None
        first, spelling = self._database.execute(
            "SELECT line, key FROM keys WHERE folded = ?", (folded,)
        ).fetchone()
        return first, spelling or folded


class CorrectableRows(_TemporaryDatabase):
    """The rows of a job that did not go in, and the keys that its other rows have taken.

    Args:
        rows: all of the job.
    """

    _tables = (
        "CREATE TABLE refused (line INTEGER PRIMARY KEY, corrected_on INTEGER)",
        "CREATE TABLE keys (folded TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID",
    )

    def __init__(self, rows: Iterable[JobRow]) -> None:
        super().__init__()
        of_source = (row for row in rows if row.line is not None)
        while part := [*islice(of_source, _TOGETHER)]:
            refused = ((row.line,) for row in part if row.outcome in UNRESOLVED)
            self._database.executemany("INSERT OR IGNORE INTO refused (line) VALUES (?)", refused)
            taken = ((fold(row.key), row.line) for row in part if row.key and row.outcome not in _NOTHING_IN)
            self._database.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?)", taken)

    def forget_corrections(self) -> None:
        """Forget which were corrected: the file is about to be read from its beginning."""
        self._database.execute("UPDATE refused SET corrected_on = NULL WHERE corrected_on IS NOT NULL")

    def is_correctable(self, line: int) -> bool:
        """Tell whether the row on a line of the job's source did not go in."""
        found = self._database.execute("SELECT 1 FROM refused WHERE line = ?", (line,)).fetchone()
        return found is not None

    def note_correction(self, line: int, on: int) -> int | None:
        """Note on which line of the file a row is corrected; give the line of an earlier one that does the same."""
        query = "SELECT corrected_on FROM refused WHERE line = ?"
        (earlier,) = self._database.execute(query, (line,)).fetchone()
        if earlier is None:
            self._database.execute("UPDATE refused SET corrected_on = ? WHERE line = ?", (on, line))
        return earlier  # type: ignore[no-any-return]

    def find_line_of_taken_key(self, folded: str) -> int | None:
        """Find the line of the job's source whose row has taken a folded key."""
        found = self._database.execute("SELECT line FROM keys WHERE folded = ?", (folded,)).fetchone()
        return found and found[0]  # type: ignore[no-any-return]
