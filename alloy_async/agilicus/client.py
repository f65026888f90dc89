"""The two clients of the Agilicus users API, made from one table of methods."""

from __future__ import annotations

from typing import Unpack

from ..core.auth import KeySource
from ..core.client import AsyncClient
from ..core.client_base import hide_arguments
from ..core.operation.client_method import declare_endpoint
from ..core.operation.probe import Probe
from ..core.options import Options, Service
from ..core.sync import Client
from . import operations


class AgilicusMethods:
    """Agilicus's operations as methods of both clients."""

    @declare_endpoint(lambda: operations.BulkUpdateMetadata)
    def bulk_update_metadata(self) -> None: ...

    @declare_endpoint(lambda: operations.CreateChallengeMethod)
    def create_challenge_method(self) -> None: ...

    @declare_endpoint(lambda: operations.CreateServiceAccount)
    def create_service_account(self) -> None: ...

    @declare_endpoint(lambda: operations.CreateUpstreamUserIdentity)
    def create_upstream_user_identity(self) -> None: ...

    @declare_endpoint(lambda: operations.CreateUser)
    def create_user(self) -> None: ...

    @declare_endpoint(lambda: operations.CreateUserIdentityUpdate)
    def create_user_identity_update(self) -> None: ...

    @declare_endpoint(lambda: operations.CreateUserMetadata)
    def create_user_metadata(self) -> None: ...

    @declare_endpoint(lambda: operations.CreateUserRequest)
    def create_user_request(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteChallengeMethod)
    def delete_challenge_method(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteServiceAccount)
    def delete_service_account(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteUpstreamUserIdentity)
    def delete_upstream_user_identity(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteUser)
    def delete_user(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteUserMetadata)
    def delete_user_metadata(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteUserRequest)
    def delete_user_request(self) -> None: ...

    @declare_endpoint(lambda: operations.GetChallengeMethod)
    def get_challenge_method(self) -> None: ...

    @declare_endpoint(lambda: operations.GetServiceAccount)
    def get_service_account(self) -> None: ...

    @declare_endpoint(lambda: operations.GetUpstreamUserIdentity)
    def get_upstream_user_identity(self) -> None: ...

    @declare_endpoint(lambda: operations.GetUser)
    def get_user(self) -> None: ...

    @declare_endpoint(lambda: operations.GetUserMetadata)
    def get_user_metadata(self) -> None: ...

    @declare_endpoint(lambda: operations.GetUserRequest)
    def get_user_request(self) -> None: ...

    @declare_endpoint(lambda: operations.ListAccessRequests)
    def list_access_requests(self) -> None: ...

    @declare_endpoint(lambda: operations.ListAllResourcePermissions)
    def list_all_resource_permissions(self) -> None: ...

    @declare_endpoint(lambda: operations.ListAllUserOrgs)
    def list_all_user_orgs(self) -> None: ...

    @declare_endpoint(lambda: operations.ListAllUserRoles)
    def list_all_user_roles(self) -> None: ...

    @declare_endpoint(lambda: operations.ListChallengeMethods)
    def list_challenge_methods(self) -> None: ...

    @declare_endpoint(lambda: operations.ListCombinedUserDetails)
    def list_combined_user_details(self) -> None: ...

    @declare_endpoint(lambda: operations.ListOrgUserRoles)
    def list_org_user_roles(self) -> None: ...

    @declare_endpoint(lambda: operations.ListServiceAccounts)
    def list_service_accounts(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUpstreamUserIdentities)
    def list_upstream_user_identities(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUserApplicationAccessInfo)
    def list_user_application_access_info(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUserFileShareAccessInfo)
    def list_user_file_share_access_info(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUserGuids)
    def list_user_guids(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUserMetadata)
    def list_user_metadata(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUserPermissions)
    def list_user_permissions(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUserRequests)
    def list_user_requests(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUsers)
    def list_users(self) -> None: ...

    @declare_endpoint(lambda: operations.ReplaceChallengeMethod)
    def replace_challenge_method(self) -> None: ...

    @declare_endpoint(lambda: operations.ReplaceServiceAccount)
    def replace_service_account(self) -> None: ...

    @declare_endpoint(lambda: operations.ReplaceUpstreamUserIdentity)
    def replace_upstream_user_identity(self) -> None: ...

    @declare_endpoint(lambda: operations.ReplaceUser)
    def replace_user(self) -> None: ...

    @declare_endpoint(lambda: operations.ReplaceUserMetadata)
    def replace_user_metadata(self) -> None: ...

    @declare_endpoint(lambda: operations.ReplaceUserRequest)
    def replace_user_request(self) -> None: ...

    @declare_endpoint(lambda: operations.ReplaceUserRole)
    def replace_user_role(self) -> None: ...

    @declare_endpoint(lambda: operations.ResetUserMfaChallengeMethods)
    def reset_user_mfa_challenge_methods(self) -> None: ...

    @declare_endpoint(lambda: operations.UpdateUserRequest)
    def update_user_request(self) -> None: ...


AGILICUS = Service(
    "agilicus",
    "https://api.agilicus.com",
    credential="token",
    probe=Probe(
        lambda place: operations.ListUsers(org_id=place.get("org_id"), limit=1),
        lambda place, _: f"organisation {place['org_id']}" if "org_id" in place else "",
        takes=("org_id",),
    ),
)


class AsyncAgilicus(AgilicusMethods, AsyncClient):
    """The users API of Agilicus, with methods to await.

        async with AsyncAgilicus(token) as agilicus:
            page = await agilicus.list_users(org_id=org_id, type=["user"])

    Args:
        token: the bearer token, or a callable, plain or async, that gives one; it is called again after a 401.
            Left out, it is read from AGILICUS_TOKEN.
        **options: those of `AsyncClient`; the address is AGILICUS_BASE_URL's or https://api.agilicus.com.
    """

    system = AGILICUS

    @hide_arguments
    def __init__(self, token: KeySource | None = None, **options: Unpack[Options]) -> None:
        self._set_up(token, options)


class Agilicus(AgilicusMethods, Client):
    """The users API of Agilicus, with direct methods.

        with Agilicus(token) as agilicus:
            page = agilicus.list_users(org_id=org_id, type=["user"])

    The arguments are those of `AsyncAgilicus`.
    """

    system = AGILICUS

    @hide_arguments
    def __init__(self, token: KeySource | None = None, **options: Unpack[Options]) -> None:
        self._set_up(token, options)
