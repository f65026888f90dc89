"""Users of an app."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json
from .common import Platform


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
class DeviceClientInfo(Model):
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
class DeviceClient(Model):
    """A device or channel that a user is reached by."""

    id: str | None = None
    active: bool | None = None
    last_seen: Annotated[datetime | str | None, Json("lastSeen")] = None
    platform: Platform | str | None = None
    push_notification_token: Annotated[str | None, Json("pushNotificationToken", secret=True)] = None
    app_version: Annotated[str | None, Json("appVersion")] = None
    display_name: Annotated[str | None, Json("displayName")] = None
    info: DeviceClientInfo | None = None
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
    clients: list[DeviceClient] | None = None
    pending_clients: Annotated[list[DeviceClient] | None, Json("pendingClients")] = None
    devices: list[DeviceClient] | None = None


@attrs.define(eq=False, repr=False)
class AppUserResponse(Model):
    """A user, in the envelope that the service puts it in."""

    app_user: Annotated[AppUser | None, Json("appUser")] = None


# the vendor's names, which could be taken for a client of this library

Client = DeviceClient
ClientInfo = DeviceClientInfo
