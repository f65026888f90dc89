"""Make one call for each of several users, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ..core.errors import AlloyAsyncError
from .call_withdrawal import CallWithdrawn, WithdrawableCall, get_current_call
from .error_policy import ends_work
from .record import Outcome

T = TypeVar("T")
Item = TypeVar("Item")

SINGLE_CALLS = 16
"""How many calls for one user each are under way at a time."""


class SingleCalls:
    """Calls for one user each.

    Args:
        describe: makes the outcome of a user, given by key, whose call failed.
        changes: they change something: then what has not begun when the work is stopped is withdrawn. Questions see to
            that themselves (`ask_unless_stopped`).
    """

    def __init__(self, describe: Callable[[str, AlloyAsyncError], Outcome], *, changes: bool) -> None:
        self._describe = describe
        self._work: WithdrawableCall | None = get_current_call() if changes else None
        self._slots = asyncio.Semaphore(SINGLE_CALLS)
        self._broken: AlloyAsyncError | None = None
        self._errors: list[AlloyAsyncError] = []

    async def make_calls(
        self, call: Callable[[Item], Awaitable[T]], items: Sequence[Item], keys: Sequence[str]
    ) -> Sequence[T | Outcome]:
        """Make one call an item: what each gives, in order, or the outcome of one that failed.

        Args:
            call: for one item.
            items: what to call it with.
            keys: the natural key of each item.

        Raises:
            AlloyAsyncError: every call failed for a reason that lies in no record, and nothing happened.
        """
        results: Sequence[T | Outcome]
        if len(items) == 1:  # the work is about this user alone, and needs no parts
            results = [await self._attempt_call(call, items[0], keys[0])]
        else:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._call_when_slot_is_free(call, item, key))
                    for item, key in zip(items, keys, strict=True)
                ]
            results = [task.result() for task in tasks]
        if self._errors and len(self._errors) == len(results):
            raise self._errors[0]
        return results

    async def _call_when_slot_is_free(
        self, call: Callable[[Item], Awaitable[T]], item: Item, key: str
    ) -> T | Outcome:
        async with self._slots:
            if self._work is None:
                return await self._attempt_call(call, item, key)
            if self._work.is_stopping:
                return Outcome(key, "withdrawn")
            self._work.parts[key] = part = WithdrawableCall()
            try:
                result = await part.run(lambda: self._attempt_call(call, item, key))
            except CallWithdrawn:
                return Outcome(key, "withdrawn")
            if isinstance(result, Outcome):
                part.outcome = result
            return result

    async def _attempt_call(self, call: Callable[[Item], Awaitable[T]], item: Item, key: str) -> T | Outcome:
        try:
            if self._broken is not None:
                raise self._broken
            return await call(item)
        except AlloyAsyncError as error:
            outcome = self._describe(key, error)
            if outcome.status == "failed":
                self._errors.append(error)
            if ends_work("batch", error):
                self._broken = error
            return outcome
