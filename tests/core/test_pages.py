"""Walking a listing: every row once, whatever the numbering; taken up again with a token; rows that shift."""

from __future__ import annotations

import asyncio
import json
import logging
from itertools import chain
from typing import Annotated, Any

import attrs
import pytest
from hypothesis import given, strategies as st

from alloy_async import Alloy, AsyncAlloy, InvalidRequest, Listing, Model, NotFound
from alloy_async.alloy.operations import GetWorkflowLogs, ListAllUsers
from alloy_async.core.operation.markers import Query
from alloy_async.core.operation.pages import Pages
from alloy_async.core.operation.paging import ByCursor, ByOffset, ByPage, Unpaged
from alloy_async.sandbox import Sandbox

from .calls import GET


@attrs.define(eq=False, repr=False)
class Row(Model):
    id: int | None = None


@attrs.define(eq=False, repr=False)
class Answer(Model):
    rows: list[Row] | None = None
    next: str | None = None


@attrs.frozen(repr=False)
class Numbered(Listing[Answer, Row]):
    verb = "GET"
    route = "/rows"
    paging = ByPage("rows", key="id")
    page: Annotated[int | None, Query("page")] = None


@attrs.frozen(repr=False)
class Skipping(Listing[Answer, Row]):
    verb = "GET"
    route = "/rows"
    paging = ByOffset("rows", key="id")
    offset: Annotated[int | None, Query("offset")] = None


@attrs.frozen(repr=False)
class Following(Listing[Answer, Row]):
    verb = "GET"
    route = "/rows"
    paging = ByCursor(items="rows", cursor="after", next="next", key="id")
    after: Annotated[str | None, Query("after")] = None


@attrs.frozen(repr=False)
class Whole(Listing[Answer, Row]):
    verb = "GET"
    route = "/rows"
    paging = Unpaged("rows")


class Service:
    """A list of rows, handed out in pages in every style."""

    def __init__(self, count: int, size: int, first_page: int = 0) -> None:
        self.ids = list(range(count))
        self.size = size
        self.first_page = first_page
        self.asked: list[Any] = []

    async def send(self, operation: Any) -> Answer:
        self.asked.append(operation)
        match operation:
            case Numbered():
                page = self.first_page if operation.page is None else operation.page
                start = max(0, page - self.first_page) * self.size
            case Skipping():
                start = operation.offset or 0
            case Following():
                start = int(operation.after or 0)
            case _:
                return self._page(self.ids)
        ids = self.ids[start : start + self.size]
        more = start + self.size < len(self.ids)
        return self._page(ids, str(start + self.size) if more else None)

    def _page(self, ids: list[int], following: str | None = None) -> Answer:
        return Answer([Row(number) for number in ids], following)


async def walked(
    pages: Pages[Row], most: int | None = None, found: list[int | None] | None = None
) -> list[int | None]:
    found = [] if found is None else found
    if most == 0:
        return found
    async for row in pages:
        found.append(row.id)
        if len(found) == most:
            break
    return found


STYLES = [(Numbered, 0), (Numbered, 1), (Skipping, 0), (Following, 0), (Whole, 0)]


@given(st.sampled_from(STYLES), st.integers(0, 25), st.integers(1, 7), st.integers(0, 30))
def test_every_row_comes_once_also_across_an_interruption(
    style: Any, count: int, size: int, most: int
) -> None:
    cls, first_page = style

    async def walk() -> None:
        service = Service(count, size, first_page)
        begun: Pages[Row] = Pages(service.send, cls())
        found = await walked(begun, most)
        found += await walked(Pages(service.send, cls(), begun.token))
        assert found == service.ids
        assert begun.repeated_count == 0

    asyncio.run(walk())


@given(st.sampled_from(STYLES), st.integers(1, 25), st.integers(1, 7), st.integers(1, 4))
def test_a_token_taken_between_whole_pages_goes_on_with_the_next_one(
    style: Any, count: int, size: int, most: int
) -> None:
    cls, first_page = style

    async def walk() -> None:
        service = Service(count, size, first_page)
        begun: Pages[Row] = Pages(service.send, cls())
        found: list[int | None] = []
        async for page in begun.pages():
            found += [row.id for row in page]
            most_pages[0] -= 1
            if not most_pages[0]:
                break
        found += await walked(Pages(service.send, cls(), begun.token))
        assert found == service.ids

    most_pages = [most]
    asyncio.run(walk())


async def test_the_pages_are_asked_for_one_by_one_and_only_when_needed() -> None:
    service = Service(10, 3)
    assert await walked(Pages(service.send, Numbered()), 4) == [0, 1, 2, 3]
    assert service.asked == [Numbered(), Numbered(1)]


