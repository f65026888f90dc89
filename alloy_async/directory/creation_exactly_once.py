"""Create one user exactly once: where the answer to the creation is lost, find out whether the user exists."""

from __future__ import annotations

import attrs

from ..core.errors import AlloyAsyncError, InvalidRequest
from .interface import Directory
from .record import Outcome, UserRecord
from .record_fit import fit_record
from .user_differences import find_changes

_FOUND = "its answer was lost; it was found as intended"
_SENDS = 2
"""Requests at most; the second one only where the system refuses a second user of the same key."""


async def create_once(directory: Directory, record: UserRecord) -> Outcome:
    """Create one user; where the answer is lost, look the user up before giving up: one user, and one success.

    A user of the same key who is otherwise than the record says is somebody else's, and stays as it is: `exists`.

    Args:
        directory: the system.
        record: the user.

    Returns:
        `created` also where the answer was lost and the user is there as intended; a reason says so. `unknown` only where the
        system could not be asked, or does not have the user yet and would take a second request for a second user.

    Raises:
        AlloyAsyncError: nothing happened; see `Directory.create`.
    """
    can = directory.capabilities
    key = getattr(record, can.key) or record.email or record.username
    lost: Outcome | None = None
    for _ in range(_SENDS):
        (outcome,) = await directory.create([record])
        if outcome.status not in ("unknown", "exists") or (outcome.status == "exists" and lost is None):
            return outcome
        lost = lost or outcome
        try:
            there = await directory.find(key)
        except InvalidRequest as error:
            return attrs.evolve(lost, reason=f"{lost.reason}; {error}")
        except AlloyAsyncError as error:
            return attrs.evolve(lost, reason=f"{lost.reason}; asking whether it is in failed: {error}")
        if there is not None:
            changes = find_changes(
                fit_record(record, can), there, (name for name in can.shows if name != can.key)
            )
            if not changes:
                return Outcome(outcome.key, "created", _FOUND, there.remote_id)
            reason = f"a user of this key is there, and differs ({', '.join(changes)}); it stays as it is"
            return Outcome(outcome.key, "exists", reason, there.remote_id)
        if not can.key_is_unique:
            break
    assert lost is not None
    return lost
