"""The 12 operations on Smooch's app users, API v1.

A `user_id` is the app maker's own id of a user, or the id that Smooch gave (`AppUser.id`). Every operation may raise any
AlloyAsyncError; a docstring names those that mean something of its own. A POST is not idempotent: it is not sent again by
itself once its effect is "unknown". Smooch tells no rate limit, but may disable an app that keeps exceeding it.
"""

# The answers stand in quotes, as the models are not loaded before they are needed.

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import attach_lazy

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .channels import (
        ACTIONS_PER_ITEM as ACTIONS_PER_ITEM,
        MAX_ITEMS as MAX_ITEMS,
        PHONE_CHANNELS as PHONE_CHANNELS,
        GetAppUserAuthCode as GetAppUserAuthCode,
        GetAppUserBusinessSystemIds as GetAppUserBusinessSystemIds,
        GetAppUserEntityIds as GetAppUserEntityIds,
        GetLinkRequests as GetLinkRequests,
        LinkAppUser as LinkAppUser,
        UnlinkAppUser as UnlinkAppUser,
    )
    from .error_models import (
        ERRORS as ERRORS,
    )
    from .image_messages import (
        PostImageMessage as PostImageMessage,
    )
    from .users import (
        DeleteAppUser as DeleteAppUser,
        DeleteAppUserProfile as DeleteAppUserProfile,
        GetAppUser as GetAppUser,
        PreCreateAppUser as PreCreateAppUser,
        UpdateAppUser as UpdateAppUser,
    )
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        "channels": (
            "ACTIONS_PER_ITEM",
            "MAX_ITEMS",
            "PHONE_CHANNELS",
            "GetAppUserAuthCode",
            "GetAppUserBusinessSystemIds",
            "GetAppUserEntityIds",
            "GetLinkRequests",
            "LinkAppUser",
            "UnlinkAppUser",
        ),
        "error_models": ("ERRORS",),
        "image_messages": ("PostImageMessage",),
        "users": (
            "DeleteAppUser",
            "DeleteAppUserProfile",
            "GetAppUser",
            "PreCreateAppUser",
            "UpdateAppUser",
        ),
    }
    __getattr__, __dir__, __all__ = attach_lazy(__name__, _HOMES)
