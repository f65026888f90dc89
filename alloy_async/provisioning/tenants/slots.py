"""How many tenants are worked on at a time, so that a thousand of them do not open a thousand clients and files."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

STALLED_SECONDS = 5.0
"""A tenant that made no progress for so long waits, for its system or its limit, and takes nothing from the others."""


class Slot:
    """The place of one tenant that is worked on."""

    __slots__ = ("is_lent", "last")

    def __init__(self, now: float) -> None:
        self.last: float = now
        self.is_lent: bool = False


class TenantSlots:
    """Hands out so many places, first come, first served; a tenant that makes no progress lends its place to another.

    So that an outage of many does not open everything at once, at most as many places are lent as there are.

    Args:
        most: places.
        clock: seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._slots: set[Slot] = set()
        self._waiting: deque[asyncio.Future[Slot]] = deque()

    async def take_slot(self) -> Slot:
        """Take a place, as soon as one is free."""
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._hand_out_slots()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give_back(future.result())
            raise

    def give_back(self, slot: Slot) -> None:
        """Give a place back."""
        self._slots.discard(slot)
        self._hand_out_slots()

    def note_progress(self, slot: Slot) -> None:
        """Note that a tenant made progress: it uses its place itself again, and nobody who has one has to leave."""
        slot.last = self._clock()
        slot.is_lent = False

    def lend_stalled_slots(self) -> None:
        """Lend the places of tenants that made no progress; called now and then."""
        before = self._clock() - STALLED_SECONDS
        for slot in self._slots:
            slot.is_lent = slot.last <= before
        self._hand_out_slots()

    def _hand_out_slots(self) -> None:
        while self._waiting and self._has_room():
            future = self._waiting.popleft()
            if not future.done():
                slot = Slot(self._clock())
                self._slots.add(slot)
                future.set_result(slot)

    def _has_room(self) -> bool:
        busy = sum(not slot.is_lent for slot in self._slots)
        return busy < self._most and len(self._slots) < 2 * self._most
