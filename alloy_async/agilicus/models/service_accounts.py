"""Service accounts."""

from __future__ import annotations

import attrs

from ...core.codec.model import Model
from .common import InheritableUserConfig, MetadataWithId
from .users import UserIdentity


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
