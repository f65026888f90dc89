"""Identities of users at upstream providers."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Unpaged
from .. import models
from .common import NOT_FOUND, LimitedListing


@attrs.frozen(eq=False, repr=False)
class CreateUpstreamUserIdentity(Operation["models.UpstreamUserIdentity"]):
    """Tie a user to its identity at an identity provider.

    POST /users/{user_id}/upstream_user_identities

    Args:
        user_id: the user's id; also `local_user_id` in the body.
        upstream_user_identity: the identity.

    Returns:
        The identity, with its id.

    Raises:
        TransportError, ServerError: with effect "unknown", it may exist; `list_upstream_user_identities` tells.
    """

    verb = "POST"
    route = "/users/{user_id}/upstream_user_identities"
    user_id: Annotated[str, Path("user_id")]
    upstream_user_identity: Annotated[models.UpstreamUserIdentity, Body()]


@attrs.frozen(eq=False, repr=False)
class DeleteUpstreamUserIdentity(Operation[None]):
    """Untie a user from an identity at an identity provider.

    DELETE /users/{user_id}/upstream_user_identities/{upstream_user_identity_id}

    Args:
        user_id: the user's id.
        upstream_user_identity_id: the identity's id here, not the one at the provider.

    Returns:
        Nothing.
    """

    verb = "DELETE"
    route = "/users/{user_id}/upstream_user_identities/{upstream_user_identity_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    upstream_user_identity_id: Annotated[str, Path("upstream_user_identity_id")]


@attrs.frozen(eq=False, repr=False)
class GetUpstreamUserIdentity(Operation["models.UpstreamUserIdentity"]):
    """Read one identity of a user at an identity provider.

    GET /users/{user_id}/upstream_user_identities/{upstream_user_identity_id}

    Args:
        user_id: the user's id.
        upstream_user_identity_id: the identity's id here, not the one at the provider.

    Returns:
        The identity.
    """

    verb = "GET"
    route = "/users/{user_id}/upstream_user_identities/{upstream_user_identity_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    upstream_user_identity_id: Annotated[str, Path("upstream_user_identity_id")]


@attrs.frozen(eq=False, repr=False)
class ListUpstreamUserIdentities(
    LimitedListing["models.ListUpstreamUserIdentitiesResponse", "models.UpstreamUserIdentity"]
):
    """List the identities of a user at identity providers. Those beyond `limit` cannot be asked for.

    GET /users/{user_id}/upstream_user_identities

    Args:
        user_id: the user's id.
        limit: the most to answer, 1 to 500; the service takes 500 where none is given.

    Returns:
        The identities, in `upstream_user_identities`.
    """

    verb = "GET"
    route = "/users/{user_id}/upstream_user_identities"
    paging: ClassVar[Unpaged] = Unpaged("upstream_user_identities")
    user_id: Annotated[str, Path("user_id")]
    limit: Annotated[int | None, Query("limit")] = None


@attrs.frozen(eq=False, repr=False)
class ReplaceUpstreamUserIdentity(Operation["models.UpstreamUserIdentity"]):
    """Replace an identity of a user as a whole: read it, change it, and send all of it back.

    PUT /users/{user_id}/upstream_user_identities/{upstream_user_identity_id}

    Args:
        user_id: the user's id.
        upstream_user_identity_id: the identity's id here, not the one at the provider.
        upstream_user_identity: the whole identity.

    Returns:
        The identity after the change.
    """

    verb = "PUT"
    route = "/users/{user_id}/upstream_user_identities/{upstream_user_identity_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_id: Annotated[str, Path("user_id")]
    upstream_user_identity_id: Annotated[str, Path("upstream_user_identity_id")]
    upstream_user_identity: Annotated[models.UpstreamUserIdentity | None, Body()] = None


@attrs.frozen(eq=False, repr=False)
class CreateUserIdentityUpdate(Operation["models.UserIdentityUpdate"]):
    """Change the primary email, the names or the attributes of a user.

    POST /users/{user_id}/user_identity_updates

    Args:
        user_id: the user's id.
        user_identity_update: the members to change; the others stay.

    Returns:
        The change as it was made.

    Raises:
        TransportError, ServerError: with effect "unknown", the change may have been made; `get_user` tells.
    """

    verb = "POST"
    route = "/users/{user_id}/user_identity_updates"
    user_id: Annotated[str, Path("user_id")]
    user_identity_update: Annotated[models.UserIdentityUpdate, Body()]
