"""`client.request`: what no operation covers, sent like everything else."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from alloy_async import (
    NULL,
    Alloy,
    AlloyAsyncError,
    Alsid,
    AsyncAlloy,
    DecodeError,
    InvalidRequest,
    NotFound,
    ServerError,
)
from alloy_async.alloy import models
from alloy_async.core.messages.custom_request import CustomRequest
from alloy_async.core.messages.request import compile_operation
from alloy_async.sandbox import Close, Fault, Sandbox, Status
from alloy_async.testing import FakeClock

from .calls import ADA

CANARY = "cana" + "ry"


PATHS = {"GET": "/users", "PUT": f"/users/{ADA}", "POST": "/users/"}
"""Where the emulation takes each method."""


@pytest.fixture
def alloy(sandbox: Sandbox) -> AsyncAlloy:
    return AsyncAlloy("key", base_url=sandbox.url, clock=FakeClock())


async def test_it_reads_json_or_what_is_asked_for(alloy: AsyncAlloy) -> None:
    data = await alloy.request("GET", "/users/{user}", {"user": ADA})
    user = await alloy.request("get", "/users/{user}", {"user": ADA}, result=models.User)
    raw = await alloy.request("GET", f"/users/{ADA}", result=bytes)
    assert data["username"] == user.username == ADA
    assert isinstance(user, models.User)
    assert ADA.encode() in raw
    assert await alloy.request("GET", "/users", result=models.Users) == await alloy.list_all_users()


async def test_a_body_may_be_data_or_models(alloy: AsyncAlloy, sandbox: Sandbox) -> None:
    await alloy.request("POST", "/users/", json={"username": "eve"})
    answer = await alloy.request("POST", "/users/batch", json={"users": [models.NewUser("bob", "Bob")]})
    assert sandbox.ledger.count("create_a_user") == 1
    assert (await alloy.get_a_user("bob")).full_name == "Bob"
    assert isinstance(answer, dict)


async def test_a_query(alloy: AsyncAlloy, sandbox: Sandbox) -> None:
    query = {"limit": 5, "tag": ["a b", "c&d"], "all": True}
    with pytest.raises(AlloyAsyncError):
        await alloy.request("GET", "/nothing/here", query=query)
    assert sandbox.requests[-1].query == [("limit", "5"), ("tag", "a b"), ("tag", "c&d"), ("all", "true")]


@pytest.mark.parametrize(
    ("method", "options", "calls"),
    [
        ("GET", {}, 4),
        ("PUT", {}, 4),
        ("POST", {}, 1),
        ("POST", {"idempotent": True}, 4),
        ("GET", {"idempotent": False}, 1),
    ],
)
async def test_retries_and_effects_are_those_of_all_calls(
    method: str, options: dict[str, Any], calls: int, alloy: AsyncAlloy, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(Status(502), times=None))
    with pytest.raises(ServerError) as raised:
        await alloy.request(
            method, PATHS[method], json=None if method == "GET" else {"username": "x"}, **options
        )
    assert (raised.value.effect, raised.value.attempts, len(sandbox.requests)) == ("unknown", calls, calls)
    assert str(raised.value).startswith("request: 502")


async def test_a_lost_connection_too(alloy: AsyncAlloy, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Close(), times=2))
    assert (await alloy.request("GET", "/users/{user}", {"user": ADA}))["username"] == ADA
    assert len(sandbox.requests) == 3


async def test_an_error_body_is_plain_json(alloy: AsyncAlloy) -> None:
    with pytest.raises(NotFound) as raised:
        await alloy.request("GET", "/users/{user}", {"user": "nobody"})
    assert (raised.value.effect, raised.value.operation, raised.value.status) == ("none", "request", 404)


async def test_an_answer_of_another_kind(alloy: AsyncAlloy) -> None:
    with pytest.raises(DecodeError, match=r"\$"):
        await alloy.request("GET", "/users/{user}", {"user": ADA}, result=list[int])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("G T", "/x"), "method is a word"),
        (("GET", "users"), "path begins with one slash"),
        (("GET", "//evil.example/users"), "path begins with one slash"),
        (("GET", "/users?x=1"), "give that as query="),
        (("GET", "/users#x"), "path begins with one slash and has no query"),
        (("GET", "/users/../admin"), "path has a segment that a URL reads as a step"),
        (("GET", "/users/{id}"), "arguments and the placeholders of path differ: id"),
        (("GET", "/users", {"id": "x"}), "arguments and the placeholders of path differ: id"),
        (("GET", "/users/{id}", {"id": ".."}), "id is '..'"),
        (("GET", "/users/{id}", {"id": ""}), "id is empty"),
        (("GET", "/users/{id}", {"id": None}), "expected text or a whole number"),
        (("GET", 5), "path begins with one slash"),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    arguments: Any, message: str, alloy: AsyncAlloy, sandbox: Sandbox
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        await alloy.request(*arguments)
    assert message in str(raised.value)
    assert not sandbox.requests


@pytest.mark.parametrize("text", ["a/b", "?x=1", "#", "%2e%2e", "ä b", "http://evil.example", "{id}"])
async def test_an_argument_stays_one_segment(text: str, alloy: AsyncAlloy, sandbox: Sandbox) -> None:
    with pytest.raises(AlloyAsyncError):
        await alloy.request("GET", "/users/{user}/things", {"user": text})
    assert sandbox.requests[-1].raw_path.count("/") == 4
    assert not sandbox.requests[-1].query


def test_without_await() -> None:
    with Sandbox("alsid") as sandbox, Alsid("key", base_url=sandbox.url) as alsid:
        assert alsid.request("GET", "/api/users/{id}", {"id": 1})["id"] == 1
        assert alsid.request("DELETE", "/api/users/{id}", {"id": 2}, result=None) is None
    with Sandbox("alloy") as sandbox, Alloy("key", base_url=sandbox.url) as alloy:
        assert alloy.request("GET", "/users", result=models.Users).data
        assert alloy.answer(CustomRequest("GET", "/users")).status == 200
        [(_, user)] = alloy.map([CustomRequest("GET", "/users/{u}", {"u": ADA})])
        assert user["username"] == ADA


@pytest.mark.parametrize(
    "send",
    [
        lambda a: a.request("GET", "/users", query={"k": CANARY}),
        lambda a: a.request("POST", "/users/", json={"password": CANARY}),
    ],
)
async def test_no_secret_shows(send: Callable[[Any], Any], alloy: AsyncAlloy, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(Status(400), times=None))
    with pytest.raises(AlloyAsyncError) as raised:
        await send(alloy)
    shown = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    assert CANARY not in "".join(shown.format())
    assert CANARY not in repr(CustomRequest("POST", "/x", json={"a": CANARY}, query={"b": CANARY}))


def test_nothing_grows_with_the_number_of_paths() -> None:
    compiled = {id(compile_operation(CustomRequest("GET", f"/x/{number}"))) for number in range(100)}
    assert len(compiled) == 1


def test_equal_requests_and_null() -> None:
    assert CustomRequest("GET", "/x", query={"a": 1}) == CustomRequest("GET", "/x", query={"a": 1})
    assert CustomRequest("GET", "/x") != CustomRequest("GET", "/y")
    null = CustomRequest("POST", "/x", json=NULL)
    assert compile_operation(null).build_request(null).body == b"null"
    empty = CustomRequest("POST", "/x")
    assert compile_operation(empty).build_request(empty).body is None
