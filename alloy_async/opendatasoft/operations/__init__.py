"""The 7 operations on users of Opendatasoft's Automation API 1.0.

Every operation may raise any AlloyAsyncError; a docstring names those that mean something of its
own. The body of a refusal is an `Error`. A POST is not sent again by itself once its effect is
"unknown".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import attach_lazy

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .error_models import (
        ERRORS as ERRORS,
    )
    from .export import (
        UsersExport as UsersExport,
    )
    from .new_users import (
        InviteUsers as InviteUsers,
        ProvisionUsers as ProvisionUsers,
    )
    from .users import (
        ERRORS_OF_ONE_USER as ERRORS_OF_ONE_USER,
        MAX_LIMIT as MAX_LIMIT,
        RESERVED_USERNAMES as RESERVED_USERNAMES,
        DeleteUser as DeleteUser,
        GetUser as GetUser,
        GetUsers as GetUsers,
        UpdateUser as UpdateUser,
    )
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        "error_models": ("ERRORS",),
        "export": ("UsersExport",),
        "new_users": (
            "InviteUsers",
            "ProvisionUsers",
        ),
        "users": (
            "MAX_LIMIT",
            "RESERVED_USERNAMES",
            "ERRORS_OF_ONE_USER",
            "GetUsers",
            "GetUser",
            "UpdateUser",
            "DeleteUser",
        ),
    }
    __getattr__, __dir__, __all__ = attach_lazy(__name__, _HOMES)
