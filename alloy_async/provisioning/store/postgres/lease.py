"""The right to write to a shard: a lease by the database's clock, and an epoch that fences off a worker who lost it.

A worker claims a shard where nobody works on it, or the lease of who did has lapsed, and gets an epoch that nobody ever
had; with its own name it is unlike any other even where a standby took over that had not heard of the last ones.
Every transaction that writes asks in the database whether the epoch is still its own: one that was stopped and wakes
up later writes nothing more. It also sends nothing more, since no request leaves before its intent is written; the moment
between the intent and the request is covered by `is_live`, on the worker's own clock.

A worker may also be stopped in the middle of a transaction, whose locks the database keeps for as long as the connection
lives, in a COPY without any end. So who takes over ends the connections of the one before whose transaction bears its epoch's
name.
"""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import socket
import sys
import threading
import time
from typing import Any, NamedTuple

from ...errors import JobError
from .address import JobAddress
from .connection import WORKER_NAME, connect, create_limits_statement, raise_as_job_error
from .driver import psycopg
from .schema import IS_HELD
from .transaction import PostgresTransaction, Statement

_RENEWALS = 3
"""Renewals within the length of a lease."""

_SERIALIZE = "SELECT pg_advisory_xact_lock(hashtext('alloy_async'), %s::integer)"
"""Claims of one job one after the other, so that the whole job and a shard of it are never claimed at once."""
# The shards of the phase that the job is in at this moment: not one that it had before somebody held it as a whole.
_FIND = f"""
SELECT undo, shard FROM alloy_async.shards AS wanted
WHERE job = %s AND (shard = 0) = %s AND NOT done AND ({IS_HELD}) IS NOT TRUE
    AND (shard = 0 OR undo = (
        SELECT (state IN ('undoing', 'undone'))::integer FROM alloy_async.jobs WHERE jobs.job = wanted.job))
    AND NOT EXISTS (
        SELECT 1 FROM alloy_async.shards AS held
        WHERE held.job = wanted.job AND held.{IS_HELD} AND (held.shard = 0 OR wanted.shard = 0))
ORDER BY shard LIMIT 1"""  # noqa: S608 -- own names
_IN_THE_WAY = "job = %s AND worker IS NOT NULL AND (%s OR shard = 0 OR (undo = %s AND shard = %s))"
"""Claims that their workers did not let go of, and that cannot be beside this one: of the same shard, of the whole job beside
a shard, of any shard beside the whole job. All are taken away: else one who wakes up would renew the lease, and go on."""
_END_SESSIONS = f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name IN (
        SELECT %s::text || epoch FROM alloy_async.shards WHERE {_IN_THE_WAY} AND ({IS_HELD}) IS NOT TRUE)
    AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"""  # noqa: S608 -- own names
# Waits for the transactions that their workers may have open, which `fence` began with a lock on the key.
_LOCK = f"""
SELECT coalesce({IS_HELD}, false) FROM alloy_async.shards WHERE {_IN_THE_WAY} ORDER BY undo, shard FOR UPDATE"""  # noqa: S608 -- own names
_FENCE_OFF = f"""
UPDATE alloy_async.shards SET worker = NULL, lease_until = NULL WHERE {_IN_THE_WAY}"""  # noqa: S608 -- own names
_CLAIM = """
UPDATE alloy_async.shards SET epoch = nextval('alloy_async.epochs'), worker = %s,
    lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE job = %s AND undo = %s AND shard = %s
