"""A client that cannot be made like this says so at once, in words for its user."""

from __future__ import annotations

import functools
import math
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from alloy_async import (
    Agilicus,
    Alloy,
    Alsid,
    AsyncAgilicus,
    AsyncAlloy,
    AsyncClient,
    AsyncOpendatasoft,
    AsyncSmooch,
    Client,
    ConfigurationError,
    Opendatasoft,
    Rate,
    Retry,
    Smooch,
    Timeout,
)
from alloy_async.provisioning import Run

CANARY = "cana" + "ry"
"""In two pieces, since tracebacks show the lines of this file."""


async def async_hook(event: object) -> None:
    """A hook that nobody would await."""


class AsyncHook:
    async def __call__(self, event: object) -> None: ...


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        (
            "timeout",
            "5",
            r"timeout takes seconds, or a Timeout as Timeout\(connect=5.0, read=30.0, pool=30.0\); got str",
        ),
        ("timeout", None, "timeout takes seconds, or a Timeout .*; got None"),
        ("timeout", True, "timeout takes seconds, or a Timeout .*; got True"),
        ("timeout", 0, "timeout is in seconds, above 0 and finite; got 0"),
        ("retry", "3", r"retry takes a number of attempts, or a Retry as Retry\(attempts=4.*; got str"),
        ("retry", 2.5, "retry takes a number of attempts, or a Retry .*; got 2.5"),
        ("retry", 0, r"retry \(how many attempts, 1 for no second one\) must be 1 or more, got 0"),
        ("deadline", -1, "deadline is in seconds, above 0 and finite; got -1"),
        ("deadline", float("inf"), "above 0 and finite; got inf"),
        ("max_connections", 0, "max_connections must be 1 or more, got 0"),
        ("max_connections", 1.5, "max_connections must be 1 or more"),
        ("base_url", "ftp://files", "base_url must start with https://"),
        ("base_url", "https://user:word@host", "base_url takes no query, fragment, user name or password"),
        ("headers", {"X": "a\r\nb"}, "'X' needs text without line breaks"),
        ("headers", "X: a", "headers takes a dictionary of texts, got str"),
        ("base_url", 5, "base_url is text, got int"),
        ("on_request", 5, "on_request takes a function, got 5"),
        (
            "on_retry",
            async_hook,
            "on_retry takes a plain function: it is called, not awaited, so an async one would never run",
        ),
        ("on_response", AsyncHook(), "on_response takes a plain function: it is called, not awaited"),
        ("on_request", functools.partial(async_hook), "on_request takes a plain function"),
        ("ssl", "no/such/file.pem", "cannot read certificate authorities from 'no/such/file.pem'"),
    ],
)
@pytest.mark.parametrize("client", [AsyncAlloy, Alloy])
def test_an_option_that_cannot_be_is_refused(client: Any, option: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        client("key", **{option: value})


@pytest.mark.parametrize(
    ("client", "options", "message"),
    [
        (AsyncAlloy, {"timeot": 1}, "AsyncAlloy has no option timeot (did you mean timeout?)"),
        (Alloy, {"retries": 1}, "Alloy has no option retries (did you mean retry?)"),
        (
            AsyncClient,
            {"system": Alloy.system, "hearders": {}},
            "AsyncClient has no option hearders (did you mean headers?)",
        ),
        (Agilicus, {"api_key": "k"}, "Agilicus has no option api_key (did you mean token?)"),
        (AsyncAgilicus, {"api_key": "k"}, "AsyncAgilicus has no option api_key (did you mean token?)"),
        (Smooch, {"token": "t", "api_key": "k"}, "Smooch has no option api_key (did you mean token?)"),
        (AsyncSmooch, {"keyid": "k", "token": "t"}, "AsyncSmooch has no option keyid (did you mean key_id?)"),
        (
            AsyncOpendatasoft,
            {"portl": "x.test"},
            "AsyncOpendatasoft has no option portl (did you mean portal?)",
        ),
        (Opendatasoft, {"token": "t"}, "Opendatasoft has no option token (did you mean api_key?)"),
        (Alsid, {"wholly": "other"}, "Alsid has no option wholly"),
    ],
)
def test_an_option_that_is_not_there_is_named_with_the_nearest_one(
    client: Any, options: Any, message: str
) -> None:
    with pytest.raises(TypeError) as raised:
        client(**options)
    assert str(raised.value) == message


@pytest.mark.parametrize("client", [AsyncAlloy, Alloy])
def test_an_option_of_copies_that_is_not_there(client: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^with_options\(\) has no option deadlin \(did you mean deadline\?\)$"
    ):
        client("key").with_options(deadlin=1)
    with pytest.raises(
        TypeError, match=r"^with_options\(\) cannot change base_url, proxy: make a new client$"
    ):
        client("key").with_options(base_url="https://x.test", proxy="http://y.test")


def test_a_client_of_no_service_says_what_it_needs() -> None:
    for client in (AsyncClient, Client):
        with pytest.raises(ConfigurationError, match=rf"^{client.__name__} needs system=Service"):
            client("key")


@pytest.mark.parametrize("client", [AsyncAlloy, Alloy])
def test_numbers_stand_for_a_timeout_and_a_retry(client: Any) -> None:
    def get_settings(made: Any) -> Any:
        return (made if made.is_async else made._client)._options.settings

    settings = get_settings(client("key", timeout=5, retry=3))
    assert (settings.timeout, settings.retry) == (Timeout(5, 5, 5), Retry(attempts=3))
    assert get_settings(client("key").with_options(timeout=0.5, retry=1)).timeout == Timeout(0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Retry(attempts=0),
        lambda: Retry(wait_max=-1),
        lambda: Retry(budget=math.nan),
        lambda: Timeout(read=0),
        lambda: Timeout(connect=math.nan),
        lambda: Rate(0),
        lambda: Rate(1, burst=0),
        lambda: Alloy("key", deadline=0),
        lambda: Alloy("key", max_connections=0),
        lambda: Alloy("key").map([], concurrency=0),
        lambda: AsyncAlloy("key").map([], concurrency=0),
        lambda: Run(concurrency=0),
        lambda: AsyncAlloy("key", retry=0),
    ],
)
def test_the_same_mistake_raises_the_same_error(wrong: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        wrong()
    assert isinstance(raised.value, ValueError)


def test_blanks_around_an_address_are_not_part_of_it() -> None:
    assert Alloy("key", base_url=" https://x.test/api/ \n").base_url == "https://x.test/api"


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "nowhere"},
        {"deadline": 0},
        {"timeot": 1},
        {"headers": {"X-Word": CANARY + "\n"}},
        {"ssl": "no/such/file.pem"},
        {"proxy": 5},
    ],
)
@pytest.mark.parametrize(
    "client", [AsyncAlloy, Alloy, AsyncAgilicus, Agilicus, AsyncSmooch, Smooch, Opendatasoft]
)
def test_no_argument_stands_in_a_traceback_that_shows_local_variables(
    client: Any, wrong: dict[str, Any]
) -> None:
    options = {"headers": {"X-Word": CANARY}, **wrong}
    try:
        client(CANARY, **options)
    except (ConfigurationError, TypeError) as error:
        failure = error
    options, wrong = {}, {}  # this frame is shown as well
    frames = traceback.TracebackException.from_exception(failure, capture_locals=True)
    assert CANARY not in "".join(frames.format())


def test_a_missing_argument_is_told_by_the_methods_name() -> None:
    with pytest.raises(TypeError, match=r"^get_a_user\(\) needs user_id=$"):
        Alloy("key").get_a_user()  # type: ignore[call-arg]
