"""Keep a job file from being carried out twice: by a second worker, as a copy, or after it lost intents."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from ...errors import JobError
from ..row_events import Event
from .schema import connect

_BITS = (1 << 62) - 1
"""Of a sum: two such sums added are an integer of SQLite's still."""


class CopiedJobGuard:
    """The table `worker` of a job file.

    Args:
        database: its connection.
        path: the file.
    """

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self._path = path
        self._token = secrets.token_hex(8)
        self._salt = b""

    def begin(self, salt: bytes) -> None:
        """Name this process as the one worker on a new job, whose header has this salt, within a transaction."""
        self._salt = salt
        self._database.execute(
            "INSERT INTO worker VALUES (?, ?, 0)", (self._token, str(self._path.resolve()))
        )

    def claim(self) -> None:
        """Name this process as the one worker, within a transaction.

        Raises:
            JobError: the file lost intents, or is a copy of one that is still there.
        """
        (self._salt,) = self._database.execute("SELECT salt FROM job").fetchone()
        home, expected = self._database.execute("SELECT home, intents FROM worker").fetchone()
        if self._sum_intents() != expected:
            raise JobError(
                "is damaged: some of what was sent is missing in it; nothing more was sent. Put back the whole job, with the"
                " file beside it whose name ends in -wal, if there was one",
                self._path,
            )
        if home and self._is_copy_of(Path(home)):
            raise JobError(
                f"is a copy of {home}, which is still there; nothing was sent. Go on with that one, or remove it first",
                self._path,
            )
        here = str(self._path.resolve())
        self._database.execute("UPDATE worker SET token = ?, home = ?", (self._token, here))
        self._database.execute("UPDATE job SET pid = ?", (os.getpid(),))

    def add_intents(self, events: Iterable[Event]) -> None:
        """Count intents that are about to be written, within their transaction.

        Raises:
            JobError: another worker has taken the job over.
        """
        more = sum(self._hash(event.undo, event.first, event.id, event.rows) for event in events) & _BITS
        changed = self._database.execute(
            "UPDATE worker SET intents = (intents + ?) & ? WHERE token = ?", (more, _BITS, self._token)
        )
        if not changed.rowcount:
            raise JobError("was taken over by another process; this one sends nothing more", self._path)

    def count_intents(self) -> None:
        """Count all intents anew, within a transaction that removed some."""
        self._database.execute("UPDATE worker SET intents = ?", (self._sum_intents(),))

    def _sum_intents(self) -> int:
        found = self._database.execute("SELECT undo, first, id, rows FROM events WHERE event = 'intend'")
        return sum(self._hash(*intent) for intent in found) & _BITS

    def _hash(self, *intent: int) -> int:
        return int.from_bytes(blake2b(repr(intent).encode(), digest_size=8, key=self._salt).digest())

    def _is_copy_of(self, home: Path) -> bool:
        with contextlib.suppress(OSError, sqlite3.Error):
            if home.is_file() and not home.samefile(self._path):
                other = connect(home, readonly=True)
                try:
                    (salt,) = other.execute("SELECT salt FROM job").fetchone()
                finally:
                    other.close()
                return bool(salt == self._salt)
        return False
