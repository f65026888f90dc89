"""The two clients of Tenable.ad, formerly Alsid, made from one table of methods."""

from __future__ import annotations

from ..core.client import AsyncClient
from ..core.operation.client_method import declare_endpoint
from ..core.operation.namespace import AsyncNamespace, Namespace
from ..core.operation.probe import Probe
from ..core.options import Service
from ..core.sync import Client
from . import operations


class AlsidMethods:
    """Alsid's operations as methods of both clients."""

    @declare_endpoint(lambda: operations.ApiLoginPost)
    def api_login_post(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiLogoutPost)
    def api_logout_post(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersForgottenPasswordPost)
    def api_users_forgotten_password_post(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersGet)
    def api_users_get(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersIdDelete)
    def api_users_id_delete(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersIdGet)
    def api_users_id_get(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersIdPatch)
    def api_users_id_patch(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersIdRolesPut)
    def api_users_id_roles_put(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersPasswordPatch)
    def api_users_password_patch(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersPost)
    def api_users_post(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersRetrievePasswordPost)
    def api_users_retrieve_password_post(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersWhoamiGet)
    def api_users_whoami_get(self) -> None: ...


class AlsidUserMethods:
    """Short names for the operations on users: `alsid.users.list()` is `alsid.api_users_get()`."""

    @declare_endpoint(lambda: operations.ApiUsersGet)
    def list(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersIdGet)
    def get(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersPost)
    def create(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersIdPatch)
    def update(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersIdDelete)
    def delete(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersIdRolesPut)
    def replace_roles(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersWhoamiGet)
    def whoami(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersPasswordPatch)
    def change_password(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersForgottenPasswordPost)
    def forget_password(self) -> None: ...

    @declare_endpoint(lambda: operations.ApiUsersRetrievePasswordPost)
    def retrieve_password(self) -> None: ...


class AsyncAlsidUsers(AlsidUserMethods, AsyncNamespace):
    """The operations on users under short names, with methods to await."""


class AlsidUsers(AlsidUserMethods, Namespace):
    """The operations on users under short names, with direct methods."""


ALSID = Service(
    "alsid",
    None,
    present=str,
    header="x-api-key",
    credential_needed=False,
    probe=Probe(lambda _: operations.ApiUsersWhoamiGet(), lambda _, user: user.email or user.name or ""),
)


class AsyncAlsid(AlsidMethods, AsyncClient):
    """The users of one Tenable.ad installation, with methods to await.

        async with AsyncAlsid(base_url="https://customer.tenable.ad") as alsid:
            users = await alsid.api_users_get()

    The API key comes from `api_key` or from ALSID_API_KEY and is sent as it is; without one, only
    the login and the two calls for a forgotten password work. Each installation has its own
    address: `base_url` or ALSID_BASE_URL. The other arguments are those of `AsyncClient`.
    """

    system = ALSID

    @property
    def users(self) -> AsyncAlsidUsers:
        """The operations on users under short names: `await alsid.users.list()`."""
        return AsyncAlsidUsers(self)


class Alsid(AlsidMethods, Client):
    """The users of one Tenable.ad installation, with direct methods.

        with Alsid(base_url="https://customer.tenable.ad") as alsid:
            users = alsid.api_users_get()

    The arguments are those of `AsyncAlsid`.
    """

    system = ALSID

    @property
    def users(self) -> AlsidUsers:
        """The operations on users under short names: `alsid.users.list()`."""
        return AlsidUsers(self)
