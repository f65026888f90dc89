"""The Smooch API (v1), emulated."""

from __future__ import annotations

import random

from ..emulated_service import Clock
from .channels import ChannelOperations
from .image_messages import ImageMessageOperations
from .tokens import APP_ID, KEY_ID, SECRET
from .users import UserOperations

__all__ = ["APP_ID", "KEY_ID", "SECRET", "EmulatedSmooch"]


class EmulatedSmooch(UserOperations, ChannelOperations, ImageMessageOperations):
    """One Smooch app: users, their channels and messages.

    A request needs a JSON Web Token signed with the one key pair that there is. The sandbox's `keys` are not looked at, but for
    `keys=None`, which takes any token.

    Args:
        rng: where ids come from.
        clock: seconds since the epoch.
        seed_users: how many people there are at the start; the first two are known to business systems, and the first to
            a channel.
        app_id: the app's id.
        key_id: the id of the key pair.
        secret: the secret of the key pair.
    """

    def __init__(
        self,
        rng: random.Random,
        clock: Clock,
        seed_users: int = 8,
        app_id: str = APP_ID,
        key_id: str = KEY_ID,
        secret: str = SECRET,
    ) -> None:
        super().__init__(rng, clock, seed_users, app_id, {key_id: secret})
