"""Which operations share a limit: by what the system says, else by whom it refuses.

A system may limit families of operations apart: reads and writes, users and invitations. Where its answers name the limit,
operations of one name are a group. All others begin in one group. In a group, the first operation that is refused is held
alone; a second one that is refused shows a limit that all of them share.

Whether it is one of all shows by whom it refuses: a shared limit refuses each operation as often as it is called, one of a
family never refuses the rest. When refusals pass over operations for longer than chance explains, these go on in a group of
their own, on trial: if they are refused there, and all together get no more than before, they come back.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from .operation_lane import OperationLane
from .request_limit import RequestLimit

# Refusals that are looked back at. One is worth no more than of so large a share of the requests it passed over: requests of
# an operation come in bursts.
REFUSALS, LARGEST_SHARE = 16, 0.75
# How unlikely it has to be that refusals passed over operations by chance, as a natural logarithm; and how much more so after
# each trial that failed.
UNLIKELY, MORE_UNLIKELY = 4.6, 1.3
# Seconds for which a rate is measured before a trial; seconds of a trial, also in longest pauses after a refusal; how much more
# all have to get apart than they got together.
BEFORE, TRIAL, TRIAL_PAUSES, MORE = 2.0, 5.0, 8.0, 1.25


class _GroupRefusal(NamedTuple):
    """A refusal by the limit of a group.

    Args:
        moment: when.
        pause: seconds until a request may ask again.
        lane: of the operation that was refused.
        accepted: requests of each operation since the last refusal.
    """

    moment: float
    pause: float
    lane: OperationLane
    accepted: dict[OperationLane, int]

    def count_accepted(self) -> int:
        return sum(self.accepted.values())

    def compute_share(self, lanes: Collection[OperationLane]) -> float:
        """The share of some operations in the requests before it, this one included."""
        return sum(self.accepted.get(lane, 0) for lane in lanes) / (self.count_accepted() + 1)


class Trial(NamedTuple):
    """A group apart from the one it left.

    Args:
        origin: the group that it left.
        began, ends: when.
        accepted: requests of each operation that were accepted before it began.
        rate: requests per second that were accepted of all of them together.
    """

    origin: OperationGroup
    began: float
    ends: float
    accepted: dict[OperationLane, int]
    rate: float

    def is_failed(self, now: float) -> bool:
        """Tell whether all get no more apart than together."""
        accepted = sum(lane.accepted - before for lane, before in self.accepted.items())
        return accepted < MORE * self.rate * (now - self.began)


class ToldWait:
    """What a refused operation waits for by the server's word, and who is let through meanwhile.

    Args:
        lane: of the operation that waits.
        since, until: moments between which no request may pass, if they share a limit.
        is_shared: whether another operation was refused meanwhile.
        apart: the group of those who pass.
    """

    __slots__ = ("apart", "is_shared", "lane", "passes", "since", "until")

    def __init__(self, lane: OperationLane, since: float, until: float) -> None:
        self.lane: OperationLane = lane
        self.since: float = since
        self.until: float = until
        self.is_shared: bool = False
        self.passes: dict[OperationLane, int] = {}
        self.apart: OperationGroup | None = None


class OperationGroup:
    """Operations that may share a limit.

    Args:
        trial: in which they are apart from others; None where they are for good.

    Attributes:
        limit: of all of them; nothing as long as not two were refused.
        is_shared: whether two were.
        shared_at: since when.
        told_wait: of an operation that was refused; None where there is none.
        proofs: told waits during which another operation was refused.
    """

    def __init__(self, trial: Trial | None = None) -> None:
        self.limit: RequestLimit = RequestLimit()
        self.is_shared: bool = False
        self.shared_at: float = math.inf
        self.told_wait: ToldWait | None = None
        self.proofs: int = 0
        self.trial: Trial | None = trial
        self.unlikely: float = UNLIKELY
        self._refusals: deque[_GroupRefusal] = deque(maxlen=REFUSALS)
        self._accepted: dict[OperationLane, int] = {}
        # What was accepted up to some moments; not the first one, as what a bucket had saved up is accepted at once.
        self._marks: deque[tuple[float, dict[OperationLane, int]]] = deque(maxlen=2)

    def note_refusal(
        self, refused: OperationLane, members: Collection[OperationLane], now: float, opens: float
    ) -> None:
        """Note that the limit of all refused an operation."""
        counts = {lane: lane.accepted for lane in members}
        since = {lane: count - self._accepted.get(lane, count) for lane, count in counts.items()}
        if self._accepted:
            self._refusals.append(_GroupRefusal(now, opens - now, refused, since))
        self._accepted = counts
        if not self._marks or now - self._marks[-1][0] >= BEFORE:
            self._marks.append((now, counts))

    def forget_refusals(self) -> None:
        """Look back at no refusal any more."""
        self._refusals.clear()
        self._marks.clear()
        self._accepted = {}

    def find_spared_lanes(self) -> set[OperationLane]:
        """Find the operations that the last refusals passed over, for longer than chance explains; often none."""
        spared = {lane for refusal in self._refusals for lane, count in refusal.accepted.items() if count}
        for number in range(1, len(self._refusals) + 1):
            last = list(self._refusals)[-number:]
            spared.discard(last[0].lane)
            shares = (min(refusal.compute_share(spared), LARGEST_SHARE) for refusal in last)
            if -sum(math.log1p(-share) for share in shares) >= self.unlikely:
                return spared
        return set()

    def create_trial(self, now: float) -> Trial:
        """Create the trial of operations that leave the group now."""
        since, before = self._marks[0]
        rate = sum(count - before.get(lane, 0) for lane, count in self._accepted.items()) / (now - since)
        length = max(TRIAL, TRIAL_PAUSES * max(refusal.pause for refusal in self._refusals))
        return Trial(self, now, now + length, dict(self._accepted), rate)
