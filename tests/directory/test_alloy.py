"""Alloy's users as a directory, against the sandbox; its ledger is the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alloy_async.alloy import AsyncAlloy
from alloy_async.alloy.directory import AlloyDirectory
from alloy_async.core.errors import ConnectError, Unauthorized
from alloy_async.core.hook_events import RetryEvent
from alloy_async.core.retry import Retry
from alloy_async.directory import Outcome, UserRecord
from alloy_async.sandbox import Fault, Malformed, Reset, Sandbox, Status


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("alloy", seed_users=0) as sandbox:
        yield sandbox


@pytest.fixture
async def directory(sandbox: Sandbox) -> AsyncIterator[AlloyDirectory]:
    quick = Retry(attempts=3, wait_initial=0.001)
    async with AsyncAlloy("key", base_url=sandbox.url, retry=quick) as client:
        yield AlloyDirectory(client)


def people(*usernames: str) -> list[UserRecord]:
    return [UserRecord(username=name, full_name=name.title()) for name in usernames]


async def test_create_find_list(sandbox: Sandbox, directory: AlloyDirectory) -> None:
    records = [*people("ada"), UserRecord(username="bob/b@x", given_name="Bob", family_name="B")]
    outcomes = await directory.create(records)
    assert outcomes == [Outcome("ada", "created"), Outcome("bob/b@x", "created")]
    assert [effect.key for effect in sandbox.ledger] == ["ada", "bob/b@x"]
    found = await directory.find("bob/b@x")
    assert found is not None
    assert (found.username, found.full_name) == ("bob/b@x", "Bob B")
    assert await directory.find("nobody") is None
    assert [user.username async for user in directory.list()] == ["ada", "bob/b@x"]


async def test_one_that_is_there_stays_as_it_is(sandbox: Sandbox, directory: AlloyDirectory) -> None:
    await directory.create([UserRecord(username="ada", full_name="Ada Lovelace")])
    outcomes = await directory.create(people("bob", "ada", "eve"))
    assert [(o.key, o.status) for o in outcomes] == [
        ("bob", "created"),
        ("ada", "exists"),
        ("eve", "created"),
    ]
    ada = await directory.find("ada")
    assert ada is not None
    assert outcomes[1].remote_id == ada.external_id
    assert ada.full_name == "Ada Lovelace"


@pytest.mark.parametrize("entry", [{"username": "bob"}, {"fullName": "Bob"}])
async def test_a_refused_user_that_is_not_there_is_invalid(
    sandbox: Sandbox, directory: AlloyDirectory, entry: dict[str, str]
) -> None:
    refusal = Status(200, {"message": "done", "invalidUsers": [entry]})
    sandbox.faults.add(Fault(refusal, "batch_create_users"))
    (outcome,) = await directory.create(people("bob"))
    assert (outcome.status, outcome.reason) == (
        "invalid",
        "Alloy refused this user and does not say why",
    )


async def test_a_failed_look_up_leaves_a_refused_user_failed(
    sandbox: Sandbox, directory: AlloyDirectory
) -> None:
    await directory.create(people("ada"))
    sandbox.faults.add(Fault(Status(500), "get_a_user", times=None))
    (outcome,) = await directory.create(people("ada"))
    assert outcome.status == "failed"
    assert "asking whether it exists failed: get_a_user: 500" in (outcome.reason or "")


@pytest.mark.parametrize(
    "kind", [Reset(after_effect=True), Status(502, after_effect=True), Reset(), Malformed()]
)
async def test_a_lost_answer_is_unknown_and_a_second_run_doubles_nobody(
    sandbox: Sandbox, directory: AlloyDirectory, kind: Reset | Status | Malformed
) -> None:
    sandbox.faults.add(Fault(kind, "batch_create_users"))
    outcomes = await directory.create(people("ada", "bob"))
    assert [outcome.status for outcome in outcomes] == ["unknown", "unknown"]
    assert "running the job again is safe" in (outcomes[0].reason or "")
    again = await directory.create(people("ada", "bob"))
    assert {outcome.status for outcome in again} <= {"created", "exists"}
    assert sorted(effect.key for effect in sandbox.ledger) == ["ada", "bob"]


async def test_a_call_of_which_nothing_happened_raises(sandbox: Sandbox) -> None:
    async with AsyncAlloy("wrong", base_url=sandbox.url) as client:
        with pytest.raises(Unauthorized):
            await AlloyDirectory(client).create(people("ada"))
    async with AsyncAlloy("key", base_url="http://127.0.0.1:9", retry=Retry(attempts=1)) as client:
        with pytest.raises(ConnectError):
            await AlloyDirectory(client).create(people("ada"))


async def test_update_and_delete(sandbox: Sandbox, directory: AlloyDirectory) -> None:
    await directory.create(people("ada", "bob"))
    updated = await directory.update([UserRecord(username="ada", full_name="Ada L"), *people("eve")])
    assert [outcome.status for outcome in updated] == ["updated", "invalid"]
    assert "404" in (updated[1].reason or "")
    ada = await directory.find("ada")
    assert ada is not None
    assert ada.full_name == "Ada L"
    deleted = await directory.delete(["bob", "nobody"])
    assert [outcome.status for outcome in deleted] == ["deleted", "deleted"]
    sandbox.faults.add(Fault(Status(500), "delete_a_user", times=None))
    (lost,) = await directory.delete(["ada"])
    assert lost.status == "unknown"
    assert sandbox.ledger.count(what="deleted") == 1


async def test_a_watched_directory_tells_of_retries(sandbox: Sandbox, directory: AlloyDirectory) -> None:
    events: list[RetryEvent] = []
    sandbox.faults.add(Fault(Status(429, headers={"Retry-After": "0"}), "batch_create_users"))
    outcomes = await directory.with_retry_hook(events.append).create(people("ada"))
    assert outcomes == [Outcome("ada", "created")]
    assert [event.operation for event in events] == ["batch_create_users"]
