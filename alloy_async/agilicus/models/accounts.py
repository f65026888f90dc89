"""Service accounts, and the metadata that is kept with a user."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from ...core.codec.model import Model
from .common import InheritableUserConfig, MetadataWithId
from .users import UserIdentity

DataType: TypeAlias = Literal["mfa_enrollment_expiry", "user_app_data", "user_org_data", "json"]


@attrs.define(eq=False, repr=False)
class ServiceAccountSpec(Model):
    """A service account: its name and organisation; one that is protected names its protector."""

    name: str
    org_id: str
    enabled: bool | None = None
    allowed_sub_orgs: list[str] | None = None
    inheritable_config: InheritableUserConfig | None = None
    protected_by_id: str | None = None
    protected_by_type: str | None = None


@attrs.define(eq=False, repr=False)
class ServiceAccountStatus(Model):
    """The user that stands for a service account."""

    user: UserIdentity | None = None


@attrs.define(eq=False, repr=False)
class ServiceAccount(Model):
    """An account for a program."""

    spec: ServiceAccountSpec
    metadata: MetadataWithId | None = None
    status: ServiceAccountStatus | None = None


@attrs.define(eq=False, repr=False)
class ListServiceAccountResponse(Model):
    """Service accounts."""

    service_accounts: list[ServiceAccount] | None = None
    limit: int | None = None


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
