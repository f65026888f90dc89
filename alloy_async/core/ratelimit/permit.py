"""A caller's place in a limiter's queue, and its request under way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .signals.quota_headers import may_tell_quota
from .signals.refusals import LIMIT_STATUSES

if TYPE_CHECKING:
    from .lanes.operation_lane import OperationLane
    from .lanes.request_limit import RequestLimit
    from .limiter import Limiter
    from .signals.quota_window import QuotaWindow

# One answer in so many is asked for a quota, as long as none was told.
SAMPLE = 16
# How unlikely it is that a limit refuses one call so often while it lets others through: from when on it says nothing of the
# limit, and when the call ends.
STRANGE, SINGLED_OUT = 1e-3, 1e-6
WAITING, SENT, DONE = range(3)


class Permit:
    """One caller's place in the queue, then its request under way.

    Attributes:
        wait: seconds to wait before `renew`; 0.0 means send now.
        hold: seconds that it is sure to wait, by what the server or the user said; 0.0 where that is not known.
        joined: when it joined the queue.
        looks_at: when its caller looks again, unless woken before.
        was_outrun: whether it was refused while others were let through: the limit is shared, and it was not its turn.
        chance: how likely it is that its call was refused so often by chance, while others were let through.
        since: from when on it counts whether others were let through: its call's last refusal, or when it joined.
        refused_at: when it was refused; infinite before.
    """

    __slots__ = (
        "_lane",
        "_levels",
        "_limiter",
        "_limits",
        "_quotas",
        "_sent",
        "_state",
        "_wake",
        "chance",
        "hold",
        "joined",
        "looks_at",
        "refused_at",
        "since",
        "ticket",
        "wait",
        "was_outrun",
    )

    def __init__(
        self, limiter: Limiter, lane: OperationLane, ticket: int, now: float, before: Permit | None = None
    ) -> None:
        self._limiter, self._lane = limiter, lane
        self.chance: float = 1.0 if before is None else before.chance
        self.since: float = now if before is None else min(now, before.refused_at)
        self.refused_at: float = math.inf
        self.ticket: int = ticket
        self.joined: float = now
        self.looks_at: float = now
        self.was_outrun: bool = False
        self._state, self._sent = WAITING, 0.0
        # What its request is counted by, and the how-manieth in flight it was of each.
        self._limits: tuple[RequestLimit, ...] = ()
        self._levels: tuple[int, ...] = ()
        self._quotas: tuple[QuotaWindow, ...] = ()
        self._wake: Callable[[], None] | None = None
        self.wait: float = 0.0
        self.hold: float = 0.0

    def update_wait(self, wake: Callable[[], None] | None = None) -> None:
        """Look again: `wait` is 0.0, or what is to be waited still.

        Args:
            wake: called, from any thread, when the permit is granted before that; it must not block.
        """
        self._limiter._grant_due_and_set_wait(self, wake)

    def note_answer(self, status: int, headers: Mapping[str, str], body: object = b"") -> None:
        """Take the server's answer into account.

        Args:
            status: HTTP status.
            headers: of the answer; names in lower case, or a mapping that does not mind.
            body: of the answer; only the bytes of a refusal are looked at.
        """
        self._limiter._note_answer(self, status, headers, body)

    def wake(self) -> None:
        """Wake the caller, to look again."""
        if self._wake is not None:
            self._wake()

    @property
    def is_strange(self) -> bool:
        """Whether its request was refused more than once while others were let through, which is hardly chance."""
        return self.chance < STRANGE

    @property
    def is_singled_out(self) -> bool:
        """Whether its request was refused so often while others were let through that no limit explains it."""
        return self.chance < SINGLED_OUT

    @property
    def expected_round_trip(self) -> float:
        """Seconds that an answer to such a request takes, as far as is known."""
        return self._lane.round_trip

    def release(self) -> None:
        """Give the permit up, whether it waits or its request failed without an answer; nothing after `note_answer`."""
        if self._state != DONE:
            self._limiter._release(self)


class NoLimitSeenPermit(Permit):
    """The permit of everybody while no limit was seen: nothing is counted, only a sign of a limit is passed on.

    Attributes:
        answers: how many there were.
        is_late: whether a limit was seen since it was handed out; then all answers are passed on.
    """

    __slots__ = ("answers", "is_late", "operation")

    def __init__(self, limiter: Limiter, operation: str) -> None:
        self._limiter = limiter
        self.operation: str = operation
        self.ticket: int = 0
        self._state = DONE
        self.answers: int = 0
        self.is_late: bool = False
        self.was_outrun: bool = False
        self.chance: float = 1.0
        self.refused_at: float = math.inf
        self.wait: float = 0.0
        self.hold: float = 0.0

    def note_answer(self, status: int, headers: Mapping[str, str], body: object = b"") -> None:
        self.answers += 1
        is_sample = self.answers % SAMPLE == 1
        if status in LIMIT_STATUSES or self.is_late or (is_sample and may_tell_quota(headers)):
            self._limiter._note_uncounted_answer(self, status, headers, body)
