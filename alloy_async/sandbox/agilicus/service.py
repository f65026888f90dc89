"""The users API of Agilicus, emulated."""

from __future__ import annotations

from functools import partial

from ..emulated_service import Handler
from .access_requests import AccessRequestOperations
from .entity_kinds import HANDLERS
from .permissions import PermissionOperations
from .users import UserOperations


class EmulatedAgilicus(UserOperations, PermissionOperations, AccessRequestOperations):
    """Two organisations, one below the other, with users, groups, a service account, roles and requests.

    Args:
        rng: where ids come from.
        clock: seconds since the epoch.
        seed_users: how many people there are at the start; every third is in both organisations.
        show_type: whether users are answered with their `type`; the real service may leave it out.
    """

    def find_handler_of_operation(self, operation: str) -> Handler:
        handler = HANDLERS.get(operation)
        return partial(handler, self) if handler else super().find_handler_of_operation(operation)
