"""What only a job in a database has: an address, leases, shards, and workers that take over from one another."""

from __future__ import annotations

import time
import uuid
from contextlib import closing
from typing import Any

import pytest

from alloy_async import ConfigurationError
from alloy_async.provisioning import JobError
from alloy_async.provisioning.store.header import JobHeader
from alloy_async.provisioning.store.postgres.address import JobAddress
from alloy_async.provisioning.store.postgres.lease import Lease
from alloy_async.provisioning.store.postgres.store import PostgresStore
from alloy_async.provisioning.store.row_log import pack_rows
from alloy_async.provisioning.store.rows import PlannedRow
from alloy_async.provisioning.store.store_opener import delete_store, name_files_after, parse_place

HEADER = JobHeader(source="users.csv", system="Alloy", base_url="https://alloy.example", mode="create")


@pytest.fixture
def place(database: str) -> str:
    return f"{database}#{uuid.uuid4()}"


def plan(store: PostgresStore, rows: int) -> None:
    store.insert_batches(
        "apply", pack_rows([PlannedRow(n, n, f"user{n}", "create") for n in range(1, rows + 1)])
    )


def test_an_address_shows_no_password() -> None:
    address = JobAddress.parse(
        "postgresql://ada:s3cr:et@db.example:5432/jobs?sslmode=require&sslpassword=s3cret#ju%20ne"
    )
    assert address.job == "ju ne"
    assert "s3cr" not in repr(address)
    assert address.shown == "postgresql://ada@db.example:5432/jobs?sslmode=require#ju%20ne"
    assert address.database.endswith("sslpassword=s3cret")


def test_an_address_names_a_job() -> None:
    with pytest.raises(ConfigurationError, match="postgresql://db/jobs#june"):
        JobAddress.parse("postgresql://db/jobs")


def test_places_are_told_apart() -> None:
    assert parse_place("postgresql://db/jobs#june") == "postgresql://db/jobs#june"
    assert name_files_after(parse_place("june.job")).name == "june.job"
    assert name_files_after("postgresql://db/jobs#june").name == "june"


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    with pytest.raises(JobError, match="cannot be reached") as raised:
        PostgresStore.open("postgresql://ada:s3cret@127.0.0.1:1/jobs#june")
    assert "s3cret" not in str(raised.value)
    assert raised.value.effect == "none"


def test_one_worker_at_a_time(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        assert store.worker
        with pytest.raises(JobError, match="another worker is working on this job"):
            PostgresStore.open(place)
    with closing(PostgresStore.open(place)), PostgresStore.open_for_reading(place) as reader:
        assert reader.worker


def test_shards_go_to_workers_in_order_and_cover_every_row(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 25)
        store.create_shards("apply", 10)
        assert PostgresStore.claim_shard(place, "apply") is None, "the whole job is held"
    shards = [PostgresStore.claim_shard(place, "apply") for _ in range(4)]
    assert shards.pop() is None
    seen: list[list[int]] = []
    for shard in shards:
        assert shard is not None
        seen.append([row.number for row in shard.read_rows("apply")])
        with pytest.raises(JobError, match="another worker"):
            PostgresStore.open(place)
    assert seen == [[*range(1, 11)], [*range(11, 21)], [*range(21, 26)]]
    for shard in shards:
        assert shard is not None
        shard.finish_shard()
        shard.close()
    with closing(PostgresStore.open(place)) as store:
        assert tuple(store.count_shards("apply")) == ("apply", 3, 3, 0)
    assert PostgresStore.claim_shard(place, "apply") is None


def lapse(store: PostgresStore) -> None:
    """Let the lease end as it does of a worker that does not answer any more."""
    lease: Any = store._lease
    lease._stopping.set()
    lease._thread.join()
    lease._good_until = time.monotonic() - 1
    store.read(
        "UPDATE alloy_async.shards SET lease_until = now() - interval '1 s' WHERE job = %s RETURNING 1"
    )


def test_who_lost_the_lease_writes_and_sends_nothing_more(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 5)
        store.create_shards("apply", 5)
    first = PostgresStore.claim_shard(place, "apply")
    assert first is not None
    first.check_worker()
    rows = list(first.read_rows("apply"))
    first.record_intents("apply", [row.mark_intended() for row in rows[:2]])
    lapse(first)
    with pytest.raises(JobError, match="may have taken over"):
        first.check_worker()
    second = PostgresStore.claim_shard(place, "apply")
    assert second is not None
    with pytest.raises(JobError, match="another worker has taken over"):
        first.record_intents("apply", [row.mark_intended() for row in rows[2:]])
    with pytest.raises(JobError, match="another worker has taken over"):
        first.record_results("apply", [row.mark_settled("created") for row in rows[:1]])
    assert [row.state for row in second.read_rows("apply")] == ["intended"] * 2 + ["planned"] * 3
    first.close()
    with pytest.raises(JobError, match="another worker"):
        PostgresStore.open(place)
    second.close()


def test_a_worker_that_is_stopped_within_a_transaction_does_not_hold_up_who_takes_over(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 5)
        store.create_shards("apply", 5)
    first = PostgresStore.claim_shard(place, "apply")
    assert first is not None
    [(kept,)] = first._database.execute("SHOW idle_in_transaction_session_timeout").fetchall()
    assert kept == "15s", "as long as the lease"
    first._database.execute("SET idle_in_transaction_session_timeout = 100")  # not to wait so long here
    with PostgresStore.open_for_reading(place) as reader:

        def take_over() -> None:
            with first.transaction():  # and here it is stopped
                reader._database.execute(
                    "UPDATE alloy_async.shards SET lease_until = now() - interval '1 s' WHERE job = %s",
                    (reader.job,),
                )
                second = PostgresStore.claim_shard(place, "apply")
                assert second is not None
                second.close()

        with pytest.raises(JobError, match="idle-in-transaction timeout"):
            take_over()
    first.close()


def test_a_lease_is_renewed(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        lease = Lease.claim(store._database, store._address, store.job, seconds=1)
        assert lease is None, "it is held already"
    address = JobAddress.parse(place)
    with PostgresStore.open_for_reading(place) as reader:
        lease = Lease.claim(reader._database, address, reader.job, seconds=1.5)
        assert lease is not None
        deadline = time.monotonic() + 30
        before = lease._good_until
        while lease._good_until <= before:
            assert time.monotonic() < deadline, "it was never renewed"
            time.sleep(0.05)
        assert lease.is_live
        lease.release(reader._database)


def test_a_job_is_deleted_whole(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 3)
    delete_store(place)
    with pytest.raises(JobError, match="no such job"):
        PostgresStore.open(place)
    PostgresStore.create(place, HEADER).close()
