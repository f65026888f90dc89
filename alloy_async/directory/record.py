"""A user as every system can understand it, and what became of one."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

Status = Literal[
    "created", "exists", "updated", "deleted", "done", "invalid", "failed", "unknown", "withdrawn"
]
"""What became of one record.

`created`, `exists`, `updated`, `deleted`: the directory holds what was asked for; a reason with them tells what of it is
missing. `done`: a step of leaving is taken. `invalid`: the system refused this record. `failed`: nothing happened and the
record itself may be fine. `unknown`: the request was sent and its answer was lost. `withdrawn`: nothing was sent,
as the work was stopped before its turn; only work that can be stopped ends so.
"""


def _mask_password(password: str | None) -> str:
    return "None" if password is None else "'***'"


def _show_names_only(attributes: Mapping[str, Any]) -> str:
    return repr(sorted(attributes))


@attrs.define(kw_only=True)
class UserRecord:
    """One person, in the fields that user directories share.

    Args:
        username: the login name.
        external_id: the person's key in the system the record came from; text, so that leading
            zeros stay.
        active: whether the account may be used; None when the source does not say.
        attributes: everything else, by the source's own names: text, or what JSON can hold.
        password: passed on to systems that take one; never shown, stored or reported.
        remote_id: the system's own id of the user, as `find` and `list` tell it; never sent as a value. A record that has one
            is about that user, whatever its other keys say.
    """

    username: str
    email: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    full_name: str | None = None
    external_id: str | None = None
    active: bool | None = None
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    department: str | None = None
    attributes: Mapping[str, Any] = attrs.field(factory=dict, repr=_show_names_only)
    password: str | None = attrs.field(default=None, repr=_mask_password)
    remote_id: str | None = None

    @property
    def display_name(self) -> str | None:
        """The full name; where there is none, given and family name joined."""
        return self.full_name or " ".join(filter(None, (self.given_name, self.family_name))) or None


_ENCODED_LABEL = "xn--"
FIELDS: tuple[str, ...] = tuple(
    field.name for field in attrs.fields(UserRecord) if field.name not in ("attributes", "remote_id")
)
"""The names of the fields that a system either carries or drops."""


def fold(key: str) -> str:
    """Write a key as a person compares it: without regard to case, Unicode form and encoding of an address's domain.

    Keys that fold to the same mean one user, in every system. Where a vendor tells two such users apart, nothing is lost but
    a row that is refused; the other way round, a user would be doubled, or removed as if nobody had named it.
    """
    folded = key.lower() if key.isascii() else _fold_letters(key)
    return _decode_punycode_domain(folded) if _ENCODED_LABEL in folded else folded


def _fold_letters(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _decode_punycode_domain(address: str) -> str:
    """Write the domain of an address in its letters, where its labels are encoded for the domain name system (xn--...)."""
    name, at, domain = address.rpartition("@")
    if not at:
        return address
    try:
        labels = [
            label.removeprefix(_ENCODED_LABEL).encode("ascii").decode("punycode")
            if label.startswith(_ENCODED_LABEL)
            else label
            for label in domain.split(".")
        ]
    except UnicodeError:
        return address
    return _fold_letters(f"{name}@{'.'.join(labels)}")


def fold_all(keys: Sequence[str]) -> list[str]:
    """Write each of many keys as `fold` does."""
    text = "".join(keys)
    return [*map(str.lower if text.isascii() and "--" not in text else fold, keys)]


@attrs.define
class Outcome:
    """What became of one record.

    Args:
        key: the record's natural key in that system (for most, the username).
        status: see `Status`.
        reason: why it is not in, and what to do next; None when all is well.
        remote_id: the system's own id, where its answer tells it.
    """

    key: str
    status: Status
    reason: str | None = None
    remote_id: str | None = None


@attrs.frozen
class BatchOutcome:
    """What became of users who were sent together: the same of all, but for a few.

    Args:
        status: of all others; see `Status`.
        reason: likewise.
        exceptions: by their place among those who were sent, from 0.
    """

    status: Status
    reason: str | None = None
    exceptions: Mapping[int, Outcome] = attrs.field(factory=dict)

    @property
    def is_lost(self) -> bool:
        """Whether it is not known what became of some."""
        return self.status == "unknown" or any(one.status == "unknown" for one in self.exceptions.values())

    def list_outcomes(self, keys: Sequence[str]) -> list[Outcome]:
        """List the outcome of each, by the natural keys of all."""
        return [
            self.exceptions.get(place) or Outcome(key, self.status, self.reason)
            for place, key in enumerate(keys)
        ]
