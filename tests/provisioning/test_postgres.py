"""What only a job in a database has: an address, leases, shards, and workers that take over from one another."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from alloy_async import ConfigurationError
from alloy_async.provisioning import JobError, JobUnavailable
from alloy_async.provisioning.store.header import JobHeader
from alloy_async.provisioning.store.job_store import NoOpenShard, Second
from alloy_async.provisioning.store.planned_batches import group_into_batches
from alloy_async.provisioning.store.postgres.address import JobAddress
from alloy_async.provisioning.store.postgres.connection import connect
from alloy_async.provisioning.store.postgres.lease import _RENEW, Lease, read_seconds_since_boot
from alloy_async.provisioning.store.postgres.shard_claimer import ShardClaimer
from alloy_async.provisioning.store.postgres.store import PostgresStore
from alloy_async.provisioning.store.rows import PlannedRow, RowResult
from alloy_async.provisioning.store.store_opener import (
    delete_store,
    get_path_for_files,
    job_exists,
    parse_job_place,
)
from alloy_async.provisioning.store.writer import open_job_writer

HEADER = JobHeader(source="users.csv", system="Alloy", base_url="https://alloy.example", mode="create")


@pytest.fixture
def place(database: str) -> str:
    return f"{database}#{uuid.uuid4()}"


_claimers: list[ShardClaimer] = []


@pytest.fixture(autouse=True)
def close_claimers() -> Iterator[None]:
    yield
    while _claimers:
        _claimers.pop().close()


def claim(place: str) -> PostgresStore | None:
    """Claim a shard as a new worker; None where none is open."""
    _claimers.append(ShardClaimer(place))
    try:
        return _claimers[-1].claim()
    except NoOpenShard:
        return None


def plan(store: PostgresStore, rows: int) -> None:
    store.insert_batches(
        "apply", group_into_batches([PlannedRow(n, n, f"user{n}", "create") for n in range(1, rows + 1)])
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


@pytest.mark.parametrize("name", ["a b/c", "a%2Fb", "..", "june\\1", "june:1", "a%00b", "ü" * 101])
def test_a_job_whose_files_could_not_bear_its_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot name the files that go with the job"):
        JobAddress.parse(f"postgresql://db/jobs#{name}")


@pytest.mark.parametrize("name", ["june", "june.1", "a b", "jüne (2)"])
def test_a_job_is_named_as_people_name_files(name: str) -> None:
    assert JobAddress.parse(f"postgresql://db/jobs#{name}").job == name


def test_places_are_told_apart() -> None:
    assert parse_job_place("postgresql://db/jobs#june") == "postgresql://db/jobs#june"
    assert get_path_for_files(parse_job_place("june.job")).name == "june.job"
    assert get_path_for_files("postgresql://db/jobs#june").name == "june"


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    with pytest.raises(JobError, match="cannot be reached") as raised:
        PostgresStore.take_up("postgresql://ada:s3cret@127.0.0.1:1/jobs#june")
    assert "s3cret" not in str(raised.value)
    assert raised.value.effect == "none"


def test_one_worker_at_a_time(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        assert store.worker
        with pytest.raises(JobError, match="another worker is working on this job"):
            PostgresStore.take_up(place)
    with closing(PostgresStore.take_up(place)), PostgresStore.open_for_reading(place) as reader:
        assert reader.worker


def test_shards_go_to_workers_in_order_and_cover_every_row(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 25)
        store.split_into_shards("apply", 10)
        assert claim(place) is None, "the whole job is held"
    shards = [claim(place) for _ in range(4)]
    assert shards.pop() is None
    seen: list[list[int]] = []
    for shard in shards:
        assert shard is not None
        seen.append([row.number for row in shard.read_rows("apply")])
        with pytest.raises(JobError, match="another worker"):
            PostgresStore.take_up(place)
    assert seen == [[*range(1, 11)], [*range(11, 21)], [*range(21, 26)]]
    for shard in shards:
        assert shard is not None
        shard.finish_shard()
        shard.close()
    with closing(PostgresStore.take_up(place)) as store:
        assert tuple(store.count_shards_by_state("apply")) == ("apply", 3, 3, 0)
    assert claim(place) is None


def test_shards_of_one_worker_share_a_connection_which_is_replaced_when_it_is_lost(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 25)
        store.split_into_shards("apply", 10)
    with closing(ShardClaimer(place)) as claimer:
        sessions, firsts = [], []
        for is_lost in (False, True, False):
            with closing(claimer.claim()) as shard:
                sessions.append(shard._database.info.backend_pid)
                firsts.append(next(shard.read_rows("apply")).number)
                shard.finish_shard()
            if is_lost:
                shard._database.close()
        with pytest.raises(NoOpenShard):
            claimer.claim()
    assert firsts == [1, 11, 21]
    assert sessions[0] == sessions[1] != sessions[2]


def test_shards_are_claimed_of_the_phase_that_the_job_is_in(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 5)
        store.split_into_shards("apply", 5)
        store.insert_batches("undo", group_into_batches([PlannedRow(1, None, "user1", "delete")]))
        store.split_into_shards("undo", 5)
        store.update_header(state="undoing")
    shard = claim(place)
    assert shard is not None
    with closing(shard):
        assert [row.action for row in shard.read_rows("undo")] == ["delete"]
        shard.finish_shard()
    assert claim(place) is None, "a shard of applying is left, which nobody is to work on any more"


def lapse(store: PostgresStore) -> None:
    """Let the lease end as it does of a worker that does not answer any more; its own connection may be busy."""
    lease: Any = store._lease
    lease._stopping.set()
    lease._thread.join()
    lease._good_until = read_seconds_since_boot() - 1
    database = connect(store._address)
    database.execute(
        "UPDATE alloy_async.shards SET lease_until = now() - interval '1 s' WHERE job = %s AND lease_until IS NOT NULL",
        (store.job,),
    )
    database.close()


def plan_and_claim_shard(place: str) -> PostgresStore:
    """Plan a job of five rows, make one shard of it, and claim that."""
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 5)
        store.split_into_shards("apply", 5)
    shard = claim(place)
    assert shard is not None
    return shard


def test_who_lost_the_lease_writes_and_sends_nothing_more(place: str) -> None:
    first = plan_and_claim_shard(place)
    first.check_worker()
    rows = list(first.read_rows("apply"))
    first.record_intents("apply", [row.create_intent() for row in rows[:2]])
    # It has no transaction open that whoever takes over would end; the epoch alone fences it off.
    lapse(first)
    with pytest.raises(JobError, match="may have taken over"):
        first.check_worker()
    second = claim(place)
    assert second is not None
    with pytest.raises(JobError, match="another worker has taken over"):
        first.record_intents("apply", [row.create_intent() for row in rows[2:]])
    with pytest.raises(JobError, match="another worker has taken over"):
        first.record_results("apply", [row.create_settling_result("created") for row in rows[:1]])
    assert [row.state for row in second.read_rows("apply")] == ["intended"] * 2 + ["planned"] * 3
    first.close()
    with pytest.raises(JobError, match="another worker"):
        PostgresStore.take_up(place)
    second.close()


def test_who_takes_over_the_whole_job_takes_over_its_shards(place: str) -> None:
    """Their workers may wake up: one that renewed its lease then went on beside whoever resumed the job, or took it back."""
    first = plan_and_claim_shard(place)
    lapse(first)
    assert_taken_over(first, PostgresStore.take_up(place))


def test_who_takes_over_a_shard_takes_over_the_whole_job(place: str) -> None:
    plan_and_claim_shard(place).close()
    first = PostgresStore.take_up(place)
    lapse(first)
    assert_taken_over(first, claim(place))


async def test_a_job_that_cannot_be_read_right_after_its_claim_is_let_go(place: str) -> None:
    """Its lease was renewed for as long as the process lived, so that all workers waited for one another for ever."""
    PostgresStore.create(place, HEADER).close()

    def claim() -> PostgresStore:
        store = PostgresStore.take_up(place)
        pid = store._database.info.backend_pid
        with PostgresStore.open_for_reading(place) as other:
            other.fetch_with_given_values("SELECT pg_terminate_backend(%s, 60000)", (pid,))
        return store

    with pytest.raises(JobUnavailable):
        async with open_job_writer(claim):
            raise AssertionError("its header was read")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lease")]


def assert_taken_over(first: PostgresStore, second: PostgresStore | None) -> None:
    assert second is not None
    rows = list(second.read_rows("apply"))
    second.record_intents("apply", [rows[0].create_intent()])
    second.close()  # by then nobody has the job, and still the first one may not write
    with pytest.raises(JobError, match="another worker has taken over"):
        first.record_intents("apply", [row.create_intent() for row in rows[1:]])
    lease: Any = first._lease
    renewed = first._database.execute(_RENEW, (60, *lease._key)).rowcount
    assert renewed == 0
    assert [row.state for row in first.read_rows("apply")] == ["intended"] + ["planned"] * 4
    first.close()


@pytest.mark.parametrize("where", ["between statements", "in the middle of a copy"])
def test_a_worker_that_is_stopped_within_a_transaction_does_not_hold_up_who_takes_over(
    place: str, where: str
) -> None:
    place = place.replace("#", "&lease_seconds=60#")
    first = plan_and_claim_shard(place)

    def stop_within_transaction() -> None:
        with first.transaction(), contextlib.ExitStack() as stack:
            first.add_seconds([Second(10, 1, 1, 0.1, 0.1, 0.1, 0, 0, 0.0)])
            first.read_header()  # which sends what was written, too
            if where == "in the middle of a copy":  # no timeout of PostgreSQL ends this one
                copy = first._database.cursor().copy(f"COPY {first.events} FROM STDIN".encode())
                stack.enter_context(copy).write(b"1\t0\t1\t")
            lapse(first)  # and here it is stopped
            take_over()
            stack.close()
            first.read_header()

    def take_over() -> None:
        began = time.monotonic()
        second = claim(place)
        assert second is not None
        assert time.monotonic() - began < 30, "half of the lease"
        second.add_seconds([Second(10, 1, 1, 0.1, 0.1, 0.1, 0, 0, 0.0)])
        assert [row.state for row in second.read_rows("apply")] == ["planned"] * 5
        second.close()

    with pytest.raises(JobUnavailable, match=r"terminating connection|closed the connection"):
        stop_within_transaction()
    first.close()


def test_transactions_wait_no_longer_than_a_lease(place: str) -> None:
    PostgresStore.create(place, HEADER).close()
    short = place.replace("#", "&lease_seconds=6#")
    with PostgresStore.open_for_reading(short) as reader, closing(PostgresStore.take_up(short)) as worker:
        for store in (reader, worker):
            with store.transaction():
                for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
                    assert store.fetch_with_given_values(f"SHOW {name}", ()) == [("6s",)]


def test_nothing_is_left_in_a_session_which_a_pooler_gives_to_another(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 25)
        for _ in range(10):  # after some, the driver would prepare statements
            store.count_outcomes("apply")
        left = "SELECT name FROM pg_settings WHERE source = 'session'"
        fresh = connect(JobAddress.parse(place))
        assert store._database.execute(left).fetchall() == fresh.execute(left).fetchall()
        fresh.close()
        assert store._database.execute("SELECT name FROM pg_prepared_statements").fetchall() == []


def test_a_claim_of_a_shard_whose_lease_was_renewed_meanwhile_takes_nothing(place: str) -> None:
    """The lease is looked at first, then the row is locked: in between its worker may have answered after all."""
    first = plan_and_claim_shard(place)
    lapse(first)
    with (
        PostgresStore.open_for_reading(place) as renewing,
        PostgresStore.open_for_reading(place) as looking,
        ThreadPoolExecutor() as pool,
    ):
        with renewing._database.transaction():
            renewing._database.execute(  # about to be committed
                "UPDATE alloy_async.shards SET lease_until = now() + interval '60 s' WHERE job = %s AND shard = 1",
                (renewing.job,),
            )
            claiming = pool.submit(claim, place)
            waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while not looking._database.execute(waits).fetchone():
                assert not claiming.done(), claiming.exception()
                time.sleep(0.01)
        assert claiming.result(60) is None
    first.close()


@pytest.mark.parametrize("seconds", ["x", "0", "-5", "nan", "1e9"])
def test_a_lease_is_a_number_of_seconds(seconds: str) -> None:
    with pytest.raises(ConfigurationError, match="lease_seconds is a number of seconds from 1 to 3600"):
        JobAddress.parse(f"postgresql://db/jobs?lease_seconds={seconds}#june")
    address = JobAddress.parse("postgresql://db/jobs?lease_seconds=5&sslmode=require#june")
    assert address.lease == 5
    assert address.database == "postgresql://db/jobs?sslmode=require"
    assert address.shown == "postgresql://db/jobs?lease_seconds=5&sslmode=require#june"


def test_a_lease_is_renewed(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        lease = Lease.claim(store._database, store._address, store.job)
        assert lease is None, "it is held already"
    address = JobAddress.parse(place.replace("#", "&lease_seconds=4#"))
    with PostgresStore.open_for_reading(place) as reader:
        lease = Lease.claim(reader._database, address, reader.job)
        assert lease is not None
        deadline = time.monotonic() + 120
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
        PostgresStore.take_up(place)
    PostgresStore.create(place, HEADER).close()


def test_a_worker_of_another_version_is_refused_at_its_claim(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 5)
        store.split_into_shards("apply", 5)
        store.execute_many("UPDATE alloy_async.jobs SET version = '0.0.1' WHERE job = %s", [(store.job,)])
    with pytest.raises(JobError, match=r"split for workers by alloy-async 0\.0\.1, and this worker is \d"):
        claim(place)
    with closing(PostgresStore.take_up(place)) as store:  # split anew, by this one
        store.split_into_shards("apply", 5)
    claimed = claim(place)
    assert claimed is not None
    claimed.close()


def test_a_late_renewal_loses_nothing_that_nobody_has_claimed(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        lapse(store)
        plan(store, 5)
        assert store.count_outcomes("apply") == {"planned": 5}


def test_the_jobs_of_a_database_are_listed(place: str) -> None:
    other = f"{place} of july"
    for one in (place, other):
        with closing(PostgresStore.create(one, HEADER)) as store:
            plan(store, 3)
    done = subprocess.run(
        [sys.executable, "-m", "alloy_async", "jobs", "list", place.partition("#")[0], "--format", "json"],
        capture_output=True,
        check=False,
    )
    found = {job["path"]: job for job in json.loads(done.stdout)}
    names = {one.partition("#")[2] for one in (place, other)}
    assert names <= found.keys()
    assert {found[name]["rows"] for name in names} == {3}


def test_a_database_that_is_away_lists_nothing_and_shows_no_password() -> None:
    address = "postgresql://ada:s3cret@127.0.0.1:1/jobs"
    words = ["jobs", "list", address]
    done = subprocess.run([sys.executable, "-m", "alloy_async", *words], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"cannot be reached" in done.stderr
    assert b"s3cret" not in done.stdout + done.stderr


def test_old_jobs_of_a_database_are_thrown_away_when_told(place: str) -> None:
    ended = attrs.evolve(HEADER, state="done", created=1000.0, started=1000.0, ended=1001.0)
    for one, header in ((place, ended), (f"{place}-open", HEADER)):
        PostgresStore.create(one, header).close()

    def prune(*words: str) -> str:
        database = place.partition("#")[0]
        command = ["jobs", "prune", database, "--older-than", "9000", "--keep", "0", *words]
        done = subprocess.run(
            [sys.executable, "-m", "alloy_async", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    name = place.partition("#")[2]
    assert f"would remove {name}" in prune()
    assert job_exists(place)
    assert f"removed {name}" in prune("--yes")
    assert not job_exists(place)
    assert job_exists(f"{place}-open")


def test_rows_of_a_shard_are_counted_apart_also_where_records_cover_two_shards(place: str) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 10)
        store.split_into_shards("apply", 5)
        store.record_intents("apply", [RowResult(n, "planned", "intend") for n in range(4, 8)])
        store.record_results("apply", [RowResult(4, "intended", "settle", "created")])
    first, second = claim(place), claim(place)
    assert first is not None
    assert second is not None
    with closing(first), closing(second):
        assert first.count_outcomes_of_shard("apply") == {"planned": 3, "created": 1, "intended": 1}
        assert second.count_outcomes_of_shard("apply") == {"planned": 3, "intended": 2}
        for store in (first, second):
            assert store.count_outcomes("apply") == {"planned": 6, "created": 1, "intended": 3}


def test_what_a_worker_writes_goes_to_the_database_in_one_piece(place: str, tmp_path: Path) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 5)
        sent = tmp_path / "sent"
        with sent.open("w") as file:
            store._database.pgconn.trace(file.fileno())
            with store.transaction(durable=True):
                store.record_intents("apply", [RowResult(1, "planned", "intend", rows=5)])
                store.add_seconds([Second(10, 1, 1, 0.1, 0.1, 0.1, 0, 0, 0.0)])
            store._database.pgconn.untrace()
        directions = [
            fields[1] for line in sent.read_text().splitlines() if len(fields := line.split("\t")) > 2
        ]
        assert directions.count("F") == 1
        assert store.count_outcomes("apply") == {"intended": 5}


def test_what_is_sent_behind_a_lease_that_is_lost_is_not_written(place: str) -> None:
    first = plan_and_claim_shard(place)
    lapse(first)
    second = claim(place)
    assert second is not None
    with closing(second):
        for write in (
            lambda: first.record_intents("apply", [RowResult(1, "planned", "intend", rows=5)]),
            lambda: first.add_seconds([Second(10, 1, 1, 0.1, 0.1, 0.1, 0, 0, 0.0)]),
            lambda: plan(first, 100),
        ):
            with pytest.raises(JobUnavailable, match="another worker has taken over"):
                write()
        assert second.count_outcomes("apply") == {"planned": 5}
        assert second.read_seconds() == []
    first.close()


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def move_leases(store: PostgresStore, seconds: int) -> None:
    """Set the database's clock, with which leases are compared, by moving them the other way."""
    with closing(connect(store._address)) as database:
        database.execute(
            "UPDATE alloy_async.shards SET lease_until = lease_until + make_interval(secs => %s) WHERE job = %s",
            (seconds, store.job),
        )


