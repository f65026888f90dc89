"""One worker at a time on a job file: a lock, which ends with its process, and a record that tells copies and lost intents.

The operating system holds the lock. It is on a byte of the job file itself, far beyond its end, so that nobody can remove it
while it is held. Linux's locks of open files ("OFD") belong to the descriptor; those of POSIX belong to the process, and go
when it closes any descriptor of the file, SQLite's own locks included. So a descriptor of a job file is opened before the
database and closed after it, and who works on it within this process is known without opening the file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sqlite3
import struct
import sys
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Self

from ....core.argument_errors import format_argument_name
from ...errors import JobError
from ..row_events import Event
from .schema import connect

_BITS = (1 << 62) - 1
"""Of a sum: two such sums added are an integer of SQLite's still."""
_BYTE = 1 << 40
_HELD: set[tuple[int, int]] = set()
"""Device and inode of the job files that this process works on."""


class WorkerLock:
    """The right to write to a job file, until `close`.

    Args:
        path: the file.
        descriptor: of the file; this lock's own from now on.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        facts = os.fstat(descriptor)
        self._file = facts.st_dev, facts.st_ino
        self._size = 0

    @classmethod
    def create_locked_job_file(cls, path: Path, content: bytes) -> Self:
        """Create a file for a job with this in it, which only its owner may read, and lock it.

        Raises:
            JobError: there is one already, or it cannot be written.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        except FileExistsError:
            message = (
                f"this job exists already; resume it, or give another place: {format_argument_name('job')}"
            )
            raise JobError(message, path) from None
        except FileNotFoundError:
            raise JobError(f"there is no folder {path.parent}; make it first", path) from None
        except OSError as error:
            raise JobError(f"cannot be written: {error.strerror}", path) from None
        lock = cls._lock_descriptor(path, descriptor)
        assert lock is not None  # nobody else knows of the file yet, or has begun to look at it
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)  # to lock may have moved it
            if os.write(descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, "the disk is full")
        except OSError as error:
            path.unlink(missing_ok=True)
            lock.close()
            raise JobError(f"cannot be written: {error.strerror}", path) from None
        return lock

    @classmethod
    def try_lock(cls, path: Path) -> Self | None:
        """Lock a job file; None where another worker holds it.

        Raises:
            JobError: there is none, or it cannot be written.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | _BINARY)
        except FileNotFoundError:
            raise JobError("there is no such job file", path) from None
        except OSError as error:
            raise JobError(f"cannot be written: {error.strerror}", path) from None
        return cls._lock_descriptor(path, descriptor)

    @classmethod
    def _lock_descriptor(cls, path: Path, descriptor: int) -> Self | None:
        lock = cls(path, descriptor)
        if lock._file in _HELD or not _try_lock(descriptor):
            os.close(descriptor)
            return None
        _HELD.add(lock._file)
        return lock

    def check_file(self) -> None:
        """Make sure that the file is still there, and whole; it never becomes smaller by itself.

        Raises:
            JobError: it was removed, replaced or cut while the job was running.
        """
        try:
            facts = os.stat(self._path)  # noqa: PTH116 -- once for each batch
        except OSError:
            what = "was removed"
        else:
            if (facts.st_dev, facts.st_ino) != self._file:
                what = "was replaced by another file"
            elif facts.st_size < self._size:
                what = "was cut short"
            else:
                self._size = facts.st_size
                return
        raise JobError(
            f"{what} while the job was running; no more was sent, and what was sent can no longer be told from it."
            " Plan the same source again: users who are in are found",
            self._path,
        )

    def close(self) -> None:
        """Let others work on the job."""
        _HELD.discard(self._file)
        _unlock(self._descriptor)
        os.close(self._descriptor)


class WorkerProbe:
    """Tells whether anybody works on a job file; to be made before the database is opened, and closed after it."""

    def __init__(self, path: Path) -> None:
        facts = path.stat()
        self._file = facts.st_dev, facts.st_ino
        self._descriptor = None if self._file in _HELD else os.open(path, os.O_RDONLY | _BINARY)

    def is_held(self) -> bool:
        """Tell whether a worker holds the file."""
        return self._file in _HELD or (self._descriptor is not None and _is_locked(self._descriptor))

    def close(self) -> None:
        """Close the descriptor."""
        if self._descriptor is not None:
            os.close(self._descriptor)


class WorkerRecord:
    """The table `worker` of a job file: who works on it, where it lies, and a sum of all intents.

    Args:
        database: its connection.
        path: the file.
    """

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self._path = path
        self._token = secrets.token_hex(8)
        self._salt = b""

    def begin_on_new_job(self, salt: bytes) -> None:
        """Name this process as the one worker on a new job, whose header has this salt, within a transaction."""
        self._salt = salt
        self._database.execute(
            "INSERT INTO worker VALUES (?, ?, 0)", (self._token, str(self._path.resolve()))
        )

    def claim_job(self) -> None:
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

    def note_new_intents(self, events: Iterable[Event]) -> None:
        """Count intents that are about to be written, within their transaction.

        Raises:
            JobError: another worker has taken the job over.
        """
        more = (
            sum(self._hash_intent(event.undo, event.first, event.id, event.rows) for event in events) & _BITS
        )
        changed = self._database.execute(
            "UPDATE worker SET intents = (intents + ?) & ? WHERE token = ?", (more, _BITS, self._token)
        )
        if not changed.rowcount:
            raise JobError("was taken over by another process; this one sends nothing more", self._path)

    def store_recounted_intents(self) -> None:
        """Store the sum of all intents, counted anew, within a transaction that removed some."""
        self._database.execute("UPDATE worker SET intents = ?", (self._sum_intents(),))

    def _sum_intents(self) -> int:
        found = self._database.execute("SELECT undo, first, id, rows FROM events WHERE event = 'intend'")
        return sum(self._hash_intent(*intent) for intent in found) & _BITS

    def _hash_intent(self, *intent: int) -> int:
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


_BINARY = getattr(os, "O_BINARY", 0)

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _is_locked(descriptor: int) -> bool:
        if _try_lock(descriptor):
            _unlock(descriptor)
            return False
        return True

else:
    import fcntl

    _SET = getattr(fcntl, "F_OFD_SETLK", fcntl.F_SETLK)
    _GET = getattr(fcntl, "F_OFD_GETLK", fcntl.F_GETLK)
    _FORM = "hhqqi" if sys.platform == "linux" else "qqihh"
    """Of C's `struct flock`: type, whence, start, length, process; elsewhere in another order."""

    def _pack_lock(kind: int) -> bytes:
        fields = (kind, os.SEEK_SET, _BYTE, 1, 0)
        return struct.pack(_FORM, *(fields if sys.platform == "linux" else (_BYTE, 1, 0, kind, os.SEEK_SET)))

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.fcntl(descriptor, _SET, _pack_lock(fcntl.F_WRLCK))
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.fcntl(descriptor, _SET, _pack_lock(fcntl.F_UNLCK))

    def _is_locked(descriptor: int) -> bool:
        found = fcntl.fcntl(descriptor, _GET, _pack_lock(fcntl.F_WRLCK))
        kind = struct.unpack(_FORM, found)[0 if sys.platform == "linux" else 3]
        return bool(kind != fcntl.F_UNLCK)
