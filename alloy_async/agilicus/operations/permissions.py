"""Roles and permissions of users."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import ByOffset, Unpaged
from .. import models
from .common import NOT_FOUND, LimitedListing


@attrs.frozen(eq=False, repr=False)
class ListAllResourcePermissions(Operation["models.RenderedResourcePermissions"]):
    """Tell all that a user may do with resources of an organisation, by itself or through its groups.

    GET /users/{user_id}/render_resource_permissions

    Args:
        user_id: the user's id.
        org_id: the organisation.

    Returns:
        The permissions, in `resource_permissions`.
    """

    verb = "GET"
    route = "/users/{user_id}/render_resource_permissions"
    user_id: Annotated[str, Path("user_id")]
    org_id: Annotated[str, Query("org_id")]


@attrs.frozen(eq=False, repr=False)
class ListAllUserRoles(Operation["models.Roles"]):
    """Tell all roles of a user, those it has through its groups included.

    GET /users/{user_id}/render_roles

    Args:
        user_id: the user's id.
        org_id: the organisation.

    Returns:
        The names of the roles, by the name of the application.
    """

    verb = "GET"
    route = "/users/{user_id}/render_roles"
    user_id: Annotated[str, Path("user_id")]
    org_id: Annotated[str | None, Query("org_id")] = None


@attrs.frozen(eq=False, repr=False)
class ListOrgUserRoles(LimitedListing["models.ListUserRolesForAnOrg", "models.UserRolesForAnOrg"]):
    """List the roles of users, one role a row.

    GET /users/org_user_roles

    Args:
        org_id: only roles in this organisation.
        user_id: only roles of this user.
        limit: rows of one page, 1 to 500; the service takes 500 where none is given.
        offset: rows to skip.

    Returns:
        One page of roles, in `org_user_roles`; a page without any is the last.
    """

    verb = "GET"
    route = "/users/org_user_roles"
    paging: ClassVar[Unpaged] = ByOffset("org_user_roles", key="identity")
    org_id: Annotated[str | None, Query("org_id")] = None
    user_id: Annotated[str | None, Query("user_id")] = None
    limit: Annotated[int | None, Query("limit")] = None
    offset: Annotated[int | None, Query("offset")] = None

    def check(self) -> None:
        super().check()
        if self.offset is not None and self.offset < 0:
            raise ValueError(f"offset must be 0 or more, not {self.offset}")


@attrs.frozen(eq=False, repr=False)
class ReplaceUserRole(Operation[None]):
    """Set the roles of a user in an organisation: those that are left out are taken away.

    PUT /users/{user_id}/roles

    Args:
        user_id: the user's id.
        org_id: the organisation.
        replace_user_role_request: all roles that the user is to have.

    Returns:
        Nothing.
    """

    verb = "PUT"
    route = "/users/{user_id}/roles"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    org_id: Annotated[str | None, Query("org_id")] = None
    replace_user_role_request: Annotated[models.ReplaceUserRoleRequest | None, Body()] = None


@attrs.frozen(eq=False, repr=False)
class ListUserPermissions(Operation["models.HostPermissions"]):
    """Tell what a user may request of a host, as rules.

    GET /users/{user_id}/host_permissions

    Args:
        user_id: the user's id.
        org_id: the organisation.

    Returns:
        The host and its rules.
    """

    verb = "GET"
    route = "/users/{user_id}/host_permissions"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    org_id: Annotated[str | None, Query("org_id")] = None
