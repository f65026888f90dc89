"""The 12 operations on users of Tenable.ad, formerly Alsid.

Every operation may raise any AlloyAsyncError; a docstring names those that mean something of its
own. The vendor documents no error: a refusal comes as a StatusError by its status, its body as
plain JSON. A POST or PATCH is not sent again by itself once its effect is "unknown".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import attrs

from ..core.operation.markers import Body, Path
from ..core.operation.operation import Operation
from ..core.operation.paging import Listing, Unpaged
from . import models

RESERVED_IDS = frozenset({"forgotten-password", "password", "retrieve-password", "whoami"})
"""What may not stand for a user's id: the paths of other operations."""


def _check_id(id: int | str) -> None:  # noqa: A002 (the vendor's name)
    if id in RESERVED_IDS:
        raise ValueError(f"id {id!r} is the path of another operation, not the id of a user")


@attrs.frozen(eq=False, repr=False)
class ApiLoginPost(Operation[models.Login]):
    """Log in with email and password. No key is sent with this call.

    POST /api/login

    Args:
        body: email and password.

    Returns:
        A token, a secret. The other operations are documented to take the API key, not this.
    """

    verb = "POST"
    route = "/api/login"
    authenticated = False
    body: Annotated[models.ApiLoginBody, Body()]


@attrs.frozen(eq=False, repr=False)
class ApiLogoutPost(Operation[str | None]):
    """Log out the user that the key belongs to.

    POST /api/logout

    Returns:
        A word of the server's; None where it says nothing.
    """

    verb = "POST"
    route = "/api/logout"


@attrs.frozen(eq=False, repr=False)
class ApiUsersForgottenPasswordPost(Operation[None]):
    """Send a user the mail with which to set a new password. No key is sent with this call.

    POST /api/users/forgotten-password

    Args:
        body: the user's email.

    Returns:
        Nothing; the server's answer is not documented and does not matter.

    Raises:
        TransportError, ServerError: with effect "unknown", the mail may be on its way; to repeat
            the call may send another one.
    """

    verb = "POST"
    route = "/api/users/forgotten-password"
    authenticated = False
    body: Annotated[models.UsersForgottenpasswordBody, Body()]


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
        _check_id(self.id)


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
        _check_id(self.id)


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
        _check_id(self.id)


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
        _check_id(self.id)


@attrs.frozen(eq=False, repr=False)
class ApiUsersPasswordPatch(Operation[None]):
    """Change the password of the user that the key belongs to.

    PATCH /api/users/password

    Args:
        body: the old and the new password.

    Returns:
        Nothing; the server's answer is not documented and does not matter.
    """

    verb = "PATCH"
    route = "/api/users/password"
    body: Annotated[models.UsersPasswordBody, Body()]


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
class ApiUsersRetrievePasswordPost(Operation[None]):
    """Set a new password with the token of a forgotten-password mail. No key is sent with this call.

    POST /api/users/retrieve-password

    Args:
        body: the token and the new password.

    Returns:
        Nothing; the server's answer is not documented and does not matter.
    """

    verb = "POST"
    route = "/api/users/retrieve-password"
    authenticated = False
    body: Annotated[models.UsersRetrievepasswordBody, Body()]


@attrs.frozen(eq=False, repr=False)
class ApiUsersWhoamiGet(Operation[models.Identity]):
    """Retrieve the user that the key belongs to.

    GET /api/users/whoami

    Returns:
        The user, with whole roles and their permissions, where other operations give ids.
    """

    verb = "GET"
    route = "/api/users/whoami"
