"""Decide about a row by what the system holds: before it is sent, and when the answer to it was lost."""

from __future__ import annotations

from ...directory import Capabilities, UserRecord
from ..planning.comparison import UserComparer
from ..store.header import RowOutcome
from ..store.rows import NOT_THERE, JobRow, RowResult

_GONE = "is not there any more; plan again"
_EDITED = "was changed by somebody since it was planned; plan again"


class LookupDecider:
    """Decides by the state of a user in the system.

    Args:
        can: the system.
        comparer: how its users are compared.
        sends_again: the user says that no request is on its way any more, so that whoever is absent may be sent again also
            where the key is not unique.
    """

    def __init__(self, can: Capabilities, comparer: UserComparer, *, sends_again: bool = False) -> None:
        self._comparer = comparer
        self.sends_again: bool = can.key_is_unique or sends_again
        """Whether a creation may be sent again where its answer was lost and nobody is there."""

    def decide_lost(self, row: JobRow, there: UserRecord | None) -> RowResult:
        """Judge a row whose answer was lost; one that is not in is released, to be sent again.

        Sending again is safe for a creation where the key is unique, even if the first request arrives late: the second one
        to arrive is refused as existing. Where it is not unique, a request still on its way would double the user.
        """
        if row.action == "create":
            return self._decide_lost_creation(row, there)
        if row.action == "offboard":
            return row.create_resending_result()  # every step may be taken twice
        return self.decide_drift(row, there) or row.create_resending_result()

    def decide_unanswerable(self, row: JobRow) -> RowResult:
        """Judge a row whose answer was lost, where the system cannot be asked."""
        if row.action == "create" and not self.sends_again:
            return row.create_unknown_result(
                "its answer was lost and the system cannot be asked whether it is in"
            )
        return row.create_resending_result()

    def decide_creation_of_existing_user(
        self, row: JobRow, there: UserRecord | None, remote_id: str | None
    ) -> RowResult:
        """Judge a creation whose user is there: it may be our own, of an answer that was lost."""
        if (
            row.attempts
            and there is not None
            and row.digest
            and self._comparer.matches_digest(there, row.digest)
        ):
            return self._create_adopted_result(row, remote_id)
        if row.seen == NOT_THERE:
            reason = "was not there when it was planned, and is now; it stays as it is"
            return row.create_settling_result("drifted", reason, remote_id)
        return row.create_settling_result("exists", remote_id=remote_id)

    def decide_drift(self, row: JobRow, there: UserRecord | None) -> RowResult | None:
        """Find why an update, removal or leaving must not be sent; None when all is as planned."""
        if there is None:
            if row.action == "update":
                return row.create_settling_result("drifted", _GONE)
            gone: RowOutcome = "deleted" if row.action == "delete" else "done"
            return row.create_settling_result(gone, "was not there any more")
        # Where both digests are the same, only what no system shows is to change: that cannot be seen as done.
        shows = row.digest != row.seen
        if (
            row.action == "update"
            and shows
            and row.digest
            and self._comparer.matches_digest(there, row.digest)
        ):
            return row.create_settling_result("updated")
        if row.seen and not self._comparer.matches_digest(there, row.seen):
            return row.create_settling_result("drifted", _EDITED)
        return None

    def _decide_lost_creation(self, row: JobRow, there: UserRecord | None) -> RowResult:
        if there is None:
            if self.sends_again:
                return row.create_resending_result()
            return row.create_unknown_result(
                "its answer was lost and it is not there yet; a second request could double it"
            )
        if row.digest and self._comparer.matches_digest(there, row.digest):
            return self._create_adopted_result(row, None)
        return self.decide_creation_of_existing_user(row, there, None)

    def _create_adopted_result(self, row: JobRow, remote_id: str | None) -> RowResult:
        return row.create_settling_result(
            "created", "its answer was lost; it was found as intended", remote_id, adopted=True
        )
