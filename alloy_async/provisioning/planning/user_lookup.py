"""Ask a system which users it holds: one by one, or by listing all where that is less work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ...core.errors import DecodeError, TransportError
from ...directory import AmbiguousKey, Directory, UserRecord
from ..async_helpers import open_task_group, run_in_thread
from ..store.temporary.indexes import KeyIndex, ListingSnapshot
from .comparison import UserComparer
from .own_account import OwnAccount

ONE_BY_ONE = 200
"""More keys than this are looked up in a listing, where the system lists."""
_AT_ONCE = 16
_ASKED_AGAIN = 3
_PART = 1000

Users: TypeAlias = tuple[UserRecord, ...]


class UserLookup:
    """The users of a directory by any key that the system knows them by; a context manager.

    A listing is kept in a temporary database on disk, so that memory does not grow with it.

    Args:
        target: the directory.
        comparer: how its users are compared.
    """

    def __init__(self, target: Directory, comparer: UserComparer) -> None:
        self._target = target
        self._can = target.capabilities
        self._comparer = comparer
        self._snapshot: ListingSnapshot | None = None
        self._claims: KeyIndex | None = None
        self.own_account: OwnAccount = OwnAccount(target)
        self._permits = asyncio.Semaphore(_AT_ONCE)
        self.finds: bool = "find" in self._can.abilities
        self.lists: bool = "list" in self._can.abilities

    async def __aenter__(self) -> UserLookup:
        return self

    async def __aexit__(self, *_: object) -> None:
        for database in (self._snapshot, self._claims):
            if database is not None:
                database.close()

    @property
    def is_possible(self) -> bool:
        """Whether the system can be asked at all."""
        return self.finds or self.lists

    async def find_users(self, keys: Sequence[str]) -> Mapping[str, UserRecord]:
        """Find the user of each key that means one, by the folded key that was asked.

        Asked for few keys, this never lists a system that has a look-up for one.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        found = await self._find_users_by_folded_keys({self._comparer.fold(key): key for key in keys})
        return {key: users[0] for key, users in found.items() if len(users) == 1}

    async def find_matches(self, keys: Sequence[str]) -> Mapping[str, Users]:
        """Find the users that each key means, by the folded key that was asked; keys that mean nobody are left out.

        Where the look-up may miss somebody who is there in another form, the system is listed.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        asked = {self._comparer.fold(key): key for key in keys}
        found = await self._find_users_by_folded_keys(asked)
        if self._snapshot is not None or not self.lists:
            return found
        if any(form not in found and self._may_find_miss(key) for form, key in asked.items()):
            await self.take_snapshot()
            return await self._find_users_by_folded_keys(asked)
        return found

    async def _find_users_by_folded_keys(self, asked: Mapping[str, str]) -> Mapping[str, Users]:
        """Find the users of each key, given by its folded form."""
        by_list = len(asked) > ONE_BY_ONE or not self.finds or self._can.finds == "listing"
        if self._snapshot is None and self.lists and asked and by_list:
            await self.take_snapshot()
        if self._snapshot is not None:
            return await run_in_thread(self._find_in_snapshot, [*asked])
        async with open_task_group() as group:
            finding = {form: group.create_task(self._find_all_with_key(key)) for form, key in asked.items()}
        return {form: users for form, task in finding.items() if (users := task.result())}

    async def take_snapshot(self) -> int:
        """List every user, once; how many there are."""
        if self._snapshot is None:
            snapshot = self._snapshot = ListingSnapshot()
            part: list[tuple[Sequence[str], str]] = []
            async for user in self._target.list():
                part.append((self._can.list_known_keys(user), self._comparer.to_image(user)))
                if len(part) == _PART:
                    await run_in_thread(snapshot.add_users, part)
                    part = []
            snapshot.add_users(part)
        return len(self._snapshot)

    def mark_wanted(self, keys: Iterable[str]) -> None:
        """Tell which users of the snapshot are to stay, by any key of theirs."""
        assert self._snapshot is not None
        self._snapshot.mark_wanted(map(self._comparer.fold, keys))

    def note_mentions_in_multiline_cells(self, line: int, keys: Iterable[str]) -> None:
        """Note that a row names users of the snapshot, by any key of theirs, in a cell that is about something else."""
        assert self._snapshot is not None
        self._snapshot.note_mentions_in_multiline_cells(line, map(self._comparer.fold, keys))

    def find_unwanted_but_mentioned(self) -> tuple[int, UserRecord] | None:
        """Find a user of the snapshot whom nobody told to stay and whom a row names all the same, with its line."""
        assert self._snapshot is not None
        found = self._snapshot.find_unwanted_but_mentioned()
        return found and (found[0], self._comparer.read_image(found[1]))

    def iterate_unwanted(self) -> Iterator[UserRecord]:
        """Yield the users of the snapshot that nobody told to stay; without those that have no key to name them by."""
        assert self._snapshot is not None
        users = map(self._comparer.read_image, self._snapshot.iterate_unwanted())
        yield from (user for user in users if self._comparer.get_key(user))

    def claim_user(self, user: UserRecord, key: str, line: int) -> int | None:
        """Tell that a row means a user; gives the line of an earlier row that means the same one by another key."""
        if self._claims is None:
            self._claims = KeyIndex()
        mark = user.remote_id or self._comparer.fold(self._comparer.get_key(user))
        if self._claims.find_earlier_or_add(f"{mark}\0{self._comparer.fold(key)}", line, key) is not None:
            return None  # the same key again is refused as a repeated key
        first = self._claims.find_earlier_or_add(mark, line, key)
        return first and first[0]

    async def find_user(self, key: str) -> UserRecord | None:
        """Find one user, as of now; None where there is none.

        Raises:
            AmbiguousKey: the key means two users.
        """
        async with self._permits:
            for _ in range(_ASKED_AGAIN):
                try:
                    return await self._target.find(key)
                except (DecodeError, TransportError):  # a broken answer may be whole the next time
                    continue
            return await self._target.find(key)

    async def _find_all_with_key(self, key: str) -> Users:
        try:
            found = await self.find_user(key)
        except AmbiguousKey as error:
            return error.users
        return () if found is None else (found,)

    def _may_find_miss(self, key: str) -> bool:
        """Tell whether `find` may say that nobody is there, because the system writes the key in another form."""
        has_other_forms = not key.isascii() or self._comparer.fold(key) != key.lower()
        return self._can.finds == "exact" or has_other_forms

    def _find_in_snapshot(self, folded: Sequence[str]) -> Mapping[str, Users]:
        assert self._snapshot is not None
        stored = (
            (form, tuple(map(self._comparer.read_image, self._snapshot.find_images(form)))) for form in folded
        )
        return {form: users for form, users in stored if users}
