"""The two clients of Smooch, made from one table of methods."""

from __future__ import annotations

from typing import Final, Unpack

from ..core.auth import KeySource, with_default_scheme
from ..core.client import AsyncClient
from ..core.client_base import hide_arguments
from ..core.operation.endpoint import endpoint
from ..core.options import Options, Service
from ..core.sync import Client
from . import operations
from .jwt import Scope, credential


class SmoochMethods:
    """Smooch's operations on app users as methods of both clients."""

    # users
    delete_app_user: Final = endpoint(operations.DeleteAppUser)
    delete_app_user_profile: Final = endpoint(operations.DeleteAppUserProfile)
    get_app_user: Final = endpoint(operations.GetAppUser)
    pre_create_app_user: Final = endpoint(operations.PreCreateAppUser)
    update_app_user: Final = endpoint(operations.UpdateAppUser)

    # channels and business systems
    get_app_user_auth_code: Final = endpoint(operations.GetAppUserAuthCode)
    get_app_user_business_system_ids: Final = endpoint(operations.GetAppUserBusinessSystemIds)
    get_app_user_entity_ids: Final = endpoint(operations.GetAppUserEntityIds)
    get_link_requests: Final = endpoint(operations.GetLinkRequests)
    link_app_user: Final = endpoint(operations.LinkAppUser)
    unlink_app_user: Final = endpoint(operations.UnlinkAppUser)

    # messages
    post_image_message: Final = endpoint(operations.PostImageMessage)


SMOOCH = Service("smooch", "https://api.smooch.io", present=with_default_scheme("Bearer"), credential="token")


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
        self._set_up(credential(SMOOCH, token, key_id, secret, scope, user_id), options)


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
        self._set_up(credential(SMOOCH, token, key_id, secret, scope, user_id), options)
