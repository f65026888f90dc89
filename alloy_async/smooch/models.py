"""What goes into and comes out of Smooch's operations.

A member that the service left out is None, and one that it added is kept in `extra`; some were added by newer versions of the
service than the one documented for v1, and may never come. Where a caller must give a member, the class takes no default for
it; in an answer it may still be None, as the service is not known to send every one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import attrs

from ..core.model import Model
from ..core.operation import Json

Role: TypeAlias = Literal["appUser", "appMaker"]
"""Who wrote a message: the user, or the business."""

Platform: TypeAlias = Literal[
    "android",
    "api",
    "apn",
    "fcm",
    "ios",
    "line",
    "mailgun",
    "messagebird",
    "messenger",
    "telegram",
    "twilio",
    "twitter",
    "viber",
    "web",
    "wechat",
    "whatsapp",
]
"""Where a user can be reached."""

MessageType: TypeAlias = Literal[
    "text", "image", "file", "carousel", "list", "location", "form", "formResponse"
]

# errors


@attrs.define(eq=False, repr=False)
class ErrorDetail(Model):
    """What the service says about a refusal."""

    code: Literal["unauthorized"] | str | None = None
    description: str | None = None


@attrs.define(eq=False, repr=False)
class Error(Model):
    """The body of a refusal."""

    error: ErrorDetail | None = None


# users


@attrs.define(eq=False, repr=False)
class AppUserPreCreate(Model):
    """A user to create; `properties` is flat, without objects or arrays in it."""

    user_id: Annotated[str, Json("userId")]
    credential_required: Annotated[bool | None, Json("credentialRequired")] = None
    given_name: Annotated[str | None, Json("givenName")] = None
    surname: str | None = None
    email: str | None = None
    signed_up_at: Annotated[datetime | str | None, Json("signedUpAt")] = None
    properties: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class AppUserUpdate(Model):
    """Changes to a user; what is left out stays, also the keys of `properties`."""

    given_name: Annotated[str | None, Json("givenName")] = None
    surname: str | None = None
    email: str | None = None
    signed_up_at: Annotated[datetime | str | None, Json("signedUpAt")] = None
    properties: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class ClientInfo(Model):
    """What a client tells of itself."""

    app_name: Annotated[str | None, Json("appName")] = None
    avatar_url: Annotated[str | None, Json("avatarUrl")] = None
    carrier: str | None = None
    city: str | None = None
    country: str | None = None
    device_model: Annotated[str | None, Json("deviceModel")] = None
    device_platform: Annotated[str | None, Json("devicePlatform")] = None
    gender: str | None = None
    is_payment_enabled: Annotated[bool | None, Json("isPaymentEnabled")] = None
    locale: str | None = None
    os: str | None = None
    os_version: Annotated[str | None, Json("osVersion")] = None
    phone_number: Annotated[str | None, Json("phoneNumber")] = None
    radio_access_technology: Annotated[str | None, Json("radioAccessTechnology")] = None
    state: str | None = None
    timezone: float | None = None
    wifi: str | None = None


@attrs.define(eq=False, repr=False)
class Client(Model):
    """A device or channel that a user is reached by."""

    id: str | None = None
    active: bool | None = None
    last_seen: Annotated[datetime | str | None, Json("lastSeen")] = None
    platform: Platform | str | None = None
    push_notification_token: Annotated[str | None, Json("pushNotificationToken", secret=True)] = None
    app_version: Annotated[str | None, Json("appVersion")] = None
    display_name: Annotated[str | None, Json("displayName")] = None
    info: ClientInfo | None = None
    raw: Mapping[str, Any] | None = None
    status: Literal["active", "blocked", "inactive", "pending"] | str | None = None
    external_id: Annotated[str | None, Json("externalId")] = None
    integration_id: Annotated[str | None, Json("integrationId")] = None


@attrs.define(eq=False, repr=False)
class AppUser(Model):
    """A user of an app: `id` is the service's own, `user_id` the app maker's.

    A channel that is being linked is in `pending_clients` until it is confirmed, then in `clients`. `devices` is an old copy
    of `clients`.
    """

    id: Annotated[str | None, Json("_id")] = None
    user_id: Annotated[str | None, Json("userId")] = None
    given_name: Annotated[str | None, Json("givenName")] = None
    surname: str | None = None
    email: str | None = None
    signed_up_at: Annotated[datetime | str | None, Json("signedUpAt")] = None
    properties: Mapping[str, Any] | None = None
    conversation_started: Annotated[bool | None, Json("conversationStarted")] = None
    credential_required: Annotated[bool | None, Json("credentialRequired")] = None
    clients: list[Client] | None = None
    pending_clients: Annotated[list[Client] | None, Json("pendingClients")] = None
    devices: list[Client] | None = None


@attrs.define(eq=False, repr=False)
class AppUserResponse(Model):
    """A user, in the envelope that the service puts it in."""

    app_user: Annotated[AppUser | None, Json("appUser")] = None


# channels and business systems


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


# messages, sent and received


@attrs.define(eq=False, repr=False)
class Action(Model):
    """A button of a message; `amount` is in cents."""

    type: Literal["buy", "link", "locationRequest", "postback", "reply", "share", "webview"] | str | None
    text: str | None
    payload: str | None = None
    metadata: Mapping[str, Any] | None = None
    amount: int | None = None
    currency: str | None = None
    default: bool | None = None
    icon_url: Annotated[str | None, Json("iconUrl")] = None
    uri: str | None = None
    fallback: str | None = None
    size: Literal["compact", "tall", "full"] | str | None = None
    extra_channel_options: Annotated[Mapping[str, Any] | None, Json("extraChannelOptions")] = None
    open_on_receive: Annotated[bool | None, Json("openOnReceive")] = None


@attrs.define(eq=False, repr=False)
class MessageItem(Model):
    """One entry of a carousel or list, with one to three actions."""

    title: str | None
    actions: Sequence[Action] | None
    description: str | None = None
    media_url: Annotated[str | None, Json("mediaUrl")] = None
    size: Literal["compact", "large"] | str | None = None
    media_type: Annotated[str | None, Json("mediaType")] = None
    alt_text: Annotated[str | None, Json("altText")] = None


@attrs.define(eq=False, repr=False)
class DisplaySettings(Model):
    """How a carousel is drawn; the service draws it horizontal unless told otherwise."""

    image_aspect_ratio: Annotated[Literal["horizontal", "square"] | str | None, Json("imageAspectRatio")] = (
        None
    )


@attrs.define(eq=False, repr=False)
class Coordinates(Model):
    """A place on Earth, in degrees."""

    lat: float | None
    long: float | None


@attrs.define(eq=False, repr=False)
class Location(Model):
    """A place's address and name."""

    address: str | None = None
    name: str | None = None


