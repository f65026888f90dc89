"""Directories without await."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from alloy_async.core.background_loop import get_background_loop
from alloy_async.core.hook_events import RetryEvent
from alloy_async.directory import SyncDirectory
from alloy_async.sandbox import Fault, Sandbox, Status

from .cases import CASES, Case
from .conftest import QUICK


@contextmanager
def _connected(case: Case, sandbox: Sandbox) -> Iterator[SyncDirectory]:
    directory = case.connect(sandbox, **QUICK)
    yield SyncDirectory(directory)
    get_background_loop().run(directory.client.aclose)


def test_the_same_methods_without_await(case: Case) -> None:
    with case.sandbox() as sandbox, _connected(case, sandbox) as users:
        ada = case.person("ada")
        assert (users.name, users.base_url) == (users.directory.name, sandbox.url)
        assert [outcome.status for outcome in users.create([ada])] == ["created"]
        found = users.find(case.key("ada"))
        assert found is not None
        if "list" in users.capabilities.abilities:
            assert found in list(users.list())
        assert [outcome.status for outcome in users.update([ada])] == ["updated"]
        assert [outcome.status for outcome in users.delete([case.key("ada")])] == ["deleted"]
        step = users.capabilities.offboarding[-1]
        assert [outcome.status for outcome in users.offboard(step, [case.key("ada")])] == ["done"]
        assert users.find(case.key("ada")) is None


def test_a_listing_may_be_left_early() -> None:
    with Sandbox("alloy") as sandbox, _connected(CASES[0], sandbox) as users:
        listing = users.list()
        assert next(listing).username
        listing.close()
        with pytest.raises(StopIteration):
            next(listing)


def test_it_is_watched_too() -> None:
    events: list[RetryEvent] = []
    with Sandbox("alloy") as sandbox, _connected(CASES[0], sandbox) as users:
        sandbox.faults.add(Fault(Status(429, headers={"Retry-After": "0"}), "get_a_user"))
        assert users.with_retry_hook(events.append).find("nobody") is None
    assert [event.operation for event in events] == ["get_a_user"]
