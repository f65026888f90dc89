"""Answers whose status says success, and that are not what was asked for: an error, a part, a list that is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from alloy_async import AsyncAgilicus, AsyncAlloy, AsyncOpendatasoft, DecodeError
from alloy_async.agilicus import operations as agilicus
from alloy_async.alloy import operations
from alloy_async.opendatasoft import operations as opendatasoft

from .server import Scripted, reply

ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"error": "rate limit exceeded"}, "rate limit exceeded"),
    ({"errors": [{"message": "no such tenant"}]}, "no such tenant"),
    ({"success": False, "message": "maintenance"}, "maintenance"),
    ({"ok": False}, "it failed"),
    ({"status": "error", "reason": "not now"}, "not now"),
    ({"fault": {"faultstring": "down", "detail": "backend is down"}}, "backend is down"),
    ({"error_code": 17}, "it failed"),
]


@pytest.mark.parametrize(("body", "words"), ERRORS, ids=[str(body) for body, _ in ERRORS])
async def test_an_error_under_a_status_of_success_is_an_error(body: dict[str, Any], words: str) -> None:
    async with Scripted(reply(200, body)) as server, AsyncAlloy("key", base_url=server.url) as alloy:
        for call in (alloy.get_a_user("u1"), alloy.list_all_users(), alloy.create_a_user(username="ada")):
            with pytest.raises(DecodeError, match="the status is 200, but it says that it failed") as raised:
                await call
            assert words in str(raised.value)
            assert raised.value.effect == "unknown"  # nobody can tell
            assert raised.value.body == body
    assert len(server.arrived) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"userId": "u1", "error": None},
        {"userId": "u1", "errors": ["a notice"]},
        {"userId": "u1", "success": False},
        {"error": ""},
        {"errors": [], "success": True},
        {"message": "hello"},
        {},
    ],
)
async def test_an_answer_that_holds_what_was_promised_is_no_error(body: dict[str, Any]) -> None:
    async with Scripted(reply(200, body)) as server, AsyncAlloy("key", base_url=server.url) as alloy:
        assert (await alloy.get_a_user("u1")).user_id == body.get("userId")


LISTINGS: list[tuple[Any, Any]] = [
    (AsyncAlloy, operations.ListAllUsers()),
    (AsyncAlloy, operations.ListWorkflows("u1")),
    (AsyncOpendatasoft, opendatasoft.GetUsers()),
    (AsyncAgilicus, agilicus.ListUsers()),
]


@pytest.mark.parametrize(("client", "listing"), LISTINGS, ids=[type(row[1]).__name__ for row in LISTINGS])
async def test_an_answer_without_its_list_is_not_an_empty_list(client: Any, listing: Any) -> None:
    for body in ({"elements": [{"id": 1}]}, {"notice": "moved"}):
        async with Scripted(reply(200, body)) as server, client("key", base_url=server.url) as caller:
            with pytest.raises(DecodeError, match=r"missing; the answer has (elements|notice) instead"):
                [row async for row in caller.iterate(listing)]
    async with Scripted(reply(200, {})) as server, client("key", base_url=server.url) as caller:
        assert [row async for row in caller.iterate(listing)] == []


@pytest.mark.parametrize(
    ("headers", "is_whole"),
    [
        ({"Content_Range": "bytes 0-14/400"}, False),
        ({"Content_Range": "bytes 1-14/15"}, False),
        ({"Content_Range": "bytes 0-14/*"}, False),
        ({"Content_Range": "bytes 0-14/15"}, True),
        ({"Content_Range": "0-24/3573"}, True),  # rows of a list that comes page by page
        ({"Content_Range": "items 0-24/3573"}, True),
        ({}, True),
    ],
)
async def test_a_part_is_not_taken_for_the_whole(headers: Mapping[str, str], is_whole: bool) -> None:
    answer = reply(206, b'{"userId":"u1"}', **headers)
    async with Scripted(answer) as server, AsyncAlloy("key", base_url=server.url) as alloy:
        if is_whole:
            assert (await alloy.get_a_user("u1")).user_id == "u1"
            return
        with pytest.raises(DecodeError, match=r"only a part of it, bytes [01] to 14 of"):
            await alloy.get_a_user("u1")
        with pytest.raises(DecodeError, match="only a part of it"):
            async with alloy.stream(operations.GetAUser("u1")):
                pass
