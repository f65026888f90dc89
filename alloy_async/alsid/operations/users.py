"""The users of the installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Body, Path
from ...core.operation.operation import Operation
from ...core.operation.paging import Listing, Unpaged
from .. import models

RESERVED_IDS = frozenset({"forgotten-password", "password", "retrieve-password", "whoami"})
"""What may not stand for a user's id: the paths of other operations."""


def _refuse_reserved_id(id: int | str) -> None:  # noqa: A002 (the vendor's name)
    if id in RESERVED_IDS:
        raise ValueError(f"id {id!r} is the path of another operation, not the id of a user")


@attrs.frozen(eq=False, repr=False)
class ApiUsersGet(Listing[list[models.User], models.User]):
    """List all users, in one answer.

    GET /api/users

    Returns:
        The users, each with the ids of their roles.
    """

    verb = "GET"
    route = "/api/users"
    paging: ClassVar[Unpaged] = Unpaged(None, key="id")


@attrs.frozen(eq=False, repr=False)
class ApiUsersPost(Operation[list[models.User]]):
    """Create users.

    POST /api/users

    Args:
        body: the users to create; one user is a list of one.

    Returns:
        The new users. The vendor does not say whether all are refused when one is: with a list of
        one, there is no doubt.

    Raises:
        TransportError, ServerError: with effect "unknown", any of the users may exist;
            `api_users_get` tells.
    """

    verb = "POST"
    route = "/api/users"
    body: Annotated[Sequence[models.ApiUsersBody], Body()]


@attrs.frozen(eq=False, repr=False)
class ApiUsersIdGet(Operation[models.User]):
    """Retrieve one user.

    GET /api/users/{id}

    Args:
        id: the user's id.

    Returns:
        The user; servers of 2021 leave out `identifier`, `provider` and `eula_version` here.
    """

    verb = "GET"
    route = "/api/users/{id}"
    id: Annotated[int | str, Path("id")]

    def check(self) -> None:
        _refuse_reserved_id(self.id)


@attrs.frozen(eq=False, repr=False)
class ApiUsersIdPatch(Operation[models.User]):
    """Change some of a user's members.

    PATCH /api/users/{id}

    Args:
        body: what to change; a member left at None stays, NULL empties it.
        id: the user's id.

    Returns:
        The user after the change.
    """

    verb = "PATCH"
    route = "/api/users/{id}"
    body: Annotated[models.UsersIdBody, Body()]
    id: Annotated[int | str, Path("id")]

    def check(self) -> None:
        _refuse_reserved_id(self.id)


@attrs.frozen(eq=False, repr=False)
class ApiUsersIdDelete(Operation[None]):
    """Delete a user.

    DELETE /api/users/{id}

    Args:
        id: the user's id.

    Returns:
        Nothing; the server's answer is not documented and does not matter.

    Raises:
        NotFound: there is no such user, or an earlier attempt of this call deleted it.
    """

    verb = "DELETE"
    route = "/api/users/{id}"
    id: Annotated[int | str, Path("id")]

    def check(self) -> None:
        _refuse_reserved_id(self.id)


@attrs.frozen(eq=False, repr=False)
class ApiUsersIdRolesPut(Operation[models.RoleIds]):
    """Replace all the roles of a user.

    PUT /api/users/{id}/roles

    Args:
        body: the ids of the roles; those that it leaves out are taken away.
        id: the user's id.

    Returns:
        The ids of the roles that the user has now.
    """

    verb = "PUT"
    route = "/api/users/{id}/roles"
    body: Annotated[models.IdRolesBody, Body()]
    id: Annotated[int | str, Path("id")]

    def check(self) -> None:
        _refuse_reserved_id(self.id)
