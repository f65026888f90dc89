"""A client that cannot be made like this says so at once, in words for its user."""

from __future__ import annotations

from typing import Any

import pytest

from alloy_async import Alloy, AsyncAlloy, ConfigurationError


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("timeout", 5, r"timeout takes a Timeout, as Timeout\(connect=5.0, read=30.0, pool=30.0\); got int"),
        ("retry", 3, r"retry takes a Retry, as Retry\(attempts=4"),
        ("deadline", -1, "deadline is in seconds, above 0 and finite; got -1"),
        ("deadline", float("inf"), "above 0 and finite; got inf"),
        ("max_connections", 0, "max_connections must be 1 or more, got 0"),
        ("max_connections", 1.5, "max_connections must be 1 or more"),
        ("base_url", "ftp://files", "base_url must start with https://"),
        ("base_url", "https://user:word@host", "base_url takes no query, fragment, user name or password"),
        ("headers", {"X": "a\r\nb"}, "'X' needs text without line breaks"),
        ("ssl", "no/such/file.pem", "cannot read certificate authorities from 'no/such/file.pem'"),
    ],
)
@pytest.mark.parametrize("client", [AsyncAlloy, Alloy])
def test_an_option_that_cannot_be_is_refused(client: Any, option: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        client("key", **{option: value})


@pytest.mark.parametrize("client", [AsyncAlloy, Alloy])
def test_an_option_that_is_not_there_is_named(client: Any) -> None:
    with pytest.raises(TypeError, match="has no option timeot"):
        client("key", timeot=1)


def test_a_missing_argument_is_told_by_the_methods_name() -> None:
    with pytest.raises(
        TypeError, match=r"^get_a_user\(\) missing 1 required positional argument: 'user_id'$"
    ):
        Alloy("key").get_a_user()  # type: ignore[call-arg]