@pytest.mark.parametrize(("seconds", "is_free"), [(-3600, True), (1800, False), (7200, True)])
def test_a_database_whose_clock_was_set_keeps_no_shard_for_long(
    place: str, seconds: int, is_free: bool
) -> None:
    first = plan_and_claim_shard(place)
    move_leases(first, seconds)
    assert (first.worker is None) == is_free
    assert first.count_shards_by_state("apply").live == (0 if is_free else 1)
    second = claim(place)
    assert (second is not None) == is_free
    if second is not None:
        with closing(second), pytest.raises(JobUnavailable, match="another worker has taken over"):
            first.record_intents("apply", [RowResult(1, "planned", "intend", rows=5)])
    first.close()


def test_who_lives_on_has_its_lease_by_the_clock_as_it_was_set(place: str) -> None:
    short = place.replace("#", "&lease_seconds=1#")
    PostgresStore.create(place, HEADER).close()
    with closing(PostgresStore.take_up(short)) as store:
        for seconds in (1800, -3600):
            move_leases(store, seconds)
            wait_until(lambda: read_seconds_left(store) < 2)
            wait_until(lambda: read_seconds_left(store) > 0)
        store.check_worker()


def read_seconds_left(store: PostgresStore) -> float:
    with closing(connect(store._address)) as database:
        (left,) = database.execute(
            "SELECT extract(epoch FROM lease_until - clock_timestamp())::double precision FROM alloy_async.shards"
            " WHERE job = %s AND lease_until IS NOT NULL",
            (store.job,),
        ).fetchone() or (0.0,)
    return float(left)


