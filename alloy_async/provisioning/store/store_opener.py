"""Open the store of a job by its place: the path of an SQLite file, or the address of a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.ratelimit.configured_rate import Rate
from ..errors import JobPlace, NoSuchJob
from .header import JobHeader
from .job_store import JobStore, ShardClaim, ShardCounts
from .postgres.address import JobAddress, is_database_address
from .sqlite.store import SqliteStore

if TYPE_CHECKING:
    import psycopg

    from .postgres.rate_budget.database_budget import DatabaseBudget
    from .postgres.shard_claimer import ShardClaimer
    from .postgres.store import PostgresStore


def parse_job_place(place: str | Path) -> JobPlace:
    """Tell an address of a database from a path."""
    return str(place) if is_database_address(place) else Path(place)


def get_path_for_files(place: JobPlace) -> Path:
    """Name a path after a job, for files that go with it: the job file's own, or the job's name in this folder."""
    return Path(JobAddress.parse(place).job) if isinstance(place, str) else place


def create_store(place: JobPlace, header: JobHeader) -> JobStore:
    """Begin a job, to be written by this process.

    Raises:
        JobError: there is one already, or it cannot be written.
    """
    if isinstance(place, str):
        return _load_postgres().create(place, header)
    return SqliteStore.create(place, header)


def open_store(place: JobPlace) -> JobStore:
    """Take up a job, for one worker at a time.

    Raises:
        JobError: there is none, another process works on it, it is damaged, or of another format.
    """
    if isinstance(place, str):
        return _load_postgres().take_up(place)
    return SqliteStore.take_up(place)


def open_store_for_reading(place: JobPlace) -> AbstractContextManager[JobStore]:
    """Open a job for reading only, also while another process works on it.

    Raises:
        JobError: there is none, it is damaged, or of another format.
    """
    if isinstance(place, str):
        return _load_postgres().open_for_reading(place)
    return SqliteStore.open_for_reading(place)


def read_job_header(place: JobPlace) -> JobHeader:
    """Read what a job is, also while another process works on it.

    Raises:
        JobError: there is none, it is damaged, or of another format.
    """
    with open_store_for_reading(place) as store:
        return store.read_header()


def job_exists(place: JobPlace) -> bool:
    """Tell whether there is a job.

    Raises:
        JobError: that cannot be told, as its database does not answer; or something else is there.
    """
    try:
        with open_store_for_reading(place):
            return True
    except NoSuchJob:
        return False


def hide_password(database: str) -> str:
    """Show the address of a database, without a password."""
    return JobAddress.parse_database(database).shown


def list_places(where: JobPlace) -> list[JobPlace]:
    """List the places of all jobs in a folder, or in a database whose address names no job.

    Raises:
        JobError: the database does not answer.
        OSError: the folder cannot be read.
    """
    if isinstance(where, str):
        return [*_load_postgres().list_places(where)]
    return [path for path in where.iterdir() if path.suffix == ".job" and path.is_file()]


def delete_store(place: JobPlace) -> None:
    """Delete a job on which nobody works, and all that is known of it."""
    if isinstance(place, str):
        _load_postgres().delete(place)
    else:
        place.unlink()


def check_database(place: JobPlace) -> None:
    """Make sure that the database of a job answers.

    Raises:
        JobUnavailable: it does not.
    """
    _load_postgres().check_database(str(place))


def get_lease_seconds_of_place(place: JobPlace) -> float:
    """Tell for how many seconds a worker that does not answer keeps what it is working on."""
    return JobAddress.parse(str(place)).lease


def split_password(place: JobPlace) -> tuple[str, dict[str, str]]:
    """Split the address of a job into one without a password, and the variables of the environment that give it."""
    address = JobAddress.parse(str(place))
    return address.shown, {} if address.password is None else {"PGPASSWORD": address.password}


def connect_to_budget_database(place: str) -> tuple[psycopg.Connection[Any], bytes]:
    """Connect to the budgets in the database of a job; and what the fingerprints of accounts there are made with."""
    from .postgres.rate_budget.database_budget import connect_with_tables

    return connect_with_tables(JobAddress.parse(place))


def open_database_budget(
    place: str,
    account: str,
    told: Rate | None,
    clock: Callable[[], float],
    database: psycopg.Connection[Any],
    tell_news: Callable[[], None],
) -> DatabaseBudget:
    """Open the budget of requests that an account has in the database of a job; see `DatabaseBudget`."""
    from .postgres.rate_budget.database_budget import DatabaseBudget

    return DatabaseBudget(JobAddress.parse(place), account, told, clock, database, tell_news)


def create_shard_claimer(place: JobPlace) -> ShardClaimer:
    """Create what claims shards of a job that was split, one after the other, for one worker; it is to be closed."""
    from .postgres.shard_claimer import ShardClaimer

    return ShardClaimer(str(place))


def count_shards_by_state(place: JobPlace) -> ShardCounts:
    """Count the shards of what a job is at, applying or taking back."""
    with _load_postgres().open_for_reading(str(place)) as store:
        return store.count_shards_by_state(store.read_header().phase)


def read_claims(place: JobPlace) -> list[ShardClaim]:
    """Read on what of a job in a database somebody works now."""
    with _load_postgres().open_for_reading(str(place)) as store:
        return store.read_claims()


def _load_postgres() -> type[PostgresStore]:
    from .postgres.store import PostgresStore  # loads the driver, which few need

    return PostgresStore
