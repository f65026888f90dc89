"""Asking a system which users it holds: one by one, or all of them where that is less work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...core.errors import DecodeError, TransportError
from ...directory import Directory, UserRecord
from ..async_helpers import in_thread, task_group
from ..store.temporary_indexes import ListingSnapshot
from .comparison import UserComparer

ONE_BY_ONE = 200
"""More keys than this are looked up in a listing, where the system lists."""
_AT_ONCE = 16
_ASKED_AGAIN = 3
_PART = 1000


class Lookup:
    """The users of a directory by folded key; a context manager.

    A listing is kept in a temporary database on disk, so that memory does not grow with it.

    Args:
        target: the directory.
        comparer: how its users are compared.
    """

    def __init__(self, target: Directory, comparer: UserComparer) -> None:
        self._target = target
        self._comparer = comparer
        self._snapshot: ListingSnapshot | None = None
        self._permits = asyncio.Semaphore(_AT_ONCE)
        abilities = target.capabilities.abilities
        self.finds = "find" in abilities
        self.lists = "list" in abilities

    async def __aenter__(self) -> Lookup:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._snapshot is not None:
            self._snapshot.close()

    @property
    def possible(self) -> bool:
        """Whether the system can be asked at all."""
        return self.finds or self.lists

    async def get(self, keys: Sequence[str]) -> Mapping[str, UserRecord]:
        """Those of the users that are there, by folded key.

        Raises:
            AlloyAsyncError: the system could not be asked.
        """
        if self._snapshot is None and self.lists and (len(keys) > ONE_BY_ONE or not self.finds):
            await self.take_snapshot()
        if self._snapshot is None:
            async with task_group() as group:
                found = [group.create_task(self.find(key)) for key in keys]
            records = [record for task in found if (record := task.result()) is not None]
            return {self._comparer.fold(self._comparer.key_of(record)): record for record in records}
        folded = [self._comparer.fold(key) for key in keys]
        return await in_thread(self._read_stored, folded)

    async def take_snapshot(self) -> int:
        """List every user, once; how many there are."""
        if self._snapshot is None:
            snapshot = self._snapshot = ListingSnapshot()
            part: list[tuple[str, str]] = []
            async for record in self._target.list():
                if key := self._comparer.key_of(record):
                    part.append((self._comparer.fold(key), self._comparer.to_image(record)))
                if len(part) == _PART:
                    await in_thread(snapshot.add, part)
                    part = []
            await in_thread(snapshot.add, part)
        return len(self._snapshot)

    def mark_wanted(self, keys: Iterable[str]) -> None:
        """Tell which users of the snapshot are to stay."""
        assert self._snapshot is not None
        self._snapshot.want(map(self._comparer.fold, keys))

    def iterate_unwanted(self) -> Iterator[UserRecord]:
        """The users of the snapshot that nobody told to stay."""
        assert self._snapshot is not None
        yield from map(self._comparer.from_image, self._snapshot.iterate_unwanted())

    async def find(self, key: str) -> UserRecord | None:
        """One user, as of now; None where there is none."""
        async with self._permits:
            for _ in range(_ASKED_AGAIN):
                try:
                    return await self._target.find(key)
                except (DecodeError, TransportError):  # a broken answer may be whole the next time
                    continue
            return await self._target.find(key)

    def _read_stored(self, folded: Sequence[str]) -> Mapping[str, UserRecord]:
        assert self._snapshot is not None
        images = {key: self._snapshot.get(key) for key in folded}
        return {key: self._comparer.from_image(image) for key, image in images.items() if image is not None}
