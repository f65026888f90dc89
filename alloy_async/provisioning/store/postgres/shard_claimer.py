"""How a worker comes to the shards of a job, one after the other."""

from __future__ import annotations

from typing import Any

from ..job_store import NoOpenShard
from .address import JobAddress
from .connection import connect, raise_as_job_error
from .driver import psycopg
from .lease import Lease
from .schema import check_version_of_split, read_job_id
from .store import PostgresStore


class ShardClaimer:
    """Claims shards of a job for one worker, over one connection, which each of them has in turn.

    Args:
        place: the job.
    """

    def __init__(self, place: str) -> None:
        self._address = JobAddress.parse(place)
        self._database: psycopg.Connection[Any] | None = None
        self._job = 0

    def claim(self) -> PostgresStore:
        """Claim the next shard that nobody works on, as a store of its rows; the one before must have been closed.

        Raises:
            NoOpenShard: none is left, or others work on all that are.
            JobError: there is no such job, it has another format, or was split by another version.
        """
        database = self._database
        if database is None or database.closed:
            database = self._database = connect(self._address)
            self._job = read_job_id(database, self._address)
        with raise_as_job_error(self._address, "cannot be read"):
            check_version_of_split(database, self._address, self._job)
        lease = Lease.claim(database, self._address, self._job, whole=False)
        if lease is None:
            raise NoOpenShard
        return PostgresStore(self._address, database, self._job, lease, is_lent=True)

    def close(self) -> None:
        """Close the connection."""
        if self._database is not None:
            self._database.close()
