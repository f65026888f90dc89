"""Promise 7: what the user passes cannot change the route. Any text is one segment, or is refused before it is sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings, strategies as st

from alloy_async import Alloy, AlloyAsyncError, InvalidRequest
from alloy_async.alloy.operations import DeleteACredential, GetAUser, ListWorkflows
from alloy_async.sandbox import Sandbox

TRICKS = [
    "a/b",
    "../users",
    "..",
    ".",
    "...",
    "%2e%2e",
    "%2F",
    "a%00b",
    "\x00",
    "a\r\nX-Evil: 1",
    "a?page=2",
    "a#b",
    "a;b",
    "a\\b",
    "//evil.example/x",
    "http://evil.example",
    "@evil.example",
    "é/ü",
    "\u202e",
    "\ud800",
    "＼．．／",
    "+",
    " ",
    "",
    "a" * 300,
]
TEXT = st.text(max_size=20) | st.text("./%\\?#:@ ", max_size=6) | st.sampled_from(TRICKS)


@pytest.fixture(scope="module")
def service() -> Any:
    with Sandbox("alloy", history=1) as sandbox, Alloy("key", base_url=sandbox.url) as alloy:
        alloy.list_apps()  # makes the connection that all tests here share
        yield sandbox, alloy


def sent(service: Any, operation: Any) -> Any:
    """The request that arrived, or None where it was refused before."""
    sandbox, alloy = service
    sandbox.requests.clear()
    try:
        alloy.send(operation)
    except InvalidRequest:
        assert not sandbox.requests
        return None
    except AlloyAsyncError:
        pass  # the sandbox knows no such thing; what counts is what it was asked for
    [request] = sandbox.requests
    return request


def refused(text: str) -> bool:
    return text in ("", ".", "..") or any("\ud800" <= letter <= "\udfff" for letter in text)


@settings(max_examples=300)
@given(TEXT)
@example("..")
@example("a\r\nX-Evil: 1")
def test_any_text_is_exactly_one_segment(service: Any, text: str) -> None:
    request = sent(service, GetAUser(text))
    if refused(text):
        assert request is None
        return
    base, users, segment = request.raw_path.strip("/").split("/")
    assert (base, users, unquote(segment)) == ("2024-03", "users", text)
    assert request.operation == "get_a_user"
    assert (request.query, request.method) == ([], "GET")
    assert "X-Evil" not in request.headers


@settings(max_examples=100)
@given(TEXT, TEXT)
def test_two_path_arguments_stay_apart(service: Any, credential: str, user: str) -> None:
    request = sent(service, DeleteACredential(credential, user))
    if refused(credential) or refused(user):
        assert request is None
        return
    segments = request.raw_path.removeprefix("/2024-03/").split("/")
    assert [unquote(segment) for segment in segments] == ["users", user, "credentials", credential]


@settings(max_examples=100)
@given(TEXT, st.none() | TEXT)
def test_a_query_value_stays_in_its_parameter(service: Any, user: str, integration: str | None) -> None:
    request = sent(service, ListWorkflows(user, integration))
    texts = [text for text in (user, integration) if text is not None]
    if any("\ud800" <= letter <= "\udfff" for text in texts for letter in text):
        assert request is None
        return
    expected = [("userId", user)] + ([("integration", integration)] if integration is not None else [])
    assert request.raw_path == "/2024-03/workflows/"
    assert request.query == expected
