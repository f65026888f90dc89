"""Invitations and provisions of users, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import attrs

from ...core.codec.model import Model
from .errors import Error
from .users import ExploreLimits, ManagementLimits, Permission, User, UserGroup


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
        """Give one verdict an item, in the items' order.

        An item that the answer forgot has a verdict without a `status_code`; its `reason` says so.

        Args:
            items: what was sent.
        """
        return [self.get(str(n)) or InviteUsers200ResponseValue() for n in range(len(items))]

    def missing(self, items: Sequence[Any]) -> list[int]:
        """Find the indexes of the items that the answer forgot.

        Args:
            items: what was sent.
        """
        return [n for n in range(len(items)) if str(n) not in self]
