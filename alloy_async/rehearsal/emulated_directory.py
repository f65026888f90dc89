"""An emulation that stands in for a system, with the same users under the same ids."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from typing import Any, Self

import attrs

from ..core.hook_events import RateLimitedEvent, RetryEvent
from ..directory import Capabilities, Directory, Outcome, UserRecord
from ..directory.record import fold

_PART = 1000
_FILLERS = {"password": "Rehearsed-Passw0rd!", "given_name": "-"}
"""What a user who is there has in the emulation, where it needs a field and the system does not show it."""


class EmulatedDirectory:
    """The directory of an emulation, as if it were the system.

    Args:
        inner: the emulation's own directory.
        left_out: fields that it cannot hold.
    """

    def __init__(self, inner: Directory, left_out: Sequence[str]) -> None:
        self._inner = inner
        can = inner.capabilities
        self.left_out: tuple[str, ...] = tuple(field for field in left_out if field in can.carries)
        self._empty: dict[str, Any] = dict.fromkeys(self.left_out, ())
        self.name: str = inner.name
        self.base_url: str = inner.base_url
        self.capabilities: Capabilities = attrs.evolve(
            can,
            carries=tuple(field for field in can.carries if field not in self.left_out),
            shows=tuple(field for field in can.shows if field not in self.left_out),
        )
        self.users: int = 0
        """How many were put in."""
        self.own_user: UserRecord | None = None
        """Whose credential the system takes ours for, where it was asked; the emulation would name its own administrator."""
        self._staff: set[str | None] = set()
        self._inner_ids: dict[str, str] = {}
        """The id in the emulation of each id in the system."""
        self._own_ids: dict[str, str] = {}
        """The other way round."""

    async def hide_staff(self) -> None:
        """Take those who are in an empty emulation, as its administrator, for nobody."""
        if "list" in self.capabilities.abilities:
            self._staff = {user.remote_id async for user in self._inner.list()}

    async def add_users(self, users: AsyncIterable[UserRecord]) -> list[Outcome]:
        """Put users in, as they are in the system; the outcomes of those who could not be."""
        strangers: list[Outcome] = []
        own_ids: dict[str, str] = {}  # by key, where the emulation's answer does not tell the id it gave
        part: list[UserRecord] = []
        async for user in users:
            part.append(user)
            if len(part) == _PART:
                strangers += await self._add_part(part, own_ids)
                part = []
        if part:
            strangers += await self._add_part(part, own_ids)
        if own_ids and "list" in self.capabilities.abilities:
            async for user in self._inner.list():
                own = own_ids.get(fold(getattr(user, self.capabilities.key) or ""))
                if own and user.remote_id:
                    self._pair_ids(own, user.remote_id)
        return strangers

    async def _add_part(self, part: Sequence[UserRecord], own_ids: dict[str, str]) -> list[Outcome]:
        outcomes = await self._inner.create([self._fill_needed_fields(user) for user in part])
        for user, outcome in zip(part, outcomes, strict=True):
            # The emulation and the system have the same administrator.
            if outcome.status == "exists" and outcome.remote_id in self._staff:
                self._staff.discard(outcome.remote_id)
                outcome.status = "created"
            self.users += outcome.status == "created"
            if user.remote_id and outcome.remote_id:
                self._pair_ids(user.remote_id, outcome.remote_id)
            elif user.remote_id:
                own_ids[fold(outcome.key)] = user.remote_id
        return [outcome for outcome in outcomes if outcome.status != "created"]

    def _fill_needed_fields(self, user: UserRecord) -> UserRecord:
        needs = self.capabilities.needs
        missing: dict[str, Any] = {
            name: filler for name, filler in _FILLERS.items() if name in needs and not getattr(user, name)
        }
        return attrs.evolve(user, **self._empty, **missing, remote_id=None)

    def _pair_ids(self, own: str, inner: str) -> None:
        self._inner_ids[own], self._own_ids[inner] = inner, own

    def _show_own_ids(self, user: UserRecord) -> UserRecord:
        own = self._own_ids.get(user.remote_id or "", user.remote_id)
        return attrs.evolve(user, **self._empty, remote_id=own)

    def _replace_remote_id(self, outcome: Outcome) -> Outcome:
        return attrs.evolve(outcome, remote_id=self._own_ids.get(outcome.remote_id or "", outcome.remote_id))

    # the directory

    async def fingerprint_account(self, salt: bytes) -> str:
        """Hash as the emulation's own does."""
        return await self._inner.fingerprint_account(salt)

    async def find_own_user(self) -> UserRecord | None:
        """Find who has the account in the system itself, where it was asked."""
        return self.own_user

    def with_retry_hook(
        self,
        on_retry: Callable[[RetryEvent], None],
        on_limit: Callable[[RateLimitedEvent], None] | None = None,
    ) -> Self:
        """Make a copy that tells too of every call that is about to be made again."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._inner = self._inner.with_retry_hook(on_retry, on_limit)
        return other

    async def find(self, key: str) -> UserRecord | None:
        """Find one user by any key, also by the id that it has in the system itself."""
        user = await self._inner.find(self._inner_ids.get(key, key))
        return None if user is None or user.remote_id in self._staff else self._show_own_ids(user)

    async def list(self) -> AsyncIterator[UserRecord]:
        """List every user, but for the emulation's own staff."""
        async for user in self._inner.list():
            if user.remote_id not in self._staff:
                yield self._show_own_ids(user)

    async def create(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Create users in the emulation."""
        people = [attrs.evolve(record, **self._empty) for record in records]
        return [self._replace_remote_id(outcome) for outcome in await self._inner.create(people)]

    async def update(self, records: Sequence[UserRecord]) -> Sequence[Outcome]:
        """Change users in the emulation."""
        people = [
            attrs.evolve(
                record, **self._empty, remote_id=self._inner_ids.get(record.remote_id or "", record.remote_id)
            )
            for record in records
        ]
        return [self._replace_remote_id(outcome) for outcome in await self._inner.update(people)]

    async def delete(self, keys: Sequence[str]) -> Sequence[Outcome]:
        """Delete users from the emulation."""
        outcomes = await self._inner.delete([self._inner_ids.get(key, key) for key in keys])
        return [self._replace_remote_id(outcome) for outcome in outcomes]

    async def offboard(self, step: str, keys: Sequence[str]) -> Sequence[Outcome]:
        """Take a step of leaving in the emulation."""
        outcomes = await self._inner.offboard(step, [self._inner_ids.get(key, key) for key in keys])
        return [self._replace_remote_id(outcome) for outcome in outcomes]
