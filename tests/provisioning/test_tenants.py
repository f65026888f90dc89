"""Many tenants in one process: a report each, none held up by another, all mistakes told before anything is sent."""

from __future__ import annotations

import asyncio
import pickle
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from alloy_async.core.errors import ConfigurationError, ConnectError, Unauthorized
from alloy_async.directory import Directory, Outcome, UserRecord
from alloy_async.provisioning import (
    Counts,
    Event,
    JobError,
    Progress,
    Report,
    RunOptions,
    SourceError,
    Tenant,
    TenantResult,
    TenantsError,
    apply_many,
    open_source,
    plan_many,
    provision,
    provision_many,
    resume_many,
    sync,
    undo_many,
)
from alloy_async.provisioning.store.store_opener import open_store_for_reading
from alloy_async.provisioning.tenants.runner import TenantsRunner
from alloy_async.provisioning.tenants.slots import STALLED_SECONDS, TenantSlots
from simulation.memory_directory import MemoryDirectory


def directory(account: str, *users: str, **options: Any) -> MemoryDirectory:
    made = MemoryDirectory(*users, **options)
    made.account = account
    return made


def users_file(path: Path, number: int = 3) -> Path:
    path.write_text("username\n" + "".join(f"{path.stem}{n}\n" for n in range(number)), encoding="utf-8")
    return path


def create_tenants(folder: Path, number: int, rows: int = 3, **options: Any) -> list[Tenant]:
    return [
        Tenant(
            name=f"t{n}",
            source=users_file(folder / f"t{n}.csv", rows),
            target=directory(f"account {n}"),
            **options,
        )
        for n in range(number)
    ]


def refuse_key(call: int, records: Sequence[UserRecord]) -> None:
    raise Unauthorized("401: the key has expired")


async def test_each_tenant_has_its_job_and_its_report(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 4)
    report = await provision_many(tenants)
    assert report.complete
    assert not report.errors
    assert list(report.tenants) == ["t0", "t1", "t2", "t3"]
    for number, (name, one) in enumerate(report.tenants.items()):
        assert one.result is not None
        assert one.result.counts == Counts(created=3)
        assert one.result.job == tmp_path / f"{name}.job"
        assert sorted(tenants[number].target.users) == [f"{name}{n}" for n in range(3)]  # type: ignore[union-attr]


async def test_a_key_that_has_expired_holds_up_nobody_else(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 3)
    tenants[1].target._script = refuse_key  # type: ignore[union-attr]
    report = await provision_many(tenants, at_once=1)
    assert not report.complete
    assert [one.complete for one in report.tenants.values()] == [True, False, True]
    assert isinstance(report.errors["t1"], Unauthorized)
    assert sorted(path.name for path in tmp_path.glob("*.job")) == ["t0.job", "t2.job"]


async def test_an_error_that_nobody_expected_holds_up_nobody_else(tmp_path: Path) -> None:
    def fail(call: int, records: Sequence[UserRecord]) -> None:
        raise ZeroDivisionError("somebody's own mistake")

    tenants = create_tenants(tmp_path, 3)
    tenants[0].target._script = fail  # type: ignore[union-attr]
    report = await provision_many(tenants)
    assert isinstance(report.errors["t0"], ZeroDivisionError)
    assert [one.complete for one in report.tenants.values()] == [False, True, True]


async def test_what_was_checked_is_what_is_sent(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 2)

    def change_next(name: str, event: object) -> None:
        if name == "t0" and isinstance(event, TenantResult):
            users_file(tmp_path / "t1.csv", 500)

    report = await provision_many(tenants, at_once=1, on_event=change_next)
    assert isinstance(report.errors["t1"], SourceError)
    assert "the file was changed" in str(report.errors["t1"])
    assert [path.name for path in tmp_path.glob("*.job")] == ["t0.job"]
    assert not tenants[1].target.users  # type: ignore[union-attr]
    assert (await provision_many(tenants[1:])).complete


async def test_events_come_with_the_name_of_their_tenant(tmp_path: Path) -> None:
    told: dict[str, list[Any]] = {}
    unnamed: list[Event] = []
    await provision_many(
        create_tenants(tmp_path, 2),
        on_event=lambda name, event: told.setdefault(name, []).append(event),
        run=RunOptions(on_event=unnamed.append),
    )
    assert set(told) == {"t0", "t1"}
    for events in told.values():
        assert events[-2] == Progress(Counts(created=3), 3)
        assert isinstance(events[-1], TenantResult)
    assert len(unnamed) == sum(len(events) - 1 for events in told.values())


