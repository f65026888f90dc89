"""A caller's place in a limiter's queue, and its request under way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .signals.quota_headers import tells_quota
from .signals.refusals import LIMIT_STATUSES

if TYPE_CHECKING:
    from .limiter import Limiter
    from .operation_lane import OperationLane
    from .signals.quota_window import QuotaWindow

# One answer in so many is asked for a quota, as long as none was told.
SAMPLE = 16
WAITING, SENT, DONE = range(3)


class Permit:
    """One caller's place in the queue, then its request under way.

    Attributes:
        wait: seconds to wait before `renew`; 0.0 means send now.
        hold: seconds that it is sure to wait, by what the server or the user said; 0.0 where that is not known.
    """

    __slots__ = (
        "_common_level",
        "_lane",
        "_level",
        "_limiter",
        "_quotas",
        "_sent",
        "_state",
        "_wake",
        "hold",
        "ticket",
        "wait",
    )

    def __init__(self, limiter: Limiter, lane: OperationLane, ticket: int) -> None:
        self._limiter, self._lane = limiter, lane
        self.ticket: int = ticket
        self._state, self._sent, self._level, self._common_level = WAITING, 0.0, 0, 0
        self._quotas: tuple[QuotaWindow, ...] = ()
        self._wake: Callable[[], None] | None = None
        self.wait: float = 0.0
        self.hold: float = 0.0

    def renew(self, wake: Callable[[], None] | None = None) -> None:
        """Look again: `wait` is 0.0, or what is to be waited still.

        Args:
            wake: called, from any thread, when the permit is granted before that; it must not block.
        """
        self._limiter._renew(self, wake)

    def note_answer(self, status: int, headers: Mapping[str, str], body: object = b"") -> None:
        """Take the server's answer into account.

        Args:
            status: HTTP status.
            headers: of the answer; names in lower case, or a mapping that does not mind.
            body: of the answer; only the bytes of a refusal are looked at.
        """
        self._limiter._take_answer(self, status, headers, body)

    def call(self) -> None:
        """Wake the caller, to look again."""
        if self._wake is not None:
            self._wake()

    @property
    def round_trip(self) -> float:
        """Seconds that an answer to such a request takes, as far as is known."""
        return self._lane.round_trip

    def release(self) -> None:
        """Give the permit up, whether it waits or its request failed without an answer; nothing after `note_answer`."""
        if self._state != DONE:
            self._limiter._release(self)


class UnlimitedPermit(Permit):
    """The permit of everybody while nothing limits: nothing is counted, only a sign of a limit is passed on."""

    __slots__ = ("_answers", "operation")

    def __init__(self, limiter: Limiter, operation: str) -> None:
        self._limiter = limiter
        self.operation: str = operation
        self.ticket: int = 0
        self._state, self._answers = DONE, 0
        self.wait: float = 0.0
        self.hold: float = 0.0

    def note_answer(self, status: int, headers: Mapping[str, str], body: object = b"") -> None:
        self._answers += 1
        if status in LIMIT_STATUSES or (self._answers % SAMPLE == 1 and tells_quota(headers)):
            self._limiter._begin_counting(self, status, headers, body)
