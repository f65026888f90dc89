"""The users of an Opendatasoft portal (Automation API 1.0), emulated.

Where the contract is silent, the sandbox chooses: members that a PUT leaves out stay, and a filter
by several permissions wants all of them.
"""

from __future__ import annotations

from .users import IDENTITY_PROVIDER, UserOperations

__all__ = ["IDENTITY_PROVIDER", "EmulatedOpendatasoft"]


class EmulatedOpendatasoft(UserOperations):
    """A portal: users with permissions, in groups.

    Args:
        rng: what the invented people look like.
        clock: seconds since the epoch.
        seed_users: how many people there are at the start; the first one is the administrator.
        export_bytes: how long the CSV export is at least: invented users follow on the true ones.
        quota_body: the form of a 429: of this API's errors, or of the vendor's search API.
    """
