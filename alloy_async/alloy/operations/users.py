"""Users of the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Json, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Listing, Unpaged
from .. import models
from .common import BAD_REQUEST, UNAUTHORIZED

MAX_BATCH = 1000
"""The most users that one `batch_create_users` takes."""


@attrs.frozen(eq=False, repr=False)
class CreateAUser(Operation["models.CreatedUser"]):
    """Create a user, who will hold credentials and installed workflows.

    POST /users/

    Args:
        username: your own name for the user, unique in the account.
        full_name: the name to show.

    Returns:
        The id of the new user.

    Raises:
        StatusError: the username is taken, among other refusals; no user was created (effect
            "none").
        TransportError, ServerError: with effect "unknown", the user may exist;
            `get_a_user(username)` tells.
    """

    verb = "POST"
    route = "/users/"
    errors: ClassVar[ErrorModels] = UNAUTHORIZED
    username: Annotated[str, Json("username")]
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.frozen(eq=False, repr=False)
class BatchCreateUsers(Operation["models.BatchResult"]):
    """Create up to 1000 users in one call, keeping the good ones where some are refused.

    POST /users/batch

    Args:
        users: the users to create, at most 1000.

    Returns:
        The refused entries in `invalid_users`; all the others were created, and have no id here:
        `list_all_users` tells it.

    Raises:
        InvalidRequest: more than 1000 users; nothing was sent.
        TransportError, ServerError: with effect "unknown", any of the users may exist.
    """

    verb = "POST"
    route = "/users/batch"
    errors: ClassVar[ErrorModels] = BAD_REQUEST | UNAUTHORIZED
    users: Annotated[Sequence[models.NewUser], Json("users")]

    def check(self) -> None:
        if len(self.users) > MAX_BATCH:
            given = len(self.users)
            raise ValueError(f"users takes at most {MAX_BATCH} in one call, not {given}: split them")


@attrs.frozen(eq=False, repr=False)
class GetAUser(Operation["models.User"]):
    """Retrieve one user.

    GET /users/{userId}

    Args:
        user_id: the user's id or username.

    Returns:
        The user; members that this version of the library does not know, such as workflows, are in
        its `extra`.
    """

    verb = "GET"
    route = "/users/{userId}"
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class UpdateAUser(Operation["models.User"]):
    """Change the username or the full name of a user.

    PUT /users/{userId}

    Args:
        user_id: the user's id or present username.
        username: the new username; left out, it stays as it is.
        full_name: the new full name; left out, it stays as it is.

    Returns:
        The user after the change.
    """

    verb = "PUT"
    route = "/users/{userId}"
    errors: ClassVar[ErrorModels] = UNAUTHORIZED
    user_id: Annotated[str, Path("userId")]
    username: Annotated[str | None, Json("username")] = None
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.frozen(eq=False, repr=False)
class DeleteAUser(Operation["models.Success"]):
    """Delete a user. The logs of the user's workflows stay; `delete_logs_for_a_user` removes them.

    DELETE /users/{userId}

    Args:
        user_id: the user's id or username.

    Returns:
        Whether it was done.
    """

    verb = "DELETE"
    route = "/users/{userId}"
    errors: ClassVar[ErrorModels] = UNAUTHORIZED
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class ListAllUsers(Listing["models.Users", "models.User"]):
    """List the users of the account, all in one answer.

    GET /users

    Args:
        parent_workflow_id: only the users of this workflow.

    Returns:
        The users, in `data`.
    """

    verb = "GET"
    route = "/users"
    paging: ClassVar[Unpaged] = Unpaged("data")
    errors: ClassVar[ErrorModels] = UNAUTHORIZED
    parent_workflow_id: Annotated[str | None, Query("parentWorkflowId")] = None


@attrs.frozen(eq=False, repr=False)
class GenerateJwtToken(Operation["models.Token"]):
    """Make the JSON Web Token with which your page shows the embedded modal to a user.

    GET /users/{userId}/token

    Args:
        user_id: the user's id or username.

    Returns:
        The token, a secret.
    """

    verb = "GET"
    route = "/users/{userId}/token"
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class DeleteLogsForAUser(Operation["models.Message"]):
    """Delete every log of a user for good, as a request under a privacy law may demand.

    DELETE /users/{userId}/logs

    Args:
        user_id: the user's id; the username is not promised to work here.

    Returns:
        What was done, in words.
    """

    verb = "DELETE"
    route = "/users/{userId}/logs"
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class DisableAllWorkflowsForAUser(Operation["models.Message"]):
    """Deactivate all the workflows of a user, to pause the account without deleting it.

    PUT /users/{userId}/deactivate-workflows

    Args:
        user_id: the user's id; the username is not promised to work here.

    Returns:
        What was done, in words.
    """

    verb = "PUT"
    route = "/users/{userId}/deactivate-workflows"
    user_id: Annotated[str, Path("userId")]
