"""A directory for code that does not await."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Self

from ..core.background_loop import get_background_loop, iterate_sync
from ..core.hook_events import RateLimitedEvent, RetryEvent
from .creation_exactly_once import create_once
from .interface import Capabilities, Directory
from .record import Outcome, UserRecord


class SyncDirectory:
    """The methods of a directory for code that does not await; they run on the background loop of the sync clients.

        users = SyncDirectory(AlloyDirectory(AsyncAlloy()))
        print(users.find("ada@example.com"))

    Args:
        directory: any; its client needs no closing, and may be used with await as well.
    """

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    @property
    def name(self) -> str:
        """What to call the system in messages."""
        return self.directory.name

    @property
    def capabilities(self) -> Capabilities:
        """What the system can do."""
        return self.directory.capabilities

    @property
    def base_url(self) -> str:
        """Where the system is."""
        return self.directory.base_url

    def fingerprint_account(self, salt: bytes) -> str:
        """Hash what tells this account of the service from others."""
        return get_background_loop().run(self.directory.fingerprint_account, salt)

    def find_own_user(self) -> UserRecord | None:
        """Find the user whose credential this directory uses; None where the system does not tell."""
        return get_background_loop().run(self.directory.find_own_user)

    def with_retry_hook(
        self,
        on_retry: Callable[[RetryEvent], None],
        on_limit: Callable[[RateLimitedEvent], None] | None = None,
    ) -> Self:
        """Make a copy that tells too of every call that is about to be made again."""
        return type(self)(self.directory.with_retry_hook(on_retry, on_limit))

    def find(self, key: str) -> UserRecord | None:
        """Find one user by any key that the system knows it by; None when there is none."""
        return get_background_loop().run(self.directory.find, key)

    def list(self) -> Iterator[UserRecord]:
        """List every user, as a stream."""
        listing = self.directory.list()
        try:
            yield from iterate_sync(listing)
        finally:
            if isinstance(listing, AsyncGenerator):
                get_background_loop().run(listing.aclose)

    def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Create users; one that is there stays as it is. One outcome a record, in order."""
        return get_background_loop().run(self.directory.create, records)

    def create_once(self, record: UserRecord) -> Outcome:
        """Create one user; where the answer is lost, look the user up before giving up."""
        return get_background_loop().run(create_once, self.directory, record)

    def update(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Change existing users, found by natural key."""
        return get_background_loop().run(self.directory.update, records)

    def delete(self, keys: Sequence[str]) -> Sequence[Outcome]:
        """Delete users by natural key; one that is not there counts as deleted."""
        return get_background_loop().run(self.directory.delete, keys)

    def offboard(self, step: str, keys: Sequence[str]) -> Sequence[Outcome]:
        """Take one of `capabilities.offboarding` for users."""
        return get_background_loop().run(self.directory.offboard, step, keys)
