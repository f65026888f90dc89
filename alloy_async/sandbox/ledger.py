"""Every change that an emulated service made: the truth that tests compare a client's belief with."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import NamedTuple


class Change(NamedTuple):
    """One change: `what` is "created", "updated", "deleted"... and `key` is a username, say."""

    operation: str
    what: str
    key: str
    request: int


class Ledger:
    """Every change that the sandbox made, in order: the truth to compare a client's belief with.

    Args:
        operations: the operation ids that may be asked for; None takes any.
    """

    def __init__(self, operations: Collection[str] | None = None) -> None:
        self._operations = operations
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
        """Find the effects that match every argument given.

        Raises:
            ValueError: for an operation that the system does not have, of which there is never an effect.
        """
        if operation is not None and self._operations is not None:
            check_operation(operation, self._operations)
        return [
            effect
            for effect in self._changes
            if operation in (None, effect.operation)
            and key in (None, effect.key)
            and what in (None, effect.what)
        ]

    def count(self, operation: str | None = None, key: str | None = None, what: str | None = None) -> int:
        """Count the effects that match every argument given; see `find`."""
        return len(self.find(operation, key, what))


def check_operation(operation: str, operations: Collection[str]) -> None:
    """Check that a system has an operation, by its id.

    Raises:
        ValueError: it has none of that name.
    """
    if operation not in operations:
        near = get_close_matches(operation, operations, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"there is no operation {operation!r}{hint}")
