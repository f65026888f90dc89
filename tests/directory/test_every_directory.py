"""What every directory promises, against its sandbox; the ledger is the truth."""

from __future__ import annotations

import unicodedata
from typing import Any

import attrs
import pytest

from alloy_async import AlloyDirectory, AsyncAlloy
from alloy_async.core.auth import Token
from alloy_async.core.errors import ConnectError, InvalidRequest, Unauthorized
from alloy_async.core.hook_events import RetryEvent
from alloy_async.core.retry import Retry
from alloy_async.directory import UserRecord, fit_record
from alloy_async.directory.adapter import Adapter
from alloy_async.sandbox import Fault, Sandbox, Status

from .cases import CASES, MAIL, Case

Directory = Adapter[Any]


def created(sandbox: Sandbox) -> list[str]:
    """The keys of those who were created, in order of their names."""
    return sorted(effect.key for effect in sandbox.ledger.find(what="created"))


async def test_what_is_carried_arrives_and_is_told(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    can, ada = directory.capabilities, case.person("ada")
    assert directory.find_losses(ada) == ()
    (outcome,) = await directory.create([ada])
    assert (outcome.key, outcome.status, outcome.reason) == (case.key("ada"), "created", None)
    assert created(sandbox) == [case.key("ada")]
    found = await directory.find(case.key("ada"))
    assert found is not None
    for field in can.shows:
        told = found.display_name if field == "full_name" else getattr(found, field)
        assert told == getattr(ada, field), field
    if "list" in can.abilities:
        assert found in [user async for user in directory.list()]


async def test_whoever_is_not_there_is_not_found(case: Case, directory: Directory) -> None:
    assert await directory.find(case.key("nobody")) is None


async def test_a_user_is_found_by_every_key_and_in_every_form(case: Case, directory: Directory) -> None:
    await directory.create([case.person("zoë")])
    there = await directory.find(case.key("zoë"))
    assert there is not None
    assert there.remote_id
    can = directory.capabilities
    values = [value for field in (*can.identities, "remote_id") if (value := getattr(there, field))]
    assert len({*values}) == 2
    for value in values:
        assert await directory.find(value) == there
    for value in {getattr(there, field) for field in can.identities if field != "remote_id"}:
        for form in (value.upper(), unicodedata.normalize("NFD", value)):
            assert await directory.find(form) == there


async def test_update_and_removal_go_by_the_id_where_a_record_has_one(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    await directory.create([case.person("bob")])
    bob = await directory.find(case.key("bob"))
    assert bob is not None
    names = {"given_name": "Bob", "family_name": "Loman", "full_name": "Bob Loman"}
    other_key = UserRecord(username="ada", email=f"ada@{MAIL}", remote_id=bob.remote_id, **names)
    (outcome,) = await directory.update([other_key])
    assert (outcome.status, outcome.remote_id) == ("updated", bob.remote_id)
    changed = await directory.find(bob.remote_id or "")
    assert changed is not None
    assert (changed.remote_id, changed.display_name) == (bob.remote_id, "Bob Loman")
    await directory.delete([bob.remote_id or ""])
    assert await directory.find(bob.remote_id or "") is None
    assert sandbox.ledger.count(what="created") == sandbox.ledger.count(what="deleted") == 1


async def test_one_that_is_there_stays_as_it_is(case: Case, sandbox: Sandbox, directory: Directory) -> None:
    await directory.create([case.person("ada")])
    before = await directory.find(case.key("ada"))
    other = attrs.evolve(case.person("ada"), family_name="Other", full_name="Ada Other")
    (outcome,) = await directory.create([other])
    assert (outcome.key, outcome.status) == (case.key("ada"), "exists")
    assert await directory.find(case.key("ada")) == before
    assert created(sandbox) == [case.key("ada")]


async def test_one_outcome_a_record_in_order(case: Case, sandbox: Sandbox, directory: Directory) -> None:
    await directory.create([case.person("bob")])
    nobody = attrs.evolve(case.person("x"), username="", email=None)
    names = ["cat", "bob", "dan", "cat", *(f"n{n}" for n in range(30))]
    outcomes = await directory.create([nobody, *map(case.person, names)])
    assert [outcome.status for outcome in outcomes[:5]] == [
        "invalid",
        "created",
        "exists",
        "created",
        "invalid",
    ]
    assert {outcome.status for outcome in outcomes[5:]} == {"created"}
    assert [outcome.key for outcome in outcomes[1:]] == [case.key(name) for name in names]
    assert "is missing" in (outcomes[0].reason or "")
    assert "comes twice in one call" in (outcomes[4].reason or "")
    assert created(sandbox) == sorted(case.key(name) for name in {*names, "bob"})


async def test_a_needed_field_that_is_missing_is_told_before_anything_is_sent(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    for field in directory.capabilities.needs:
        record = attrs.evolve(case.person("ada"), **{field: "" if field == "username" else None})
        (outcome,) = await directory.create([record])
        assert (outcome.status, outcome.reason) == ("invalid", f"the {field} is missing")
    assert not sandbox.requests


async def test_a_value_that_is_too_long_is_told_before_anything_is_sent(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    for field, most in directory.capabilities.max_length.items():
        (outcome,) = await directory.create([attrs.evolve(case.person("ada"), **{field: "x" * (most + 1)})])
        assert outcome.status == "invalid"
        assert f"the {field} has {most + 1} characters, {most} are allowed" in (outcome.reason or "")
    assert not sandbox.requests


async def test_what_is_dropped_is_told_and_not_sent(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    can = directory.capabilities
    full = UserRecord(
        username="ada",
        email=f"other@{MAIL}",
        given_name="Ada",
        family_name="Quist",
        full_name="Ada M. Quist",
        external_id="X-007",
        active=True,
        groups=("readers",),
        roles=("wiki:viewer", "2"),
        department="Dept-IT",
        password="Drop-This-Passw0rd",
        attributes={"desk": "4"},
    )
    lost = {loss.field for loss in directory.find_losses(full)}
    assert lost - {"roles", "attributes.desk"} == {*can.drops} - {"roles"}
    assert ("attributes.desk" in lost) is ("attributes" not in can.carries)
    assert "roles" in lost  # no system takes them both as an id and by application
    assert all(str(loss) and "Passw0rd" not in str(loss) for loss in directory.find_losses(full))
    still_lost = {loss.field.partition(".")[0] for loss in directory.find_losses(fit_record(full, can))}
    assert not still_lost & {*can.carries}, "what does not fit is gone from what the adapter reads"
    (outcome,) = await directory.create([full])
    assert (outcome.status, outcome.reason) == ("created", None)
    sent = b"".join(request.body for request in sandbox.requests)
    told = {"department": b"Dept-IT", "external_id": b"X-007", "password": b"Drop-This"}
    for field, text in told.items():
        assert (text in sent) is (field in can.carries and field not in lost), field


async def test_update_changes_what_it_says_and_leaves_the_rest(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    await directory.create([case.person("ada")])
    before = await directory.find(case.key("ada"))
    assert before is not None
    who = UserRecord(username="ada", email=f"ada@{MAIL}", given_name="Ada", family_name="Lovelace")
    stranger = attrs.evolve(who, username="eve", email=f"eve@{MAIL}")
    outcomes = await directory.update([who, stranger])
    assert [(o.key, o.status) for o in outcomes] == [
        (case.key("ada"), "updated"),
        (case.key("eve"), "invalid"),
    ]
    after = await directory.find(case.key("ada"))
    assert after is not None
    assert after.display_name == "Ada Lovelace"
    changed = {"family_name", "full_name"}
    assert attrs.evolve(after, **{name: getattr(before, name) for name in changed}) == before
    assert sandbox.ledger.count(what="updated", key=case.key("eve")) == 0


async def test_delete(case: Case, sandbox: Sandbox, directory: Directory) -> None:
    await directory.create([case.person("ada"), case.person("bob")])
    outcomes = await directory.delete([case.key("bob"), case.key("nobody")])
    assert [outcome.status for outcome in outcomes] == ["deleted", "deleted"]
    assert outcomes[1].reason == "was not there"
    assert sandbox.ledger.count(what="deleted") == 1
    assert await directory.find(case.key("bob")) is None
    assert await directory.find(case.key("ada")) is not None


async def test_every_step_of_leaving_may_be_taken_twice(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    await directory.create([case.person("ada")])
    for _ in range(2):
        for step in directory.capabilities.offboarding:
            (outcome,) = await directory.offboard(step, [case.key("ada")])
            assert outcome.status == "done", outcome
    assert await directory.find(case.key("ada")) is None
    assert sandbox.ledger.count(what="deleted", key=case.key("ada")) == 1


async def test_a_call_of_which_nothing_happened_raises(case: Case, sandbox: Sandbox) -> None:
    people = [case.person("ada"), case.person("bob")]
    async with case.connect(sandbox, **case.refused).client as client:
        directory = with_client(case.connect(sandbox), client)
        for call in (directory.create(people), directory.update(people), directory.delete([case.key("ada")])):
            with pytest.raises(Unauthorized):
                await call
    unreachable = case.connect(sandbox, base_url="http://127.0.0.1:9", retry=Retry(attempts=1))
    async with unreachable.client:
        with pytest.raises(ConnectError):
            await unreachable.create(people)
    assert not sandbox.ledger


def with_client(directory: Directory, client: Any) -> Directory:
    directory.client = client
    return directory


async def test_a_watched_directory_tells_of_retries(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    events: list[RetryEvent] = []
    sandbox.faults.add(Fault(Status(429, headers={"Retry-After": "0"}), case.create))
    watched = directory.with_retry_hook(events.append)
    (outcome,) = await watched.create([case.person("ada")])
    assert outcome.status == "created"
    assert [event.operation for event in events] == [case.create]
    assert (watched.name, watched.base_url, watched.capabilities) == (
        directory.name,
        sandbox.url,
        directory.capabilities,
    )


async def test_a_lost_update_or_removal_is_unknown_unless_a_repetition_tells(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    await directory.create([case.person("ada")])
    sandbox.faults.add(Fault(Status(502, after_effect=True), case.change, times=None))
    (outcome,) = await directory.update([case.person("ada")])
    assert outcome.status == "unknown"
    assert "502" in (outcome.reason or "")
    assert sandbox.ledger.count(what="updated") >= 1


@pytest.mark.parametrize("case", [case for case in CASES if case.question], ids=lambda case: case.name)
async def test_a_question_that_fails_has_changed_nothing(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    sandbox.faults.add(Fault(Status(500), case.question, times=None))
    with pytest.raises(Exception, match="500") as caught:
        await directory.delete([case.key("ada")])
    assert getattr(caught.value, "effect", None) == "none"
    assert not sandbox.ledger


async def test_what_cannot_be_done_says_so(case: Case, directory: Directory) -> None:
    if "list" not in directory.capabilities.abilities:
        with pytest.raises(InvalidRequest, match="cannot list its users"):
            directory.list()
    else:
        assert len([user async for user in directory.list()]) >= 3


async def test_an_account_is_told_from_others_without_telling_its_credential(
    case: Case, sandbox: Sandbox, directory: Directory
) -> None:
    salt = b"0123456789abcdef"
    mine = await directory.fingerprint_account(salt)
    assert mine == await case.connect(sandbox).fingerprint_account(salt) != ""
    assert mine != await directory.fingerprint_account(salt[::-1])
    other = case.connect(sandbox, **case.refused)
    if case.place:
        assert mine == await other.fingerprint_account(salt), "a rotated token is the same account"
        setattr(other, case.place, "another")
    assert mine != await other.fingerprint_account(salt)
    assert not sandbox.requests


async def test_a_credential_that_lapses_tells_no_account() -> None:
    client = AsyncAlloy(lambda: Token("short-lived", expires_at=2e9))
    assert await AlloyDirectory(client).fingerprint_account(b"0123456789abcdef") == ""
