"""The users of a Tenable.ad installation, formerly Alsid, emulated.

Where the contract is silent, the sandbox chooses: a taken email is a 409, a bad password or role a
400, and of several users to create either all are created or none.
"""

from __future__ import annotations

from .sessions import SessionOperations
from .users import UserOperations


class EmulatedAlsid(UserOperations, SessionOperations):
    """A Tenable.ad installation: users with roles and passwords.

    Args:
        rng: where tokens come from.
        clock: seconds since the epoch.
        seed_users: how many people there are at the start, besides the administrator.
    """
