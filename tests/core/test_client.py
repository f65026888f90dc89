"""AsyncClient: its options, what it puts on the wire, its copies, hooks and log."""

from __future__ import annotations

import logging
from typing import Any

import attrs
import pytest

from alloy_async import (
    AsyncAlloy,
    AsyncClient,
    ConfigurationError,
    InvalidRequest,
    NotFound,
    Redirected,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
    Timeout,
    __version__,
)
from alloy_async.alloy import models
from alloy_async.sandbox import Fault, Reset, Sandbox, Status

from .calls import GET, LOCAL, POST
from .server import Scripted, reply

# What a client is made with


def test_the_environment_stands_in_for_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "key")
    monkeypatch.setenv("ALLOY_BASE_URL", "http://localhost:1/base/")
    assert repr(AsyncAlloy()) == "AsyncAlloy(base_url='http://localhost:1/base')"
    assert repr(AsyncAlloy(base_url="http://localhost:2")) == "AsyncAlloy(base_url='http://localhost:2')"


def test_without_a_credential_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOY_API_KEY", "")
    with pytest.raises(
        ConfigurationError, match="give api_key= or set the environment variable ALLOY_API_KEY"
    ):
        AsyncAlloy()
    with pytest.raises(ConfigurationError, match="give base_url= or set LOCAL_BASE_URL"):
        AsyncClient("key", system=LOCAL)


def test_the_address_is_the_service_s_own_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOY_BASE_URL", raising=False)
    assert "https://embedded.runalloy.com/2024-03" in repr(AsyncAlloy("key"))


@pytest.mark.parametrize(
    "url",
    [
        "localhost",
        "ftp://localhost",
        "http://",
        "http://a..b",
        "http://localhost/?a=1",
        "http://localhost/#a",
        "http://me:pass@localhost",
        "http://localhost:port",
        "//localhost",
    ],
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as raised:
        AsyncAlloy("key", base_url=url)
    assert "pass@" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"deadline": 0}, ConfigurationError, "deadline is in seconds, above 0 and finite"),
        ({"deadline": float("inf")}, ConfigurationError, "deadline"),
        ({"deadline": "60"}, ConfigurationError, "deadline"),
        ({"timeout": "5"}, ConfigurationError, "timeout"),
        ({"retry": "3"}, ConfigurationError, "retry"),
        ({"headers": {"X-A": "b\r\nX-C: d"}}, ConfigurationError, "'X-A' needs text without line breaks"),
        ({"headers": {"X-A": 1}}, ConfigurationError, "'X-A' needs text"),
        ({"ssl": "/no/such/file.pem"}, ConfigurationError, "cannot read certificate authorities"),
        ({"rate_limit": 5}, ConfigurationError, r"rate_limit takes a Rate, as Rate\(50\).*got 5"),
        ({"rate_limit": "5/s"}, ConfigurationError, "rate_limit takes a Rate"),
        ({"telemetry": True}, ConfigurationError, r"telemetry takes OpenTelemetry\(\), got True"),
        ({"proxy": 5}, ConfigurationError, "proxy is the URL of a proxy, as text; got int"),
        ({"session": 5}, ConfigurationError, "session takes an aiohttp.ClientSession, got int"),
        ({"max_conections": 1}, TypeError, "has no option max_conections"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        AsyncAlloy("key", base_url="http://localhost", **options)


@pytest.mark.parametrize("phase", ["connect", "read", "pool"])
def test_a_timeout_is_above_zero(phase: str) -> None:
    with pytest.raises(ValueError, match=phase):
        Timeout(**{phase: 0})


async def test_what_is_no_operation_is_refused(alloy: AsyncAlloy) -> None:
    for give in (AsyncAlloy.get_a_user, alloy.get_a_user):
        with pytest.raises(
            InvalidRequest, match=r"got the method get_a_user; .*: get_a_user\.operation\(\.\.\.\)"
        ):
            await alloy.send(give)  # type: ignore[arg-type]
        with pytest.raises(InvalidRequest, match="got the method get_a_user"):
            alloy.iterate(give)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=r"got the class GetAUser; .*: GetAUser\(\.\.\.\)"):
        await alloy.send(AsyncAlloy.get_a_user.operation)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=r"expected an operation, as GetAUser\('ada'\), got str"):
        await alloy.send("get_a_user")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="got the class ListAllUsers"):
        await alloy.send(AsyncAlloy.list_all_users.operation)  # type: ignore[arg-type]


# What goes on the wire


async def test_the_headers_of_a_request() -> None:
    headers = {"X-Team": "blue", "User-Agent": "me/1"}
    async with Scripted() as service, AsyncAlloy("key", base_url=service.url) as client:
        await client.send(GET)
        await client.with_options(headers=headers).send(POST)
        await client.send(POST)
    plain, own, again = (request.headers for request in service.arrived)
    assert plain["user-agent"] == f"alloy_async/{__version__}"
    assert (plain["accept"], plain["authorization"]) == ("application/json", "bearer key")
    assert (own["x-team"], own["user-agent"]) == ("blue", "me/1")
    assert own["content-type"] == again["content-type"] == "application/json"
    assert "x-team" not in again


