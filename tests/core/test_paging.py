"""How a listing goes on: the pure rules, by tables."""

from __future__ import annotations

from typing import Annotated, Any

import attrs
import pytest

from alloy_async import Listing, Model
from alloy_async.core.operation.markers import Query
from alloy_async.core.operation.paging import ByCursor, ByOffset, ByPage, Unpaged


@attrs.define(eq=False, repr=False)
class Answer(Model):
    rows: list[int] | None = None
    next: str | None = None
    previous: str | None = None


@attrs.frozen(repr=False)
class List(Listing[Answer, int]):
    verb = "GET"
    route = "/rows"
    paging = Unpaged("rows")
    page: Annotated[int | None, Query("page")] = None
    offset: Annotated[int | None, Query("offset")] = None
    cursor: Annotated[str | None, Query("cursor")] = None
    direction: Annotated[str | None, Query("direction")] = None


BOTH_WAYS = {"cursor": "cursor", "next": "next", "previous": "previous", "direction": "direction"}
CURSOR = ByCursor("rows", **BOTH_WAYS)
OFFSET_WITH_NEXT = ByOffset("rows", next="next")


@pytest.mark.parametrize(
    ("paging", "answer", "rows"),
    [
        (Unpaged("rows"), Answer([1, 2]), [1, 2]),
        (Unpaged("rows"), Answer(None), []),
        (Unpaged(None), [1, 2], [1, 2]),
        (Unpaged(None), None, []),
    ],
)
def test_the_rows_of_an_answer(paging: Unpaged, answer: Any, rows: list[int]) -> None:
    assert paging.extract_items(answer) == rows


@pytest.mark.parametrize(
    ("paging", "given", "first"),
    [
        (Unpaged("rows"), List(), List()),
        (ByPage("rows"), List(), List()),
        (ByPage("rows"), List(page=3), List(page=3)),
        (CURSOR, List(), List(cursor="")),
        (CURSOR, List(cursor="x"), List(cursor="x")),
        (ByCursor("rows", **BOTH_WAYS, start="*"), List(), List(cursor="*")),
    ],
)
def test_the_first_request(paging: Unpaged, given: List, first: List) -> None:
    assert paging.create_first_operation(given) == first


@pytest.mark.parametrize(
    ("paging", "asked", "answer", "following"),
    [
        (Unpaged("rows"), List(), Answer([1]), None),
        (ByPage("rows"), List(), Answer([1]), List(page=1)),
        (ByPage("rows"), List(page=0), Answer([1]), List(page=1)),
        (ByPage("rows"), List(page=1), Answer([1]), List(page=2)),
        (ByPage("rows"), List(page=1), Answer([]), None),
        (ByPage("rows"), List(), Answer(None), None),
        (ByOffset("rows"), List(), Answer([1, 2]), List(offset=2)),
        (ByOffset("rows"), List(offset=2), Answer([1]), List(offset=3)),
        (ByOffset("rows"), List(offset=2), Answer([]), None),
        (OFFSET_WITH_NEXT, List(), Answer([1], next="more"), List(offset=1)),
        (OFFSET_WITH_NEXT, List(), Answer([1]), None),
        (CURSOR, List(cursor=""), Answer([1], next="b"), List(cursor="b")),
        (CURSOR, List(cursor="b"), Answer([1], next=""), None),
        (CURSOR, List(cursor="b"), Answer([1]), None),
        (CURSOR, List(cursor="b"), Answer([], next="c"), List(cursor="c")),
        (
            CURSOR,
            List(cursor="b", direction="backwards"),
            Answer([1], "c", "a"),
            List(cursor="a", direction="backwards"),
        ),
        (
            CURSOR,
            List(cursor="b", direction="forwards"),
            Answer([1], "c"),
            List(cursor="c", direction="forwards"),
        ),
    ],
)
def test_the_next_request(paging: Unpaged, asked: List, answer: Answer, following: List | None) -> None:
    assert paging.create_next(asked, answer, paging.extract_items(answer)) == following


@pytest.mark.parametrize(
    ("paging", "position"),
    [
        (Unpaged("rows"), ()),
        (ByPage("rows", page="p"), ("p",)),
        (ByOffset("rows"), ("offset",)),
        (CURSOR, ("cursor",)),
    ],
)
def test_the_arguments_that_tell_the_position(paging: Unpaged, position: tuple[str, ...]) -> None:
    assert paging.position == position