async def test_the_walk_begins_where_the_operation_says() -> None:
    service = Service(10, 3, first_page=1)
    assert await walked(Pages(service.send, Numbered(3))) == [6, 7, 8, 9]
    assert await walked(Pages(service.send, Skipping(8))) == [8, 9]


async def test_a_service_that_does_not_know_of_pages_is_not_asked_for_ever() -> None:
    service = Service(3, 3)

    async def always_the_first(operation: Numbered) -> Answer:
        service.asked.append(operation)
        return await Service(3, 3).send(Numbered())

    assert await walked(Pages(always_the_first, Numbered())) == [0, 1, 2]
    assert len(service.asked) == 3


async def test_rows_that_shift_onto_the_next_page_are_dropped_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service(9, 3)
    pages: Pages[Row] = Pages(service.send, Numbered())
    found = []
    async for row in pages:
        found.append(row.id)
        if row.id == 2:
            service.ids[:0] = [100, 101]  # two new rows push 1 and 2 onto the next page
    assert found == list(range(9))
    assert pages.repeated_count == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "numbered: 2 rows came again" in caplog.text


async def test_rows_without_a_key_are_all_kept() -> None:
    async def nameless(operation: Numbered) -> Answer:
        return Answer([Row(), Row()] if not operation.page else [])

    assert await walked(Pages(nameless, Numbered())) == [None, None]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "{}",
        "[]",
        "7",
        "not JSON",
        '{"operation": "skipping", "at": {}, "taken": 0}',
        '{"operation": "numbered", "at": {"pages": 1}, "taken": 0}',
        '{"operation": "numbered", "at": {"page": 1}}',
        '{"operation": "numbered", "at": {"page": 1}, "taken": "many"}',
        '{"operation": "numbered", "at": 5, "taken": 0}',
    ],
)
def test_a_token_of_something_else_is_refused(token: str) -> None:
    with pytest.raises(InvalidRequest, match="numbered: that is not a token of this listing"):
        Pages(Service(1, 1).send, Numbered(), token)


def test_only_a_listing_can_be_walked(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    with pytest.raises(InvalidRequest, match=r"get_a_user has no list in its answer; use send\(\)"):
        alloy.iterate(GET)  # type: ignore[arg-type]


async def test_the_end_has_a_token_too() -> None:
    service = Service(4, 2)
    pages: Pages[Row] = Pages(service.send, Numbered())
    assert await walked(pages) == [0, 1, 2, 3]
    assert json.loads(pages.token)["at"] is None
    asked = len(service.asked)
    assert await walked(Pages(service.send, Numbered(), pages.token)) == []
    assert len(service.asked) == asked


async def test_an_error_on_the_way_leaves_a_token_to_go_on_with() -> None:
    service, broken = Service(6, 2), [True]

    async def send(operation: Numbered) -> Answer:
        if operation.page == 2 and broken[0]:
            raise NotFound("gone for a moment")
        return await service.send(operation)

    pages: Pages[Row] = Pages(send, Numbered())
    found: list[int | None] = []
    with pytest.raises(NotFound):
        await walked(pages, found=found)
    broken[0] = False
    assert found + await walked(Pages(send, Numbered(), pages.token)) == service.ids


@pytest.mark.parametrize("first_page", [0, 1])
async def test_both_clients_walk_the_logs_of_the_sandbox(first_page: int) -> None:
    with Sandbox("alloy", first_page=first_page) as sandbox:
        async with AsyncAlloy("key", base_url=sandbox.url) as alloy:
            users = [user async for user in alloy.iterate(ListAllUsers())]
            workflow = (await alloy.list_workflows(users[0].user_id or "")).data[0].workflow_id  # type: ignore[index]
            operation = GetWorkflowLogs(workflow, limit=4)  # type: ignore[arg-type]
            logs = [log.execution_id async for log in alloy.iterate(operation)]
            by_page = [[log.execution_id for log in page] async for page in alloy.iterate(operation).pages()]
        with Alloy("key", base_url=sandbox.url) as sync:
            assert [log.execution_id for log in sync.iterate(operation)] == logs
            pages = sync.iterate(operation)
            begun = [next(iter(pages)).execution_id]
            rest = [log.execution_id for log in sync.iterate(operation, token=pages.token)]
            pages = sync.iterate(operation)
            first = [log.execution_id for log in next(pages.pages())]
            others = [
                log.execution_id
                for page in sync.iterate(operation, token=pages.token).pages()
                for log in page
            ]
    assert list(chain(*by_page)) == logs == begun + rest == first + others
    assert len(set(logs)) == len(logs) > 1
