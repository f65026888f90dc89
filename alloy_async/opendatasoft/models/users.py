"""Users of a portal, their groups and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar

import attrs

from ...core.codec.model import Model

Permission: TypeAlias = (
    Literal[
        "edit_domain",
        "create_page",
        "edit_page",
        "manage_page",
        "explore_restricted_page",
        "create_dataset",
        "edit_dataset",
        "publish_dataset",
        "manage_dataset",
        "explore_restricted_dataset",
        "edit_reuse",
        "manage_subdomains",
        "explore_monitoring",
        "edit_theme",
        "edit_form",
        "submit_private_form",
        "create_external_asset",
        "edit_external_asset",
        "explore_restricted_external_asset",
        "manage_glossary",
        "manage_showcase_requests",
    ]
    | str
)
"""A right on a portal; the vendor adds to the list."""


@attrs.define(eq=False, repr=False)
class ExploreLimitsApiCalls(Model):
    """How many calls of the search API are allowed each `unit`."""

    limit: float | None = None
    unit: Literal["year", "month", "day", "hour", "minute", "second"] | str | None = None


@attrs.define(eq=False, repr=False)
class ExploreLimits(Model):
    """Quotas on the search API."""

    api_calls: ExploreLimitsApiCalls | None = None


ManagementLimits: TypeAlias = Mapping[str, Any]
"""Deprecated by the vendor, and without a form of its own."""


@attrs.define(eq=False, repr=False)
class RelatedUserReadOnly(Model):
    """Who made or changed something."""

    username: str | None = None


@attrs.define(eq=False, repr=False)
class UserGroup(Model):
    """A group of a portal. Without `expand="groups"`, a user's groups come with their `uid` alone.

    To put a user in a group, `UserGroup(uid)` is enough.
    """

    uid: str | None = None
    title: str | None = None
    description: str | None = None
    user_count: float | None = None
    permissions: list[Permission] | None = None
    explore_limits: ExploreLimits | None = None
    management_limits: ManagementLimits | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    created_by: RelatedUserReadOnly | None = None
    updated_by: RelatedUserReadOnly | None = None


UserGroupsOneOfInner = UserGroup


@attrs.define(eq=False, repr=False)
class UserIdentityProvidersInner(Model):
    """An identity provider that a user comes from."""

    uid: str | None = None


@attrs.define(eq=False, repr=False)
class User(Model):
    """A user of a portal. See `READ_ONLY` for what only the service sets."""

    username: str | None = None
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    is_active: bool | None = None
    email: str | None = None
    is_ods: bool | None = None
    account_type: Literal["global", "linked", "local"] | str | None = None
    permissions: Sequence[Permission] | None = None
    joined_at: datetime | None = None
    last_seen_at: datetime | None = None
    last_login_at: datetime | None = None
    expires_at: datetime | None = None
    explore_limits: ExploreLimits | None = None
    management_limits: ManagementLimits | None = None
    gravatar_url: str | None = None
    groups: Sequence[UserGroup] | None = None
    identity_providers: list[UserIdentityProvidersInner] | None = None


READ_ONLY = (
    "display_name",
    "is_active",
    "is_ods",
    "account_type",
    "joined_at",
    "last_seen_at",
    "last_login_at",
    "gravatar_url",
    "identity_providers",
)
"""Members of User that are never sent."""


Writable = TypeVar("Writable", bound=Model)


def to_writable(user: Writable) -> Writable:
    """Make a user as it is sent: without what only the service sets, in `extra` neither, its groups by `uid` alone."""
    if not isinstance(user, Model):
        return user  # for the operation to refuse
    changes: dict[str, Any] = {"extra": {k: v for k, v in (user._extra or {}).items() if k not in READ_ONLY}}
    changes |= {name: None for name in READ_ONLY if hasattr(user, name)}
    groups = getattr(user, "groups", None)
    if isinstance(groups, Sequence):
        changes["groups"] = [
            UserGroup(group.uid) if isinstance(group, UserGroup) and group.uid else group for group in groups
        ]
    return attrs.evolve(user, **changes)


@attrs.define(eq=False, repr=False)
class GetUsers200Response(Model):
    """One page of users; `next` and `previous` are addresses, None at either end of the list."""

    total_count: int | None = None
    next: str | None = None
    previous: str | None = None
    results: list[User] | None = None
