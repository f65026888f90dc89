"""Messages of a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json

Role: TypeAlias = Literal["appUser", "appMaker"]
"""Who wrote a message: the user, or the business."""

MessageType: TypeAlias = Literal[
    "text", "image", "file", "carousel", "list", "location", "form", "formResponse"
]

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
