"""The Alloy Embedded API (2024-03), emulated."""

from __future__ import annotations

import random
from typing import ClassVar

from ..credential_places import HeaderKey
from ..emulated_service import Authentication, Clock
from .credentials import CredentialOperations
from .integrations import IntegrationOperations
from .users import UserOperations
from .workflow_runs import RunOperations
from .workflows import WorkflowOperations


class EmulatedAlloy(
    UserOperations,
    CredentialOperations,
    IntegrationOperations,
    WorkflowOperations,
    RunOperations,
):
    """An Alloy account: users with credentials, installed workflows and logs.

    Args:
        rng: where ids come from.
        clock: seconds since the epoch.
        seed_users: how many people there are at the start; the first four have credentials,
            workflows and logs.
        first_page: the number of the first page of logs; the contract leaves open which it is.
    """

    authenticate: ClassVar[Authentication] = HeaderKey("Authorization", scheme="bearer")

    def __init__(self, rng: random.Random, clock: Clock, seed_users: int = 8, first_page: int = 0) -> None:
        super().__init__(rng, clock, seed_users)
        self.first_page = first_page