@attrs.define(eq=False, repr=False)
class Option(Model):
    """One choice of a form's field."""

    name: str | None
    label: str | None


# messages to send


@attrs.define(eq=False, repr=False)
class Destination(Model):
    """The integration that a message is to go out by."""

    integration_id: Annotated[str, Json("integrationId")]
    integration_type: Annotated[str, Json("integrationType")]


@attrs.define(eq=False, repr=False)
class FieldPost(Model):
    """A field of a form to send."""

    type: str
    name: str
    label: str
    placeholder: str | None = None
    min_size: Annotated[int | None, Json("minSize")] = None
    max_size: Annotated[int | None, Json("maxSize")] = None
    options: Sequence[Option] | None = None


@attrs.define(eq=False, repr=False)
class MessageOverrideWhatsapp(Model):
    """A message in WhatsApp's own format."""

    payload: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class MessageOverrideLine(Model):
    """A message in LINE's own format."""

    payload: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class MessageOverrideMessenger(Model):
    """A message in Messenger's own format."""

    payload: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class MessageOverride(Model):
    """A message in the formats of single channels, to be sent there instead."""

    whatsapp: MessageOverrideWhatsapp | None = None
    line: MessageOverrideLine | None = None
    messenger: MessageOverrideMessenger | None = None


@attrs.define(eq=False, repr=False)
class MessagePost(Model):
    """A message to send; a carousel or list has at most ten items."""

    role: Role | str
    type: MessageType | str
    name: str | None = None
    email: str | None = None
    avatar_url: Annotated[str | None, Json("avatarUrl")] = None
    metadata: Mapping[str, Any] | None = None
    payload: str | None = None
    text: str | None = None
    media_url: Annotated[str | None, Json("mediaUrl")] = None
    media_type: Annotated[str | None, Json("mediaType")] = None
    items: Sequence[MessageItem] | None = None
    actions: Sequence[Action] | None = None
    destination: Destination | None = None
    alt_text: Annotated[str | None, Json("altText")] = None
    block_chat_input: Annotated[bool | None, Json("blockChatInput")] = None
    display_settings: Annotated[DisplaySettings | None, Json("displaySettings")] = None
    fields: Sequence[FieldPost] | None = None
    override: MessageOverride | None = None
    coordinates: Coordinates | None = None
    location: Location | None = None


