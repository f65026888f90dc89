"""Every change that an emulated service made: the truth that tests compare a client's belief with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Change(NamedTuple):
    """One change: `what` is "created", "updated", "deleted"... and `key` is a username, say."""

    operation: str
    what: str
    key: str
    request: int


class Ledger:
    """Every change that the sandbox made, in order: the truth to compare a client's belief with."""

    def __init__(self) -> None:
        self._changes: list[Change] = []

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)

    def __len__(self) -> int:
        return len(self._changes)

    def __getitem__(self, index: int) -> Change:
        return self._changes[index]

    def add(self, effect: Change) -> None:
        self._changes.append(effect)

    def find(
        self, operation: str | None = None, key: str | None = None, what: str | None = None
    ) -> list[Change]:
        """Find the effects that match every argument given."""
        return [
            effect
            for effect in self._changes
            if operation in (None, effect.operation)
            and key in (None, effect.key)
            and what in (None, effect.what)
        ]

    def count(self, operation: str | None = None, key: str | None = None, what: str | None = None) -> int:
        """Count the effects that match every argument given."""
        return len(self.find(operation, key, what))
