"""What goes into and comes out of Opendatasoft's operations, under the vendor's names.

Members of answers are all optional, because the service promises none of them; one that it added
is kept in `extra`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

import attrs

from ..core.codec.conversion import converter, type_mismatch
from ..core.codec.model import Model

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

# errors


@attrs.define(eq=False, repr=False)
class Error(Model):
    """The body of a refusal; `trace_id` is what the vendor's support asks for."""

    error_code: Literal["bad_request", "internal_error", "validation_error", "not_found"] | str | None = None
    message: str | None = None
    trace_id: str | None = None
    detail: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class NotFoundError(Model):
    """The body of a 404."""

    error_code: Literal["not_found"] | str | None = None
    message: str | None = None


@attrs.define(eq=False, repr=False)
class QuotaError(Error):
    """The body of a 429: an Error, or what the vendor's search API sends when a quota is used up.

    `call_limit` calls are allowed each `limit_time_unit`, and again from `reset_time` on.
    """

    errorcode: int | None = None
    reset_time: datetime | str | None = None
    limit_time_unit: str | None = None
    call_limit: int | None = None
    error: str | None = None


# users


@attrs.define(eq=False, repr=False)
class ExploreLimitsApiCalls(Model):
    """How many calls of the search API are allowed each `unit`."""

    limit: float | None = None
    unit: Literal["year", "month", "day", "hour", "minute", "second"] | None = None


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


def writable(user: User) -> User:
    """A user as it is sent: without what only the service sets, its groups by `uid` alone."""
    if not isinstance(user, User):
        return user  # for the operation to refuse
    groups = user.groups
    if isinstance(groups, Sequence):
        groups = [UserGroup(g.uid) if isinstance(g, UserGroup) and g.uid else g for g in groups]
    nothing: dict[str, Any] = dict.fromkeys(READ_ONLY)
    return attrs.evolve(user, groups=groups, **nothing)


@attrs.define(eq=False, repr=False)
class GetUsers200Response(Model):
    """One page of users; `next` and `previous` are addresses, None at either end of the list."""

    total_count: int | None = None
    next: str | None = None
    previous: str | None = None
    results: list[User] | None = None


# invitations and provisions


@attrs.define(eq=False, repr=False)
class ProvisionUsersRequestAllOfIdentityProvider(Model):
    """The identity provider that a new user is to come from."""

    uid: str


@attrs.define(eq=False, repr=False)
class ProvisionUsersRequest(Model):
    """A user to create for an identity provider; `identity_provider_attributes` are what it knows."""

    email: str
    identity_provider: ProvisionUsersRequestAllOfIdentityProvider
    identity_provider_attributes: Mapping[str, Any] | None = None
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    permissions: Sequence[Permission] | None = None
    expires_at: datetime | None = None
    explore_limits: ExploreLimits | None = None
    management_limits: ManagementLimits | None = None
    groups: Sequence[UserGroup] | None = None


@attrs.define(eq=False, repr=False)
class InviteUsers200ResponseValue(Model):
    """The verdict on one item: `data` where it went well, `error` where it did not.

    `status_code` is None where the answer said nothing about the item.
    """

    status_code: Literal["success", "error"] | str | None = None
    data: User | None = None
    error: Error | Any = None

    @property
    def ok(self) -> bool:
        """Whether the user was created."""
        return self.status_code == "success"

    @property
    def reason(self) -> str | None:
        """Why the item did not go well; None where it did."""
        if self.ok:
            return None
        if self.status_code is None:
            return "the answer says nothing about this user: look with get_users(search=email)"
        if isinstance(self.error, Error):
            return self.error.message or self.error.error_code or str(self.error.extra)
        return str(self.error) if self.error else "the service does not say why"


class Verdicts(dict[str, InviteUsers200ResponseValue]):
    """What became of each item of a bulk call: the answer itself, by the item's index as text."""

    def in_order(self, items: Sequence[Any]) -> list[InviteUsers200ResponseValue]:
        """One verdict an item, in the items' order.

        An item that the answer forgot has a verdict without a `status_code`; its `reason` says so.

        Args:
            items: what was sent.
        """
        return [self.get(str(n)) or InviteUsers200ResponseValue() for n in range(len(items))]

    def missing(self, items: Sequence[Any]) -> list[int]:
        """The indexes of the items that the answer forgot.

        Args:
            items: what was sent.
        """
        return [n for n in range(len(items)) if str(n) not in self]


# the export


class Several(list[str]):
    """The values that one cell of the export holds, joined by semicolons."""


def _read_several(value: Any, _: Any = None) -> Several:
    if not isinstance(value, str):
        raise type_mismatch("text", value)
    return Several(value.split(";"))


converter.register_structure_hook(Several, _read_several)


@attrs.define(eq=False, repr=False)
class ExportedUser(Model):
    """One row of the export: `client.stream(UsersExport())`, then `stream.rows(ExportedUser)`.

    Its columns are not named as those of User; `groups` are titles, not ids. A column that the
    service added is in `extra`, as text.
    """

    username: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    email: str | None = None
    date_joined: datetime | None = None
    last_seen: datetime | None = None
    groups: Several | None = None
    permissions: Several | None = None
