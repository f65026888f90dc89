"""Metadata that is kept with a user."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from ...core.codec.model import Model
from .common import MetadataWithId

DataType: TypeAlias = Literal["mfa_enrollment_expiry", "user_app_data", "user_org_data", "json"]


@attrs.define(eq=False, repr=False)
class UserMetadataSpec(Model):
    """Data kept with a user, maybe for one organisation or application.

    `data` is text; `data_type` says what is in it.
    """

    user_id: str
    org_id: str | None = None
    app_id: str | None = None
    name: str | None = None
    data_type: DataType | str | None = None
    data: str | None = None


@attrs.define(eq=False, repr=False)
class UserMetadata(Model):
    """A metadata entry of a user."""

    spec: UserMetadataSpec
    metadata: MetadataWithId | None = None


@attrs.define(eq=False, repr=False)
class ListUserMetadataResponse(Model):
    """Metadata entries."""

    user_metadata: list[UserMetadata] | None = None
    limit: int | None = None


@attrs.define(eq=False, repr=False)
class BulkUserMetadata(Model):
    """The same metadata for every user of an organisation; an `org_id` of None is sent as null."""

    org_id: str | None
    data_type: DataType
    data: str
    app_id: str | None = None
    name: str | None = None
