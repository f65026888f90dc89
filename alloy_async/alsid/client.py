"""The two clients of Tenable.ad, formerly Alsid, made from one table of methods."""

from __future__ import annotations

from typing import Final

from ..core.client import AsyncClient
from ..core.operation.endpoint import endpoint
from ..core.options import Service
from ..core.sync import Client
from . import operations


class AlsidMethods:
    """Alsid's operations as methods of both clients."""

    api_login_post: Final = endpoint(operations.ApiLoginPost)
    api_logout_post: Final = endpoint(operations.ApiLogoutPost)
    api_users_forgotten_password_post: Final = endpoint(operations.ApiUsersForgottenPasswordPost)
    api_users_get: Final = endpoint(operations.ApiUsersGet)
    api_users_id_delete: Final = endpoint(operations.ApiUsersIdDelete)
    api_users_id_get: Final = endpoint(operations.ApiUsersIdGet)
    api_users_id_patch: Final = endpoint(operations.ApiUsersIdPatch)
    api_users_id_roles_put: Final = endpoint(operations.ApiUsersIdRolesPut)
    api_users_password_patch: Final = endpoint(operations.ApiUsersPasswordPatch)
    api_users_post: Final = endpoint(operations.ApiUsersPost)
    api_users_retrieve_password_post: Final = endpoint(operations.ApiUsersRetrievePasswordPost)
    api_users_whoami_get: Final = endpoint(operations.ApiUsersWhoamiGet)


ALSID = Service("alsid", None, present=str, header="x-api-key", credential_needed=False)


class AsyncAlsid(AlsidMethods, AsyncClient):
    """The users of one Tenable.ad installation, with methods to await.

        async with AsyncAlsid(base_url="https://customer.tenable.ad") as alsid:
            users = await alsid.api_users_get()

    The API key comes from `api_key` or from ALSID_API_KEY and is sent as it is; without one, only
    the login and the two calls for a forgotten password work. Each installation has its own
    address: `base_url` or ALSID_BASE_URL. The other arguments are those of `AsyncClient`.
    """

    system = ALSID


class Alsid(AlsidMethods, Client):
    """The users of one Tenable.ad installation, with direct methods.

        with Alsid(base_url="https://customer.tenable.ad") as alsid:
            users = alsid.api_users_get()

    The arguments are those of `AsyncAlsid`.
    """

    system = ALSID
