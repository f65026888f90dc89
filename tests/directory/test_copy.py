"""Users of one system into another."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from alloy_async.core.background_loop import get_background_loop
from alloy_async.core.errors import (
    BadRequest,
    ConfigurationError,
    ConnectionLost,
    Forbidden,
    InvalidRequest,
    ServerError,
)
from alloy_async.directory import Capabilities, Loss, Outcome, SyncDirectory, UserRecord, copy
from alloy_async.sandbox import Sandbox

from .cases import CASES, PASSWORD, Case, organisation
from .conftest import QUICK

ROOT = Path(__file__).parents[2]
BY_NAME = {case.name: case for case in CASES}
SOURCES = [case for case in CASES if case.name in ("alloy", "alsid", "opendatasoft", "agilicus")]


class Memory:
    """A directory in memory: `read` and `done` count what was taken from it and what it was given."""

    def __init__(self, name: str, size: int = 0, batch_size: int = 10) -> None:
        self.name = name
        self.base_url = "http://memory"
        self.size = size
        self.read = self.done = self.most_behind = 0
        self.calls: list[list[str]] = []
        self.breaks_at: int | None = None
        self.errors: dict[str, Exception] = {}
        self.capabilities = Capabilities(
            abilities=frozenset({"list", "create"}),
            key="username",
            key_is_unique=True,
            carries=("username",),
            max_length={},
            batch_size=batch_size,
        )

    async def list(self) -> AsyncIterator[UserRecord]:
        for number in range(self.size):
            if number == self.breaks_at:
                raise ConnectionLost("the list broke off")
            self.read += 1
            yield UserRecord(username=f"n{number}")

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        names = [record.username for record in records]
        self.calls.append(names)
        await asyncio.sleep(0)
        for name in names:
            if name in self.errors:
                raise self.errors[name]
        self.done += len(names)
        return [Outcome(name, "created") for name in names]

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"copying does not need {name}")


def memories(size: int, batch_size: int = 10) -> tuple[Any, Any]:
    return Memory("Source", size), Memory("Target", batch_size=batch_size)


@pytest.mark.parametrize("target", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("source", SOURCES, ids=lambda case: case.name)
async def test_from_every_system_that_lists_into_every_system(source: Case, target: Case) -> None:
    def completed(user: UserRecord) -> UserRecord:
        name = user.username.partition("@")[0]
        given, _, family = (user.full_name or "").partition(" ")
        return attrs.evolve(
            user,
            email=user.email or f"{name}@northwind.example",
            given_name=user.given_name or given or name,
            family_name=user.family_name or family,
            password=PASSWORD,
            groups=(),
            roles=(),
        )

    async with source.sandbox() as here, Sandbox(target.system, seed_users=0) as there:
        old, new = source.connect(here, **QUICK), target.connect(there, **QUICK)
        async with old.client, new.client:
            people = [user async for user in old.list()]
            report = await copy(old, new, change=completed)
            assert report.complete
            taken = (
                {"admin@northwind.example"} if (source.system, target.system) == ("alsid", "alsid") else {*()}
            )
            assert report.counts["created"] == len(people) - len(taken) == there.ledger.count(what="created")
            again = await copy(old, new, change=completed)
    assert again.counts == {"exists": len(people)}


async def test_what_is_lost_is_told_before_it_is_sent() -> None:
    told: list[tuple[str, int, list[str]]] = []
    agilicus, opendatasoft = BY_NAME["agilicus"], BY_NAME["opendatasoft"]
    async with agilicus.sandbox() as here, opendatasoft.sandbox() as there:

        def tell(record: UserRecord, losses: Sequence[Loss]) -> None:
            told.append((record.username, len(there.ledger), [loss.field for loss in losses]))

        source, target = agilicus.connect(here, **QUICK), opendatasoft.connect(there, **QUICK)
        async with source.client, target.client:
            await source.create([agilicus.person("ada")])
            copied = [one async for one in copy(source, target, on_losses=tell)]
    assert {sent for _, sent, _ in told} == {0}
    ada = next(one for one in copied if one.record.email == agilicus.key("ada"))
    assert [loss.field for loss in ada.losses] == ["external_id", "active", "attributes.desk", "roles"]
    assert str(ada.losses[-1]) == "roles: names of Agilicus stay behind; `change` can translate them"
    assert (ada.record.roles, ada.sent.roles) == (("crm:editor", "wiki:viewer"), ())


async def test_a_change_translates_and_leaves_out() -> None:
    source, target = BY_NAME["agilicus"], BY_NAME["opendatasoft"]

    def readers(user: UserRecord) -> UserRecord | None:
        return attrs.evolve(user, groups=("readers",)) if user.given_name != "Ada" else None

    async with source.sandbox() as here, Sandbox("opendatasoft", seed_users=0) as there:
        old, new = source.connect(here, **QUICK), target.connect(there, **QUICK)
        async with old.client, new.client:
            report = await copy(old, new, change=readers)
            assert [user.groups async for user in new.list()] == [("readers",)] * 2
    assert report.counts == {"created": 2}
    assert "groups" not in report.losses


async def test_memory_does_not_grow_with_the_users() -> None:
    source, target = memories(5000)
    behind = 0
    async for _ in copy(source, target, concurrency=3):
        behind = max(behind, source.read - target.done)
    assert (source.read, target.done) == (5000, 5000)
    assert behind <= 3 * 10 + 10
    assert all(len(names) == 10 for names in target.calls)


async def test_an_error_of_one_does_not_stop_the_rest() -> None:
    source, target = memories(100)
    target.errors = {
        "n15": BadRequest("no such", status=400),
        "n40": ServerError("oops", status=503, effect="none"),
    }
    copying = copy(source, target)
    outcomes = {one.outcome.key: one.outcome async for one in copying}
    assert outcomes["n15"].status == "invalid"
    assert {outcomes[f"n{n}"].status for n in range(40, 50)} == {"failed"}
    assert copying.report.counts == {"created": 89, "invalid": 1, "failed": 10}
    assert len(copying.report.problems) == 11
    assert not copying.report.complete


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_what_every_other_user_would_meet_ends_it(concurrency: int) -> None:
    source, target = memories(1000)
    target.errors = {"n55": Forbidden("no", status=403)}
    copying = copy(source, target, concurrency=concurrency)
    with pytest.raises(Forbidden):
        await copying
    assert copying.report.counts["created"] == target.done < 200
    assert source.read < 200


async def test_a_list_that_breaks_off_is_an_error_after_what_was_read() -> None:
    source, target = memories(100)
    source.breaks_at = 35
    copying = copy(source, target)
    with pytest.raises(ConnectionLost):
        await copying
    assert target.done == 30
    assert copying.report.counts == {"created": 30}


async def test_whoever_is_told_of_losses_can_stop_it() -> None:
    source, target = memories(100)

    def refuse(record: UserRecord, losses: Sequence[Loss]) -> None:
        raise ValueError(f"{record.username} would lose {losses[0]}")

    def departments(user: UserRecord) -> UserRecord:
        return attrs.evolve(user, department="IT")

    with pytest.raises(ValueError, match="n0 would lose department: there is no place for it"):
        await copy(source, target, change=departments, on_losses=refuse)
    assert not target.calls


async def test_it_may_be_left_early() -> None:
    source, target = memories(1000)
    copying = aiter(copy(source, target))
    await anext(copying)
    await copying.aclose()  # type: ignore[attr-defined]
    assert source.read < 200


async def test_what_cannot_be_done_is_refused_at_once() -> None:
    smooch, agilicus = BY_NAME["smooch"], BY_NAME["agilicus"]
    async with smooch.sandbox() as here, agilicus.sandbox() as there:
        unlisted, listed = smooch.connect(here), agilicus.connect(there)
        with pytest.raises(InvalidRequest, match="Smooch cannot list users"):
            copy(unlisted, listed)
        with pytest.raises(ConfigurationError, match="concurrency must be 1 or more"):
            copy(listed, unlisted, concurrency=0)
        assert not here.requests
        assert not there.requests


def test_without_await() -> None:
    alloy, smooch = BY_NAME["alloy"], BY_NAME["smooch"]
    with alloy.sandbox() as here, Sandbox("smooch", seed_users=0) as there:
        source, target = (
            SyncDirectory(alloy.connect(here, **QUICK)),
            SyncDirectory(smooch.connect(there, **QUICK)),
        )
        assert copy(source, target).run().counts == {"created": 3}
        assert [one.outcome.status for one in copy(source, target)] == ["exists"] * 3
        for users in (source, target):
            directory: Any = users.directory
            get_background_loop().run(directory.client.aclose)


def test_the_example_runs() -> None:
    with Sandbox("agilicus", seed_users=12) as here, Sandbox("opendatasoft", seed_users=0) as there:
        environment = {
            **os.environ,
            "AGILICUS_TOKEN": "key",
            "AGILICUS_BASE_URL": here.url,
            "AGILICUS_ORG_ID": organisation(here),
            "OPENDATASOFT_API_KEY": "key",
            "OPENDATASOFT_BASE_URL": there.url,
        }
        script = ROOT / "examples" / "agilicus_to_opendatasoft.py"
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert there.ledger.count(what="created") == 12
    lines = done.stdout.splitlines()
    assert len(lines) == 12
    assert all("\tcreated\tactive: it is told, and set elsewhere\tgroups: " in line for line in lines)
