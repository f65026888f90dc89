"""The 45 operations of the Agilicus users API, by topic.

Every operation may raise any AlloyAsyncError; a docstring names those that mean something of its own. A POST is
not idempotent: it is not sent again by itself once its effect is "unknown", and you should look before you repeat
it. Every refusal may carry a `models.ErrorMessage`, though the service documents that for few.

The answers stand in quotes, as the models are not loaded before they are needed.
"""

from __future__ import annotations

from .access_info import ListUserApplicationAccessInfo, ListUserFileShareAccessInfo
from .common import MAX_LIMIT
from .identities import (
    CreateUpstreamUserIdentity,
    CreateUserIdentityUpdate,
    DeleteUpstreamUserIdentity,
    GetUpstreamUserIdentity,
    ListUpstreamUserIdentities,
    ReplaceUpstreamUserIdentity,
)
from .metadata import (
    BulkUpdateMetadata,
    CreateUserMetadata,
    DeleteUserMetadata,
    GetUserMetadata,
    ListUserMetadata,
    ReplaceUserMetadata,
)
from .mfa_methods import (
    CreateChallengeMethod,
    DeleteChallengeMethod,
    GetChallengeMethod,
    ListChallengeMethods,
    ReplaceChallengeMethod,
    ResetUserMfaChallengeMethods,
)
from .organisations import ListAllUserOrgs
from .permissions import (
    ListAllResourcePermissions,
    ListAllUserRoles,
    ListOrgUserRoles,
    ListUserPermissions,
    ReplaceUserRole,
)
from .service_accounts import (
    CreateServiceAccount,
    DeleteServiceAccount,
    GetServiceAccount,
    ListServiceAccounts,
    ReplaceServiceAccount,
)
from .user_requests import (
    CreateUserRequest,
    DeleteUserRequest,
    GetUserRequest,
    ListAccessRequests,
    ListUserRequests,
    ReplaceUserRequest,
    UpdateUserRequest,
)
from .users import (
    CreateUser,
    DeleteUser,
    GetUser,
    ListCombinedUserDetails,
    ListUserGuids,
    ListUsers,
    ReplaceUser,
)

__all__ = [
    "MAX_LIMIT",
    "BulkUpdateMetadata",
    "CreateChallengeMethod",
    "CreateServiceAccount",
    "CreateUpstreamUserIdentity",
    "CreateUser",
    "CreateUserIdentityUpdate",
    "CreateUserMetadata",
    "CreateUserRequest",
    "DeleteChallengeMethod",
    "DeleteServiceAccount",
    "DeleteUpstreamUserIdentity",
    "DeleteUser",
    "DeleteUserMetadata",
    "DeleteUserRequest",
    "GetChallengeMethod",
    "GetServiceAccount",
    "GetUpstreamUserIdentity",
    "GetUser",
    "GetUserMetadata",
    "GetUserRequest",
    "ListAccessRequests",
    "ListAllResourcePermissions",
    "ListAllUserOrgs",
    "ListAllUserRoles",
    "ListChallengeMethods",
    "ListCombinedUserDetails",
    "ListOrgUserRoles",
    "ListServiceAccounts",
    "ListUpstreamUserIdentities",
    "ListUserApplicationAccessInfo",
    "ListUserFileShareAccessInfo",
    "ListUserGuids",
    "ListUserMetadata",
    "ListUserPermissions",
    "ListUserRequests",
    "ListUsers",
    "ReplaceChallengeMethod",
    "ReplaceServiceAccount",
    "ReplaceUpstreamUserIdentity",
    "ReplaceUser",
    "ReplaceUserMetadata",
    "ReplaceUserRequest",
    "ReplaceUserRole",
    "ResetUserMfaChallengeMethods",
    "UpdateUserRequest",
]
