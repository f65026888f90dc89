"""Recorded answers: what a client gets from a recording is what it got from the service, and no secret is in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from alloy_async import AsyncAlloy, AsyncAlsid, NotFound, StatusError
from alloy_async.testing import Cassette, FakeClock, Sandbox
from alloy_async.testing.cassette_filter import filter_exchange, is_secret_name


async def tell_users(base_url: str) -> list[object]:
    async with AsyncAlloy("key", base_url=base_url) as alloy:
        before = await alloy.list_all_users()
        created = await alloy.create_a_user("ada@example.com", full_name="Ada Quist")
        after = await alloy.list_all_users()
        with pytest.raises(NotFound) as missing:
            await alloy.get_a_user("no/body?")
        return [before, created, after, str(missing.value)]


async def test_what_was_recorded_is_given_again(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    async with Sandbox("alloy") as sandbox, Cassette(path, sandbox.url) as cassette:
        assert cassette.is_recording
        told = await tell_users(cassette.url)
    async with Cassette(path, record="never") as cassette:
        again = await tell_users(cassette.url)
    assert again == told


async def test_no_secret_is_written(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    password, key = "Correct-H0rse-battery", "canary-of-the-key"
    async with (
        Sandbox("alsid", keys={key}) as sandbox,
        Cassette(path, sandbox.url, secrets=["nobody@"]) as cassette,
        AsyncAlsid(key, base_url=cassette.url) as alsid,
    ):
        from alloy_async.alsid import models

        await alsid.api_users_post(
            [models.ApiUsersBody(name="Ada", email="nobody@x.example", password=password)]
        )
    text = path.read_text("utf-8")
    assert "x.example" in text
    for secret in (password, key, "nobody@"):
        assert secret not in text


async def ask_for_nobody(path: Path) -> None:
    async with (
        Cassette(path) as cassette,
        AsyncAlloy("key", base_url=cassette.url, clock=FakeClock()) as alloy,
    ):
        with pytest.raises(StatusError, match="does not hold"):
            await alloy.get_a_user("ada")


async def test_a_request_that_is_not_in_the_recording_fails_the_test(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text("[]")
    with pytest.raises(AssertionError, match=r"does not hold: GET /users/ada\. Record it anew"):
        await ask_for_nobody(path)


def test_nothing_to_give_and_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="give upstream="):
        Cassette(tmp_path / "x.json")
    with pytest.raises(FileNotFoundError, match="record='never'"):
        Cassette(tmp_path / "x.json", "http://127.0.0.1:1", record="never")


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *[
            (name, True)
            for name in ("password", "newPassword", "api_key", "authToken", "token", "client_secret", "JWT")
        ],
        *[
            (name, False)
            for name in ("username", "next_page_token_count", "tokens_used", "keyword", "passport")
        ],
    ],
)
def test_which_names_are_secret(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


def test_secrets_in_a_query_and_in_a_credential() -> None:
    exchange = {
        "request": {
            "query": "a=1&apikey=s3",
            "path": "/x",
            "body": '{"credential":{"type":"x","data":{"pin":"s3"}}}',
        }
    }
    assert "s3" not in str(filter_exchange(exchange, ()))
