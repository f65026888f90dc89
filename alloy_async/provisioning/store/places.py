"""Which kind of store a job is kept in, by the name of its place: today a path, of an SQLite file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from .header import JobHeader
from .job_store import JobStore
from .sqlite.store import SqliteStore


def create_store(place: Path, header: JobHeader) -> JobStore:
    """Begin a job, to be written by this process.

    Raises:
        JobError: there is one already, or it cannot be written.
    """
    return SqliteStore.create(place, header)


def open_store(place: Path) -> JobStore:
    """Take up a job, for one worker at a time.

    Raises:
        JobError: there is none, another process works on it, it is damaged, or of another format.
    """
    return SqliteStore.open(place)


def read_store(place: Path) -> AbstractContextManager[JobStore]:
    """Open a job for reading only, also while another process works on it.

    Raises:
        JobError: there is none, it is damaged, or of another format.
    """
    return SqliteStore.reading(place)
