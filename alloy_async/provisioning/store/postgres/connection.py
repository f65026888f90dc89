"""Connections to the database of a job: how long one waits, what its transactions are called, and its errors in words."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

from ...errors import JobError, JobUnavailable
from .address import JobAddress
from .driver import psycopg
from .transaction import Statement

T = TypeVar("T")

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
CONNECT_SECONDS: int = 10
"""Seconds that a new connection may take."""
_PATIENCE = 15.0
"""Seconds without an answer after which a connection is suspected, at most."""
_passwords: dict[str, str] = {}
"""What opened a database in this process, by its address: reports and errors have that without the password, and their jobs are
opened by it again, to write the rows that did not go in, say."""


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that does not wait for ever where the way to the database has fallen silent.

    What stands in between, as a pooler, a balancer, or the database's own host, may be stopped with its sockets open: then
    TCP sees nothing wrong. A statement may take long by itself, so a silent connection is given up only where a new one is
    not answered either.

    Attributes:
        patience: seconds of silence after which a new connection is tried, again and again.
        patience_of_new: seconds that the new one may take.
    """

    patience: float = math.inf
    patience_of_new: int = CONNECT_SECONDS

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:
        """Wait for an answer; see `psycopg.Connection.wait`.

        Raises:
            psycopg.OperationalError: the database is silent; the connection is closed.
        """
        return super().wait(self._watch(gen), *args, **options)

    def _watch(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        heard = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                if ready := (yield wanted):
                    heard = time.monotonic()
                elif time.monotonic() - heard > self.patience:
                    self._refuse_silence()
                    heard = time.monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result

    def _refuse_silence(self) -> None:
        try:
            psycopg.connect(
                self.info.dsn, password=self.info.password, connect_timeout=self.patience_of_new
            ).close()
        except psycopg.OperationalError as error:
            self.pgconn.finish()  # else whoever cleans up would wait for an answer, too
            message = f"it does not answer any more, and no new connection either: {error}"
            raise psycopg.OperationalError(message) from None


def connect(address: JobAddress) -> psycopg.Connection[Any]:
    """Connect to the database of a job.

    Nothing is set or prepared for the session, so that there may be a pooler in between, which gives each transaction another.

    Raises:
        JobError: it cannot be reached, or refuses the connection.
    """
    where = address.shown.partition("#")[0]
    password = address.password or _passwords.get(where)
    with raise_as_job_error(address, "the database cannot be reached"):
        database = WatchedConnection.connect(
            address.database,
            password=password,  # none given: as the environment, or a password file, says
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=CONNECT_SECONDS,
            # Who is cut off from the database notices within the length of a lease.
            tcp_user_timeout=int(address.lease * 1000),
            keepalives_idle=max(int(address.lease / 3), 1),
            keepalives_interval=max(int(address.lease / 6), 1),
            keepalives_count=3,
        )
        database.patience = min(address.lease, _PATIENCE)
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
