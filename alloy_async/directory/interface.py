"""What a user directory can do, as data and as a protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, Self

import attrs

from ..core.events import RetryEvent
from .record import FIELDS, Outcome, UserRecord, fold

Ability = Literal["find", "list", "create", "update", "delete"]


@attrs.frozen
class Form:
    """The form in which a field's entries reach a system.

    Args:
        fits: whether an entry has it.
        says: which one that is, for people.
    """

    fits: Callable[[Any], object]
    says: str


def _all_that_is_told(can: Capabilities) -> tuple[str, ...]:
    return tuple(name for name in can.carries if name not in ("password", "attributes"))


def _the_key(can: Capabilities) -> tuple[str, ...]:
    return (can.key,)


@attrs.frozen(kw_only=True)
class Capabilities:
    """What one system can do with users; stated once, read by checks, plans and documentation.

    Args:
        abilities: the calls that work.
        key: the field by which the system tells two users apart.
        key_is_unique: the system refuses a second user with the same key, so a creation whose
            answer was lost can be repeated without doubling anybody.
        folds_key: two keys that differ only in case or Unicode form are taken for one.
        carries: the fields of `UserRecord` that reach the system, in the order worth showing.
        max_length: the longest value of a field, in characters.
        batch_size: how many records one call creates.
        shows: the carried fields that `find` and `list` tell, by which two states of a user are compared; full_name
            stands for `UserRecord.display_name`. Default: all carried, but for password and attributes.
        needs: the fields that a new user must have. Default: the key.
        forms: the form that the entries of a field must have, where not all are taken: of groups, roles or attributes.
        because: why a field is not carried, where there is more to say than that it has no place.
        offboarding: the steps, in their order, that end somebody's account with all that hangs on it.
    """

    abilities: frozenset[Ability]
    key: str
    key_is_unique: bool
    folds_key: bool
    carries: tuple[str, ...]
    max_length: Mapping[str, int]
    batch_size: int = 1
    shows: tuple[str, ...] = attrs.field(default=attrs.Factory(_all_that_is_told, takes_self=True))
    needs: tuple[str, ...] = attrs.field(default=attrs.Factory(_the_key, takes_self=True))
    forms: Mapping[str, Form] = attrs.field(factory=dict)
    because: Mapping[str, str] = attrs.field(factory=dict)
    offboarding: tuple[str, ...] = ("delete the user",)

    def folded(self, key: str) -> str:
        """A key, as the system tells two apart."""
        return fold(key) if self.folds_key else key

    @property
    def drops(self) -> tuple[str, ...]:
        """The fields of `UserRecord` that the system has no place for."""
        return tuple(name for name in FIELDS if name not in self.carries)


class Directory(Protocol):
    """The users of one system.

    The three changing calls answer with one outcome a record, in order. They raise only when
    nothing of the call happened (`error.effect == "none"`): a refused credential, an unreachable
    server. An answer that was lost is no exception but the outcome `unknown`.
    """

    @property
    def name(self) -> str:
        """What to call the system in messages."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the system can do."""
        ...

    @property
    def base_url(self) -> str:
        """Where the system is; a job that was begun there goes on nowhere else."""
        ...

    async def fingerprint_account(self, salt: bytes) -> str:
        """Hash what tells this account of the service from others, so that a job is not carried out in another one.

        Args:
            salt: the key of the hash, 16 to 64 bytes, so that nothing can be learnt from it.

        Returns:
            Text that is the same each time for the same account and salt; empty where nothing lasting is known, as of
            tokens that lapse.

        Raises:
            CredentialError: the credential could not be fetched.
        """
        ...

    def with_retry_hook(self, on_retry: Callable[[RetryEvent], None]) -> Self:
        """The same directory, also telling of every call that is about to be made again."""
        ...

    async def find(self, key: str) -> UserRecord | None:
        """One user by natural key; None when there is none."""
        ...

    def list(self) -> AsyncIterator[UserRecord]:
        """Every user, as a stream."""
        ...

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Create at most `capabilities.batch_size` users; one that is there stays as it is."""
        ...

    async def update(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Change existing users, found by natural key."""
        ...

    async def delete(self, keys: Sequence[str]) -> Sequence[Outcome]:
        """Delete users by natural key; one that is not there counts as deleted."""
        ...

    async def offboard(self, step: str, keys: Sequence[str]) -> Sequence[Outcome]:
        """Take one of `capabilities.offboarding` for users; `done` also where there was nothing left to do."""
        ...
