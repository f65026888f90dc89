"""Channels and business systems that a user is known to."""

from __future__ import annotations

from typing import Annotated, Literal

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json
from .common import Platform
from .messages import MessagePost


@attrs.define(eq=False, repr=False)
class AuthCodeResponse(Model):
    """A code that lets the user go on in another channel."""

    auth_code: Annotated[str | None, Json("authCode", secret=True)] = None


@attrs.define(eq=False, repr=False)
class BusinessSystemItem(Model):
    """Where a business system keeps the conversation with a user."""

    type: Literal["helpscout", "slack", "zendesk", "hipchat"] | str | None = None
    channel_id: Annotated[str | None, Json("channelId")] = None
    ticket_id: Annotated[str | None, Json("ticketId")] = None
    room_id: Annotated[int | None, Json("roomId")] = None
    conversation_id: Annotated[str | None, Json("conversationId")] = None


@attrs.define(eq=False, repr=False)
class AppUserBusinessSystemsResponse(Model):
    """The business systems that a user is known to."""

    business_systems: Annotated[list[BusinessSystemItem] | None, Json("businessSystems")] = None


@attrs.define(eq=False, repr=False)
class ChannelEntityItem(Model):
    """A user's identity in one channel: a phone number, an address, or an id."""

    type: Platform | Literal["frontendEmail"] | str | None = None
    phone_number: Annotated[str | None, Json("phoneNumber")] = None
    user_id: Annotated[str | None, Json("userId")] = None
    address: str | None = None
    chat_id: Annotated[str | None, Json("chatId")] = None
    integration_id: Annotated[str | None, Json("integrationId")] = None
    username: str | None = None


@attrs.define(eq=False, repr=False)
class AppUserChannelsResponse(Model):
    """A user's identities in all channels."""

    channels: list[ChannelEntityItem] | None = None


@attrs.define(eq=False, repr=False)
class LinkRequestResponseLinkRequests(Model):
    """How a user can link a channel: by opening `url`, or by sending `code` there."""

    integration_id: Annotated[str | None, Json("integrationId")] = None
    type: Platform | str | None = None
    code: Annotated[str | None, Json("code", secret=True)] = None
    url: Annotated[str | None, Json("url", secret=True)] = None


@attrs.define(eq=False, repr=False)
class LinkRequestResponse(Model):
    """One link request for each integration asked for."""

    link_requests: Annotated[list[LinkRequestResponseLinkRequests] | None, Json("linkRequests")] = None


@attrs.define(eq=False, repr=False)
class Confirmation(Model):
    """How the user confirms a link: not at all, by the next message, or when asked by `message`."""

    type: Literal["immediate", "userActivity", "prompt"]
    message: MessagePost | None = None


@attrs.define(eq=False, repr=False)
class AppUserLink(Model):
    """A channel to link: twilio, messagebird and messenger need `phone_number`, mailgun needs `address`."""

    type: Literal["twilio", "messagebird", "messenger", "mailgun"] | str
    confirmation: Confirmation
    phone_number: Annotated[str | None, Json("phoneNumber")] = None
    address: str | None = None
    given_name: Annotated[str | None, Json("givenName")] = None
    surname: str | None = None
    subject: str | None = None
    skip_confirmation: Annotated[str | None, Json("skipConfirmation")] = None
    integration_id: Annotated[str | None, Json("integrationId")] = None