async def test_base_url_may_have_a_path_with_or_without_a_slash() -> None:
    async with Scripted() as service:
        for base in ("", "/", "/v1", "/v1/"):
            async with AsyncAlloy("key", base_url=service.url + base) as client:
                await client.send(POST)
    assert [request.target for request in service.arrived] == [
        "/users/",
        "/users/",
        "/v1/users/",
        "/v1/users/",
    ]


async def test_a_redirect_is_not_followed_and_no_cookie_is_kept() -> None:
    async with Scripted() as elsewhere, Scripted() as service:
        service.script = [
            reply(200, Set_Cookie="session=1"),
            reply(307, b"", Location=f"{elsewhere.url}/users"),
        ]
        async with AsyncAlloy("key", base_url=service.url) as client:
            await client.send(GET)
            with pytest.raises(Redirected, match="307 Temporary Redirect") as raised:
                await client.send(GET)
    assert raised.value.headers["location"].startswith(elsewhere.url)
    assert not elsewhere.arrived
    assert "cookie" not in service.arrived[1].headers


async def test_an_answer_comes_with_its_facts(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Status(503)))
    answer = await alloy.answer(GET)
    assert isinstance(answer.result, models.User)
    assert (answer.status, answer.attempts, answer.request_id) == (200, 2, "sandbox-2")
    assert answer.headers["content-type"].startswith("application/json")
    assert 0 < answer.elapsed < 60
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        answer.status = 1  # type: ignore[misc]


# Copies


async def test_copies_share_the_connections_and_have_options_of_their_own(sandbox: Sandbox) -> None:
    seen: list[Any] = []
    async with Scripted() as service:
        client = AsyncAlloy("key", base_url=service.url, headers={"X-A": "1"}, on_request=seen.append)
        copy = client.with_options(headers={"X-B": "2"}, on_request=None)
        await client.send(GET)
        await copy.send(GET)
        async with copy:
            pass  # closing a copy leaves the connections open
        await copy.aclose()
        await client.send(GET)
        assert service.connections == 1
        await client.aclose()
        with pytest.raises(ConfigurationError, match="this client is closed"):
            await copy.send(GET)
    assert len(seen) == 2
    assert [("x-a" in r.headers, "x-b" in r.headers) for r in service.arrived[:2]] == [
        (True, False),
        (False, True),
    ]
    assert type(copy) is AsyncAlloy


async def test_a_watched_copy_tells_one_more_of_its_retries(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    told: list[tuple[str, int]] = []
    own = alloy.with_options(on_retry=lambda event: told.append(("own", event.attempt)))
    sandbox.faults.add(Fault(Status(503), times=2))
    await own.watched(lambda event: told.append(("more", event.attempt))).send(GET)
    assert told == [("own", 1), ("more", 1), ("own", 2), ("more", 2)]
    assert own.base_url == sandbox.url


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base_url": "http://localhost"}, "cannot change base_url: make a new client"),
        ({"proxy": "http://localhost"}, "cannot change proxy"),
        ({"dedline": 5}, "has no option dedline"),
    ],
)
def test_a_copy_cannot_have_everything(options: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        AsyncAlloy("key", base_url="http://localhost").with_options(**options)


# Hooks and the log


async def test_hooks_are_told_of_every_attempt(sandbox: Sandbox, alloy: AsyncAlloy) -> None:
    sandbox.faults.add(Fault(Reset()), Fault(Status(503, headers={"Retry-After": "1"}), nth=2))
    events: list[Any] = []
    watched = alloy.with_options(on_request=events.append, on_response=events.append, on_retry=events.append)
    await watched.send(GET)
    assert [(type(event), event.attempt) for event in events] == [
        (RequestEvent, 1),
        (ResponseEvent, 1),
        (RetryEvent, 1),
        (RequestEvent, 2),
        (ResponseEvent, 2),
        (RetryEvent, 2),
        (RequestEvent, 3),
        (ResponseEvent, 3),
    ]
    assert {event.operation for event in events} == {"get_a_user"}
    assert events[0] == RequestEvent("get_a_user", "GET", "/users/{userId}", 1)
    assert (events[1].status, events[1].request_id, type(events[1].error).__name__) == (
        None,
        None,
        "ConnectionLost",
    )
    assert (events[7].status, events[7].request_id, events[7].error) == (200, "sandbox-3", None)
    assert events[5].wait >= 1
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        events[0].attempt = 5


async def test_the_log_has_one_line_an_attempt(
    sandbox: Sandbox, alloy: AsyncAlloy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "alloy_async")
    sandbox.faults.add(Fault(Status(503)))
    await alloy.send(GET)
    lines = [record.getMessage() for record in caplog.records if record.name == "alloy_async"]
    assert len(lines) == 3
    first, waiting, second = lines
    assert first.startswith("get_a_user 503 in ")
    assert first.endswith(" ms, attempt 1")
    assert waiting == "get_a_user again in 0.25 s after ServerError"
    assert second.startswith("get_a_user 200 in ")
    assert {record.levelname for record in caplog.records if record.name == "alloy_async"} == {"DEBUG"}


async def test_nothing_is_logged_without_being_asked_for(
    sandbox: Sandbox, alloy: AsyncAlloy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sandbox.faults.add(Fault(Status(503)))
    await alloy.send(GET)
    with pytest.raises(NotFound):
        await alloy.get_a_user("nobody")
    assert [record for record in caplog.records if record.name.startswith("alloy_async")] == []