RETURNING undo, shard, first, last, epoch, worker"""
_RENEW = """
UPDATE alloy_async.shards SET lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE job = %s AND undo = %s AND shard = %s AND epoch = %s AND worker = %s"""
_RELEASE = """
UPDATE alloy_async.shards SET lease_until = NULL, worker = NULL, done = done OR %s
WHERE job = %s AND undo = %s AND shard = %s AND epoch = %s AND worker = %s"""
# Its own for as long as nobody else has claimed it, however late its renewals are; else the division by zero ends the
# transaction, whose other statements are under way already.
_FENCE = """
SELECT 1 / count(*) FROM (
    SELECT 1 FROM alloy_async.shards
    WHERE job = %s AND undo = %s AND shard = %s AND epoch = %s AND worker = %s FOR KEY SHARE) AS own"""


def read_seconds_since_boot() -> float:
    """Read seconds of a clock that nobody sets, and that goes on while the host sleeps."""
    if sys.platform == "win32":
        return time.monotonic()
    return time.clock_gettime(time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC)


class Shard(NamedTuple):
    """Rows of a job that one worker has claimed.

    Attributes:
        undo: 1 where they belong to taking the job back.
        shard: its number; 0 for the whole job.
        first, last: numbers of its first and last row; both 0 for the whole job.
        epoch: of the worker that holds it, and of no other ever.
        worker: its name, as of no other.
    """

    undo: int
    shard: int
    first: int
    last: int
    epoch: int
    worker: str


class Lease:
    """A claim on a shard, renewed by a thread until it is released.

    Args:
        address: the job's.
        job: its id.
        shard: what was claimed.
        good_until: the moment, by `read_seconds_since_boot`, until which it surely holds.
    """

    def __init__(self, address: JobAddress, job: int, shard: Shard, good_until: float) -> None:
        self.shard = shard
        self._address = address
        self._key = (job, shard.undo, shard.shard, shard.epoch, shard.worker)
        self._seconds = address.lease
        self._good_until = good_until
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._renew_until_stopped, name=f"lease-{shard.shard}", daemon=True
        )
        self._thread.start()

    @classmethod
    def claim(
        cls, database: psycopg.Connection[Any], address: JobAddress, job: int, *, whole: bool = True
    ) -> Lease | None:
        """Claim the whole job, or the first shard that is open and that nobody works on; None where there is none.

        Args:
            database: a connection.
            address: the job's.
            job: its id.
            whole: claim the job itself, while nobody works on any shard of it; else a shard of the phase that it is in.

        Raises:
            JobError: the database does not answer.
        """
        worker = f"{socket.gethostname()}:{secrets.token_hex(4)}:{os.getpid()}"
        asked = read_seconds_since_boot()
        first = [create_limits_statement(address), (_SERIALIZE, (job,))]
        with (
            raise_as_job_error(address, "cannot be claimed"),
            PostgresTransaction(database, first) as transaction,
        ):
            found = transaction.read(_FIND, (job, whole))
            if not found:
                return None
            undo, number = found[0]
            in_the_way = (job, whole, undo, number)
            transaction.queue(_END_SESSIONS, (WORKER_NAME, *in_the_way))
            if (True,) in transaction.read(_LOCK, in_the_way):  # it was renewed meanwhile
                return None
            transaction.queue(_FENCE_OFF, in_the_way)
            claimed = transaction.read(_CLAIM, (worker, address.lease, job, undo, number))
        return cls(address, job, Shard._make(claimed[0]), asked + address.lease)

    @property
    def is_live(self) -> bool:
        """Whether the lease surely holds now, by this worker's own clock, which is behind the database's."""
        return read_seconds_since_boot() < self._good_until

    @property
    def fence(self) -> Statement:
        """The statement that fails where somebody else has taken the shard over; nobody can until its transaction ends."""
        return _FENCE, self._key

    def release(self, database: psycopg.Connection[Any], *, done: bool = False) -> None:
        """Let others work on the shard.

        Args:
            database: a connection.
            done: nothing is left to do in it.
        """
        self._stopping.set()
        self._thread.join()
        with contextlib.suppress(psycopg.Error):  # the database is away: the lease lapses by itself
            database.execute(_RELEASE, (done, *self._key))

    def _renew_until_stopped(self) -> None:
        database: psycopg.Connection[Any] | None = None
        while not self._stopping.wait(self._seconds / _RENEWALS):
            asked = read_seconds_since_boot()  # the lease runs from when the database says so, which is later
            try:
                if database is None:
                    database = connect(self._address)
                renewed = database.execute(_RENEW, (self._seconds, *self._key)).rowcount
            except (psycopg.Error, JobError):
                database = None  # tried again at the next turn; until then `is_live` runs out
                continue
            if not renewed:  # another worker has it
                self._good_until = -math.inf
                break
            self._good_until = asked + self._seconds
        if database is not None:
            database.close()
