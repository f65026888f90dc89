"""Users and groups: create, read, replace, remove, list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Listing, Unpaged
from .. import models
from .common import BOOLEANS, NOT_FOUND, LimitedListing, create_paging_by_email

CONFLICT = {409: models.ErrorMessage}


@attrs.frozen(eq=False, repr=False)
class CreateUser(Operation["models.User"]):
    """Create a user in an organisation.

    POST /users

    Args:
        user: with at least `org_id` and `email`; leave `type` and the other members that the service sets out.

    Returns:
        The user as it was created, with its id.

    Raises:
        Conflict: the organisation has a user with this email; nothing was created, and `list_users(email=...)`
            finds it.
        TransportError, ServerError: with effect "unknown", the user may exist; to repeat the call is safe, as a
            second user is refused.
    """

    verb = "POST"
    route = "/users"
    errors: ClassVar[ErrorModels] = CONFLICT
    user: Annotated[models.User, Body()]


@attrs.frozen(eq=False, repr=False)
class GetUser(Operation["models.User"]):
    """Read one user or group.

    GET /users/{user_id}

    Args:
        user_id: the user's id.
        org_id: the organisation to look at; decides which roles are told.

    Returns:
        The user; a group is a `models.Group`.
    """

    verb = "GET"
    route = "/users/{user_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    org_id: Annotated[str | None, Query("org_id")] = None

    def check(self) -> None:
        if self.user_id == "org_user_roles":
            raise ValueError(
                "user_id 'org_user_roles' is the path of another operation, not the id of a user"
            )


@attrs.frozen(eq=False, repr=False)
class ReplaceUser(Operation["models.User"]):
    """Replace a user as a whole: what `user` leaves out is gone afterwards.

    PUT /users/{user_id}

    So read the user, change it, and send all of it back, with the members that the service sets and those in
    `extra`:

        user = await agilicus.get_user(user_id, org_id=org_id)
        user.first_name = "Ada"
        user.external_id = NULL  # null; None would leave it out
        await agilicus.replace_user(user_id, user)

    A change that somebody else made in between is overwritten.

    Args:
        user_id: the user's id.
        user: the whole user.

    Returns:
        The user after the change.
    """

    verb = "PUT"
    route = "/users/{user_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    user: Annotated[models.User | None, Body()] = None


@attrs.frozen(eq=False, repr=False)
class DeleteUser(Operation[None]):
    """Remove a user from one organisation; in others it stays.

    DELETE /v1/orgs/{org_id}/users/{user_id}

    Args:
        org_id: the organisation.
        user_id: the user's id.

    Returns:
        Nothing.

    Raises:
        NotFound: the user is not in the organisation; also after a repetition whose first answer was lost.
    """

    verb = "DELETE"
    route = "/v1/orgs/{org_id}/users/{user_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    org_id: Annotated[str, Path("org_id")]
    user_id: Annotated[str, Path("user_id")]


@attrs.frozen(eq=False, repr=False)
class ListUsers(LimitedListing["models.ListUsersResponse", "models.User"]):
    """List users, by email; `type` keeps groups and service accounts out, which are listed with them.

    GET /users

    `client.iterate(ListUsers(org_id=..., type=["user"]))` reads all pages, in either direction.

    Args:
        email: only the user with this email; at most 100 characters.
        previous_email: the email to go on after, from `next_page_email`; "" asks for the first page.
        provider: only users of this identity provider.
        org_id: only users of this organisation.
        issuer: only users of organisations with this issuer.
        limit: rows of one page, 1 to 500; the service takes 500 where none is given.
        type: only users of these types, any of them.
        upstream_user_id: only the user with this id at an identity provider.
        upstream_idp_id: only users with an identity at this provider.
        status: only users with these statuses, any of them.
        search_direction: "backwards" goes on before `previous_email`; the service takes "forwards" where none is
            given.
        has_roles: only users with a role (True), or with none (False).
        has_resource_roles: only users with a role for a resource (True), or with none (False).
        prefix_email_search: only users whose email begins with this, in either case.
        orgless_users: only users without an organisation.
        allow_partial_match: compare the arguments that are text in part and in either case.
        first_name: only users with this first name.
        last_name: only users with this last name.
        user_id: only the user with this id.
        search_params: only users in whom each of these texts is found, in either case.

    Returns:
        One page of users, among them `models.Group` where groups are asked for or nothing is said of `type`.
    """

    verb = "GET"
    route = "/users"
    paging: ClassVar[Unpaged] = create_paging_by_email("users", cursor="previous_email")
    email: Annotated[str | None, Query("email")] = None
    previous_email: Annotated[str | None, Query("previous_email")] = None
    provider: Annotated[str | None, Query("provider")] = None
    org_id: Annotated[str | None, Query("org_id")] = None
    issuer: Annotated[str | None, Query("issuer")] = None
    limit: Annotated[int | None, Query("limit")] = None
    type: Annotated[Sequence[models.UserType] | None, Query("type")] = None
    upstream_user_id: Annotated[str | None, Query("upstream_user_id")] = None
    upstream_idp_id: Annotated[str | None, Query("upstream_idp_id")] = None
    status: Annotated[Sequence[models.UserStatusEnum] | None, Query("status")] = None
    search_direction: Annotated[Literal["backwards", "forwards"] | None, Query("search_direction")] = None
    has_roles: Annotated[bool | None, Query("has_roles", booleans=BOOLEANS)] = None
    has_resource_roles: Annotated[bool | None, Query("has_resource_roles", booleans=BOOLEANS)] = None
    prefix_email_search: Annotated[str | None, Query("prefix_email_search")] = None
    orgless_users: Annotated[bool | None, Query("orgless_users", booleans=BOOLEANS)] = None
    allow_partial_match: Annotated[bool | None, Query("allow_partial_match", booleans=BOOLEANS)] = None
    first_name: Annotated[str | None, Query("first_name")] = None
    last_name: Annotated[str | None, Query("last_name")] = None
    user_id: Annotated[str | None, Query("user_id")] = None
    search_params: Annotated[Sequence[str] | None, Query("search_params")] = None


@attrs.frozen(eq=False, repr=False)
class ListCombinedUserDetails(
    LimitedListing["models.ListCombinedUserDetailsResponse", "models.CombinedUserDetail"]
):
    """List users together with their second factors, by email.

    GET /v1/combined_user_details

    Args:
        email: only the user with this email; at most 100 characters.
        previous_email: the email to go on after, from `next_page_email`; "" asks for the first page.
        org_id: only users of this organisation.
        limit: rows of one page, 1 to 500; the service takes 500 where none is given.
        type: only users of this type.
        user_id: only the user with this id.
        status: only users with these statuses, any of them.
        mfa_enrolled: only users with a second factor (True), or with none (False).
        auto_created: only users who are in the group of the users created by themselves (True), or are not
            (False).
        search_direction: "backwards" goes on before `previous_email`; the service takes "forwards" where none is
            given.
        prefix_email_search: only users whose email begins with this, in either case.
        allow_partial_match: compare the arguments that are text in part and in either case.
        first_name: only users with this first name.
        last_name: only users with this last name.
        search_params: only users in whom each of these texts is found, in either case.

    Returns:
        One page of users with their second factors.
    """

    verb = "GET"
    route = "/v1/combined_user_details"
    paging: ClassVar[Unpaged] = create_paging_by_email("combined_user_details", cursor="previous_email")
    email: Annotated[str | None, Query("email")] = None
    previous_email: Annotated[str | None, Query("previous_email")] = None
    org_id: Annotated[str | None, Query("org_id")] = None
    limit: Annotated[int | None, Query("limit")] = None
    type: Annotated[models.UserType | None, Query("type")] = None
    user_id: Annotated[str | None, Query("user_id")] = None
    status: Annotated[Sequence[models.UserStatusEnum] | None, Query("status")] = None
    mfa_enrolled: Annotated[bool | None, Query("mfa_enrolled", booleans=BOOLEANS)] = None
    auto_created: Annotated[bool | None, Query("auto_created", booleans=BOOLEANS)] = None
    search_direction: Annotated[Literal["backwards", "forwards"] | None, Query("search_direction")] = None
    prefix_email_search: Annotated[str | None, Query("prefix_email_search")] = None
    allow_partial_match: Annotated[bool | None, Query("allow_partial_match", booleans=BOOLEANS)] = None
    first_name: Annotated[str | None, Query("first_name")] = None
    last_name: Annotated[str | None, Query("last_name")] = None
    search_params: Annotated[Sequence[str] | None, Query("search_params")] = None


@attrs.frozen(eq=False, repr=False)
class ListUserGuids(Listing["models.ListUserGuidsResponse", str]):
    """List the ids of all users, in one answer.

    GET /users_ids

    Args:
        updated_since: only users that were changed at or after this time; needs a time zone.

    Returns:
        The ids, in `user_ids`.
    """

    verb = "GET"
    route = "/users_ids"
    paging: ClassVar[Unpaged] = Unpaged("user_ids")
    updated_since: Annotated[datetime | None, Query("updated_since")] = None
