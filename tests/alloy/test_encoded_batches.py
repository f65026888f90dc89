"""Users that are encoded as columns: the very bytes that their records send, or none."""

from __future__ import annotations

import pytest

from alloy_async import AlloyDirectory, AsyncAlloy
from alloy_async.alloy import models
from alloy_async.alloy.operations import BatchCreateUsers
from alloy_async.core.messages.request import compile_operation
from alloy_async.directory import RecordColumns


@pytest.fixture
def target() -> AlloyDirectory:
    return AlloyDirectory(AsyncAlloy("key", base_url="http://127.0.0.1:9"))


def create_body(users: RecordColumns) -> bytes:
    """The body that the records of these users send."""
    records = [models.NewUser(record.username, record.display_name) for record in users.iterate_records()]
    operation = BatchCreateUsers(records)
    body = compile_operation(operation).build_request(operation).body
    assert isinstance(body, bytes)
    return body


@pytest.mark.parametrize(
    "values",
    [
        {"username": ["ada", "bob"]},
        {"username": ["ada", "bob"], "full_name": ["Ada Quist", ""], "email": ["", "b@example.com"]},
        {"username": ["Zoë", 'o"neil\\'], "full_name": [None, "\u2028 \U0001f600"]},
        {"username": ["ada", "bob"], "given_name": ["Ada", ""], "family_name": ["Quist", "Marsh"]},
        {"username": ["ada", "bob"], "full_name": ["", "Bob M"], "given_name": ["Ada", "Robert"]},
    ],
)
def test_the_body_is_that_of_records(target: AlloyDirectory, values: dict[str, list[str]]) -> None:
    users = RecordColumns(2, values)
    encoded = target.encode_batch(users)
    assert encoded is not None
    assert b'{"users":' + encoded + b"}" == create_body(users)
    assert create_body(target.decode_batch(encoded)) == create_body(users)


@pytest.mark.parametrize(
    "values",
    [
        {"username": ["ada", ""]},
        {"username": ["ada", "ADA"]},
        {"username": ["ada", "b" * 256]},
        {"username": ["ada", "bob"], "full_name": ["", "B" * 256]},
        {"username": ["ada", "bob\ud800"]},
    ],
)
def test_users_one_of_whom_cannot_go_in_are_not_encoded(
    target: AlloyDirectory, values: dict[str, list[str]]
) -> None:
    assert target.encode_batch(RecordColumns(2, values)) is None
