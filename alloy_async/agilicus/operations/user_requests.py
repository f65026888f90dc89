"""Requests of users for access to resources."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

import attrs

from ...core.operation.markers import Body, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Unpaged
from .. import models
from .common import NOT_FOUND, LimitedListing, create_paging_by_email

RequestType: TypeAlias = Literal[
    "application_access",
    "file_share_access",
    "application",
    "fileshare",
    "application_service",
    "launcher",
    "ssh",
    "database",
]
"""What lists of requests can be narrowed to; it lacks "desktop", for which there are requests as well."""


@attrs.frozen(eq=False, repr=False)
class CreateUserRequest(Operation["models.UserRequestInfo"]):
    """Ask for access to a resource on behalf of a user.

    POST /v1/user_requests

    Args:
        user_request_info: the request; its `spec` names the user, the organisation and the resource.

    Returns:
        The request, with its id.

    Raises:
        TransportError, ServerError: with effect "unknown", it may exist; `list_user_requests` tells.
    """

    verb = "POST"
    route = "/v1/user_requests"
    user_request_info: Annotated[models.UserRequestInfo, Body()]


@attrs.frozen(eq=False, repr=False)
class DeleteUserRequest(Operation[None]):
    """Delete a request.

    DELETE /v1/user_requests/{user_request_id}

    Args:
        user_request_id: the request's id.
        user_id: the user who asked.
        org_id: the organisation.

    Returns:
        Nothing.
    """

    verb = "DELETE"
    route = "/v1/user_requests/{user_request_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_request_id: Annotated[str, Path("user_request_id")]
    user_id: Annotated[str | None, Query("user_id")] = None
    org_id: Annotated[str | None, Query("org_id")] = None


@attrs.frozen(eq=False, repr=False)
class GetUserRequest(Operation["models.UserRequestInfo"]):
    """Read one request.

    GET /v1/user_requests/{user_request_id}

    Args:
        user_request_id: the request's id.
        org_id: the organisation.
        user_id: the user who asked.

    Returns:
        The request.
    """

    verb = "GET"
    route = "/v1/user_requests/{user_request_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_request_id: Annotated[str, Path("user_request_id")]
    org_id: Annotated[str | None, Query("org_id")] = None
    user_id: Annotated[str | None, Query("user_id")] = None


@attrs.frozen(eq=False, repr=False)
class ListUserRequests(LimitedListing["models.ListUserRequestInfoResponse", "models.UserRequestInfo"]):
    """List requests. Those beyond `limit` cannot be asked for; `list_access_requests` has pages.

    GET /v1/user_requests

    Args:
        limit: the most to answer, 1 to 500; the service takes 500 where none is given.
        user_id: only those of this user.
        org_id: only those in this organisation.
        request_state: only those in this state.
        request_type: only those for this type of resource.

    Returns:
        The requests, in `user_requests`.
    """

    verb = "GET"
    route = "/v1/user_requests"
    paging: ClassVar[Unpaged] = Unpaged("user_requests")
    limit: Annotated[int | None, Query("limit")] = None
    user_id: Annotated[str | None, Query("user_id")] = None
    org_id: Annotated[str | None, Query("org_id")] = None
    request_state: Annotated[models.RequestState | None, Query("request_state")] = None
    request_type: Annotated[RequestType | None, Query("request_type")] = None


@attrs.frozen(eq=False, repr=False)
class ReplaceUserRequest(Operation["models.UserRequestInfo"]):
    """Replace a request as a whole, but for its state: read it, change it, and send all of it back.

    PUT /v1/user_requests/{user_request_id}

    The service ignores `spec.state` here; `update_user_request` approves or declines.

    Args:
        user_request_id: the request's id.
        user_request_info: the whole request.

    Returns:
        The request after the change.
    """

    verb = "PUT"
    route = "/v1/user_requests/{user_request_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_request_id: Annotated[str, Path("user_request_id")]
    user_request_info: Annotated[models.UserRequestInfo | None, Body()] = None


@attrs.frozen(eq=False, repr=False)
class UpdateUserRequest(Operation["models.UserRequestInfo"]):
    """Approve or decline a request: act as `spec.state` says.

    POST /v1/user_requests/{user_request_id}

    Args:
        user_request_id: the request's id.
        user_request_info: the request with its new state.

    Returns:
        The request after the action.

    Raises:
        TransportError, ServerError: with effect "unknown", it may be decided; `get_user_request` tells.
    """

    verb = "POST"
    route = "/v1/user_requests/{user_request_id}"
    errors: ClassVar[ErrorModels] = NOT_FOUND
    user_request_id: Annotated[str, Path("user_request_id")]
    user_request_info: Annotated[models.UserRequestInfo | None, Body()] = None


@attrs.frozen(eq=False, repr=False)
class ListAccessRequests(LimitedListing["models.ListAccessRequestsResponse", "models.AccessRequests"]):
    """List users of an organisation with their requests, by email.

    GET /v1/access_requests

    Args:
        org_id: the organisation.
        limit: rows of one page, 1 to 500; the service takes 500 where none is given.
        user_id: only this user.
        request_state: only requests in this state.
        request_type: only requests for this type of resource.
        email: the email to go on after, from `next_page_email`; "" asks for the first page.
        search_direction: "backwards" goes on before `email`; the service takes "forwards" where none is given.

    Returns:
        One page of users with their requests.
    """

    verb = "GET"
    route = "/v1/access_requests"
    paging: ClassVar[Unpaged] = create_paging_by_email("access_requests", cursor="email")
    org_id: Annotated[str, Query("org_id")]
    limit: Annotated[int | None, Query("limit")] = None
    user_id: Annotated[str | None, Query("user_id")] = None
    request_state: Annotated[models.RequestState | None, Query("request_state")] = None
    request_type: Annotated[RequestType | None, Query("request_type")] = None
    email: Annotated[str | None, Query("email")] = None
    search_direction: Annotated[Literal["backwards", "forwards"] | None, Query("search_direction")] = None
