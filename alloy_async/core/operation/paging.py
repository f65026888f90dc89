"""The rules of paging, as pure functions: from an operation and its answer to the items and to the next operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

import attrs

from ..errors import DecodeError
from ..messages.unexpected_body import format_line
from .operation import Operation

T_co = TypeVar("T_co", covariant=True)
Item_co = TypeVar("Item_co", covariant=True)


class Listing(Operation[T_co], Generic[T_co, Item_co]):
    """An operation whose answer T holds a list of Item, on one page or on many."""

    __slots__ = ()

    paging: ClassVar[Unpaged]
    """How to find the items in an answer and the operation that asks for the next page."""


class Unpaged:
    """The whole list comes in one answer; the styles of paging extend this.

    Args:
        items: member of the answer that holds the items; None where the answer itself is the list.
        key: member of an item that tells items apart; None where nothing does.
    """

    # Not attrs classes, each of which would take half a millisecond of every program's start.

    def __init__(self, items: str | None, key: str | None = None) -> None:
        self.items: str | None = items
        self.key: str | None = key

    @property
    def position(self) -> tuple[str, ...]:
        """Arguments that say where in the list a page is."""
        return ()

    def extract_items(self, answer: Any) -> list[Any]:
        """Extract the items of an answer.

        Raises:
            DecodeError: there is no list, nor anything else that was promised: the answer is something else.
        """
        items = answer if self.items is None else getattr(answer, self.items)
        if (
            items is None
            and getattr(answer, "_extra", None)
            and not answer.to_dict().keys() - answer.extra.keys()
        ):
            names = ", ".join(sorted(answer.extra)[:5])
            raise DecodeError(f"$.{self.items}: missing; the answer has {format_line(names)} instead")
        return list(items or ())

    def create_first_operation(self, operation: Listing[Any, Any]) -> Listing[Any, Any]:
        """Create the operation that asks for the first page."""
        return operation

    def create_next(
        self, operation: Listing[Any, Any], answer: Any, rows: Sequence[Any]
    ) -> Listing[Any, Any] | None:
        """Create the operation that asks for the next page; None after the last one."""
        return None


class ByPage(Unpaged):
    """Pages are numbered by the argument `page`; a page without items ends the list.

    Whether the first page is 0 or 1 need not be known: the first request names none, and 1 comes next. Where that is the
    first page again, its rows are recognised by `key` and dropped.
    """

    def __init__(self, items: str | None, key: str | None = None, page: str = "page") -> None:
        super().__init__(items, key)
        self.page: str = page

    @property
    def position(self) -> tuple[str, ...]:
        return (self.page,)

    def create_next(
        self, operation: Listing[Any, Any], answer: Any, rows: Sequence[Any]
    ) -> Listing[Any, Any] | None:
        if not rows:
            return None
        page = getattr(operation, self.page)
        return _replace_argument(operation, self.page, 1 if page is None else page + 1)


class ByOffset(Unpaged):
    """Rows are skipped by the argument `offset`; a page without items ends the list.

    Args:
        next: member of the answer that is null on the last page, where the service has one.
    """

    def __init__(
        self,
        items: str | None,
        key: str | None = None,
        offset: str = "offset",
        next: str | None = None,  # noqa: A002 (the member's usual name)
    ) -> None:
        super().__init__(items, key)
        self.offset: str = offset
        self.next: str | None = next

    @property
    def position(self) -> tuple[str, ...]:
        return (self.offset,)

    def create_next(
        self, operation: Listing[Any, Any], answer: Any, rows: Sequence[Any]
    ) -> Listing[Any, Any] | None:
        if not rows or (self.next is not None and getattr(answer, self.next) is None):
            return None
        return _replace_argument(operation, self.offset, (getattr(operation, self.offset) or 0) + len(rows))


class ByCursor(Unpaged):
    """The argument `cursor` names the row to go on after, and each answer names the next cursor.

    Args:
        cursor: the argument; the first page takes `start`.
        next: member of the answer with the next cursor; empty after the last page.
        previous: the same for the way back, followed where the argument `direction` is "backwards".
    """

    def __init__(
        self,
        items: str | None,
        key: str | None = None,
        *,
        cursor: str,
        next: str,  # noqa: A002
        previous: str | None = None,
        direction: str | None = None,
        start: str = "",
    ) -> None:
        super().__init__(items, key)
        self.cursor: str = cursor
        self.next: str = next
        self.previous: str | None = previous
        self.direction: str | None = direction
        self.start: str = start

    @property
    def position(self) -> tuple[str, ...]:
        return (self.cursor,)

    def create_first_operation(self, operation: Listing[Any, Any]) -> Listing[Any, Any]:
        given = getattr(operation, self.cursor)
        return operation if given is not None else _replace_argument(operation, self.cursor, self.start)

    def create_next(
        self, operation: Listing[Any, Any], answer: Any, rows: Sequence[Any]
    ) -> Listing[Any, Any] | None:
        backwards = self.direction is not None and getattr(operation, self.direction) == "backwards"
        cursor = getattr(answer, self.previous if backwards and self.previous else self.next)
        return _replace_argument(operation, self.cursor, cursor) if cursor else None


def _replace_argument(operation: Listing[Any, Any], argument: str, value: Any) -> Listing[Any, Any]:
    moved: Listing[Any, Any] = attrs.evolve(operation, **{argument: value})  # type: ignore[misc]
    return moved
