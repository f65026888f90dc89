"""A job file that is open: its connection, its transactions, and what is wrong with it in words."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self

from ...errors import JobError, NoSuchJob
from ..header import JobHeader
from .lock import WorkerLock, WorkerProbe, WorkerRecord
from .schema import DamagedRecord, connect, create_template, insert_header, open_existing_job_file


class JobFile:
    """A job file, as `create`, `open` and `open_for_reading` open it.

    Args:
        path: the file.
        database: its connection, from now on used by one thread at a time.
        lock: held by the one worker that may write, until `close`; None for reading.
        probe: tells a reader whether somebody works on the job.
    """

    def __init__(
        self,
        path: Path,
        database: sqlite3.Connection,
        lock: WorkerLock | None,
        probe: WorkerProbe | None = None,
    ) -> None:
        self._path = path
        self._database = database
        self._lock = lock
        self._probe = probe
        self._in_transaction = False
        self._is_synced = False
        self.next_id = 1
        self.worker_record: WorkerRecord = WorkerRecord(database, path)

    @classmethod
    def create(cls, path: Path, header: JobHeader) -> Self:
        """Begin a job file, to be written by this process, and read by its owner only.

        Raises:
            JobError: there is one already, or it cannot be written.
        """
        lock = WorkerLock.create_locked_job_file(path, create_template())
        try:
            return cls._become_worker(path, connect(path), lock, header)
        except BaseException:
            path.unlink(missing_ok=True)
            lock.close()
            raise

    @classmethod
    def take_up(cls, path: Path) -> Self:
        """Take up a job file, for one worker at a time.

        Raises:
            JobError: there is none, another process works on it, it is damaged, a copy, or of another format.
        """
        lock = WorkerLock.try_lock(path)
        if lock is None:
            with cls.open_for_reading(path) as reader:
                raise JobError(
                    f"process {reader.worker} is working on this job; wait for it, or stop it", path
                )
        try:
            return cls._become_worker(path, open_existing_job_file(path), lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def _become_worker(
        cls, path: Path, database: sqlite3.Connection, lock: WorkerLock, header: JobHeader | None = None
    ) -> Self:
        """Make this process the one worker on a job; on a new one, whose header is given, nobody else can have worked yet."""
        try:
            store = cls(path, database, lock)
            with store.raise_as_job_error():
                if header is None:
                    database.execute("PRAGMA journal_mode = WAL")
                    store._sync_log()
                else:
                    # Nothing of a new job has to outlive a loss of power before its first intent, or its end. Later, a log that
                    # begins anew over an old one would not be safe like this.
                    database.execute("PRAGMA synchronous = OFF")
                with store.transaction(durable=header is None):
                    if header is not None:
                        insert_header(database, header)
                        store.worker_record.begin_on_new_job(header.salt)
                    else:
                        store.worker_record.claim_job()
                        store.next_id = 1 + store.fetch_rows("SELECT coalesce(max(id), 0) FROM events")[0][0]
            return store
        except BaseException:
            database.close()
            raise

    @classmethod
    @contextlib.contextmanager
    def open_for_reading(cls, path: Path) -> Iterator[Self]:
        """Open a job file for reading only, also while another process works on it.

        Raises:
            JobError: there is none, it is damaged, or of another format.
        """
        if not path.is_file():
            raise NoSuchJob("there is no such job file", path)
        probe = WorkerProbe(path)
        try:
            store = cls(path, open_existing_job_file(path, readonly=True), None, probe)
        except BaseException:
            probe.close()
            raise
        try:
            yield store
        finally:
            store.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def worker(self) -> int | None:
        """The id of the process that works on the job now; None when nobody does."""
        if self._lock is None and not (self._probe and self._probe.is_held()):
            return None
        return int(self.fetch_rows("SELECT pid FROM job")[0][0] or 0)

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Do what is called within, all or nothing; see `JobStore`."""
        if self._in_transaction:
            yield  # within another one, which commits
            return
        self._in_transaction = True
        try:
            with self.raise_as_job_error():
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE" if self._lock else "BEGIN")
                    yield
                    if self._lock:
                        self._lock.check_file()
                if durable:
                    # It goes from the log beside the file (`-wal`) into the file itself, which alone has to tell of every
                    # request that may have left: a log is left behind when the file is copied after a crash, and of one
                    # SQLite ignores, silently, whatever follows a damaged byte. A lost outcome leaves its row in doubt, and
                    # is found out by asking; a lost intent would be sent twice.
                    self._sync_log()
                    self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._in_transaction = False

    def _sync_log(self) -> None:
        """Have the log reach the disk before it goes into the file, from now on."""
        if not self._is_synced:
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._is_synced = True

    def check_worker(self) -> None:
        """See `JobStore`; the operating system holds the lock for as long as this process lives."""

    @contextlib.contextmanager
    def raise_as_job_error(self) -> Iterator[None]:
        """Turn what SQLite raises into a JobError that says what is wrong with the file, where that can be told."""
        try:
            yield
        except (sqlite3.Error, DamagedRecord, UnicodeDecodeError) as error:
            if self._lock:
                self._lock.check_file()
            if isinstance(error, sqlite3.Error):
                what = f"cannot be {'written' if self._lock else 'read'}: {error}"
            else:
                what = f"is damaged ({error}); no more was sent. Restore it from a copy"
            raise JobError(what, self._path) from None

    def close(self) -> None:
        """Leave one file, for readers too, and let others work on it."""
        if self._lock:
            try:
                self._sync_log()
                # The log goes into the file and is removed; then one sector of the file says that there is none. That needs no
                # journal on disk, and to make, sync and remove one took as long as all the rest of closing.
                self._database.execute("PRAGMA journal_mode = MEMORY")
            except sqlite3.Error:  # somebody reads it just now, or it is damaged
                with contextlib.suppress(sqlite3.Error):
                    self._database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._database.close()
        for held in (self._lock, self._probe):  # not before the database: closing them drops its locks
            if held is not None:
                held.close()

    def execute_many(self, statement: str, records: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each of the records."""
        with nullcontext() if self._in_transaction else self.transaction():
            self._database.executemany(statement, records)

    def fetch_rows(self, statement: str, *values: Any) -> list[Any]:
        """Run a statement; the records that it gives."""
        with nullcontext() if self._in_transaction else self.raise_as_job_error():
            return self._database.execute(statement, values).fetchall()
