"""What a user directory can do, as data and as a protocol."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, Self, cast, runtime_checkable

import attrs

from ..core.errors import InvalidRequest
from ..core.hook_events import RateLimitedEvent, RetryEvent
from .record import FIELDS, BatchOutcome, Outcome, UserRecord, fold
from .record_columns import RecordColumns

Ability = Literal["find", "list", "create", "update", "delete"]


@attrs.frozen
class EntryRule:
    """The form in which a field's entries reach a system.

    Args:
        fits: whether an entry has it.
        says: which one that is, for people.
    """

    fits: Callable[[Any], object]
    says: str


def _list_comparable_fields(can: Capabilities) -> tuple[str, ...]:
    return tuple(name for name in can.carries if name != "password")


def _list_key_field(can: Capabilities) -> tuple[str, ...]:
    return (can.key,)


def _list_key_and_id_fields(can: Capabilities) -> tuple[str, ...]:
    return (can.key, "remote_id")


def _list_identity_fields(can: Capabilities) -> tuple[str, ...]:
    return can.identities


@attrs.frozen(kw_only=True)
class Capabilities:
    """What one system can do with users; stated once, read by checks, plans and documentation.

    Args:
        abilities: the calls that work.
        key: the field by which the system tells two users apart.
        key_is_unique: the system refuses a second user with the same key, so a creation whose
            answer was lost can be repeated without doubling anybody.
        identities: the fields by any of which the system knows a user; none of two users shares one. Default: the key and
            `remote_id`.
        sought_by: the fields of a row by which its user is looked for, besides its key, where they hold an address (with an
            @, so that nobody's number is taken for somebody's id). Default: the identities.
        finds: what `find` takes for the same key: "exact" the same text only; "caseless" also in other case; "listing" every
            form, as it reads all users.
        carries: the fields of `UserRecord` that reach the system, in the order worth showing.
        max_length: the longest value of a field, in characters.
        batch_size: how many records one call creates.
        shows: the carried fields that `find` and `list` tell, by which two states of a user are compared; full_name
            stands for `UserRecord.display_name`. Default: all carried, but for the password.
        needs: the fields that a new user must have. Default: the key.
        forms: the form that the entries of a field must have, where not all are taken: of groups, roles or attributes.
        only_created: the carried fields that a creation sends and an update cannot.
        because: why a field is not carried, where there is more to say than that it has no place.
        offboarding: the steps, in their order, that end somebody's account with all that hangs on it.
    """

    abilities: frozenset[Ability]
    key: str
    key_is_unique: bool
    carries: tuple[str, ...]
    max_length: Mapping[str, int]
    batch_size: int = 1
    shows: tuple[str, ...] = attrs.field(default=attrs.Factory(_list_comparable_fields, takes_self=True))
    needs: tuple[str, ...] = attrs.field(default=attrs.Factory(_list_key_field, takes_self=True))
    identities: tuple[str, ...] = attrs.field(default=attrs.Factory(_list_key_and_id_fields, takes_self=True))
    sought_by: tuple[str, ...] = attrs.field(default=attrs.Factory(_list_identity_fields, takes_self=True))
    finds: Literal["exact", "caseless", "listing"] = "exact"
    forms: Mapping[str, EntryRule] = attrs.field(factory=dict)
    only_created: tuple[str, ...] = ()
    because: Mapping[str, str] = attrs.field(factory=dict)
    offboarding: tuple[str, ...] = ("delete the user",)

    def list_known_keys(self, user: UserRecord) -> tuple[str, ...]:
        """List the folded keys of a user that the system holds: by any of them it is meant."""
        values = (getattr(user, field) for field in (*self.identities, "remote_id"))
        return tuple(dict.fromkeys(fold(value) for value in values if value))

    def list_sought_keys(self, record: UserRecord, key: str) -> tuple[str, ...]:
        """List the keys by which the user of a record is to be looked for, as they are written; `key` is its natural key."""
        others = (getattr(record, field) for field in self.sought_by)
        by_form = {fold(value): value for value in others if value and "@" in value}
        return (key, *(value for form, value in by_form.items() if form != fold(key))) if key else ()

    def list_hidden_needs(self) -> tuple[str, ...]:
        """List the fields that a new user needs and that the system never shows: who was removed cannot be created again."""
        return tuple(field for field in self.needs if field in self.hidden)

    def format_users(self, users: Iterable[UserRecord]) -> Iterator[str]:
        """Name each user by natural key, and what else tells it apart."""
        for user in users:
            others = [
                value for field in self.identities if field != self.key and (value := getattr(user, field))
            ]
            yield f"{getattr(user, self.key)!r}" + (f" ({', '.join(others)})" if others else "")

    @property
    def hidden(self) -> tuple[str, ...]:
        """The carried fields that the system never shows, so that nobody can compare them: a password."""
        # These two show as the full name.
        parts = ("given_name", "family_name") if "full_name" in self.shows else ()
        return tuple(name for name in self.carries if name not in (*self.shows, *parts))

    @property
    def drops(self) -> tuple[str, ...]:
        """The fields of `UserRecord` that the system has no place for."""
        return tuple(name for name in FIELDS if name not in self.carries)


class AmbiguousKey(InvalidRequest):
    """A key means two users, so that nothing is done with either.

    Args:
        key: as it was asked.
        users: who have it.
        can: the system.
    """

    def __init__(self, key: str, users: Sequence[UserRecord], can: Capabilities) -> None:
        super().__init__(f"{key!r} means {len(users)} users: {' and '.join(can.format_users(users))}")
        self.users: tuple[UserRecord, ...] = tuple(users)


class Directory(Protocol):
    """The users of one system.

    The three changing calls answer with one outcome a record, in order. They raise only when
    nothing of the call happened (`error.effect == "none"`): a refused credential, an unreachable
    server. An answer that was lost is the outcome `unknown`, not an exception.
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

    async def find_own_user(self) -> UserRecord | None:
        """Find the user whose credential this directory uses, whom no job removes; None where the system does not tell.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        ...

    def with_retry_hook(
        self,
        on_retry: Callable[[RetryEvent], None],
        on_limit: Callable[[RateLimitedEvent], None] | None = None,
    ) -> Self:
        """Make a copy that tells too of every call that is about to be made again."""
        ...

    async def find(self, key: str) -> UserRecord | None:
        """Find one user by any key that the system knows it by: username, email or id; None when there is none.

        Raises:
            AmbiguousKey: the key means two users.
        """
        ...

    def list(self) -> AsyncIterator[UserRecord]:
        """List every user, as a stream."""
        ...

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Create at most `capabilities.batch_size` users; one that is there stays as it is."""
        ...

    async def update(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Change existing users, found by `remote_id`, where a record has one, or else by natural key."""
        ...

    async def delete(self, keys: Sequence[str]) -> Sequence[Outcome]:
        """Delete users by any key, as for `find`; one that is not there counts as deleted."""
        ...

    async def offboard(self, step: str, keys: Sequence[str]) -> Sequence[Outcome]:
        """Take one of `capabilities.offboarding` for users; `done` also where there was nothing left to do."""
        ...


@runtime_checkable
class EncodingDirectory(Protocol):
    """What a directory has besides that can create many users without an object for each."""

    def encode_batch(self, users: RecordColumns) -> bytes | None:
        """Encode users for one call, in any thread.

        Args:
            users: at most `capabilities.batch_size`.

        Returns:
            What `create_encoded` sends; None where they are to be created as records, as one of them cannot go in, or the
            system is told more than columns of text.
        """
        ...

    def decode_batch(self, body: bytes) -> RecordColumns:
        """Decode users who were encoded: of each what is sent, under the fields that it stands in."""
        ...

    async def create_encoded(self, body: bytes, keys: Sequence[str]) -> BatchOutcome:
        """Create users who were encoded before, by the very request that `create` makes of their records.

        Args:
            body: of `encode_batch`.
            keys: the natural key of each.

        Raises:
            AlloyAsyncError: none could be tried, and nothing happened.
        """
        ...


def get_directory_if_it_encodes(directory: Directory) -> EncodingDirectory | None:
    """Return the directory where it can create many users without an object for each; None where it cannot."""
    return cast(EncodingDirectory, directory) if _is_encoding_directory_class(type(directory)) else None


@functools.cache
def _is_encoding_directory_class(kind: type) -> bool:
    return issubclass(kind, EncodingDirectory)  # takes a while, as it is a protocol
