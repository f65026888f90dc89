"""Compare and hash users by what one system shows of them, and write them down without the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from operator import add
from typing import Any

import attrs

from ...directory import Capabilities, EntryRule, UserRecord
from ...directory.record import fold
from ...directory.record_columns import RecordColumns
from ...directory.record_fit import fit_record
from ...directory.user_differences import (
    ATTRIBUTE,
    UNSAID,
    Change,
    Value,
    create_comparable_reader,
    find_changes,
)

_LET_BE = frozenset({"active", "groups", "roles", "attributes"})
"""Fields that a system fills by itself: where a record does not say them, any value is as intended."""
DIGEST_SIZE: int = 9
"""Bytes of the hash of a user: which of the fields that a system may fill are in it, and the hash itself."""
_MARKS = [mark.to_bytes() for mark in range(1 << 8)]


class UserComparer:
    """What is compared of a user in one system, and the keyed hash of it.

    Args:
        can: the system.
        salt: the key of the hashes, 16 bytes.
    """

    def __init__(self, can: Capabilities, salt: bytes) -> None:
        self.can = can
        self.fold = fold
        self._seal = blake2b(key=salt, digest_size=DIGEST_SIZE - 1)
        self._fields = tuple(name for name in can.shows if name != can.key)
        bits = [1 << n if name in _LET_BE else 0 for n, name in enumerate(self._fields)]
        self._read = {field: create_comparable_reader(field) for field in self._fields}
        self._keep_fitting = {field: _create_entry_filter(field, form) for field, form in can.forms.items()}
        self._hashed = tuple(
            (bit, self._create_field_reader(name)) for bit, name in zip(bits, self._fields, strict=True)
        )
        self._said = tuple(one for one in self._hashed if one[0])
        self._bits = dict(zip(self._fields, bits, strict=True))
        self._hidden = tuple(name for name in can.hidden if name != can.key)

    def get_key(self, record: UserRecord) -> str:
        """Get the record's natural key; empty where it has none."""
        return getattr(record, self.can.key) or ""

    def get_value(self, record: UserRecord, field: str) -> Value:
        """Read a field in the form in which it is compared: an empty one is None."""
        return self._read[field](record)

    def digest(self, record: UserRecord, changing: Iterable[str] = ()) -> bytes:
        """Compute a keyed hash of what the system shows; the first byte tells which of the fields it may fill are in.

        Args:
            record: the user.
            changing: names of changes, as `find_changes` gives them; their fields are in, even if they are empty.
        """
        said = 0
        for bit, read in self._said:
            if read(record) not in UNSAID:
                said |= bit
        for name in changing:
            said |= self._bits.get(name.partition(".")[0], 0)
        return self._hash_user(record, said)

    def digest_columns(self, users: RecordColumns, folded: Sequence[str]) -> bytes:
        """Compute the keyed hashes of many users, one behind the other; see `digest`.

        Args:
            users: the users.
            folded: the natural key of each, folded.
        """
        marks = [0] * users.rows
        parts: list[Sequence[str]] = [folded]
        for field in self._fields:
            values, bit = users.get_comparable(field), self._bits[field]
            if (keep := self._keep_fitting.get(field)) is not None:
                values = [*map(keep, values)]
            if bit:
                said = [value not in UNSAID for value in values]
                marks = [mark | bit if is_said else mark for mark, is_said in zip(marks, said, strict=True)]
                parts.append(
                    [f"\x1f{v!r}" if is_said else "" for v, is_said in zip(values, said, strict=True)]
                )
            else:
                parts.append([f"\x1f{value!r}" for value in values])
        texts: Iterable[str] = map("".join, zip(*parts, strict=True)) if len(parts) != 2 else map(add, *parts)
        copy, digests = self._seal.copy, []
        for data in _encode_texts_as_utf8([*texts]):
            seal = copy()  # cheaper than to begin with the key anew
            seal.update(data)
            digests.append(seal.digest())
        if not any(marks):
            return b"\0".join((b"", *digests))
        return b"".join(
            [part for mark, digest in zip(marks, digests, strict=True) for part in (_MARKS[mark], digest)]
        )

    def matches_digest(self, record: UserRecord, digest: bytes) -> bool:
        """Tell whether a user is as the hashed one."""
        return self._hash_user(record, digest[0]) == digest

    def find_changes(self, wanted: UserRecord, there: UserRecord) -> Mapping[str, Change]:
        """Find the fields that the wanted record says and that are otherwise: name -> (old, new).

        A free attribute is told for itself, as `attributes.desk`: those that only the system has stay as they are.
        """
        return find_changes(fit_record(wanted, self.can), there, self._fields)

    def list_hidden(self, wanted: UserRecord) -> tuple[str, ...]:
        """List the fields that the record says and the system takes and never shows, as a password: nobody can compare them."""
        return tuple(name for name in self._hidden if getattr(wanted, name))

    def apply_changes(self, there: UserRecord, changes: Mapping[str, Change]) -> UserRecord:
        """Make what the system holds once the changes are made."""
        new: dict[str, Any] = {field: value for field, (_, value) in changes.items()}
        free = {name.removeprefix(ATTRIBUTE): new.pop(name) for name in [*new] if name.startswith(ATTRIBUTE)}
        return attrs.evolve(there, **new, attributes={**there.attributes, **free})

    def digest_update(self, there: UserRecord, changes: Mapping[str, Change]) -> bytes:
        """Compute the keyed hash of what the system shall hold once the changes are made; it tells two plans apart."""
        return self.digest(self.apply_changes(there, changes), changes)

    def create_record_without_hidden_fields(
        self, row: UserRecord, remote_id: str | None, before: str | None
    ) -> UserRecord:
        """Create the record that an update sends of a row: nothing that its plan did not show, and no empty attribute.

        Args:
            row: as the source has it.
            remote_id: of the user.
            before: the image that was planned with; hidden fields are sent where it says that they were about to change.
        """
        sent = list_formerly_empty(before) if before else ()
        empty: dict[str, Any] = {name: None for name in self._hidden if name not in sent}
        said = {name: value for name, value in row.attributes.items() if value not in UNSAID}
        free = {} if "attributes" in empty else said
        return attrs.evolve(row, **{**empty, "attributes": free, "remote_id": remote_id})

    def to_image(self, record: UserRecord, changing: Iterable[str] = ()) -> str:
        """Write down what the system shows of a user, as JSON; with a null for each field that is empty and about to change."""
        values: dict[str, Any] = {self.can.key: self.get_key(record)}
        if record.remote_id is not None:
            values["remote_id"] = record.remote_id
        for field in self._fields:
            value = self.get_value(record, field)
            if field == "attributes":
                free = [name.removeprefix(ATTRIBUTE) for name in changing if name.startswith(ATTRIBUTE)]
                value = {**dict.fromkeys(free), **record.attributes}
                if not value:
                    continue
            if value not in UNSAID or field in changing:
                values[field] = value
        values |= dict.fromkeys(name for name in changing if name in self._hidden)
        return json.dumps(values, ensure_ascii=False)

    def read_image(self, image: str) -> UserRecord:
        """Read the user of an image."""
        values = json.loads(image)
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return UserRecord(**{"username": "", **values, **lists})

    def _create_field_reader(self, field: str) -> Callable[[UserRecord], Value]:
        """Create what reads a field as it is hashed: without entries that the system does not take, as they are never there."""
        read, keep = self._read[field], self._keep_fitting.get(field)
        return read if keep is None else lambda record: keep(read(record))

    def _hash_user(self, record: UserRecord, said: int) -> bytes:
        text = fold(self.get_key(record))
        for bit, read in self._hashed:
            if not bit or said & bit:
                text += f"\x1f{read(record)!r}"
        seal = self._seal.copy()  # cheaper than to begin with the key anew
        seal.update(text.encode(errors="surrogatepass"))
        return said.to_bytes() + seal.digest()


def _create_entry_filter(field: str, form: EntryRule) -> Callable[[Value], Value]:
    """Create what leaves out of a field's value the entries of another form."""
    if field == "attributes":
        return lambda pairs: tuple(pair for pair in pairs if form.fits(pair[1]))
    return lambda entries: tuple(entry for entry in entries if form.fits(entry))


def _encode_texts_as_utf8(texts: Sequence[str]) -> list[bytes]:
    """Encode texts as `_hash_user` does: first without a handler of errors: twice as quick and nearly always enough."""
    try:
        return [text.encode() for text in texts]
    except UnicodeEncodeError:
        return [text.encode(errors="surrogatepass") for text in texts]


def list_formerly_empty(image: str) -> list[str]:
    """List the fields that were empty in an image and were about to change: no system can empty them again."""
    values = json.loads(image)
    names = [name for name, value in values.items() if value is None]
    return names + [name for name, value in (values.get("attributes") or {}).items() if value is None]
