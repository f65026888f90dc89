"""The two clients of the Agilicus users API, made from one table of methods."""

from __future__ import annotations

from typing import Final, Unpack

from ..core.auth import KeySource
from ..core.client import AsyncClient
from ..core.client_base import hide_arguments
from ..core.operation.endpoint import endpoint
from ..core.options import Options, Service
from ..core.sync import Client
from . import operations


class AgilicusMethods:
    """Agilicus's operations as methods of both clients."""

    bulk_update_metadata: Final = endpoint(operations.BulkUpdateMetadata)
    create_challenge_method: Final = endpoint(operations.CreateChallengeMethod)
    create_service_account: Final = endpoint(operations.CreateServiceAccount)
    create_upstream_user_identity: Final = endpoint(operations.CreateUpstreamUserIdentity)
    create_user: Final = endpoint(operations.CreateUser)
    create_user_identity_update: Final = endpoint(operations.CreateUserIdentityUpdate)
    create_user_metadata: Final = endpoint(operations.CreateUserMetadata)
    create_user_request: Final = endpoint(operations.CreateUserRequest)
    delete_challenge_method: Final = endpoint(operations.DeleteChallengeMethod)
    delete_service_account: Final = endpoint(operations.DeleteServiceAccount)
    delete_upstream_user_identity: Final = endpoint(operations.DeleteUpstreamUserIdentity)
    delete_user: Final = endpoint(operations.DeleteUser)
    delete_user_metadata: Final = endpoint(operations.DeleteUserMetadata)
    delete_user_request: Final = endpoint(operations.DeleteUserRequest)
    get_challenge_method: Final = endpoint(operations.GetChallengeMethod)
    get_service_account: Final = endpoint(operations.GetServiceAccount)
    get_upstream_user_identity: Final = endpoint(operations.GetUpstreamUserIdentity)
    get_user: Final = endpoint(operations.GetUser)
    get_user_metadata: Final = endpoint(operations.GetUserMetadata)
    get_user_request: Final = endpoint(operations.GetUserRequest)
    list_access_requests: Final = endpoint(operations.ListAccessRequests)
    list_all_resource_permissions: Final = endpoint(operations.ListAllResourcePermissions)
    list_all_user_orgs: Final = endpoint(operations.ListAllUserOrgs)
    list_all_user_roles: Final = endpoint(operations.ListAllUserRoles)
    list_challenge_methods: Final = endpoint(operations.ListChallengeMethods)
    list_combined_user_details: Final = endpoint(operations.ListCombinedUserDetails)
    list_org_user_roles: Final = endpoint(operations.ListOrgUserRoles)
    list_service_accounts: Final = endpoint(operations.ListServiceAccounts)
    list_upstream_user_identities: Final = endpoint(operations.ListUpstreamUserIdentities)
    list_user_application_access_info: Final = endpoint(operations.ListUserApplicationAccessInfo)
    list_user_file_share_access_info: Final = endpoint(operations.ListUserFileShareAccessInfo)
    list_user_guids: Final = endpoint(operations.ListUserGuids)
    list_user_metadata: Final = endpoint(operations.ListUserMetadata)
    list_user_permissions: Final = endpoint(operations.ListUserPermissions)
    list_user_requests: Final = endpoint(operations.ListUserRequests)
    list_users: Final = endpoint(operations.ListUsers)
    replace_challenge_method: Final = endpoint(operations.ReplaceChallengeMethod)
    replace_service_account: Final = endpoint(operations.ReplaceServiceAccount)
    replace_upstream_user_identity: Final = endpoint(operations.ReplaceUpstreamUserIdentity)
    replace_user: Final = endpoint(operations.ReplaceUser)
    replace_user_metadata: Final = endpoint(operations.ReplaceUserMetadata)
    replace_user_request: Final = endpoint(operations.ReplaceUserRequest)
    replace_user_role: Final = endpoint(operations.ReplaceUserRole)
    reset_user_mfa_challenge_methods: Final = endpoint(operations.ResetUserMfaChallengeMethods)
    update_user_request: Final = endpoint(operations.UpdateUserRequest)


AGILICUS = Service("agilicus", "https://api.agilicus.com", credential="token")


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
