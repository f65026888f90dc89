"""2xx answers that are not what was promised: read where that is safe, an error where it is not; never a wrong success."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alloy_async import (
    AlloyDirectory,
    AsyncAlloy,
    AsyncOpendatasoft,
    AsyncSmooch,
    Conflict,
    DecodeError,
    Retry,
)
from alloy_async.alloy import models
from alloy_async.directory import UserRecord

from .server import Scripted, reply

USER = {"userId": "1", "username": "adé@example.org"}
ONCE: dict[str, Any] = {"retry": Retry(attempts=1)}


@pytest.mark.parametrize(
    ("status", "body", "media"),
    [
        (204, b"", ""),
        (200, b"", ""),
        (200, b" \r\n", "text/plain"),
        (202, b"", "application/json"),
        (202, b"Accepted", "text/plain"),
        (202, b'{"success": true}', "application/json"),
        (200, b"{}", "application/json"),
    ],
)
async def test_a_deletion_that_is_answered_by_little_is_a_success(
    status: int, body: bytes, media: str
) -> None:
    async with (
        Scripted(reply(status, body, Content_Type=media)) as service,
        AsyncAlloy("key", base_url=service.url, **ONCE) as alloy,
        AsyncSmooch("token", base_url=service.url, **ONCE) as smooch,
    ):
        answer = await alloy.answer(AsyncAlloy.delete_a_user.operation("ada"))
        assert isinstance(answer.result, models.Success)
        assert answer.status == status
        assert await smooch.delete_app_user("app", "ada") is None


async def test_a_page_in_place_of_a_deletion_is_not_a_success() -> None:
    page = reply(200, b"<!DOCTYPE html><html>Sign in</html>", Content_Type="text/html")
    async with (
        Scripted(page) as service,
        AsyncAlloy("key", base_url=service.url, **ONCE) as alloy,
        AsyncOpendatasoft("key", base_url=service.url, **ONCE) as portal,
    ):
        with pytest.raises(DecodeError, match="not JSON"):
            await alloy.delete_a_user("ada")
        with pytest.raises(DecodeError, match="got an HTML page"):
            await portal.delete_user("ada")


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_a_creation_that_is_answered_by_nothing_is_an_error_whose_effect_is_known(status: int) -> None:
    async with (
        Scripted(reply(status, b"")) as service,
        AsyncAlloy("key", base_url=service.url, **ONCE) as alloy,
    ):
        with pytest.raises(DecodeError, match="an empty body") as raised:
            await alloy.create_a_user("ada")
    assert raised.value.effect == "applied"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8-sig", ""),
        ("utf-8-sig", "; charset=utf-8"),
        ("latin-1", "; charset=iso-8859-1"),
        ("cp1252", '; charset="windows-1252"'),
        ("utf-16", ""),
        ("utf-16-le", "; charset=utf-16-le"),
    ],
)
async def test_json_in_another_encoding_is_read(encoding: str, declared: str) -> None:
    raw = json.dumps(USER, ensure_ascii=False).encode(encoding)
    async with (
        Scripted(reply(200, raw, Content_Type=f"application/json{declared}")) as service,
        AsyncAlloy("key", base_url=service.url, **ONCE) as alloy,
    ):
        assert (await alloy.get_a_user("ada")).username == "adé@example.org"


async def test_a_secret_in_a_member_s_name_is_not_in_the_reason() -> None:
    body = {"data": [{"canary-key-1234": 1, "userId": 5}], "canary-key-1234\x1b[31m": {"a": 1}}
    async with (
        Scripted(reply(200, body)) as service,
        AsyncAlloy("canary-key-1234", base_url=service.url) as alloy,
    ):
        with pytest.raises(DecodeError, match=r"\$\.data\[0\]\.userId") as raised:
            await alloy.list_all_users()
    assert "canary" not in str(raised.value) + repr(raised.value.body)
    assert "\x1b" not in str(raised.value)


async def test_an_outcome_of_a_directory_does_not_contradict_itself() -> None:
    async with (
        Scripted(reply(200, b"?")) as service,
        AsyncAlloy("key", base_url=service.url, **ONCE) as alloy,
    ):
        (outcome,) = await AlloyDirectory(alloy).create([UserRecord(username="ada")])
    assert outcome.status == "unknown"
    assert "effect" not in outcome.reason
    assert "the server did it" in outcome.reason


async def test_headers_that_come_twice_are_a_list_where_they_are_one() -> None:
    twice = b"Link: <a>\r\nLink: <b>\r\nX-Request-Id: one\r\nx-request-id: two\r\nRetry-After: 7\r\nRetry-After: 9\r\n"
    async with (
        Scripted(b"HTTP/1.1 409 Conflict\r\n" + twice + b"Content-Length: 2\r\n\r\n{}") as service,
        AsyncAlloy("key", base_url=service.url, **ONCE) as alloy,
    ):
        with pytest.raises(Conflict) as raised:
            await alloy.create_a_user("ada")
    assert raised.value.headers["link"] == "<a>, <b>"
    assert (raised.value.request_id, raised.value.retry_after) == ("one", 7)
