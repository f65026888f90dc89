"""The two clients of Opendatasoft's Automation API, made from one table of methods."""

from __future__ import annotations

import re
from typing import Unpack

import attrs

from ..core.auth import KeySource, create_scheme_presenter
from ..core.client import AsyncClient
from ..core.client_base import hide_arguments
from ..core.errors import ConfigurationError
from ..core.operation.client_method import declare_endpoint
from ..core.operation.probe import Probe
from ..core.options import Options, Service
from ..core.sync import Client
from ..core.validation import check_flag
from . import operations

BASE_PATH = "/api/automation/v1.0"


class OpendatasoftMethods:
    """Opendatasoft's operations as methods of both clients."""

    @declare_endpoint(lambda: operations.DeleteUser)
    def delete_user(self) -> None: ...

    @declare_endpoint(lambda: operations.GetUser)
    def get_user(self) -> None: ...

    @declare_endpoint(lambda: operations.GetUsers)
    def get_users(self) -> None: ...

    @declare_endpoint(lambda: operations.InviteUsers)
    def invite_users(self) -> None: ...

    @declare_endpoint(lambda: operations.ProvisionUsers)
    def provision_users(self) -> None: ...

    @declare_endpoint(lambda: operations.UpdateUser)
    def update_user(self) -> None: ...

    @declare_endpoint(lambda: operations.UsersExport)
    def users_export(self) -> None: ...


def _strip_auth_scheme(key: str) -> str:
    """Remove the scheme of a key: a query takes the key alone."""
    return key.split()[-1]


OPENDATASOFT = Service(
    "opendatasoft",
    None,
    present=create_scheme_presenter("Apikey"),
    probe=Probe(
        lambda _: operations.GetUsers(limit=0),
        lambda _, page: f"a portal with {page.total_count} users",
        takes=("identity_provider",),
    ),
)
WITH_KEY_IN_QUERY = attrs.evolve(OPENDATASOFT, present=_strip_auth_scheme, query_key="apikey")


def _resolve_portal(portal: str | None, options: Options) -> Options:
    """Add the base URL of the portal to the options, where one is named."""
    if portal is None:
        return options
    if options.get("base_url") is not None:
        raise ConfigurationError("give portal= or base_url=, not both")
    if not isinstance(portal, str) or not re.fullmatch(r"[\w-]+(\.[\w-]+)*(:\d+)?", portal):
        raise ConfigurationError(f"portal is a host, as mycity.opendatasoft.com, got {portal!r}")
    return {**options, "base_url": f"https://{portal}{BASE_PATH}"}


class AsyncOpendatasoft(OpendatasoftMethods, AsyncClient):
    """The users of one Opendatasoft portal, with methods to await.

        async with AsyncOpendatasoft(portal="mycity.opendatasoft.com") as portal:
            user = await portal.get_user("louise.data")

    The API key comes from `api_key` or from OPENDATASOFT_API_KEY; a bare one is sent as
    `Apikey KEY`. A key works on one portal only, so each portal has a client of its own: `portal`,
    `base_url` or OPENDATASOFT_BASE_URL. The other arguments are those of `AsyncClient`.

    Args:
        portal: the portal's host, as mycity.opendatasoft.com.
        key_in_query: send the key as the query parameter `apikey` in place of the header, for
            proxies that take the header away. It then shows in access logs on the way.
    """

    system = OPENDATASOFT

    @hide_arguments
    def __init__(
        self,
        api_key: KeySource | None = None,
        *,
        portal: str | None = None,
        key_in_query: bool = False,
        **options: Unpack[Options],
    ) -> None:
        check_flag("key_in_query", key_in_query)
        system = WITH_KEY_IN_QUERY if key_in_query else OPENDATASOFT
        self._set_up(api_key, _resolve_portal(portal, options), system)


class Opendatasoft(OpendatasoftMethods, Client):
    """The users of one Opendatasoft portal, with direct methods.

        with Opendatasoft(portal="mycity.opendatasoft.com") as portal:
            user = portal.get_user("louise.data")

    The arguments are those of `AsyncOpendatasoft`.
    """

    system = OPENDATASOFT

    @hide_arguments
    def __init__(
        self,
        api_key: KeySource | None = None,
        *,
        portal: str | None = None,
        key_in_query: bool = False,
        **options: Unpack[Options],
    ) -> None:
        check_flag("key_in_query", key_in_query)
        system = WITH_KEY_IN_QUERY if key_in_query else OPENDATASOFT
        self._set_up(api_key, _resolve_portal(portal, options), system)
