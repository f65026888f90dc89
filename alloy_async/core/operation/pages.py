"""Walk through a listing page by page: no row comes twice, and the walk can be resumed from a token."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

import attrs
import orjson

from ..errors import InvalidRequest
from .operation import Operation, create_not_an_operation_error
from .paging import Listing

Item = TypeVar("Item")

log: logging.Logger = logging.getLogger("alloy_async")

REMEMBERED_PAGES = 3
"""Pages whose rows are recognised when they come again. A list that shifts repeats rows of the page before."""


class PageWalk(Generic[Item]):
    """The state of a walk over a listing, and the way to its next page; Pages and SyncPages iterate over it.

    Attributes:
        taken: rows of the present page that were handed out, in the order of the page.
        repeated_count: rows that came again and were dropped, because the list shifted while it was read.
    """

    def __init__(
        self,
        send: Callable[[Any], Awaitable[Any]],
        operation: Listing[Any, Item],
        token: str | None = None,
    ) -> None:
        if not isinstance(operation, Listing):
            if not isinstance(operation, Operation):
                raise create_not_an_operation_error(operation)
            raise InvalidRequest(f"{operation.name} has no list in its answer; use send()")
        self._send = send
        self._name = operation.name
        self._paging = operation.paging
        self._next: Listing[Any, Item] | None = self._paging.create_first_operation(operation)
        self._seen: deque[set[Any]] = deque(maxlen=REMEMBERED_PAGES)
        self.taken: int = 0
        self.repeated_count: int = 0
        if token is not None:
            self._restore_position(token)

    @property
    def token(self) -> str:
        """Where the walk stands, as text: `client.iterate(operation, token=token)` goes on with the next item."""
        at = (
            None
            if self._next is None
            else {name: getattr(self._next, name) for name in self._paging.position}
        )
        return orjson.dumps({"operation": self._name, "at": at, "taken": self.taken}).decode()

    def _restore_position(self, token: str) -> None:
        try:
            state = orjson.loads(token)
            if state["operation"] != self._name:
                raise ValueError(state["operation"])
            self.taken = int(state["taken"])
            moved: Any = self._next
            self._next = None if state["at"] is None else attrs.evolve(moved, **state["at"])
        except (ValueError, TypeError, KeyError):
            raise InvalidRequest(f"{self._name}: that is not a token of this listing") from None

    async def fetch_pages(self) -> AsyncGenerator[list[tuple[int, Item]], None]:
        """Fetch page after page: the items of each that are new, with how many of its rows are done after each."""
        stale_pages = 0
        while self._next is not None and stale_pages < 2:
            operation = self._next
            answer = await self._send(operation)
            rows = self._paging.extract_items(answer)
            fresh = self._drop_repeated(rows)
            stale_pages = 0 if fresh or not rows else stale_pages + 1
            untaken = [(n, row) for n, row in fresh if n > self.taken]
            if untaken:
                yield untaken
            # Only after the page was handed out: a token taken in its midst must name this page, not the next.
            self._next, self.taken = self._paging.create_next(operation, answer, rows), 0
        if self.repeated_count:
            log.warning(
                "%s: %d rows came again and were dropped: the list changed while it was read",
                self._name,
                self.repeated_count,
            )

    def _drop_repeated(self, rows: list[Item]) -> list[tuple[int, Item]]:
        numbered = list(enumerate(rows, 1))
        if self._paging.key is None:
            return numbered
        keys = [getattr(row, self._paging.key, None) for row in rows]
        before = set().union(*self._seen)
        self._seen.append({key for key in keys if key is not None})
        fresh = [(n, row) for (n, row), key in zip(numbered, keys, strict=True) if key not in before]
        # A page that repeats as a whole is not a shift: the service numbers its pages from 1.
        if fresh:
            self.repeated_count += len(rows) - len(fresh)
        return fresh


class PagesBase(Generic[Item]):
    """What Pages and SyncPages have in common: a walk, and where it stands.

    Args:
        send: sends an operation, as `client.send` of an async client.
        operation: the listing.
        token: the `token` of an earlier walk.
    """

    def __init__(
        self, send: Callable[[Any], Awaitable[Any]], operation: Listing[Any, Item], token: str | None = None
    ) -> None:
        self._walk = PageWalk(send, operation, token)

    @property
    def token(self) -> str:
        """Where the walk stands, as text, to go on from there later: `client.iterate(operation, token=token)`."""
        return self._walk.token

    @property
    def repeated_count(self) -> int:
        """Rows that came again and were dropped, because the list shifted while it was read."""
        return self._walk.repeated_count


class Pages(PagesBase[Item]):
    """The items of a listing over all its pages: `async for item in client.iterate(operation)`."""

    async def __aiter__(self) -> AsyncIterator[Item]:
        walk = self._walk
        async with aclosing(walk.fetch_pages()) as pages:
            async for page in pages:
                for walk.taken, item in page:
                    yield item

    async def pages(self) -> AsyncIterator[list[Item]]:
        """Walk the listing with the items as one list a page."""
        async with aclosing(self._walk.fetch_pages()) as pages:
            async for page in pages:
                self._walk.taken = page[-1][0]
                yield [item for _, item in page]
