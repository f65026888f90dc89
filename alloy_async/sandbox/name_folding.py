"""How emulated services compare the names of people: without regard to case and Unicode form.

The documents are silent about it. A service that folds refuses a second "Ada" beside "ada", which is the side on which
no client can do harm unseen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, MutableMapping
from typing import TypeVar

V = TypeVar("V")


def fold(name: str) -> str:
    """Return the form in which two spellings of one name are equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


class FoldedDict(MutableMapping[str, V]):
    """A dictionary whose keys are names of people; it keeps them as they were first given."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[str, V]] = {}

    def __getitem__(self, name: str) -> V:
        return self._entries[fold(name)][1]

    def __setitem__(self, name: str, value: V) -> None:
        self._entries[fold(name)] = name, value

    def __delitem__(self, name: str) -> None:
        del self._entries[fold(name)]

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._entries.values()])

    def __len__(self) -> int:
        return len(self._entries)
