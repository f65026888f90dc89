"""The user that the key belongs to: login and password."""

from __future__ import annotations

from typing import Annotated

import attrs

from ...core.operation.markers import Body
from ...core.operation.operation import Operation
from .. import models


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
class ApiUsersWhoamiGet(Operation[models.Identity]):
    """Retrieve the user that the key belongs to.

    GET /api/users/whoami

    Returns:
        The user, with whole roles and their permissions, where other operations give ids.
    """

    verb = "GET"
    route = "/api/users/whoami"


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
