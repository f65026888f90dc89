"""Creations that go wrong in every way of the retry table: an outcome never claims what the ledger denies."""

from __future__ import annotations

from typing import Any

import pytest

from alloy_async.core.errors import AlloyAsyncError
from alloy_async.directory import fit_record
from alloy_async.directory.adapter import Adapter
from alloy_async.sandbox import Close, ContentType, Fault, Hang, Malformed, Reset, Sandbox, Status, Truncated

from .cases import Case

FAULTS = {
    "reset before": Reset(),
    "reset after": Reset(after_effect=True),
    "closed before": Close(),
    "closed after": Close(after_effect=True),
    "silence before": Hang(),
    "silence after": Hang(after_effect=True),
    "500": Status(500),
    "500 after": Status(500, after_effect=True),
    "502": Status(502),
    "502 after": Status(502, after_effect=True),
    "503": Status(503),
    "503 come again": Status(503, headers={"Retry-After": "0"}),
    "504 after": Status(504, after_effect=True),
    "429": Status(429, headers={"Retry-After": "0"}),
    "408": Status(408),
    "400": Status(400),
    "403": Status(403),
    "redirect": Status(302, headers={"Location": "/elsewhere"}),
    "truncated": Truncated(),
    "truncated by reset": Truncated(reset=True),
    "malformed": Malformed(),
    "another content": ContentType(),
}
SENT_AGAIN = {"429", "503 come again", "408"}
PEOPLE = ("ada", "bob", "cat")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
async def test_no_outcome_claims_what_the_ledger_denies(
    case: Case, sandbox: Sandbox, directory: Adapter[Any], fault: str, times: int | None
) -> None:
    sandbox.faults.add(Fault(FAULTS[fault], case.create, times=times))
    people = [case.person(name) for name in PEOPLE]
    statuses: dict[str, str] = {}
    try:
        statuses = {outcome.key: outcome.status for outcome in await directory.create(people)}
    except AlloyAsyncError as error:
        assert (error.effect, len(sandbox.ledger)) == ("none", 0)  # noqa: PT017 (it need not raise)
    for key, status in statuses.items():
        done = sandbox.ledger.count(what="created", key=key)
        assert done <= 1, "a creation was sent twice"
        if status == "created":
            assert done == 1
        elif status != "unknown":
            assert done == 0, status
    if times == 1 and fault in SENT_AGAIN:
        assert {*statuses.values()} == {"created"}
    sandbox.faults.clear()
    again = await directory.create(people)
    assert {outcome.status for outcome in again} <= {"created", "exists"}
    assert sorted(effect.key for effect in sandbox.ledger.find(what="created")) == sorted(
        map(case.key, PEOPLE)
    )


@pytest.mark.parametrize("fault", ["reset after", "502 after", "silence after", "truncated", "malformed"])
async def test_a_lost_creation_is_looked_for_where_that_is_needed(
    case: Case, sandbox: Sandbox, directory: Adapter[Any], fault: str
) -> None:
    sandbox.faults.add(Fault(FAULTS[fault], case.create))
    (outcome,) = await directory.create([case.person("ada")])
    unasked = case.system in ("alloy", "smooch")  # Agilicus is asked for whoever has roles, to give them
    assert outcome.status == ("unknown" if unasked else "created")
    if unasked:
        assert "running the job again is safe" in (outcome.reason or "")
    found = await directory.find(case.key("ada"))
    assert found is not None
    assert found.roles == fit_record(case.person("ada"), directory.capabilities).roles


async def test_where_it_is_not_found_it_stays_unknown(
    case: Case, sandbox: Sandbox, directory: Adapter[Any]
) -> None:
    sandbox.faults.add(Fault(Reset(), case.create))
    (outcome,) = await directory.create([case.person("ada")])
    assert outcome.status == "unknown"
    advice = (
        "running the job again is safe"
        if directory.capabilities.key_is_unique
        else "look whether the user is there"
    )
    assert advice in (outcome.reason or "")
