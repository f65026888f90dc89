"""The error tree: what each error tells, and that it survives a pickle."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

import alloy_async
from alloy_async import (
    AlloyAsyncError,
    BadRequest,
    ConfigurationError,
    Conflict,
    ConnectError,
    ConnectionLost,
    ContentTooLarge,
    CredentialError,
    DeadlineExceeded,
    DecodeError,
    Forbidden,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    RateLimited,
    Redirected,
    RequestTimeout,
    ServerError,
    StatusError,
    TransportError,
    Unauthorized,
    UnprocessableContent,
)
from alloy_async.alloy import models
from alloy_async.core.errors import error_from_status

PARENTS: dict[type[AlloyAsyncError], tuple[type[Exception], ...]] = {
    ConfigurationError: (AlloyAsyncError, ValueError),
    InvalidRequest: (AlloyAsyncError, ValueError),
    CredentialError: (AlloyAsyncError,),
    TransportError: (AlloyAsyncError,),
    ConnectError: (TransportError,),
    ConnectionLost: (TransportError,),
    RequestTimeout: (TransportError, TimeoutError),
    DeadlineExceeded: (AlloyAsyncError, TimeoutError),
    DecodeError: (AlloyAsyncError,),
    StatusError: (AlloyAsyncError,),
    Redirected: (StatusError,),
    BadRequest: (StatusError,),
    Unauthorized: (StatusError,),
    PaymentRequired: (StatusError,),
    Forbidden: (StatusError,),
    NotFound: (StatusError,),
    Conflict: (StatusError,),
    ContentTooLarge: (StatusError,),
    UnprocessableContent: (StatusError,),
    RateLimited: (StatusError,),
    ServerError: (StatusError,),
}
UNKNOWN = {TransportError, ConnectionLost, RequestTimeout, DeadlineExceeded, ServerError}
"""Errors whose effect nobody can tell, unless more is known of the case."""
FACTS: dict[str, Any] = {
    "operation": "create_a_user",
    "status": 409,
    "request_id": "r-1",
    "headers": {"x-request-id": "r-1"},
    "body": models.ErrorMessage("taken"),
    "effect": "applied",
    "attempts": 3,
    "retry_after": 1.5,
}


def test_the_table_above_has_every_error() -> None:
    public = [getattr(alloy_async, name) for name in alloy_async.__all__]
    errors = {value for value in public if isinstance(value, type) and issubclass(value, AlloyAsyncError)}
    assert errors == {AlloyAsyncError, *PARENTS}


@pytest.mark.parametrize("cls", PARENTS)
def test_each_error_has_its_place_in_the_tree(cls: type[AlloyAsyncError]) -> None:
    assert cls.__bases__ == PARENTS[cls]
    assert cls.__doc__


@pytest.mark.parametrize("cls", [AlloyAsyncError, *PARENTS])
def test_an_error_is_the_same_after_a_pickle_and_a_copy(cls: type[AlloyAsyncError]) -> None:
    error = cls("it went wrong", **FACTS)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is cls
        assert twin.__dict__ == error.__dict__
        assert {name: getattr(twin, name) for name in FACTS} == FACTS
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)


@pytest.mark.parametrize("cls", [AlloyAsyncError, *PARENTS])
def test_an_error_is_made_anew_of_its_args(cls: type[AlloyAsyncError]) -> None:
    """As task queues do that carry JSON."""
    error = cls("it went wrong", **FACTS)
    twin = cls(*json.loads(json.dumps(error.args)))
    assert {name: getattr(twin, name) for name in FACTS if name != "body"} == {
        name: value for name, value in FACTS.items() if name != "body"
    }
    assert twin.body == {"message": "taken"}
    assert (str(twin), repr(twin)) == (str(error), repr(error))


def test_an_error_of_an_error_s_own_facts() -> None:
    for error, name in (
        (RequestTimeout("x", phase="pool"), "phase"),
        (ConnectError("x", hopeless=True), "hopeless"),
    ):
        twin = type(error)(*json.loads(json.dumps(error.args)))
        assert getattr(twin, name) == getattr(error, name)
        assert getattr(copy.copy(error), name) == getattr(error, name)


@pytest.mark.parametrize("cls", [AlloyAsyncError, *PARENTS])
@pytest.mark.parametrize("lost", ["{'effect': 'none'}", {}, {"effect": "maybe"}, 5], ids=repr)
def test_the_effect_is_unknown_where_the_facts_were_lost_on_the_way(
    cls: type[AlloyAsyncError], lost: Any
) -> None:
    error = cls("it went wrong", lost)
    assert (error.effect, error.message, str(error)) == ("unknown", "it went wrong", "it went wrong")


def test_the_phase_of_a_timeout_and_its_notes_are_pickled() -> None:
    error = RequestTimeout("too slow", phase="pool")
    error.add_note("row 7")
    twin = pickle.loads(pickle.dumps(error))
    assert (twin.phase, twin.__notes__) == ("pool", ["row 7"])


@pytest.mark.parametrize("cls", PARENTS)
def test_the_effect_without_further_knowledge(cls: type[AlloyAsyncError]) -> None:
    expected = "applied" if cls is DecodeError else "unknown" if cls in UNKNOWN else "none"
    assert cls("x").effect == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "it broke"),
        ({"operation": "get_a_user"}, "get_a_user: it broke"),
        ({"operation": "get_a_user", "attempts": 1}, "get_a_user: it broke (effect: unknown)"),
        (
            {"operation": "get_a_user", "attempts": 2, "effect": "unknown", "request_id": "r-1"},
            "get_a_user: it broke (effect: unknown, after 2 attempts, request id r-1)",
        ),
        ({"request_id": "r-1"}, "it broke (request id r-1)"),
    ],
)
def test_what_an_error_says(facts: dict[str, Any], expected: str) -> None:
    assert str(AlloyAsyncError("it broke", **facts)) == expected


@pytest.mark.parametrize(
    ("own", "earlier", "expected"),
    [
        ("none", "none", "none"),
        ("none", "unknown", "unknown"),
        ("none", "applied", "applied"),
        ("unknown", "none", "unknown"),
        ("unknown", "applied", "applied"),
        ("applied", "none", "applied"),
        ("applied", "unknown", "applied"),
    ],
)
def test_the_effect_over_attempts_is_the_strongest(own: Any, earlier: Any, expected: str) -> None:
    error = AlloyAsyncError("x", effect=own)
    error.merge_effect_of_earlier_attempts(earlier, 2)
    assert (error.effect, error.attempts) == (expected, 2)


@pytest.mark.parametrize(
    ("status", "retry_after", "cls", "effect"),
    [
        (0, None, StatusError, "unknown"),
        (99, 3.0, StatusError, "unknown"),
        (101, None, StatusError, "unknown"),
        (199, None, StatusError, "unknown"),
        (300, None, Redirected, "none"),
        (301, None, Redirected, "none"),
        (304, None, Redirected, "none"),
        (308, 3.0, Redirected, "none"),
        (400, None, BadRequest, "none"),
        (401, None, Unauthorized, "none"),
        (402, None, PaymentRequired, "none"),
        (403, None, Forbidden, "none"),
        (404, None, NotFound, "none"),
        (405, None, StatusError, "none"),
        (408, None, StatusError, "none"),
        (409, None, Conflict, "none"),
        (413, None, ContentTooLarge, "none"),
        (418, None, StatusError, "none"),
        (422, None, UnprocessableContent, "none"),
        (425, None, StatusError, "none"),
        (429, None, RateLimited, "none"),
        (429, 7.0, RateLimited, "none"),
        (499, None, StatusError, "none"),
        (500, None, ServerError, "unknown"),
        (500, 7.0, ServerError, "unknown"),
        (502, None, ServerError, "unknown"),
        (503, None, ServerError, "unknown"),
        (503, 0.0, ServerError, "none"),
        (503, 7.0, ServerError, "none"),
        (504, 7.0, ServerError, "unknown"),
        (599, None, ServerError, "unknown"),
        (700, None, ServerError, "unknown"),
    ],
)
def test_the_error_of_each_status(
    status: int, retry_after: float | None, cls: type[StatusError], effect: str
) -> None:
    error = error_from_status(status, None, retry_after)
    assert type(error) is cls
    assert (error.status, error.effect, error.retry_after) == (status, effect, retry_after)
    assert str(status) in str(error)


def test_a_status_error_repeats_what_the_server_said() -> None:
    assert str(error_from_status(404, "no such user", None, operation="get_a_user")) == (
        "get_a_user: 404 Not Found: no such user"
    )
