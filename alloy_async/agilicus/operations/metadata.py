"""Metadata of users."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Unpaged
from .. import models
from .common import NOT_FOUND, LimitedListing


@attrs.frozen(eq=False, repr=False)
class BulkUpdateMetadata(Operation[None]):
    """Set the same metadata for every user of an organisation.

    POST /v1/user_metadata_rpc/bulk_update

    Args:
        bulk_user_metadata: the organisation and the data.

    Returns:
        Nothing.

    Raises:
        TransportError, ServerError: with effect "unknown", it may be set; `list_user_metadata` tells.
    """

    verb = "POST"
    route = "/v1/user_metadata_rpc/bulk_update"
    bulk_user_metadata: Annotated[models.BulkUserMetadata | None, Body()] = None


@attrs.frozen(eq=False, repr=False)
class CreateUserMetadata(Operation["models.UserMetadata"]):
    """Keep metadata with a user.

    POST /v1/user_metadata

    Args:
        user_metadata: the entry; its `spec` names the user.

    Returns:
        The entry, with its id.

    Raises:
        TransportError, ServerError: with effect "unknown", it may exist; `list_user_metadata` tells.
    """

    verb = "POST"
    route = "/v1/user_metadata"
    user_metadata: Annotated[models.UserMetadata, Body()]


@attrs.frozen(eq=False, repr=False)
class DeleteUserMetadata(Operation[None]):
    """Delete a metadata entry.

    DELETE /v1/user_metadata/{metadata_id}

    Args:
        metadata_id: the entry's id.
        user_id: the user that it is kept with.
        org_id: the organisation that it is for.

    Returns:
        Nothing.
    """

    verb = "DELETE"
    route = "/v1/user_metadata/{metadata_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    metadata_id: Annotated[str, Path("metadata_id")]
    user_id: Annotated[str | None, Query("user_id")] = None
    org_id: Annotated[str | None, Query("org_id")] = None


@attrs.frozen(eq=False, repr=False)
class GetUserMetadata(Operation["models.UserMetadata"]):
    """Read one metadata entry.

    GET /v1/user_metadata/{metadata_id}

    Args:
        metadata_id: the entry's id.
        org_id: the organisation that it is for.
        user_id: the user that it is kept with.

    Returns:
        The entry.
    """

    verb = "GET"
    route = "/v1/user_metadata/{metadata_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    metadata_id: Annotated[str, Path("metadata_id")]
    org_id: Annotated[str | None, Query("org_id")] = None
    user_id: Annotated[str | None, Query("user_id")] = None


@attrs.frozen(eq=False, repr=False)
class ListUserMetadata(LimitedListing["models.ListUserMetadataResponse", "models.UserMetadata"]):
    """List metadata entries. Those beyond `limit` cannot be asked for.

    GET /v1/user_metadata

    Args:
        limit: the most to answer, 1 to 500; the service takes 500 where none is given.
        user_id: only those kept with this user.
        org_id: only those for this organisation.
        app_id: only those for this application; letters, digits and hyphens.
        data_type: only those of this type.

    Returns:
        The entries, in `user_metadata`.
    """

    verb = "GET"
    route = "/v1/user_metadata"
    paging: ClassVar[Unpaged] = Unpaged("user_metadata")
    limit: Annotated[int | None, Query("limit")] = None
    user_id: Annotated[str | None, Query("user_id")] = None
    org_id: Annotated[str | None, Query("org_id")] = None
    app_id: Annotated[str | None, Query("app_id")] = None
    data_type: Annotated[str | None, Query("data_type")] = None


@attrs.frozen(eq=False, repr=False)
class ReplaceUserMetadata(Operation["models.UserMetadata"]):
    """Replace a metadata entry as a whole: read it, change it, and send all of it back.

    PUT /v1/user_metadata/{metadata_id}

    Args:
        metadata_id: the entry's id.
        user_metadata: the whole entry.

    Returns:
        The entry after the change.
    """

    verb = "PUT"
    route = "/v1/user_metadata/{metadata_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    metadata_id: Annotated[str, Path("metadata_id")]
    user_metadata: Annotated[models.UserMetadata | None, Body()] = None
