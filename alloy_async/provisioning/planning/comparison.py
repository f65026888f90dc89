"""Users as one system shows them: compared, hashed, and written down without what it does not show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from operator import attrgetter
from typing import Any, TypeAlias

import attrs

from ...directory import Capabilities, UserRecord
from ...directory.record import fold

Value: TypeAlias = str | bool | tuple[str, ...] | None
Change: TypeAlias = tuple[Value, Value]
"""Old and new."""

_UNSAID = (None, ())
_LET_BE = frozenset({"active", "groups", "roles"})
"""Fields that a system fills by itself: where a record does not say them, any value is as intended."""


class UserComparer:
    """What is compared of a user in one system, and the keyed hash of it.

    Args:
        can: the system.
        salt: the key of the hashes, 16 bytes.
    """

    def __init__(self, can: Capabilities, salt: bytes) -> None:
        self._seal = blake2b(key=salt, digest_size=8)
        self._key = can.key
        self.fold = fold
        self._fields = tuple(name for name in can.shows if name != can.key)
        bits = [1 << n if name in _LET_BE else 0 for n, name in enumerate(self._fields)]
        self._said = tuple((bit, name) for bit, name in zip(bits, self._fields, strict=True) if bit)
        self._read = {field: _create_reader(field) for field in self._fields}
        self._hashed = tuple(zip(bits, self._read.values(), strict=True))

    def key_of(self, record: UserRecord) -> str:
        """The record's natural key; empty where it has none."""
        return getattr(record, self._key) or ""

    def value_of(self, record: UserRecord, field: str) -> Value:
        """A field in the form in which it is compared: an empty one is None."""
        return self._read[field](record)

    def digest(self, record: UserRecord) -> bytes:
        """A keyed hash of what the system shows; the first byte tells which of the fields it may fill are in."""
        said = 0
        for bit, name in self._said:
            if getattr(record, name) not in _UNSAID:
                said |= bit
        return self._hash(record, said)

    def matches(self, record: UserRecord, digest: bytes) -> bool:
        """Whether a user is as the hashed one."""
        return self._hash(record, digest[0]) == digest

    def find_changes(self, wanted: UserRecord, there: UserRecord) -> Mapping[str, Change]:
        """The fields that the wanted record says and that are otherwise: name -> (old, new)."""
        changes: dict[str, Change] = {}
        for field in self._fields:
            old, new = self.value_of(there, field), self.value_of(wanted, field)
            if new not in _UNSAID and new != old:
                changes[field] = old, new
        return changes

    def apply_changes(self, there: UserRecord, changes: Mapping[str, Change]) -> UserRecord:
        """What the system holds once the changes are made."""
        new: dict[str, Any] = {field: value for field, (_, value) in changes.items()}
        return attrs.evolve(there, **new)

    def to_image(self, record: UserRecord, changing: Iterable[str] = ()) -> str:
        """What the system shows of a user, as JSON; with a null for each field that is empty and about to change."""
        values = {field: self.value_of(record, field) for field in self._fields}
        told = {name: value for name, value in values.items() if value not in _UNSAID or name in changing}
        return json.dumps({self._key: self.key_of(record), **told}, ensure_ascii=False)

    def from_image(self, image: str) -> UserRecord:
        """The user of an image."""
        values = json.loads(image)
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return UserRecord(**{"username": "", **values, **lists})

    def _hash(self, record: UserRecord, said: int) -> bytes:
        text = self.fold(self.key_of(record))
        for bit, read in self._hashed:
            if not bit or said & bit:
                text += f"\x1f{read(record)!r}"
        seal = self._seal.copy()  # cheaper than to begin with the key anew
        seal.update(text.encode(errors="surrogatepass"))
        return said.to_bytes() + seal.digest()


def _create_reader(field: str) -> Callable[[UserRecord], Value]:
    """What reads a field in the form in which it is compared."""
    match field:
        case "full_name":
            return attrgetter("display_name")
        case "groups" | "roles":
            return lambda record: tuple(sorted(getattr(record, field)))
        case "active":
            return attrgetter("active")
    return lambda record: getattr(record, field) or None
