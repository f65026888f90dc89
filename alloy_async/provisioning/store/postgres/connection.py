"""Connections to the database of a job: how long one waits, what its transactions are called, and its errors in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ...errors import JobError, JobUnavailable
from .address import JobAddress
from .driver import psycopg
from .transaction import Statement

_LIMITS = (
    "SELECT set_config('lock_timeout', %s, true), set_config('idle_in_transaction_session_timeout', %s, true)"
)
_NAMES = ", set_config('application_name', %s, true), set_config('synchronous_commit', %s, true)"
WORKER_NAME: str = "alloy_async "
"""What the transactions of a worker are called, with its epoch behind."""
_LEASE_LOST = psycopg.errors.DivisionByZero
"""What the fence of a `Lease` raises: no other statement divides."""
_AWAY = (
    psycopg.OperationalError,  # no connection, or it was ended; also a lock for which the wait was too long
    psycopg.InterfaceError,  # the connection is closed
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,  # a standby that is about to take over
)
_HINTS = {
    "password": "put the right one into PGPASSWORD, or into a password file (~/.pgpass)",
    "Connection refused": "see that the server runs there, and listens on that port",
    "resolve host": "see that the host is spelt right",
    "No such file or directory": "see that the server runs, and has its socket there",
}
"""What to do next, by a sign in what the driver says."""
_passwords: dict[str, str] = {}
"""What opened a database in this process, by its address: reports and errors have that without the password, and their jobs are
opened by it again, to write the rows that did not go in, say."""


def connect(address: JobAddress) -> psycopg.Connection[Any]:
    """Connect to the database of a job.

    Nothing is set or prepared for the session, so that there may be a pooler in between, which gives each transaction another.

    Raises:
        JobError: it cannot be reached, or refuses the connection.
    """
    where = address.shown.partition("#")[0]
    password = address.password or _passwords.get(where)
    with raise_as_job_error(address, "the database cannot be reached"):
        database = psycopg.connect(
            address.database,
            password=password,  # none given: as the environment, or a password file, says
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=10,
            # Who is cut off from the database notices within the length of a lease.
            tcp_user_timeout=int(address.lease * 1000),
            keepalives_idle=max(int(address.lease / 3), 1),
            keepalives_interval=max(int(address.lease / 6), 1),
            keepalives_count=3,
        )
    if password is not None:
        _passwords[where] = password
    return database


def limit_transaction_time(database: psycopg.Connection[Any], address: JobAddress) -> None:
    """Have the transaction that was just begun end where its client is silent, or waits for a lock, longer than a lease."""
    statement, values = create_limits_statement(address)
    database.execute(statement.encode(), values)


def create_limits_statement(address: JobAddress) -> Statement:
    """Create the statement with which `limit_transaction_time` limits a transaction."""
    milliseconds = f"{address.lease * 1000:.0f}"
    return _LIMITS, (milliseconds, milliseconds)


def create_limits_and_name(address: JobAddress, epoch: int, *, durable: bool) -> Statement:
    """Create a statement that also names the transaction after its worker, so that whoever takes over from it can end it.

    Args:
        address: the job's.
        epoch: of the worker.
        durable: whether its commit waits for the disk. A lost outcome leaves its row in doubt, which is cleared up by asking:
            only intents need the disk.
    """
    limits, values = create_limits_statement(address)
    return limits + _NAMES, (*values, f"{WORKER_NAME}{epoch}", "on" if durable else "off")


@contextlib.contextmanager
def raise_as_job_error(address: JobAddress, what: str) -> Iterator[None]:
    """Turn what psycopg raises into a JobError that shows no connection string.

    Raises:
        JobUnavailable: the database is away, or ended the connection; or the lease of this worker is another's.
        JobError: for every other error.
    """
    try:
        yield
    except _LEASE_LOST:
        raise JobUnavailable(
            "another worker has taken over what this one was doing, as it did not answer for"
            f" {address.lease:g} s; nothing more is sent from here",
            address.shown,
        ) from None
    except psycopg.Error as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reason += next((f"; {hint}" for sign, hint in _HINTS.items() if sign in reason), "")
        kind = JobUnavailable if isinstance(error, _AWAY) else JobError
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            reason += "; whoever works on jobs needs the right to create a schema, or that of the role which made alloy_async's"
        if isinstance(error, psycopg.errors.QueryCanceled):
            reason += "; allow statements more time, as by ALTER ROLE ... SET statement_timeout"
        raise kind(f"{what}: {reason}", address.shown) from None
