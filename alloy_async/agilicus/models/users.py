"""Users and groups, and what belongs to them."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

import attrs

from ...core.codec.model import Model
from .common import InheritableUserConfig, MetadataWithOnlyId, UserAttribute, UserAttributes
from .identities import UpstreamUserIdentity
from .mfa_methods import MFAChallengeMethod

UserType: TypeAlias = Literal["user", "group", "sysgroup", "bigroup", "service_account", "support_user"]
UserStatusEnum: TypeAlias = Literal["active", "pending", "disabled"]
Roles: TypeAlias = dict[str, list[str]]
"""The names of the roles that a user has in each application, by the application's name."""

GROUP_TYPES = ("group", "sysgroup", "bigroup")


@attrs.define(eq=False, repr=False)
class UserIdentity(Model):
    """Who a user or group is, where another object mentions it."""

    id: str | None = None
    org_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    email: str | None = None
    display_name: str | None = None
    type: UserType | str | None = None
    upstream_user_identities: list[UpstreamUserIdentity] | None = None
    inheritable_config: InheritableUserConfig | None = None


GroupMember = UserIdentity


@attrs.define(eq=False, repr=False)
class User(Model):
    """A user of an organisation, or a service account.

    Lists of users may hold groups: those are read as `Group`, a subclass, so `isinstance(user, Group)` tells
    them apart. An answer without `type`, or with one that is not known yet, is a User.

    The service itself sets `id`, `enabled`, `display_name`, `type`, `created`, `updated`,
    `upstream_user_identities` and `attributes`. Leave them out of a user to create; leave them in when you
    replace a user that you have read.
    """

    member_of: list[UserIdentity] | None = None
    id: str | None = None
    external_id: str | None = None
    enabled: bool | None = None
    status: UserStatusEnum | str | None = None
    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    email: str | None = None
    display_name: str | None = None
    provider: str | None = None
    roles: Roles | None = None
    org_id: str | None = None
    type: UserType | str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    auto_created: bool | None = None
    is_system_user: bool | None = None
    upstream_user_identities: list[UpstreamUserIdentity] | None = None
    cascade: bool | None = None
    configured_attributes: UserAttributes | None = None
    attributes: list[UserAttribute] | None = None
    inheritable_config: InheritableUserConfig | None = None
    inheritable_status: InheritableUserConfig | None = None
    disabled_at_time: datetime | None = None

    @classmethod
    def _find_variant(cls, data: Mapping[str, Any]) -> builtins.type[User]:
        return Group if data.get("type") in GROUP_TYPES else cls


@attrs.define(eq=False, repr=False)
class Group(User):
    """A group, one of the system's own groups included: a User with `members`."""

    members: list[GroupMember] | None = None


@attrs.define(eq=False, repr=False)
class ListUsersResponse(Model):
    """One page of users and groups, by email, and the cursors of the pages before and after it."""

    limit: int | None = None
    users: list[User] | None = None
    previous_page_email: str | None = None
    next_page_email: str | None = None


@attrs.define(eq=False, repr=False)
class ListUserGuidsResponse(Model):
    """The ids of users."""

    user_ids: list[str] | None = None


@attrs.define(eq=False, repr=False)
class CombinedUserDetailStatus(Model):
    """A user, and the methods it can prove itself with."""

    user: User | None = None
    mfa_challenge_methods: list[MFAChallengeMethod] | None = None


@attrs.define(eq=False, repr=False)
class CombinedUserDetail(Model):
    """One entry of `list_combined_user_details`."""

    metadata: MetadataWithOnlyId | None = None
    status: CombinedUserDetailStatus | None = None

    @property
    def id(self) -> str | None:
        """The id in `metadata`; tells entries apart."""
        return self.metadata.id if self.metadata else None


@attrs.define(eq=False, repr=False)
class ListCombinedUserDetailsResponse(Model):
    """One page of users with their methods, by email, and the cursors of the pages before and after it."""

    limit: int | None = None
    combined_user_details: list[CombinedUserDetail] | None = None
    previous_page_email: str | None = None
    next_page_email: str | None = None


@attrs.define(eq=False, repr=False)
class UserIdentityUpdateSpec(Model):
    """The members of a user's identity to change; those left out stay."""

    primary_email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    attributes: UserAttributes | None = None


@attrs.define(eq=False, repr=False)
class UserIdentityUpdate(Model):
    """A change of a user's identity."""

    spec: UserIdentityUpdateSpec
