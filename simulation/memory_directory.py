"""A directory in memory, that does what a test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Self

import attrs

from alloy_async.core.auth import hash_with_key
from alloy_async.core.hook_events import RateLimitedEvent, RetryEvent
from alloy_async.directory import Capabilities, Outcome, UserRecord
from alloy_async.provisioning.errors import JobPlace
from alloy_async.provisioning.store.header import Phase
from alloy_async.provisioning.store.rows import JobRow
from alloy_async.provisioning.store.store_opener import open_store_for_reading

CAPABILITIES = Capabilities(
    abilities=frozenset({"find", "list", "create", "update", "delete"}),
    key="username",
    key_is_unique=True,
    carries=("username", "full_name", "given_name", "family_name"),
    max_length={"username": 64, "full_name": 64},
    batch_size=10,
)


class MemoryDirectory:
    """Creates users in a dict; `script` is asked first and may raise or answer."""

    name = "Memory"
    base_url = "memory:"
    account = "the only one"
    own_user: UserRecord | None = None

    def __init__(
        self,
        *usernames: str,
        script: Callable[[int, Sequence[UserRecord]], Sequence[Outcome] | None] | None = None,
        **changes: Any,
    ) -> None:
        self.capabilities = attrs.evolve(CAPABILITIES, **changes)
        self.users = {name: UserRecord(username=name) for name in usernames}
        self.calls: list[list[str]] = []
        self.steps: list[tuple[str, str]] = []
        self.in_flight = self.most_in_flight = 0
        self._script = script

    async def fingerprint_account(self, salt: bytes) -> str:
        return hash_with_key(self.account, salt)

    async def find_own_user(self) -> UserRecord | None:
        return self.own_user

    def with_retry_hook(
        self,
        on_retry: Callable[[RetryEvent], None],
        on_limit: Callable[[RateLimitedEvent], None] | None = None,
    ) -> Self:
        self.on_retry = on_retry
        return self

    async def find(self, key: str) -> UserRecord | None:
        return self.users.get(key)

    async def list(self) -> AsyncIterator[UserRecord]:
        for user in self.users.values():
            yield user

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        self.calls.append([record.username for record in records])
        number = len(self.calls)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0)
            said = self._script(number, records) if self._script else None
        finally:
            self.in_flight -= 1
        return said if said is not None else [self._create(record) for record in records]

    def _create(self, record: UserRecord) -> Outcome:
        if record.username in self.users:
            return Outcome(record.username, "exists")
        self.users[record.username] = record
        return Outcome(record.username, "created")

    async def update(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        for record in records:
            self.users[record.username] = record
        return [Outcome(record.username, "updated") for record in records]

    async def delete(self, keys: Sequence[str]) -> Sequence[Outcome]:
        for key in keys:
            self.users.pop(key, None)
        return [Outcome(key, "deleted") for key in keys]

    async def offboard(self, step: str, keys: Sequence[str]) -> Sequence[Outcome]:
        self.steps += [(step, key) for key in keys]
        return [Outcome(outcome.key, "done") for outcome in await self.delete(keys)]


def rows_of(job: JobPlace, phase: Phase = "apply") -> list[JobRow]:
    """The rows of a job."""
    with open_store_for_reading(job) as store:
        return list(store.read_rows(phase))
