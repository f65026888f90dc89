"""Never run: what mypy and pyright must say about calls of Smooch, right ones and wrong ones.

A wrong call carries an ignore for each checker. Should a checker come to accept it, its ignore is
unused, which fails the check.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, assert_type

from alloy_async import NULL, AsyncSmooch, Smooch, Token, Upload
from alloy_async.smooch import SignedTokens, models, operations


async def chunks() -> AsyncIterator[bytes]:
    yield b""


async def a_token() -> Token:
    return SignedTokens("app_1", "secret")()


async def right_async(smooch: AsyncSmooch) -> None:
    assert_type(await smooch.get_app_user("a", "ada"), models.AppUserResponse)
    _ = assert_type(
        smooch.get_app_user(app_id="a", user_id="ada"), Coroutine[Any, Any, models.AppUserResponse]
    )
    new = models.AppUserPreCreate("ada", given_name="Ada", properties={"plan": "free"})
    assert_type(await smooch.pre_create_app_user("a", new), models.AppUserResponse)
    changes = models.AppUserUpdate(surname="Lovelace", email=NULL)
    assert_type(await smooch.update_app_user("a", "ada", changes), models.AppUserResponse)
    link = models.AppUserLink("twilio", models.Confirmation("immediate"), phone_number="+1")
    assert_type(await smooch.link_app_user("a", "ada", link), models.AppUserResponse)
    assert_type(await smooch.unlink_app_user("a", "ada", "twilio"), None)
    assert_type(await smooch.unlink_app_user("a", "ada", "a newer channel"), None)
    requests = (await smooch.get_link_requests("a", "ada", ["i"])).link_requests
    assert_type(requests, list[models.LinkRequestResponseLinkRequests] | None)
    async for channel in smooch.iterate(operations.GetAppUserEntityIds("a", "ada")):
        assert_type(channel, models.ChannelEntityItem)


async def right_uploads(smooch: AsyncSmooch) -> None:
    assert_type(await smooch.post_image_message("a", "ada", "a.png", "appUser"), models.MessageResponse)
    await smooch.post_image_message("a", "ada", Path("a.png"), "appMaker")
    await smooch.post_image_message("a", "ada", b"image", role="appUser")
    await smooch.post_image_message("a", "ada", io.BytesIO(), "appUser")
    await smooch.post_image_message("a", "ada", chunks(), "appUser")
    upload = Upload(chunks(), filename="a.png", content_type="image/png", size=1)
    await smooch.post_image_message("a", "ada", source=upload, role="appUser")


def right_sync(smooch: Smooch) -> None:
    with Path("a.png").open("rb") as file, tempfile.TemporaryFile() as other:
        smooch.post_image_message("a", "ada", file, "appUser")
        smooch.post_image_message("a", "ada", other, "appUser")
    assert_type(smooch.delete_app_user("a", "ada"), None)
    assert_type(smooch.get_app_user_auth_code("a", "ada"), models.AuthCodeResponse)
    assert_type(smooch.post_image_message("a", "ada", "a.png", "appUser"), models.MessageResponse)


def right_credentials() -> None:
    AsyncSmooch("a.ready.token")
    AsyncSmooch(token=a_token, deadline=5)
    Smooch(key_id="app_1", secret="s", scope="appUser", user_id="ada", base_url="https://api.eu-1.smooch.io")
    Smooch(SignedTokens("app_1", "s", lifetime=60))


async def wrong_async(smooch: AsyncSmooch) -> None:
    await smooch.get_app_user("a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await smooch.get_app_user("a", 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await smooch.pre_create_app_user("a", {"userId": "ada"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await smooch.get_link_requests("a", "ada", [1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await smooch.post_image_message("a", "ada", 1, "appUser")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await smooch.post_image_message("a", "ada", b"", "user")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await smooch.post_image_message("a", "ada", b"")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await smooch.post_image_message("a", "ada", io.StringIO(), "appUser")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_sync(smooch: Smooch) -> None:
    models.AppUserPreCreate()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    models.AppUserLink("twilio")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    models.Confirmation("later")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Smooch(key_id="app_1", secret="s", scope="user")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Smooch(api_key="key")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
