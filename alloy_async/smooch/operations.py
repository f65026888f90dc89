"""The 12 operations on Smooch's app users, API v1.

A `user_id` is the app maker's own id of a user, or the id that Smooch gave (`AppUser.id`). Every operation may raise any
AlloyAsyncError; a docstring names those that mean something of its own. A POST is not idempotent: it is not sent again by
itself once its effect is "unknown". Smooch tells no rate limit, but may disable an app that keeps exceeding it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import attrs

from ..core.operation import Body, Listing, Operation, Part, Path, Query
from ..core.paging import Unpaged
from ..core.upload import FileSource
from . import models

ERRORS = {"default": models.Error}
"""Smooch documents one body for all errors."""

MAX_ITEMS = 10
"""The most items of one carousel or list."""

ACTIONS_PER_ITEM = (1, 3)
"""The fewest and the most actions of one such item."""

PHONE_CHANNELS = ("twilio", "messagebird", "messenger")
"""Channels that are linked by phone number; the first two want it with + and country code."""


# users


@attrs.frozen(eq=False, repr=False)
class DeleteAppUser(Operation[None]):
    """Delete a user.

    DELETE /v1/apps/{appId}/appusers/{userId}

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        Nothing.

    Raises:
        NotFound: there is no such user (any more).
    """

    verb = "DELETE"
    route = "/v1/apps/{appId}/appusers/{userId}"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class DeleteAppUserProfile(Operation[models.AppUserResponse]):
    """Clear the profile of a user (names, email, properties), and keep the user.

    DELETE /v1/apps/{appId}/appusers/{userId}/profile

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        The user after that.
    """

    verb = "DELETE"
    route = "/v1/apps/{appId}/appusers/{userId}/profile"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetAppUser(Operation[models.AppUserResponse]):
    """Retrieve one user.

    GET /v1/apps/{appId}/appusers/{userId}

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        The user, in `app_user`.

    Raises:
        NotFound: there is no such user.
    """

    verb = "GET"
    route = "/v1/apps/{appId}/appusers/{userId}"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class PreCreateAppUser(Operation[models.AppUserResponse]):
    """Create a user before the user's first message; needs a token of scope "app" (or "account").

    POST /v1/apps/{appId}/appusers

    Args:
        app_id: the app's id.
        app_user_pre_create_body: the user; its `user_id` must be new to the app.

    Returns:
        The new user, in `app_user`.

    Raises:
        Conflict: the user_id is taken.
        TransportError, ServerError: with effect "unknown", the user may exist; `get_app_user` tells.
    """

    verb = "POST"
    route = "/v1/apps/{appId}/appusers"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    app_user_pre_create_body: Annotated[models.AppUserPreCreate, Body()]

    def check(self) -> None:
        _need_flat(self.app_user_pre_create_body, "app_user_pre_create_body")


@attrs.frozen(eq=False, repr=False)
class UpdateAppUser(Operation[models.AppUserResponse]):
    """Change a user; what is left out stays as it is, also the keys of `properties`.

    PUT /v1/apps/{appId}/appusers/{userId}

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.
        app_user_update_body: the changes.

    Returns:
        The user after the change, in `app_user`.
    """

    verb = "PUT"
    route = "/v1/apps/{appId}/appusers/{userId}"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]
    app_user_update_body: Annotated[models.AppUserUpdate, Body()]

    def check(self) -> None:
        _need_flat(self.app_user_update_body, "app_user_update_body")


def _need_flat(body: Any, argument: str) -> None:
    properties = getattr(body, "properties", None)
    if isinstance(properties, Mapping):
        for name, value in properties.items():
            if isinstance(value, Mapping | list | tuple):
                raise ValueError(f"{argument}.properties is flat: {name!r} cannot hold an object or an array")


# channels and business systems


@attrs.frozen(eq=False, repr=False)
class GetAppUserAuthCode(Operation[models.AuthCodeResponse]):
    """Get a code by which a user goes on with the conversation in another channel.

    GET /v1/apps/{appId}/appusers/{userId}/authcode

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        The code; it lets its bearer in as the user, so reprs do not show it.
    """

    verb = "GET"
    route = "/v1/apps/{appId}/appusers/{userId}/authcode"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetAppUserBusinessSystemIds(Listing[models.AppUserBusinessSystemsResponse, models.BusinessSystemItem]):
    """List where business systems (Slack, Zendesk...) keep the conversation with a user.

    GET /v1/apps/{appId}/appusers/{userId}/businesssystems

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        All of them, in `business_systems`.
    """

    verb = "GET"
    route = "/v1/apps/{appId}/appusers/{userId}/businesssystems"
    errors = ERRORS
    paging = Unpaged("business_systems")
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetAppUserEntityIds(Listing[models.AppUserChannelsResponse, models.ChannelEntityItem]):
    """List a user's identities in the channels that are linked.

    GET /v1/apps/{appId}/appusers/{userId}/channels

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        All of them, in `channels`.
    """

    verb = "GET"
    route = "/v1/apps/{appId}/appusers/{userId}/channels"
    errors = ERRORS
    paging = Unpaged("channels")
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetLinkRequests(Listing[models.LinkRequestResponse, models.LinkRequestResponseLinkRequests]):
    """Get what a user needs to link channels: a URL to open, or a code to send.

    GET /v1/apps/{appId}/appusers/{userId}/linkrequest

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.
        integration_ids: the integrations to link by, one or more; none may hold a comma.

    Returns:
        One link request for each integration, in `link_requests`.

    Raises:
        InvalidRequest: no integration, or an id that the query cannot carry; nothing was sent.
    """

    verb = "GET"
    route = "/v1/apps/{appId}/appusers/{userId}/linkrequest"
    errors = ERRORS
    paging = Unpaged("link_requests")
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]
    integration_ids: Annotated[Sequence[str], Query("integrationIds", style="csv")]

    def check(self) -> None:
        if not isinstance(self.integration_ids, Sequence):
            return  # refused for its type
        if not self.integration_ids:
            raise ValueError("integration_ids needs one id or more: none was given")
        for n, integration_id in enumerate(self.integration_ids):
            if integration_id == "" or "," in str(integration_id):
                raise ValueError(f"integration_ids[{n}] is empty or holds a comma, which separates ids")


@attrs.frozen(eq=False, repr=False)
class LinkAppUser(Operation[models.AppUserResponse]):
    """Link a user to a channel by the user's phone number or address there.

    POST /v1/apps/{appId}/appusers/{userId}/channels

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.
        app_user_link_body: the channel, the user's identity in it, and how the user confirms the link.

    Returns:
        The user, in `app_user`; the channel is in its `pending_clients` until confirmed.

    Raises:
        InvalidRequest: the channel's phone number or address is missing, or the confirmation's message is one that no
            channel takes; nothing was sent.
        TransportError, ServerError: with effect "unknown", the link may be under way; `get_app_user` tells.
    """

    verb = "POST"
    route = "/v1/apps/{appId}/appusers/{userId}/channels"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]
    app_user_link_body: Annotated[models.AppUserLink, Body()]

    def check(self) -> None:
        link = self.app_user_link_body
        if isinstance(link, models.AppUserLink):
            for problem in _problems(link):
                raise ValueError(f"app_user_link_body: {problem}")


def _problems(link: models.AppUserLink) -> Iterator[str]:
    if link.type in PHONE_CHANNELS and not link.phone_number:
        yield f"{link.type} needs phone_number"
    if link.type in PHONE_CHANNELS[:2] and not str(link.phone_number).startswith("+"):
        yield f"{link.type} needs phone_number with + and the country code"
    if link.type == "mailgun" and not link.address:
        yield "mailgun needs address"
    message = getattr(link.confirmation, "message", None)
    items = getattr(message, "items", None) or ()
    if len(items) > MAX_ITEMS:
        yield f"confirmation.message.items takes at most {MAX_ITEMS}, not {len(items)}"
    fewest, most = ACTIONS_PER_ITEM
    for n, item in enumerate(items):
        actions = getattr(item, "actions", None) or ()
        if not fewest <= len(actions) <= most:
            given = len(actions)
            yield f"confirmation.message.items[{n}].actions takes {fewest} to {most}, not {given}"


@attrs.frozen(eq=False, repr=False)
class UnlinkAppUser(Operation[None]):
    """Unlink a user from a channel.

    DELETE /v1/apps/{appId}/appusers/{userId}/channels/{channel}

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.
        channel: the channel's type.

    Returns:
        Nothing.

    Raises:
        NotFound: there is no such user, or the user is not linked to the channel.
    """

    verb = "DELETE"
    route = "/v1/apps/{appId}/appusers/{userId}/channels/{channel}"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]
    channel: Annotated[
        Literal[
            "messenger",
            "twilio",
            "messagebird",
            "mailgun",
            "telegram",
            "line",
            "viber",
            "wechat",
            "whatsapp",
            "twitter",
        ]
        | str,
        Path("channel"),
    ]


# messages


@attrs.frozen(eq=False, repr=False)
class PostImageMessage(Operation[models.MessageResponse]):
    """Send an image into the conversation with a user; the file is read as it is sent, never whole.

    POST /v1/apps/{appId}/appusers/{userId}/images (multipart/form-data)

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.
        source: the image: a path, bytes, a file opened in binary mode, an async iterator of bytes, or an `Upload` that
            also tells filename, content type or size. Without, the content type is guessed from the file's name.
        role: who sends it: "appUser" or "appMaker".

    Returns:
        The message and its conversation.

    Raises:
        InvalidRequest: the file cannot be read; nothing was sent.
        ContentTooLarge: the image is too large.
        TransportError, ServerError: with effect "unknown", the message may have been sent. After any failure, a source that
            cannot be rewound (an async iterator, a pipe) is not sent again.
    """

    verb = "POST"
    route = "/v1/apps/{appId}/appusers/{userId}/images"
    errors = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]
    source: Annotated[FileSource, Part("source")]
    role: Annotated[models.Role, Part("role")]
