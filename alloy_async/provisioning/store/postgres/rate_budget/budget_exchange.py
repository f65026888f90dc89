"""What one process brings to the row of a shared rate budget, and takes from it: pure, in seconds of the row's clock.

A refusal shuts the gate for all, who give up what they have leased as soon as they know. Then one request at a time asks, for
all processes, whether the server is open again; with its yes, all go on.
"""

from __future__ import annotations

import math
import zlib
from typing import NamedTuple

from .....core.ratelimit.adaptive_budget import AdaptiveBudget
from .....core.ratelimit.configured_rate import Rate

_QUIET, _SILENCE = 0.5, 10.0
"""Seconds without a word of any process, after which none is in a hurry: where one says so of itself, and in any case."""
_HEARD = 0.25
"""Seconds after a refusal by which all have heard of it."""
_PATIENCE = 1.0
"""Seconds after which another request asks whether the server is open again: who sent the first one may have died."""
_SET_BACK = 10.0
"""Seconds by which a row may be of later than now; of more, the database's clock was set back."""
_LAYOUT = float(zlib.crc32(",".join(name for _, name in AdaptiveBudget().list_number_attributes()).encode()))
"""What tells the numbers of a row from those of another version."""


class ServiceAnswer(NamedTuple):
    """What a server's answer told, in seconds of this host's clock; `asked` and what follows are of a refusal only."""

    refused: bool
    now: float
    sent: float
    asked: float | None = None
    chance: float = 0.0
    crowded: bool = False


class SharedBudgetState(NamedTuple):
    """What is kept: the layout, the moment before which nobody else asks, and the numbers of an AdaptiveBudget; the rate that
    was told, and when it was written.
    """

    numbers: list[float] | None = None
    told: float | None = None
    burst: int | None = None
    written: float | None = None


class Exchange:
    """What one process brings to the budget that all share, and takes from it.

    Attributes:
        budget: of all; None until the row was read.
        slots: the moments that are leased, in seconds of the row's clock.
        read: when the row was read, by its clock, and `ahead`, by how many seconds that is before this host's.

    Args:
        answers: what the server answered since the last exchange.
        rested: when nobody here was in a hurry; None: somebody was.
        wanted: requests to lease.
        arrival: seconds from now on until they are known here, so that none is leased for a moment that is over by then.
        known_cut: the row's `cut` that is known here.
    """

    def __init__(
        self,
        answers: list[ServiceAnswer],
        rested: float | None,
        wanted: int,
        arrival: float,
        known_cut: float,
    ) -> None:
        self.answers: list[ServiceAnswer] = answers
        self.rested: float | None = rested
        self.ahead: float = 0.0
        self.read: float = 0.0
        self.budget: AdaptiveBudget | None = None
        self.slots: list[float] = []
        self._wanted, self._arrival, self._known_cut = wanted, arrival, known_cut

    def apply_answers_and_reserve(self, row: SharedBudgetState, now: float, ahead: float) -> list[float]:
        """Bring the answers to a row, and lease requests where some are wanted.

        Args:
            row: as it was read.
            now: by the clock of the row.
            ahead: of this host's clock.

        Returns:
            The new numbers of the row.
        """
        if row.written is not None and row.written > now + _SET_BACK:
            row = row._replace(numbers=None, written=None)  # else all wait until the clock is there again
        budget, asked = _create_budget_from_row(row, now)
        self.budget = budget
        self.read, self.ahead = now, ahead
        # Nobody needs a word while the gate is shut: all wait for it.
        heard = -math.inf if row.written is None else max(row.written, budget.opens_at())
        if now - heard > _SILENCE or (self.rested is not None and self.rested + ahead - heard > _QUIET):
            budget.note_idle(now)
        if row.written is not None:
            # What is leased ahead says that somebody waits for the rate, as long as it lasts.
            budget.ceiling.age += max(0.0, min(now, budget.spent) - row.written)
        generation = budget.cut, budget.is_open
        for answer in self.answers:
            # What was sent while others knew of a refusal, and nobody here, is no question whether the server is open again.
            is_late = answer.refused and budget.cut != self._known_cut
            apply_service_answer(budget, answer._replace(sent=-math.inf) if is_late else answer, ahead)
        if budget.cut != generation[0]:
            budget.spent = min(budget.spent, now + _HEARD)  # all give up what they have leased for later
            asked = -math.inf
        elif budget.is_open != generation[1]:
            budget.spent = max(budget.spent, now + 1 / budget.rate())
        asked = self._lease_slots(budget, now + self._arrival, asked)
        return [_LAYOUT, asked, *budget.export_numbers()]

    def _lease_slots(self, budget: AdaptiveBudget, now: float, asked: float) -> float:
        """Lease what is wanted; while the gate is shut, one request asks, and the next one only where no answer comes.

        Args:
            budget: of all.
            now: the moment before which nothing can be sent.
            asked: before which nobody else asks.

        Returns:
            The new value of `asked`.
        """
        if budget.is_open:
            wanted = self._wanted if budget.rate() < math.inf else 0
            age = budget.ceiling.age
            self.slots = [budget.reserve(now) for _ in range(wanted)]
            budget.ceiling.age = age  # the wait for these is still to come
        elif self._wanted:
            self.slots = [max(asked, budget.opens, now)]
            return self.slots[0] + max(1 / budget.rate(), _PATIENCE, 2 * budget.round_trip)
        return asked


def apply_service_answer(budget: AdaptiveBudget, answer: ServiceAnswer, ahead: float) -> bool:
    """Tell a budget of an answer; tell whether it is news."""
    now, sent = answer.now + ahead, answer.sent + ahead
    if answer.refused:
        return budget.note_refused(now, sent, answer.asked, answer.chance, answer.crowded)
    budget.note_accepted(now, sent)
    return True


def _create_budget_from_row(row: SharedBudgetState, now: float) -> tuple[AdaptiveBudget, float]:
    """Make the budget of a row anew, in seconds of the row's clock; and the moment before which nobody asks again."""
    budget = AdaptiveBudget(None if row.told is None else Rate(row.told, row.burst), now)
    if row.numbers is None or row.numbers[:1] != [_LAYOUT]:  # those of another version: it begins anew
        return budget, -math.inf
    _, asked, *numbers = row.numbers
    budget.import_numbers(tuple(numbers))
    return budget, asked
