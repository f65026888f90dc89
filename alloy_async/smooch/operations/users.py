"""Users of an app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import attrs

from ...core.operation.markers import Body, Path
from ...core.operation.operation import ErrorModels, Operation
from .. import models
from .error_models import ERRORS


@attrs.frozen(eq=False, repr=False)
class DeleteAppUser(Operation[None]):
    """Delete a user.

    DELETE /v1/apps/{appId}/appusers/{userId}

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        Nothing.

    Raises:
        NotFound: there is no such user (any more).
    """

    verb = "DELETE"
    route = "/v1/apps/{appId}/appusers/{userId}"
    errors: ClassVar[ErrorModels] = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class DeleteAppUserProfile(Operation["models.AppUserResponse"]):
    """Clear the profile of a user (names, email, properties), and keep the user.

    DELETE /v1/apps/{appId}/appusers/{userId}/profile

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        The user after that.
    """

    verb = "DELETE"
    route = "/v1/apps/{appId}/appusers/{userId}/profile"
    errors: ClassVar[ErrorModels] = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetAppUser(Operation["models.AppUserResponse"]):
    """Retrieve one user.

    GET /v1/apps/{appId}/appusers/{userId}

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.

    Returns:
        The user, in `app_user`.

    Raises:
        NotFound: there is no such user.
    """

    verb = "GET"
    route = "/v1/apps/{appId}/appusers/{userId}"
    errors: ClassVar[ErrorModels] = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class PreCreateAppUser(Operation["models.AppUserResponse"]):
    """Create a user before the user's first message; needs a token of scope "app" (or "account").

    POST /v1/apps/{appId}/appusers

    Args:
        app_id: the app's id.
        app_user_pre_create_body: the user; its `user_id` must be new to the app.

    Returns:
        The new user, in `app_user`.

    Raises:
        Conflict: the user_id is taken.
        TransportError, ServerError: with effect "unknown", the user may exist; `get_app_user` tells.
    """

    verb = "POST"
    route = "/v1/apps/{appId}/appusers"
    errors: ClassVar[ErrorModels] = ERRORS
    app_id: Annotated[str, Path("appId")]
    app_user_pre_create_body: Annotated[models.AppUserPreCreate, Body()]

    def check(self) -> None:
        _need_flat(self.app_user_pre_create_body, "app_user_pre_create_body")


@attrs.frozen(eq=False, repr=False)
class UpdateAppUser(Operation["models.AppUserResponse"]):
    """Change a user; what is left out stays as it is, also the keys of `properties`.

    PUT /v1/apps/{appId}/appusers/{userId}

    Args:
        app_id: the app's id.
        user_id: your id or Smooch's id of the user.
        app_user_update_body: the changes.

    Returns:
        The user after the change, in `app_user`.
    """

    verb = "PUT"
    route = "/v1/apps/{appId}/appusers/{userId}"
    errors: ClassVar[ErrorModels] = ERRORS
    app_id: Annotated[str, Path("appId")]
    user_id: Annotated[str, Path("userId")]
    app_user_update_body: Annotated[models.AppUserUpdate, Body()]

    def check(self) -> None:
        _need_flat(self.app_user_update_body, "app_user_update_body")


def _need_flat(body: Any, argument: str) -> None:
    properties = getattr(body, "properties", None)
    if isinstance(properties, Mapping):
        for name, value in properties.items():
            if isinstance(value, Mapping | list | tuple):
                raise ValueError(f"{argument}.properties is flat: {name!r} cannot hold an object or an array")
