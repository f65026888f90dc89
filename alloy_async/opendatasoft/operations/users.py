"""The users of a portal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import ByOffset, Listing, Unpaged
from .. import models
from .error_models import ERRORS

MAX_LIMIT = 1000
"""The most users on one page of `get_users`."""

RESERVED_USERNAMES = frozenset({"export", "invite", "provision"})
"""What may not stand for a username: the paths of other operations."""

ERRORS_OF_ONE_USER: ErrorModels = {404: models.NotFoundError, **ERRORS}


def _refuse_reserved_username(username: str) -> None:
    if username in RESERVED_USERNAMES:
        raise ValueError(
            f"username {username!r} cannot be reached: the service has another operation at its address"
        )


@attrs.frozen(eq=False, repr=False)
class GetUsers(Listing[models.GetUsers200Response, models.User]):
    """List the portal's users, a page at a time; `client.iterate(GetUsers())` walks all pages.

    GET /users/

    Args:
        search: only users with this text in their username, first name, last name or email.
        sort: the members to sort by, the first one first.
        permissions: only users who were granted these themselves.
        all_permissions: only users who have these themselves or through a group.
        limit: users on a page, 0 to 1000; the service's default is 20, and 0 asks for the count.
        offset: users to skip before the page.

    Returns:
        The page in `results`, and in `total_count` how many users there are.

    Raises:
        InvalidRequest: limit or offset is out of range; nothing was sent.
    """

    verb = "GET"
    route = "/users/"
    errors: ClassVar[ErrorModels] = ERRORS
    paging: ClassVar[Unpaged] = ByOffset("results", key="username", next="next")
    search: Annotated[str | None, Query("search")] = None
    sort: Annotated[
        Sequence[Literal["username", "first_name", "last_name", "last_seen_at"]] | None,
        Query("sort"),
    ] = None
    permissions: Annotated[Sequence[models.Permission] | None, Query("permissions")] = None
    all_permissions: Annotated[Sequence[models.Permission] | None, Query("all_permissions")] = None
    limit: Annotated[int | None, Query("limit")] = None
    offset: Annotated[int | None, Query("offset")] = None

    def check(self) -> None:
        if self.limit is not None and not 0 <= self.limit <= MAX_LIMIT:
            raise ValueError(f"limit must be 0 to {MAX_LIMIT}, not {self.limit}")
        if self.offset is not None and self.offset < 0:
            raise ValueError(f"offset must be 0 or more, not {self.offset}")


@attrs.frozen(eq=False, repr=False)
class GetUser(Operation[models.User]):
    """Retrieve one user.

    GET /users/{username}/

    Args:
        username: the user's name; "export", "invite" and "provision" cannot be reached.
        expand: "groups" for whole groups, where there would be their ids alone.

    Returns:
        The user.
    """

    verb = "GET"
    route = "/users/{username}/"
    errors: ClassVar[ErrorModels] = ERRORS_OF_ONE_USER
    username: Annotated[str, Path("username")]
    expand: Annotated[str | None, Query("expand")] = None

    def check(self) -> None:
        _refuse_reserved_username(self.username)


def _prepare_update(user: models.User | None) -> models.User | None:
    return None if user is None else models.to_writable(user)


@attrs.frozen(eq=False, repr=False)
class UpdateUser(Operation[models.User]):
    """Change a user.

    PUT /users/{username}/

    The service does not say whether members that are not sent are emptied. To be sure that they
    stay, change what `get_user` gave and send that; what only the service sets is left out for you.

    Args:
        username: the user's name; "export", "invite" and "provision" cannot be reached.
        user: the user as it is to be, with an email.

    Returns:
        The user after the change.

    Raises:
        InvalidRequest: the user has no email; nothing was sent.
    """

    verb = "PUT"
    route = "/users/{username}/"
    errors: ClassVar[ErrorModels] = ERRORS_OF_ONE_USER
    username: Annotated[str, Path("username")]
    user: Annotated[models.User | None, Body()] = attrs.field(default=None, converter=_prepare_update)

    def check(self) -> None:
        _refuse_reserved_username(self.username)
        if self.user is not None and not self.user.email:
            raise ValueError("user.email is missing: change what get_user gave, and send that")


@attrs.frozen(eq=False, repr=False)
class DeleteUser(Operation[None]):
    """Remove a user from the portal.

    DELETE /users/{username}/

    Args:
        username: the user's name; "export", "invite" and "provision" cannot be reached.

    Returns:
        Nothing.

    Raises:
        StatusError: it is the portal's only administrator, among other refusals; nothing was done
            (effect "none").
        NotFound: there is no such user, or an earlier attempt of this call removed it.
    """

    verb = "DELETE"
    route = "/users/{username}/"
    errors: ClassVar[ErrorModels] = ERRORS_OF_ONE_USER
    username: Annotated[str, Path("username")]

    def check(self) -> None:
        _refuse_reserved_username(self.username)
