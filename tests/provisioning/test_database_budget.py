"""One rate limit in PostgreSQL for all processes that work with one credential, on whatever hosts."""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from alloy_async import AlloyDirectory, AsyncAlloy, Rate
from alloy_async.provisioning import JobError, RunOptions, provision
from alloy_async.provisioning.errors import JobUnavailable
from alloy_async.provisioning.events import Paused
from alloy_async.provisioning.shared_rate import share_rate
from alloy_async.provisioning.store.postgres.address import JobAddress
from alloy_async.provisioning.store.postgres.connection import connect
from alloy_async.provisioning.store.postgres.rate_budget import database_budget
from alloy_async.provisioning.store.postgres.rate_budget.database_budget import DatabaseBudget
from alloy_async.sandbox import Sandbox

from ..waiting import wait_until

PATIENCE = 30.0


@pytest.fixture
def address(database: str) -> JobAddress:
    return JobAddress.parse(f"{database}#june")


@pytest.fixture
def account() -> str:
    return str(uuid.uuid4())


def soon(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def take(budget: DatabaseBudget, clock: Callable[[], float] = time.monotonic) -> float:
    """Take one request; moments come from the database in the background."""
    found: list[float | None] = [None]

    def comes() -> bool:
        found[0] = budget.reserve(clock())
        return found[0] is not None

    soon(comes)
    assert found[0] is not None
    return found[0]


def test_all_draw_from_one_budget(address: JobAddress, account: str) -> None:
    with (
        closing(DatabaseBudget(address, account, Rate(10), time.monotonic)) as one,
        closing(DatabaseBudget(address, account, Rate(10), time.monotonic)) as two,
    ):
        moments = sorted(take(budget) for budget in (one, two) * 4)
    # A tenth of a second apart, however they take turns; but for the error in telling the database's clock.
    assert moments[-1] - moments[0] > 0.5


def test_the_rate_that_was_told_last_is_that_of_all(address: JobAddress, account: str) -> None:
    with closing(DatabaseBudget(address, account, None, time.monotonic)) as one:
        assert one.rate() == math.inf
        assert one.reserve(5.0) == 5.0
        with closing(DatabaseBudget(address, account, Rate(50), time.monotonic)):
            one.note_accepted(time.monotonic(), time.monotonic())
            soon(lambda: one.rate() < math.inf)
        assert one.rate() == pytest.approx(50, rel=0.02)


def test_a_refusal_that_one_sees_shuts_the_gate_for_all(address: JobAddress, account: str) -> None:
    with (
        closing(DatabaseBudget(address, account, None, time.monotonic)) as one,
        closing(DatabaseBudget(address, account, None, time.monotonic)) as two,
    ):
        now = time.monotonic()
        assert one.note_refused(now, now - 0.1, 60.0, 0.0, False)
        assert one.opens_at() - now == pytest.approx(60, abs=1), "here at once"

        def is_shut() -> bool:
            two.note_accepted(now - 5, now - 6)  # whoever works has a word with the database now and then
            return two.opens_at() > now

        soon(is_shut)
        assert two.opens_at() - now == pytest.approx(60, abs=1)
        assert two.get_told_opening() - now == pytest.approx(60, abs=1)


def test_what_is_given_back_is_taken_next(address: JobAddress, account: str) -> None:
    def stand_still() -> float:
        return 100.0

    with closing(DatabaseBudget(address, account, Rate(5), stand_still)) as budget:
        first = take(budget, stand_still)
        budget.give_back()
        assert take(budget, stand_still) == first


def test_without_the_database_nothing_more_is_given(address: JobAddress, account: str) -> None:
    with closing(DatabaseBudget(address, account, Rate(5), time.monotonic)) as budget:
        take(budget)
        budget._address = JobAddress.parse("postgresql://127.0.0.1:1/jobs#june")
        database = connect(address)
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        database.close()
        now = time.monotonic()
        given = 0
        while time.monotonic() < now + 2:
            given += budget.reserve(time.monotonic() + 3600) is not None
            time.sleep(0.01)
        assert given == 0, "what was leased before is too old, and no more comes"


def test_a_row_that_somebody_deletes_is_made_again(address: JobAddress, account: str) -> None:
    with (
        closing(DatabaseBudget(address, account, Rate(5), time.monotonic)) as budget,
        closing(connect(address)) as database,
    ):
        take(budget)
        database.execute("DELETE FROM alloy_async.budgets WHERE account = %s", (account,))
        for _ in range(4):  # some are leased already
            take(budget)
        assert budget.rate() == pytest.approx(5, rel=0.02)


def test_a_row_that_makes_no_sense_is_told_and_mended(
    address: JobAddress, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that reads it ended, and the callers waited for ever."""
    monkeypatch.setattr(database_budget, "_PATIENCE", 0.0)
    monkeypatch.setattr(database_budget, "_RETRY", 0.05)

    def is_away() -> bool:
        budget.reserve(time.monotonic())
        try:
            budget.check()
        except JobUnavailable as error:
            return "the rate limit that all share cannot be read: " in str(error)
        return False

    change = "UPDATE alloy_async.budgets SET told = %s WHERE account = %s"
    with (
        closing(DatabaseBudget(address, account, Rate(5), time.monotonic)) as budget,
        closing(connect(address)) as database,
    ):
        database.execute(change, (-1.0, account))
        soon(is_away)
        database.execute(change, (5.0, account))
        soon(lambda: not is_away())
        take(budget)


def test_who_was_told_no_rate_keeps_that_of_those_who_are_at_work(address: JobAddress, account: str) -> None:
    """A worker that Kubernetes starts without --rate took the limit from all others."""
    with (
        closing(DatabaseBudget(address, account, Rate(50), time.monotonic)),
        closing(DatabaseBudget(address, account, None, time.monotonic)) as other,
    ):
        assert other.rate() == pytest.approx(50, rel=0.02)
    with closing(connect(address)) as database:
        database.execute(
            "UPDATE alloy_async.budgets SET written = written - interval '1 hour' WHERE account = %s",
            (account,),
        )
    with closing(DatabaseBudget(address, account, None, time.monotonic)) as later:
        assert later.rate() == math.inf, "of a run that ended long ago nothing is left"


def test_an_exchange_takes_two_round_trips(address: JobAddress, account: str) -> None:
    sent: list[int] = []

    class CountingConnection(psycopg.Connection[Any]):
        def wait(self, *args: Any, **options: Any) -> Any:
            sent.append(1)
            return super().wait(*args, **options)

    with (
        closing(DatabaseBudget(address, account, Rate(5), time.monotonic)) as budget,
        CountingConnection.connect(address.database, autocommit=True) as database,
    ):
        sent.clear()
        budget._exchange(database)
        assert len(sent) <= 2


def test_a_database_that_is_away_is_told(account: str) -> None:
    with pytest.raises(JobError, match="cannot be reached"):
        DatabaseBudget(JobAddress.parse("postgresql://127.0.0.1:1/jobs#june"), account, None, time.monotonic)


async def test_jobs_of_one_process_with_one_credential_share_until_the_last_one_ends(database: str) -> None:
    """The second one went on by itself as soon as the first one had ended."""
    place, key = f"{database}#june", str(uuid.uuid4())
    async with (
        AsyncAlloy(key, base_url="http://127.0.0.1:1", rate_limit=Rate(17)) as one,
        AsyncAlloy(key, base_url="http://127.0.0.1:1") as two,
    ):
        assert one.limiter is two.limiter
        first, second = share_rate(place, AlloyDirectory(one)), share_rate(place, AlloyDirectory(two))
        await asyncio.gather(first.__aenter__(), second.__aenter__())
        budget = one.limiter.rate
        assert isinstance(budget, DatabaseBudget)
        await first.__aexit__(None, None, None)
        assert two.limiter.rate is budget
        assert budget.rate() == pytest.approx(17, rel=0.02)
        async with AsyncAlloy(key, base_url="http://127.0.0.1:1", rate_limit=Rate(9)) as three:
            async with share_rate(place, AlloyDirectory(three)):
                changed = two.limiter.rate
                assert isinstance(changed, DatabaseBudget)
                assert changed.rate() == pytest.approx(9, rel=0.02)
            assert two.limiter.rate is changed
        await second.__aexit__(None, None, None)
        assert one.limiter.rate == Rate(9)


async def test_one_credential_at_two_services_has_two_limits(database: str) -> None:
    place, key = f"{database}#june", str(uuid.uuid4())
    async with (
        AsyncAlloy(key, base_url="http://127.0.0.1:1", rate_limit=Rate(17)) as one,
        AsyncAlloy(key, base_url="http://127.0.0.1:2", rate_limit=Rate(70)) as two,
        share_rate(place, AlloyDirectory(one)),
        share_rate(place, AlloyDirectory(two)),
    ):
        budgets: list[Any] = [one.limiter.rate, two.limiter.rate]
        assert [budget.rate() for budget in budgets] == pytest.approx([17, 70], rel=0.02)
        assert len({budget._account for budget in budgets}) == 2


async def test_a_job_s_calls_draw_from_it_and_no_secret_is_kept(database: str) -> None:
    place = f"{database}#june"
    async with AsyncAlloy("s3cr3t-key", base_url="http://127.0.0.1:1", rate_limit=Rate(7)) as client:
        target = AlloyDirectory(client)
        async with share_rate(place, target):
            assert isinstance(client.limiter.rate, DatabaseBudget)
            assert client.limiter.rate.rate() == pytest.approx(7, rel=0.02)
            async with share_rate(place, target):  # within another: the same
                pass
            assert isinstance(client.limiter.rate, DatabaseBudget)
        assert client.limiter.rate == Rate(7)
    database_of_job = connect(JobAddress.parse(place))
    rows: Any = database_of_job.execute("SELECT account, told FROM alloy_async.budgets").fetchall()
    database_of_job.close()
    assert [told for account, told in rows if told == 7.0] == [7.0]
    assert "s3cr3t" not in repr(rows)


async def test_a_budget_that_is_away_alone_is_an_outage_and_not_the_service_s_limit(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the server takes no more connections: the job ended with "the rate limit holds it"."""
    monkeypatch.setattr(database_budget, "_PATIENCE", 0.2)
    monkeypatch.setattr(database_budget, "_RETRY", 0.1)
    table, paused = f"{database}#{uuid.uuid4()}", asyncio.Event()
    users = tmp_path / "users.csv"
    users.write_text("username,full_name\n" + "".join(f"u{n}@x.io,U {n}\n" for n in range(60)))

    def rename(old: str, new: str) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"ALTER TABLE alloy_async.{old} RENAME TO {new}".encode())

    sent: list[int] = []

    async def take_budget_away(sandbox: Sandbox) -> None:
        await wait_until(lambda: len(sandbox.requests) > 5)
        await asyncio.to_thread(rename, "budgets", "budgets_away")
        try:
            await asyncio.wait_for(paused.wait(), PATIENCE)
            sent.append(len(sandbox.requests))
            await asyncio.sleep(0.3)
            sent.append(len(sandbox.requests))
        finally:
            await asyncio.to_thread(rename, "budgets_away", "budgets")

    def note(event: object) -> None:
        if isinstance(event, Paused):
            assert "the rate limit that all share cannot be read" in event.reason
            paused.set()

    async with (
        Sandbox("alloy") as sandbox,
        AsyncAlloy("key", base_url=sandbox.url, rate_limit=Rate(40), deadline=5) as client,
    ):
        away = asyncio.create_task(take_budget_away(sandbox))
        report = await provision(
            users, AlloyDirectory(client), mode="upsert", job=table, run=RunOptions(on_event=note)
        )
        await away
    assert sent[0] == sent[1], "nothing was sent meanwhile"
    assert report.counts.created == 60
