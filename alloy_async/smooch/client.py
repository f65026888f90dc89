"""The two clients of Smooch, made from one table of methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from ..core.auth import KeySource, create_scheme_presenter
from ..core.client import AsyncClient
from ..core.client_base import hide_arguments
from ..core.errors import AlloyAsyncError, NotFound
from ..core.operation.client_method import declare_endpoint
from ..core.operation.probe import Probe
from ..core.options import Options, Service
from ..core.sync import Client
from . import operations
from .jwt import Scope, choose_credential


class SmoochMethods:
    """Smooch's operations on app users as methods of both clients."""

    # users
    @declare_endpoint(lambda: operations.DeleteAppUser)
    def delete_app_user(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteAppUserProfile)
    def delete_app_user_profile(self) -> None: ...

    @declare_endpoint(lambda: operations.GetAppUser)
    def get_app_user(self) -> None: ...

    @declare_endpoint(lambda: operations.PreCreateAppUser)
    def pre_create_app_user(self) -> None: ...

    @declare_endpoint(lambda: operations.UpdateAppUser)
    def update_app_user(self) -> None: ...

    # channels and business systems
    @declare_endpoint(lambda: operations.GetAppUserAuthCode)
    def get_app_user_auth_code(self) -> None: ...

    @declare_endpoint(lambda: operations.GetAppUserBusinessSystemIds)
    def get_app_user_business_system_ids(self) -> None: ...

    @declare_endpoint(lambda: operations.GetAppUserEntityIds)
    def get_app_user_entity_ids(self) -> None: ...

    @declare_endpoint(lambda: operations.GetLinkRequests)
    def get_link_requests(self) -> None: ...

    @declare_endpoint(lambda: operations.LinkAppUser)
    def link_app_user(self) -> None: ...

    @declare_endpoint(lambda: operations.UnlinkAppUser)
    def unlink_app_user(self) -> None: ...

    # messages
    @declare_endpoint(lambda: operations.PostImageMessage)
    def post_image_message(self) -> None: ...


NOBODY = "alloy-async-check"
"""A user whom no app has: to ask for it is the cheapest call, and only who is let in is told that there is none."""


def _create_question(place: Mapping[str, str]) -> operations.GetAppUser:
    if "app_id" not in place:
        raise ValueError("app_id= is missing: Smooch has no call that concerns no app")
    return operations.GetAppUser(place["app_id"], NOBODY)


def _says_that_nobody_is_there(error: AlloyAsyncError) -> bool:
    return isinstance(error, NotFound) and isinstance(error.body, operations.ERRORS["default"])


SMOOCH = Service(
    "smooch",
    "https://api.smooch.io",
    present=create_scheme_presenter("Bearer"),
    credential="token",
    probe=Probe(
        _create_question,
        lambda place, _: f"app {place['app_id']}",
        _says_that_nobody_is_there,
        takes=("app_id",),
    ),
)


class AsyncSmooch(SmoochMethods, AsyncClient):
    """Smooch, API v1, with methods to await.

        async with AsyncSmooch(key_id="app_...", secret="...") as smooch:
            user = (await smooch.get_app_user(app_id, "ada")).app_user

    The other arguments are those of `AsyncClient`; `base_url="https://api.eu-1.smooch.io"` is the service in the EU.

    Args:
        token: a ready JSON Web Token, or a callable, plain or async, that gives one; default SMOOCH_TOKEN.
        key_id: the id of a key pair to sign tokens with (extra `smooch`); default SMOOCH_KEY_ID.
        secret: the key pair's secret; default SMOOCH_SECRET.
        scope: what the signed tokens are good for: "app", "account" or "appUser"; default SMOOCH_SCOPE, else "app".
        user_id: the user that scope "appUser" is about.

    Raises:
        ConfigurationError: there is no credential, or PyJWT is missing to make it.
    """

    system = SMOOCH

    @hide_arguments
    def __init__(
        self,
        token: KeySource | None = None,
        *,
        key_id: str | None = None,
        secret: str | None = None,
        scope: Scope | None = None,
        user_id: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        self._set_up(choose_credential(SMOOCH, token, key_id, secret, scope, user_id), options)


class Smooch(SmoochMethods, Client):
    """Smooch, API v1, with direct methods.

        with Smooch(key_id="app_...", secret="...") as smooch:
            user = smooch.get_app_user(app_id, "ada").app_user

    The arguments are those of `AsyncSmooch`.
    """

    system = SMOOCH

    @hide_arguments
    def __init__(
        self,
        token: KeySource | None = None,
        *,
        key_id: str | None = None,
        secret: str | None = None,
        scope: Scope | None = None,
        user_id: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        self._set_up(choose_credential(SMOOCH, token, key_id, secret, scope, user_id), options)
