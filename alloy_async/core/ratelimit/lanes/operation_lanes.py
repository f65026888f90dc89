"""The lanes of all operations, and the groups of those that share a limit."""

from __future__ import annotations

import math
from collections.abc import Collection

from ..adaptive_budget import COARSE
from ..permit import Permit
from ..signals.quotas import Quotas
from .operation_group import BEFORE, MORE_UNLIKELY, OperationGroup, ToldWait, Trial
from .operation_lane import OperationLane
from .request_limit import SHORTEST_WAIT, RequestLimit

# Two operations of a group that are refused within so many seconds share a limit.
TOGETHER = 60.0
# Requests of an operation that are let through while another one waits for what the server told: they share no limit. And
# refusals of another operation meanwhile, after which such a wait is that of all.
PASSES, PROOFS = 3, 3
# Groups at the most; a system that has more limits is not recognized by its refusals.
MOST_GROUPS = 64


class OperationLanes(dict[str, OperationLane]):
    """The lanes of all operations, by name, and their groups."""

    def __init__(self) -> None:
        super().__init__()
        self._first_group = OperationGroup()
        self._groups_by_scope: dict[str, OperationGroup] = {}
        self._trials = 0

    def get_or_create_lane(self, operation: str) -> OperationLane:
        """Get the lane of an operation; make it if there is none."""
        lane = self.get(operation)
        if lane is None:
            lane = self[operation] = OperationLane(self._first_group)
        return lane

    def list_members(self, group: OperationGroup) -> list[OperationLane]:
        """List the operations of a group."""
        return [lane for lane in self.values() if lane.group is group]

    def set_scope(self, lane: OperationLane, scope: str) -> None:
        """Move an operation to the group of those whose answers tell the same limit.

        The first name that its answers tell counts: one that is refused by several limits in turn, or by one whose name varies,
        would lose at each move what was learned.
        """
        is_new = scope not in self._groups_by_scope
        if lane.scope or not scope or (is_new and len(self._groups_by_scope) >= MOST_GROUPS):
            return
        lane.scope = scope
        self._move_lanes([lane], self._groups_by_scope.setdefault(scope, OperationGroup()))

    def find_refusing_limit(self, lane: OperationLane, now: float, asked: float | None) -> RequestLimit:
        """Find the limit that refuses an operation's requests now, for so many seconds: its own, or that of its group."""
        group, trial = lane.group, lane.group.trial
        if trial is not None and now >= trial.ends:
            if trial.is_failed(now):
                group = self._end_trial(group, trial)
            else:
                group.trial = None
        others = [one for one in self.list_members(group) if one is not lane]
        if not group.is_shared and any(now - one.refused_at < TOGETHER for one in others):
            group.is_shared, group.shared_at = True, now
        if asked is not None and asked > COARSE:
            if group.told_wait is None or now >= group.told_wait.until:
                group.told_wait = ToldWait(lane, now, now + asked - COARSE)
            elif group.told_wait.lane is not lane and not group.told_wait.is_shared:
                group.told_wait.is_shared = True
                group.proofs += 1
            if group.proofs < PROOFS:
                return lane
        return group.limit if group.is_shared else lane

    def note_accepted_during_wait(self, lane: OperationLane, wait: ToldWait, now: float, sent: float) -> None:
        """Note that an operation was let through while another one of its group may wait for what the server told."""
        if now >= wait.until:
            lane.group.told_wait = None
        elif lane is not wait.lane and sent > wait.since:
            wait.passes[lane] = wait.passes.get(lane, 0) + 1
            if wait.passes[lane] >= PASSES:
                wait.apart = wait.apart or OperationGroup()
                self._move_lanes([lane], wait.apart)

    def note_group_refusal(self, lane: OperationLane, now: float) -> None:
        """Note that the limit of a group refused one of its operations, and part those that it passes over."""
        group, members = lane.group, self.list_members(lane.group)
        opens = group.limit.budget.opens_at() if group.limit.budget is not None else now
        for member in members:
            if member.budget is not None and member.budget.opens_at() <= opens + COARSE:
                member.budget = None  # what was taken for its own limit was that of all
        group.note_refusal(lane, members, now, opens)
        if group.limit.is_of_requests_in_flight:  # it refuses whoever is one too many
            group.forget_refusals()
        if group.trial is not None or self._trials >= MOST_GROUPS or now - group.shared_at < 2 * BEFORE:
            return
        if spared := group.find_spared_lanes():
            self._trials += 1
            self._move_lanes(spared, OperationGroup(group.create_trial(now)))
            group.forget_refusals()
            if group.limit.budget is not None:
                group.limit.budget.note_idle(now)

    def _end_trial(self, group: OperationGroup, trial: Trial) -> OperationGroup:
        """Bring the operations of a trial back, and give the group that they left."""
        self._trials -= 1
        trial.origin.unlikely *= MORE_UNLIKELY
        trial.origin.forget_refusals()
        self._move_lanes(self.list_members(group), trial.origin)
        trial.origin.limit.budget = None  # it knows the rate of a part
        return trial.origin

    def _move_lanes(self, lanes: Collection[OperationLane], group: OperationGroup) -> None:
        for lane in lanes:
            lane.group, lane.budget = group, None
            lane.refused_at = -math.inf
            for permit in lane.waiting:
                permit.wake()

    def get_hold(self, lane: OperationLane, common: RequestLimit, quotas: Quotas, now: float) -> float:
        """Count the seconds for which the server surely wants no request of an operation."""
        holds = (limit.get_hold(now) for limit in (lane, lane.group.limit, common))
        return max(*holds, quotas.get_hold(lane, now))

    def put_back(self, group: OperationGroup) -> None:
        """Return what was drawn from the budget of a group, where nobody comes for it."""
        if not any(lane.waiting for lane in self.list_members(group)):
            group.limit.put_back()

    def wake_all(self) -> None:
        """Wake all who wait, to look again."""
        for lane in self.values():
            for permit in lane.waiting:
                permit.wake()

    def wake_first(self) -> None:
        """Wake who is first in each queue, to look again."""
        for lane in self.values():
            if lane.waiting:
                lane.waiting[0].wake()

    def forget_requests_under_way(self) -> None:
        """Forget, in a forked child, what was under way or waiting: it stayed with the parent."""
        for lane in self.values():
            lane.forget_requests_under_way()
            lane.group.limit.forget_requests_under_way()

    def find_due_lane(self, common: RequestLimit, quotas: Quotas, now: float) -> OperationLane | None:
        """Find the lane of the caller who goes next, of those that nothing holds now; None where there is none."""
        lanes = [lane for lane in self.values() if lane.waiting]
        while lanes:
            lane = min(lanes, key=lambda one: one.first_ticket) if len(lanes) > 1 else lanes[0]
            if quotas.get_delay(lane, now) > 0 or lane.get_delay(now) > 0:
                lanes.remove(lane)
            elif lane.group.limit.get_delay(now) > 0:
                lanes = [one for one in lanes if one.group is not lane.group]
            else:
                return lane if common.get_delay(now) <= 0 else None
        return None

    def count_before(self, permit: Permit, group: OperationGroup | None = None) -> int:
        """Count those in the queues, of a group or of all, who came before."""
        return sum(
            lane.count_before(permit)
            for lane in self.values()
            if lane.waiting and (group is None or lane.group is group)
        )

    def forecast_wait(self, permit: Permit, common: RequestLimit, quotas: Quotas, now: float) -> float:
        """Forecast the seconds that a caller will wait, for the limits of its operation, its group, and all, and for quotas."""
        lane = permit._lane
        waits = [lane.forecast_wait(now, lane.count_before(permit)), quotas.get_delay(lane, now)]
        if lane.group.is_shared:
            waits.append(lane.group.limit.forecast_wait(now, self.count_before(permit, lane.group)))
        if common.budget is not None:
            waits.append(common.forecast_wait(now, self.count_before(permit)))
        return max(*waits, SHORTEST_WAIT)

    def wake_next(self, lane: OperationLane, common: RequestLimit, quotas: Quotas, now: float) -> None:
        """Wake who has come to the front, of a lane, its group or all, where that one would look later than it may go.

        It has forecast its wait by the rate and by the callers before it; the rate may have risen, and those may have left.
        """
        waiting = [one for one in self.values() if one.waiting]
        for lanes in (
            [lane] if lane.waiting else [],
            [one for one in waiting if one.group is lane.group],
            waiting,
        ):
            permit = min(lanes, key=lambda one: one.first_ticket).waiting[0] if lanes else None
            if permit is None:
                continue
            if permit.looks_at > now + self.forecast_wait(permit, common, quotas, now) + SHORTEST_WAIT:
                permit.looks_at = now  # once is enough
                permit.wake()
