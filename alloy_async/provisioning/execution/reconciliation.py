"""What is right for a line once it is known what the system holds: before it is sent, and when its answer was lost."""

from __future__ import annotations

from ...directory import Capabilities, UserRecord
from ..planning.comparison import UserComparer
from ..store.rows import NOT_THERE, Result, Task
from ..store.schema import RowOutcome

_GONE = "is not there any more; plan again"
_EDITED = "was changed by somebody since it was planned; plan again"


class Judge:
    """Decides by the state of a user in the system.

    Args:
        can: the system.
        comparer: how its users are compared.
        sends_again: the user says that no request is on its way any more, so that whoever is absent may be sent again also
            where the key is not unique.
    """

    def __init__(self, can: Capabilities, comparer: UserComparer, *, sends_again: bool = False) -> None:
        self._comparer = comparer
        self._sends_again = can.key_is_unique or sends_again

    def lost(self, task: Task, there: UserRecord | None) -> Result:
        """After its answer was lost; without an outcome it is to be sent again.

        Sending again is safe for a creation where the key is unique, even if the first request arrives late: the second one
        to arrive is refused as existing. Where it is not unique, a request still on its way would double the user.
        """
        if task.action == "create":
            return self._lost_creation(task, there)
        if task.action == "offboard":
            return Result(task.number, None)  # every step may be taken twice
        return self.drifted(task, there) or Result(task.number, None)

    def unanswerable(self, task: Task) -> Result:
        """After its answer was lost, where the system cannot be asked."""
        if task.action == "create" and not self._sends_again:
            return Result(
                task.number, "unknown", "its answer was lost and the system cannot be asked whether it is in"
            )
        return Result(task.number, None)

    def exists(self, task: Task, there: UserRecord | None, remote_id: str | None) -> Result:
        """When a creation was refused because the user is there: it may be our own, of a request whose answer was lost."""
        if task.attempt and there is not None and self._comparer.matches(there, task.digest):
            return self._adopted(task, remote_id)
        if task.seen == NOT_THERE:
            reason = "was not there when it was planned, and is now; it stays as it is"
            return Result(task.number, "drifted", reason, remote_id)
        return Result(task.number, "exists", remote_id=remote_id)

    def drifted(self, task: Task, there: UserRecord | None) -> Result | None:
        """The outcome of an update, removal or leaving that must not be sent; None when all is as planned."""
        comparer = self._comparer
        if there is None:
            if task.action == "update":
                return Result(task.number, "drifted", _GONE)
            gone: RowOutcome = "deleted" if task.action == "delete" else "done"
            return Result(task.number, gone, "was not there any more")
        if task.action == "update" and comparer.matches(there, task.digest):
            return Result(task.number, "updated")
        if task.seen and not comparer.matches(there, task.seen):
            return Result(task.number, "drifted", _EDITED)
        return None

    def _lost_creation(self, task: Task, there: UserRecord | None) -> Result:
        if there is None:
            if self._sends_again:
                return Result(task.number, None)
            reason = "its answer was lost and it is not there yet; a second request could double it"
            return Result(task.number, "unknown", reason)
        if self._comparer.matches(there, task.digest):
            return self._adopted(task, None)
        return self.exists(task, there, None)

    def _adopted(self, task: Task, remote_id: str | None) -> Result:
        reason = "its answer was lost; it was found as intended"
        return Result(task.number, "created", reason, remote_id, adopted=True)
