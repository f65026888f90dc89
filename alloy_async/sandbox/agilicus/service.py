"""The users API of Agilicus, emulated."""

from __future__ import annotations

from .accounts import AccountOperations
from .identities import IdentityOperations
from .permissions import PermissionOperations
from .requests import RequestOperations
from .users import UserOperations


class EmulatedAgilicus(
    UserOperations,
    IdentityOperations,
    AccountOperations,
    PermissionOperations,
    RequestOperations,
):
    """Two organisations, one below the other, with users, groups, a service account, roles and requests.

    Args:
        rng: where ids come from.
        clock: seconds since the epoch.
        seed_users: how many people there are at the start; every third is in both organisations.
        show_type: whether users are answered with their `type`; the real service may leave it out.
    """
