"""The 45 operations of the Agilicus users API, by topic.

Every operation may raise any AlloyAsyncError; a docstring names those that mean something of its own. A POST is
not idempotent: it is not sent again by itself once its effect is "unknown", and you should look before you repeat
it. Every refusal may carry a `models.ErrorMessage`, though the service documents that for few.

The answers stand in quotes, as the models are not loaded before they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import attach_lazy

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .access_info import (
        ListUserApplicationAccessInfo as ListUserApplicationAccessInfo,
        ListUserFileShareAccessInfo as ListUserFileShareAccessInfo,
    )
    from .common import (
        MAX_LIMIT as MAX_LIMIT,
    )
    from .identities import (
        CreateUpstreamUserIdentity as CreateUpstreamUserIdentity,
        CreateUserIdentityUpdate as CreateUserIdentityUpdate,
        DeleteUpstreamUserIdentity as DeleteUpstreamUserIdentity,
        GetUpstreamUserIdentity as GetUpstreamUserIdentity,
        ListUpstreamUserIdentities as ListUpstreamUserIdentities,
        ReplaceUpstreamUserIdentity as ReplaceUpstreamUserIdentity,
    )
    from .metadata import (
        BulkUpdateMetadata as BulkUpdateMetadata,
        CreateUserMetadata as CreateUserMetadata,
        DeleteUserMetadata as DeleteUserMetadata,
        GetUserMetadata as GetUserMetadata,
        ListUserMetadata as ListUserMetadata,
        ReplaceUserMetadata as ReplaceUserMetadata,
    )
    from .mfa_methods import (
        CreateChallengeMethod as CreateChallengeMethod,
        DeleteChallengeMethod as DeleteChallengeMethod,
        GetChallengeMethod as GetChallengeMethod,
        ListChallengeMethods as ListChallengeMethods,
        ReplaceChallengeMethod as ReplaceChallengeMethod,
        ResetUserMfaChallengeMethods as ResetUserMfaChallengeMethods,
    )
    from .organisations import (
        ListAllUserOrgs as ListAllUserOrgs,
    )
    from .permissions import (
        ListAllResourcePermissions as ListAllResourcePermissions,
        ListAllUserRoles as ListAllUserRoles,
        ListOrgUserRoles as ListOrgUserRoles,
        ListUserPermissions as ListUserPermissions,
        ReplaceUserRole as ReplaceUserRole,
    )
    from .service_accounts import (
        CreateServiceAccount as CreateServiceAccount,
        DeleteServiceAccount as DeleteServiceAccount,
        GetServiceAccount as GetServiceAccount,
        ListServiceAccounts as ListServiceAccounts,
        ReplaceServiceAccount as ReplaceServiceAccount,
    )
    from .user_requests import (
        CreateUserRequest as CreateUserRequest,
        DeleteUserRequest as DeleteUserRequest,
        GetUserRequest as GetUserRequest,
        ListAccessRequests as ListAccessRequests,
        ListUserRequests as ListUserRequests,
        ReplaceUserRequest as ReplaceUserRequest,
        UpdateUserRequest as UpdateUserRequest,
    )
    from .users import (
        CreateUser as CreateUser,
        DeleteUser as DeleteUser,
        GetUser as GetUser,
        ListCombinedUserDetails as ListCombinedUserDetails,
        ListUserGuids as ListUserGuids,
        ListUsers as ListUsers,
        ReplaceUser as ReplaceUser,
    )
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        "access_info": (
            "ListUserApplicationAccessInfo",
            "ListUserFileShareAccessInfo",
        ),
        "common": ("MAX_LIMIT",),
        "identities": (
            "CreateUpstreamUserIdentity",
            "CreateUserIdentityUpdate",
            "DeleteUpstreamUserIdentity",
            "GetUpstreamUserIdentity",
            "ListUpstreamUserIdentities",
            "ReplaceUpstreamUserIdentity",
        ),
        "metadata": (
            "BulkUpdateMetadata",
            "CreateUserMetadata",
            "DeleteUserMetadata",
            "GetUserMetadata",
            "ListUserMetadata",
            "ReplaceUserMetadata",
        ),
        "mfa_methods": (
            "CreateChallengeMethod",
            "DeleteChallengeMethod",
            "GetChallengeMethod",
            "ListChallengeMethods",
            "ReplaceChallengeMethod",
            "ResetUserMfaChallengeMethods",
        ),
        "organisations": ("ListAllUserOrgs",),
        "permissions": (
            "ListAllResourcePermissions",
            "ListAllUserRoles",
            "ListOrgUserRoles",
            "ListUserPermissions",
            "ReplaceUserRole",
        ),
        "service_accounts": (
            "CreateServiceAccount",
            "DeleteServiceAccount",
            "GetServiceAccount",
            "ListServiceAccounts",
            "ReplaceServiceAccount",
        ),
        "user_requests": (
            "CreateUserRequest",
            "DeleteUserRequest",
            "GetUserRequest",
            "ListAccessRequests",
            "ListUserRequests",
            "ReplaceUserRequest",
            "UpdateUserRequest",
        ),
        "users": (
            "CreateUser",
            "DeleteUser",
            "GetUser",
            "ListCombinedUserDetails",
            "ListUserGuids",
            "ListUsers",
            "ReplaceUser",
        ),
    }
    __getattr__, __dir__, __all__ = attach_lazy(__name__, _HOMES)
