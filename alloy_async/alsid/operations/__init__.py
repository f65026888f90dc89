"""The 12 operations on users of Tenable.ad, formerly Alsid.

Every operation may raise any AlloyAsyncError; a docstring names those that mean something of its
own. The vendor documents no error: a refusal comes as a StatusError by its status, its body as
plain JSON. A POST or PATCH is not sent again by itself once its effect is "unknown".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import attach_lazy

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .account import (
        ApiLoginPost as ApiLoginPost,
        ApiLogoutPost as ApiLogoutPost,
        ApiUsersForgottenPasswordPost as ApiUsersForgottenPasswordPost,
        ApiUsersPasswordPatch as ApiUsersPasswordPatch,
        ApiUsersRetrievePasswordPost as ApiUsersRetrievePasswordPost,
        ApiUsersWhoamiGet as ApiUsersWhoamiGet,
    )
    from .users import (
        RESERVED_IDS as RESERVED_IDS,
        ApiUsersGet as ApiUsersGet,
        ApiUsersIdDelete as ApiUsersIdDelete,
        ApiUsersIdGet as ApiUsersIdGet,
        ApiUsersIdPatch as ApiUsersIdPatch,
        ApiUsersIdRolesPut as ApiUsersIdRolesPut,
        ApiUsersPost as ApiUsersPost,
    )
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        "account": (
            "ApiLoginPost",
            "ApiLogoutPost",
            "ApiUsersWhoamiGet",
            "ApiUsersPasswordPatch",
            "ApiUsersForgottenPasswordPost",
            "ApiUsersRetrievePasswordPost",
        ),
        "users": (
            "RESERVED_IDS",
            "ApiUsersGet",
            "ApiUsersPost",
            "ApiUsersIdGet",
            "ApiUsersIdPatch",
            "ApiUsersIdDelete",
            "ApiUsersIdRolesPut",
        ),
    }
    __getattr__, __dir__, __all__ = attach_lazy(__name__, _HOMES)
