"""The 12 operations on Smooch's app users, API v1.

A `user_id` is the app maker's own id of a user, or the id that Smooch gave (`AppUser.id`). Every operation may raise any
AlloyAsyncError; a docstring names those that mean something of its own. A POST is not idempotent: it is not sent again by
itself once its effect is "unknown". Smooch tells no rate limit, but may disable an app that keeps exceeding it.
"""

# The answers stand in quotes, as the models are not loaded before they are needed.

from __future__ import annotations

from .channels import (
    ACTIONS_PER_ITEM,
    MAX_ITEMS,
    PHONE_CHANNELS,
    GetAppUserAuthCode,
    GetAppUserBusinessSystemIds,
    GetAppUserEntityIds,
    GetLinkRequests,
    LinkAppUser,
    UnlinkAppUser,
)
from .common import ERRORS
from .messages import PostImageMessage
from .users import (
    DeleteAppUser,
    DeleteAppUserProfile,
    GetAppUser,
    PreCreateAppUser,
    UpdateAppUser,
)

__all__ = [
    "ACTIONS_PER_ITEM",
    "ERRORS",
    "MAX_ITEMS",
    "PHONE_CHANNELS",
    "DeleteAppUser",
    "DeleteAppUserProfile",
    "GetAppUser",
    "GetAppUserAuthCode",
    "GetAppUserBusinessSystemIds",
    "GetAppUserEntityIds",
    "GetLinkRequests",
    "LinkAppUser",
    "PostImageMessage",
    "PreCreateAppUser",
    "UnlinkAppUser",
    "UpdateAppUser",
]