# messages received


@attrs.define(eq=False, repr=False)
class Source(Model):
    """Where a message came from; the time is in seconds since 1970."""

    id: str | None = None
    type: str | None = None
    original_message_id: Annotated[str | None, Json("originalMessageId")] = None
    original_message_timestamp: Annotated[float | None, Json("originalMessageTimestamp")] = None


@attrs.define(eq=False, repr=False)
class Select(Model):
    """A choice that was made in a form."""

    id: Annotated[str | None, Json("_id")] = None
    name: str | None = None
    label: str | None = None


@attrs.define(eq=False, repr=False)
class Field(Model):
    """A field of a form, with what was filled in."""

    id: Annotated[str | None, Json("_id")] = None
    type: Literal["text", "email", "select"] | str | None = None
    name: str | None = None
    label: str | None = None
    placeholder: str | None = None
    min_size: Annotated[int | None, Json("minSize")] = None
    max_size: Annotated[int | None, Json("maxSize")] = None
    options: list[Option] | None = None
    select_size: Annotated[int | None, Json("selectSize")] = None
    text: str | None = None
    email: str | None = None
    select: list[Select] | None = None


@attrs.define(eq=False, repr=False)
class QuotedMessage(Model):
    """A message that another one answers to."""

    type: Literal["message", "externalMessageId"] | str | None = None
    external_message_id: Annotated[str | None, Json("externalMessageId")] = None
    content: Message | None = None


@attrs.define(eq=False, repr=False)
class Message(Model):
    """A message of a conversation; `received` is in seconds since 1970."""

    id: Annotated[str | None, Json("_id")] = None
    author_id: Annotated[str | None, Json("authorId")] = None
    role: Role | str | None = None
    type: MessageType | str | None = None
    source: Source | None = None
    name: str | None = None
    text: str | None = None
    email: str | None = None
    avatar_url: Annotated[str | None, Json("avatarUrl")] = None
    received: float | None = None
    media_url: Annotated[str | None, Json("mediaUrl")] = None
    media_type: Annotated[str | None, Json("mediaType")] = None
    metadata: Mapping[str, Any] | None = None
    items: list[MessageItem] | None = None
    actions: list[Action] | None = None
    payload: str | None = None
    display_settings: Annotated[DisplaySettings | None, Json("displaySettings")] = None
    alt_text: Annotated[str | None, Json("altText")] = None
    block_chat_input: Annotated[bool | None, Json("blockChatInput")] = None
    fields: list[Field] | None = None
    submitted: bool | None = None
    quoted_message: Annotated[QuotedMessage | None, Json("quotedMessage")] = None
    text_fallback: Annotated[str | None, Json("textFallback")] = None
    coordinates: Coordinates | None = None
    location: Location | None = None


@attrs.define(eq=False, repr=False)
class Conversation(Model):
    """A user's conversation."""

    id: Annotated[str | None, Json("_id")] = None
    unread_count: Annotated[int | None, Json("unreadCount")] = None


@attrs.define(eq=False, repr=False)
class MessageResponse(Model):
    """A message that was sent, and its conversation."""

    message: Message | None = None
    conversation: Conversation | None = None
    extra_messages: Annotated[list[Message] | None, Json("extraMessages")] = None
