"""A directory in memory, that does what a test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Self

import attrs

from alloy_async.core.events import RetryEvent
from alloy_async.directory import Capabilities, Outcome, UserRecord

CAPABILITIES = Capabilities(
    abilities=frozenset({"find", "list", "create", "update", "delete"}),
    key="username",
    key_is_unique=True,
    folds_key=True,
    carries=("username", "full_name", "given_name", "family_name"),
    max_length={"username": 64, "full_name": 64},
    batch_size=10,
)


class MemoryDirectory:
    """Creates users in a dict; `script` is asked first and may raise or answer."""

    name = "Memory"

    def __init__(
        self,
        *usernames: str,
        script: Callable[[int, Sequence[UserRecord]], Sequence[Outcome] | None] | None = None,
        **changes: Any,
    ) -> None:
        self.capabilities = attrs.evolve(CAPABILITIES, **changes)
        self.users = {name: UserRecord(username=name) for name in usernames}
        self.calls: list[list[str]] = []
        self.in_flight = self.most_in_flight = 0
        self._script = script

    def watched(self, on_retry: Callable[[RetryEvent], None]) -> Self:
        self.on_retry = on_retry
        return self

    async def find(self, key: str) -> UserRecord | None:
        return self.users.get(key)

    async def list(self) -> AsyncIterator[UserRecord]:
        for user in self.users.values():
            yield user

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        self.calls.append([record.username for record in records])
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0)
            said = self._script(len(self.calls), records) if self._script else None
        finally:
            self.in_flight -= 1
        return said if said is not None else [self._create(record) for record in records]

    def _create(self, record: UserRecord) -> Outcome:
        if record.username in self.users:
            return Outcome(record.username, "exists")
        self.users[record.username] = record
        return Outcome(record.username, "created")

    async def update(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        raise NotImplementedError

    async def delete(self, keys: Sequence[str]) -> Sequence[Outcome]:
        raise NotImplementedError
