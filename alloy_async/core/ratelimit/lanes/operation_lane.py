"""The queue of one operation."""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import attrgetter
from typing import TYPE_CHECKING

from ..signals.quota_window import QuotaWindow
from ..signals.quotas import Quotas
from .request_limit import RequestLimit

if TYPE_CHECKING:
    from ..permit import Permit
    from .operation_group import OperationGroup

# The last answers to an operation are so many; and the least share of them that a limit is taken to refuse.
LAST, LEAST_SHARE = 32, 0.02

_ticket = attrgetter("ticket")


class OperationLane(RequestLimit):
    """The queue of one operation, with the limit that is its own.

    Args:
        group: the operations with which it may share a limit.

    Attributes:
        waiting: by ticket.
        quotas: of the server, that its answers tell; None before the first one.
        scope: the name of the limit that its answers tell; empty where they tell none.
        accepted: requests, in all.
        refused_share: of the last requests, those refused.
    """

    def __init__(self, group: OperationGroup) -> None:
        super().__init__()
        self.group: OperationGroup = group
        self.waiting: list[Permit] = []
        self.quotas: tuple[QuotaWindow, ...] | None = None
        self.scope: str = ""
        self.answers: int = 0
        self.accepted: int = 0
        self.refused_share: float = 0.0

    @property
    def first_ticket(self) -> int:
        """The ticket of the caller who came first; only where somebody waits."""
        return self.waiting[0].ticket

    def enqueue(self, permit: Permit) -> None:
        """Put a caller into the queue."""
        insort(self.waiting, permit, key=_ticket)

    def count_before(self, permit: Permit) -> int:
        """Count those in the queue who came before."""
        return bisect_left(self.waiting, permit.ticket, key=_ticket)

    def dequeue(self, permit: Permit) -> None:
        """Take a caller out of the queue."""
        # Tickets are not unique: a call that was refused gives up places, and may come beside one that is new.
        del self.waiting[self.waiting.index(permit, self.count_before(permit))]
        if not self.waiting:
            self.put_back()

    def note_call_refusal(self, permit: Permit, now: float) -> bool:
        """Note that a call was refused, and tell whether that says something of a limit, and not of this call alone."""
        permit.was_outrun = self.accepted_at >= permit.joined
        if self.accepted_at >= permit.since:
            permit.chance *= max(self.refused_share, LEAST_SHARE)
        permit.refused_at = now
        if permit.is_strange:
            permit.was_outrun &= not permit.is_singled_out
            return False
        self.refused_share += (1 - self.refused_share) / LAST
        return True

    def may_go(self, common: RequestLimit, quotas: Quotas, now: float) -> bool:
        """Tell whether nothing delays the operation's next request."""
        if quotas.get_delay(self, now) > 0 or self.get_delay(now) > 0:
            return False
        return self.group.limit.get_delay(now) <= 0 and common.get_delay(now) <= 0

    def forget_requests_under_way(self) -> None:
        super().forget_requests_under_way()
        self.waiting.clear()