def test_a_worker_whose_renewal_is_refused_sends_nothing_more(place: str) -> None:
    short = place.replace("#", "&lease_seconds=60#")
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 5)
        store.split_into_shards("apply", 5)
    first = claim(short)
    assert first is not None
    move_leases(first, -3600)
    with closing(first), closing(claim(short) or first):
        lease: Any = first._lease
        first.check_worker()
        lease._seconds = 0.03  # so that it renews at once
        lease._stopping.set()
        lease._thread.join()
        lease._stopping.clear()
        lease._renew_until_stopped()
        with pytest.raises(JobUnavailable, match="may have taken over"):
            first.check_worker()


def test_an_epoch_that_comes_again_after_a_failover_is_not_that_of_another_worker(place: str) -> None:
    first = plan_and_claim_shard(place)
    lapse(first)
    with closing(connect(first._address)) as database:
        database.execute("SELECT setval('alloy_async.epochs', %s, false)", (first.epoch,))
    try:
        second = claim(place)
        assert second is not None
        assert second.epoch == first.epoch
        with closing(second):
            with pytest.raises(JobUnavailable, match="another worker has taken over"):
                first.record_intents("apply", [RowResult(1, "planned", "intend", rows=5)])
            first.close()  # which lets go of nothing that is another's
            assert second.count_shards_by_state("apply").live == 1
    finally:
        with closing(connect(first._address)) as database:
            database.execute("SELECT setval('alloy_async.epochs', %s)", (first.epoch + 100,))


def test_a_statement_that_takes_too_long_says_what_to_do(place: str) -> None:
    PostgresStore.create(place, HEADER).close()
    with PostgresStore.open_for_reading(place) as store:
        store._database.execute("SET statement_timeout = '20ms'")
        with pytest.raises(JobUnavailable, match="allow statements more time"):
            store.fetch_with_given_values("SELECT pg_sleep(60)", ())


def test_a_connection_that_is_lost_is_told_once(place: str, caplog: pytest.LogCaptureFixture) -> None:
    with closing(PostgresStore.create(place, HEADER)) as store:
        plan(store, 5)
        with closing(connect(store._address)) as database:
            worker = (store._database.info.backend_pid,)
            database.execute("SELECT pg_terminate_backend(%s)", worker)
            gone = "SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = %s)"
            wait_until(lambda: database.execute(gone, worker).fetchone() == (True,))
        with pytest.raises(JobUnavailable, match="cannot be written any more"):
            store.record_intents("apply", [RowResult(1, "planned", "intend", rows=5)])
        with pytest.raises(JobUnavailable):
            store.count_outcomes("apply")
    assert not caplog.records
