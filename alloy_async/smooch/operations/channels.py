"""Channels and business systems that a user is known to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Listing, Unpaged
from .. import models
from .error_models import ERRORS

MAX_ITEMS = 10
"""The most items of one carousel or list."""

ACTIONS_PER_ITEM = (1, 3)
"""The fewest and the most actions of one such item."""

PHONE_CHANNELS = ("twilio", "messagebird", "messenger")
"""Channels that are linked by phone number; the first two want it with + and country code."""


@attrs.frozen(eq=False, repr=False)
class GetAppUserAuthCode(Operation["models.AuthCodeResponse"]):
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
    errors: ClassVar[ErrorModels] = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetAppUserBusinessSystemIds(
    Listing["models.AppUserBusinessSystemsResponse", "models.BusinessSystemItem"]
):
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
    errors: ClassVar[ErrorModels] = ERRORS
    paging: ClassVar[Unpaged] = Unpaged("business_systems")
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetAppUserEntityIds(Listing["models.AppUserChannelsResponse", "models.ChannelEntityItem"]):
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
    errors: ClassVar[ErrorModels] = ERRORS
    paging: ClassVar[Unpaged] = Unpaged("channels")
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetLinkRequests(Listing["models.LinkRequestResponse", "models.LinkRequestResponseLinkRequests"]):
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
    errors: ClassVar[ErrorModels] = ERRORS
    paging: ClassVar[Unpaged] = Unpaged("link_requests")
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
class LinkAppUser(Operation["models.AppUserResponse"]):
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
    errors: ClassVar[ErrorModels] = ERRORS
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
    errors: ClassVar[ErrorModels] = ERRORS
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
