"""Walking through a listing, page by page, so that no row comes twice and the walk can be taken up again."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

import attrs
import orjson

from ..errors import InvalidRequest
from .paging import Listing

Item = TypeVar("Item")

log = logging.getLogger("alloy_async")

REMEMBERED_PAGES = 3
"""Pages whose rows are recognised when they come again. A list that shifts repeats rows of the page before."""


class Pages(Generic[Item]):
    """The items of a listing over all its pages: `async for item in client.iterate(operation)`.

    Attributes:
        repeated: rows that came again and were dropped, because the list shifted while it was read.
    """

    def __init__(
        self,
        send: Callable[[Any], Awaitable[Any]],
        operation: Listing[Any, Item],
        token: str | None = None,
    ) -> None:
        if not isinstance(operation, Listing):
            name = getattr(operation, "name", type(operation).__name__)
            raise InvalidRequest(f"{name} has no list in its answer; use send()")
        self._send = send
        self._name = operation.name
        self._paging = operation.paging
        self._next: Listing[Any, Item] | None = self._paging.first(operation)
        self._taken = 0
        self._seen: deque[set[Any]] = deque(maxlen=REMEMBERED_PAGES)
        self.repeated = 0
        if token is not None:
            self._take_up(token)

    @property
    def token(self) -> str:
        """Where the walk stands, as text: `client.iterate(operation, token=token)` goes on with the next item."""
        at = (
            None
            if self._next is None
            else {name: getattr(self._next, name) for name in self._paging.position}
        )
        return orjson.dumps({"operation": self._name, "at": at, "taken": self._taken}).decode()

    def _take_up(self, token: str) -> None:
        try:
            state = orjson.loads(token)
            if state["operation"] != self._name:
                raise ValueError(state["operation"])
            self._taken = int(state["taken"])
            moved: Any = self._next
            self._next = None if state["at"] is None else attrs.evolve(moved, **state["at"])
        except (ValueError, TypeError, KeyError):
            raise InvalidRequest(f"{self._name}: that is no token of this listing") from None

    async def __aiter__(self) -> AsyncIterator[Item]:
        async with aclosing(self._numbered_pages()) as pages:
            async for page in pages:
                for self._taken, item in page:
                    yield item

    async def pages(self) -> AsyncIterator[list[Item]]:
        """The items as one list a page."""
        async with aclosing(self._numbered_pages()) as pages:
            async for page in pages:
                self._taken = page[-1][0]
                yield [item for _, item in page]

    async def _numbered_pages(self) -> AsyncGenerator[list[tuple[int, Item]], None]:
        """Each page's items that are new, with how many rows of the page are done after each."""
        stale_pages = 0
        while self._next is not None and stale_pages < 2:
            operation = self._next
            answer = await self._send(operation)
            rows = self._paging.rows(answer)
            fresh = self._fresh(rows)
            stale_pages = 0 if fresh or not rows else stale_pages + 1
            untaken = [(n, row) for n, row in fresh if n > self._taken]
            if untaken:
                yield untaken
            self._next, self._taken = self._paging.following(operation, answer, rows), 0
        if self.repeated:
            log.warning(
                "%s: %d rows came again and were dropped: the list changed while it was read",
                self._name,
                self.repeated,
            )

    def _fresh(self, rows: list[Item]) -> list[tuple[int, Item]]:
        numbered = list(enumerate(rows, 1))
        if self._paging.key is None:
            return numbered
        keys = [getattr(row, self._paging.key, None) for row in rows]
        before = set().union(*self._seen)
        self._seen.append({key for key in keys if key is not None})
        fresh = [(n, row) for (n, row), key in zip(numbered, keys, strict=True) if key not in before]
        # A page that repeats as a whole is not a shift: the service numbers its pages from 1.
        if fresh:
            self.repeated += len(rows) - len(fresh)
        return fresh