async def test_no_more_are_open_than_may_be(tmp_path: Path) -> None:
    opened: Counter[str] = Counter()

    def count(thing: str, name: str) -> None:
        opened[thing] += 1
        opened[f"most {thing}"] = max(opened[f"most {thing}"], opened[thing])

    def open_target(number: int) -> Callable[[], Any]:
        @asynccontextmanager
        async def opening() -> AsyncIterator[Directory]:
            count("targets", str(number))
            try:
                yield directory(f"account {number}")
            finally:
                opened["targets"] -= 1

        return opening

    def open_users(number: int) -> Callable[[], Any]:
        path = users_file(tmp_path / f"u{number}.csv")
        return lambda: open_source(path)

    tenants = [
        Tenant(name=f"t{n}", source=open_users(n), target=open_target(n), job=tmp_path / f"{n}.job")
        for n in range(40)
    ]
    report = await provision_many(tenants, at_once=5)
    assert report.complete
    assert opened["targets"] == 0
    assert 5 <= opened["most targets"] <= 8  # eight are looked at together before anything is done


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "t0"}, "t0: there are several of this name; give each its own"),
        ({"job": "t0.job"}, "t1: its job {folder}/t0.job is that of t0 too; give each a job of its own"),
        ({"job": "sub/../t0.job"}, "t1: its job {folder}/sub/../t0.job is that of t0 too"),
        ({"source": "nowhere.csv"}, "t1: {folder}/nowhere.csv: cannot be read: No such file or directory"),
        ({"source": None}, "t1: the place of its job is missing: say job="),
        ({"target": "alloy"}, "t1: target is a directory, or a function that opens one, not str"),
    ],
)
async def test_mistakes_are_told_before_anything_is_sent(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    (tmp_path / "sub").mkdir()
    first, second = create_tenants(tmp_path, 2)
    paths = {name: tmp_path / value for name, value in changes.items() if name in ("job", "source") and value}
    wrong = Tenant(
        **{"name": "t1", "source": second.source, "target": second.target, **changes, **paths}  # type: ignore[arg-type]
    )
    with pytest.raises(TenantsError) as caught:
        await provision_many([first, wrong])
    assert str(caught.value).startswith("1 mistake; nothing was sent:\n  ")
    assert message.format(folder=tmp_path) in str(caught.value)
    assert not first.target.calls  # type: ignore[union-attr]
    assert not list(tmp_path.glob("*.job"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.mistakes) == (str(caught.value), caught.value.mistakes)


async def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 5)
    for number in (1, 3):
        (tmp_path / f"t{number}.csv").unlink()
    with pytest.raises(TenantsError) as caught:
        await provision_many(tenants)
    assert [mistake.tenant for mistake in caught.value.mistakes] == ["t1", "t3"]
    assert str(caught.value).startswith("2 mistakes; nothing was sent:\n  t1: ")


@pytest.mark.parametrize(
    ("first", "second", "conflict"),
    [
        ("create", "create", None),
        ("create", "upsert", None),
        ("offboard", "offboard", None),
        ("create", "sync", "sync removes whoever is not in its own file"),
        ("sync", "sync", "sync removes whoever is not in its own file"),
        ("offboard", "upsert", "one brings people in while the other makes people leave"),
    ],
)
async def test_one_account_in_modes_that_do_not_go_together(
    tmp_path: Path, first: Any, second: Any, conflict: str | None
) -> None:
    target = directory("shared", "ada")
    tenants = [
        Tenant(
            name=name,
            source=users_file(tmp_path / f"{name}.csv"),
            target=target,
            mode=mode,
            allow_delete=1,
        )
        for name, mode in (("one", first), ("two", second))
    ]
    if conflict is None:
        await plan_many(tenants)
        return
    with pytest.raises(TenantsError) as caught:
        await plan_many(tenants)
    (mistake,) = caught.value.mistakes
    assert mistake.tenant == "two"
    assert mistake.message.startswith("its account is that of one, and mode ")
    assert conflict in mistake.message


async def test_plans_are_applied(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 3)
    plans = await plan_many(tenants)
    assert plans.complete
    assert [one.result and one.result.actions for one in plans.tenants.values()] == [{"create": 3}] * 3
    assert not tenants[0].target.users  # type: ignore[union-attr]
    assert (await apply_many(tenants)).complete
    again = await apply_many(tenants)
    assert all(isinstance(error, JobError) for error in again.errors.values())
    assert len(again.errors) == 3


async def test_undo_takes_all_back(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 3)
    await provision_many(tenants)
    report = await undo_many(tenants)
    assert report.complete
    assert [one.target.users for one in tenants] == [{}] * 3  # type: ignore[union-attr]


class Unsure(MemoryDirectory):
    """Loses the answers of creations, which did not happen; and its keys are not unique."""

    loses = True

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        if self.loses:
            return [Outcome(record.username, "unknown", "lost") for record in records]
        return await super().create(records)


async def test_rows_of_unknown_outcome_are_sent_again_of_jobs_that_have_ended(tmp_path: Path) -> None:
    target = Unsure(key_is_unique=False)
    tenants = [Tenant(name="acme", source=users_file(tmp_path / "acme.csv"), target=target)]
    first = (await provision_many(tenants)).tenants["acme"].result
    assert first is not None
    assert first.counts == Counts(unknown=3)
    target.loses = False
    assert not (await resume_many(tenants)).complete
    assert target.users == {}
    again = await resume_many(tenants, run=RunOptions(sends_again=True))
    assert again.complete
    assert len(target.users) == 3


async def test_a_stop_lets_all_finish_what_is_on_its_way_and_resume_goes_on(tmp_path: Path) -> None:
    stop = asyncio.Event()
    tenants = create_tenants(tmp_path, 6, rows=50)

    def listen(name: str, event: Event | TenantResult[Any]) -> None:
        if isinstance(event, Progress) and name == "t1":
            stop.set()

    report = await provision_many(
        tenants, at_once=2, run=RunOptions(stop=stop, concurrency=1), on_event=listen
    )
    assert report.stopped == "interrupted"
    assert not report.complete
    begun = [one for one in report.tenants.values() if one.is_begun]
    assert 1 <= len(begun) < 6
    for one in begun:
        sent = len(next(tenant for tenant in tenants if tenant.name == one.name).target.users)  # type: ignore[union-attr]
        if one.result is not None:
            assert one.result.counts == Counts(created=sent, planned=50 - sent)
        else:
            assert "was stopped before anything was sent" in str(one.error)
            assert sent == 0
    assert (await resume_many(tenants)).complete
    for tenant in tenants:
        users = [name for call in tenant.target.calls for name in call]  # type: ignore[union-attr]
        assert sorted(users) == sorted(f"{tenant.name}{n}" for n in range(50))  # each sent once


async def test_a_stop_need_not_wait_for_who_is_still_checking(tmp_path: Path) -> None:
    """A tenant whose listing never ends is cut off, as nothing was sent for it."""
    asked = asyncio.Event()

    class Endless(MemoryDirectory):
        async def list(self) -> AsyncIterator[UserRecord]:
            asked.set()
            await asyncio.Event().wait()
            yield UserRecord(username="nobody")

    stop = asyncio.Event()
    tenant = Tenant(
        name="slow",
        source=users_file(tmp_path / "slow.csv"),
        target=Endless(),
        mode="sync",
        allow_delete=1,
    )
    running = asyncio.create_task(provision_many([tenant], run=RunOptions(stop=stop)))
    await asked.wait()
    stop.set()
    report = await running
    assert "was stopped before anything was sent" in str(report.errors["slow"])


async def test_a_stop_need_not_wait_for_who_has_sent_nothing_of_a_plan_yet(tmp_path: Path) -> None:
    """So it is too where a job is taken back whose rows in doubt are asked for; they stay so, and it can be taken back."""
    asked = asyncio.Event()

    class Silent(MemoryDirectory):
        async def find(self, key: str) -> UserRecord | None:
            asked.set()
            await asyncio.Event().wait()
            return None

    source = users_file(tmp_path / "slow.csv")
    lost = MemoryDirectory(
        script=lambda number, records: [Outcome(one.username, "unknown") for one in records]
    )
    await provision_many([Tenant(name="slow", source=source, target=lost)])
    stop, tenant = asyncio.Event(), Tenant(name="slow", source=source, target=Silent())
    running = asyncio.create_task(undo_many([tenant], run=RunOptions(stop=stop)))
    await asked.wait()
    stop.set()
    report = await asyncio.wait_for(running, 60)
    assert report.stopped == "interrupted"
    with open_store_for_reading(tenant.place) as store:
        assert store.read_header().phase == "apply"
        assert store.count_outcomes("apply")["doubt"] > 0


async def test_a_cancelled_run_cancels_all(tmp_path: Path) -> None:
    entered = asyncio.Event()

    class Hanging(MemoryDirectory):
        async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
            entered.set()
            await asyncio.Event().wait()
            return []

    tenants = [
        Tenant(name=name, source=users_file(tmp_path / f"{name}.csv"), target=Hanging()) for name in "abc"
    ]
    running = asyncio.create_task(provision_many(tenants, at_once=1))
    await entered.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_one_that_waits_for_its_system_lends_its_place(tmp_path: Path) -> None:
    """With one place, and the first tenant in an outage, the others have their turns all the same."""
    over = asyncio.Event()

    class Away(MemoryDirectory):
        async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
            nonlocal now
            now += 2 * STALLED_SECONDS  # nothing is heard of it for as long
            await over.wait()
            return await super().create(records)

    now = 0.0
    tenants = create_tenants(tmp_path, 4)
    away = Tenant(name="away", source=users_file(tmp_path / "away.csv"), target=Away())
    others: set[str] = set()

    def listen(name: str, event: Event | TenantResult[Any]) -> None:
        if isinstance(event, Progress):
            others.add(name)
            if len(others) == 4:
                over.set()

    async def work(tenant: Tenant, run: RunOptions) -> Report:
        assert isinstance(tenant.target, MemoryDirectory)
        assert isinstance(tenant.source, Path)
        return await provision(tenant.source, tenant.target, job=tenant.place, run=run)

    runner = TenantsRunner(None, 1, listen, clock=lambda: now, sleep=lambda _: asyncio.sleep(0.001))
    report = await runner.run([away, *tenants], work)
    assert report.complete
    assert others == {"away", "t0", "t1", "t2", "t3"}


async def test_a_first_call_that_fails_leaves_no_job_and_resume_begins_it(tmp_path: Path) -> None:
    away = True

    def script(call: int, records: Sequence[UserRecord]) -> None:
        if away:
            raise ConnectError("no route")

    tenants = create_tenants(tmp_path, 2)
    tenants[0].target._script = script  # type: ignore[union-attr]
    assert isinstance((await provision_many(tenants)).errors["t0"], ConnectError)
    away = False
    report = await resume_many(tenants)
    assert report.complete
    assert [one.result and one.result.counts.created for one in report.tenants.values()] == [3, 3]


async def test_a_source_with_bad_rows_is_incomplete_and_nobody_elses_matter(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 2)
    (tmp_path / "t1.csv").write_text("username\nada\nada\n")
    report = await provision_many(tenants)
    assert [one.complete for one in report.tenants.values()] == [True, False]
    assert not report.errors
    (tmp_path / "t1.csv").write_text("colour\nred\n")
    with pytest.raises(TenantsError, match=r"t1: .*t1\.csv"):
        await provision_many([tenants[1]])


def test_sync_functions_do_the_same(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 2)
    assert sync.plan_many(tenants).complete
    assert sync.apply_many(tenants).complete
    assert sync.resume_many(tenants).complete
    assert sync.undo_many(tenants).complete
    with pytest.raises(TenantsError):
        sync.provision_many([*tenants, tenants[0]])


@pytest.mark.parametrize("at_once", [0, -1, 1.5, "many"])
async def test_a_wrong_bound(tmp_path: Path, at_once: Any) -> None:
    with pytest.raises(ConfigurationError, match="at_once must be 1 or more"):
        await provision_many(create_tenants(tmp_path, 1), at_once=at_once)


async def test_a_source_error_is_the_tenants_own(tmp_path: Path) -> None:
    tenants = create_tenants(tmp_path, 2)
    path = users_file(tmp_path / "t0.csv", 50_000)  # more than is looked at before anything is done
    path.write_bytes(path.read_bytes() + b"\xff\n")
    report = await provision_many(tenants)
    assert isinstance(report.errors["t0"], SourceError)
    assert report.tenants["t1"].complete


class Places:
    """Places handed out by a clock of the test's own."""

    def __init__(self, most: int) -> None:
        self.now = 0.0
        self.slots = TenantSlots(most, lambda: self.now)

    async def take(self, number: int) -> list[Any]:
        tasks = [asyncio.create_task(self.slots.take_slot()) for _ in range(number)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return tasks


async def test_places_are_handed_out_in_order() -> None:
    places = Places(2)
    tasks = await places.take(4)
    assert [task.done() for task in tasks] == [True, True, False, False]
    places.slots.give_back(tasks[1].result())
    await asyncio.sleep(0)
    assert [task.done() for task in tasks] == [True, True, True, False]
    places.slots.give_back(tasks[0].result())
    assert await tasks[3]


async def test_a_stalled_place_is_lent_until_its_tenant_gets_on() -> None:
    places = Places(1)
    first, second, third = await places.take(3)
    places.now = STALLED_SECONDS - 0.1
    places.slots.lend_stalled_slots()
    await asyncio.sleep(0)
    assert not second.done()
    places.now = STALLED_SECONDS
    places.slots.lend_stalled_slots()
    await asyncio.sleep(0)
    assert second.done()
    places.slots.note_progress(first.result())
    places.slots.give_back(second.result())
    await asyncio.sleep(0)
    assert not third.done()  # the first one uses its place itself again
    places.slots.give_back(first.result())
    assert await third


async def test_no_more_places_are_lent_than_there_are() -> None:
    places = Places(2)
    tasks = await places.take(10)
    for _ in range(5):
        places.now += 2 * STALLED_SECONDS
        places.slots.lend_stalled_slots()
        await asyncio.sleep(0)
    assert sum(task.done() for task in tasks) == 4
    for task in tasks:
        task.cancel()


async def test_a_place_that_comes_too_late_goes_to_the_next() -> None:
    places = Places(1)
    first, second, third = await places.take(3)
    places.slots.give_back(first.result())  # it is the second's now, who is cancelled before it hears of it
    second.cancel()
    assert await third
