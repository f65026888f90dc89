"""Requests of users for access."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from ...core.codec.model import Model
from .common import MetadataWithId, MetadataWithOnlyId
from .users import User

RequestState: TypeAlias = Literal["pending", "approved", "declined"]


ResourceType: TypeAlias = Literal[
    "application_access",
    "file_share_access",
    "application",
    "fileshare",
    "application_service",
    "desktop",
    "launcher",
    "ssh",
    "database",
]


@attrs.define(eq=False, repr=False)
class UserRequestInfoSpec(Model):
    """Who asks for what, for how long, and what was decided."""

    user_id: str
    org_id: str
    requested_resource: str
    requested_resource_type: ResourceType | str
    requested_sub_resource: str | None = None
    request_information: str | None = None
    state: RequestState | str | None = None
    from_date: datetime | None = None
    to_date: datetime | None = None
    expiry_date: datetime | None = None
    response_information: str | None = None


@attrs.define(eq=False, repr=False)
class UserRequestInfoStatus(Model):
    """What the service adds to a request."""

    email: str | None = None
    challenge_id: str | None = None
    expired: bool | None = None


@attrs.define(eq=False, repr=False)
class UserRequestInfo(Model):
    """A request of a user for access to a resource."""

    spec: UserRequestInfoSpec
    metadata: MetadataWithId | None = None
    status: UserRequestInfoStatus | None = None


@attrs.define(eq=False, repr=False)
class ListUserRequestInfoResponse(Model):
    """Requests of users."""

    user_requests: list[UserRequestInfo] | None = None
    limit: int | None = None


@attrs.define(eq=False, repr=False)
class AccessRequestsStatus(Model):
    """A user with its requests."""

    user: User | None = None
    user_requests: list[UserRequestInfo] | None = None


@attrs.define(eq=False, repr=False)
class AccessRequests(Model):
    """The requests of one user."""

    metadata: MetadataWithOnlyId | None = None
    status: AccessRequestsStatus | None = None

    @property
    def id(self) -> str | None:
        """The id in `metadata`; tells entries apart."""
        return self.metadata.id if self.metadata else None


@attrs.define(eq=False, repr=False)
class ListAccessRequestsResponse(Model):
    """One page of users with requests, by email, and the cursors of the pages before and after it."""

    access_requests: list[AccessRequests] | None = None
    limit: int | None = None
    previous_page_email: str | None = None
    next_page_email: str | None = None
