"""Which requests something goes wrong with: the rules that a test gives."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass

from .fault_kinds import FaultBehaviour
from .ledger import check_operation


@dataclass(frozen=True)
class Fault:
    """A rule: what goes wrong, and with which requests.

        sandbox.faults.add(Fault(Reset(after_effect=True), "create_a_user", nth=3))

    Only requests that the service would carry out are counted: they have a known route and key, are
    within the limit and fit the contract.

    Args:
        kind: what goes wrong, as Reset() or Status(503).
        operation: the operation id; None for any.
        nth: the first request to be hit, counting from 1 those that match since the rule was added.
        times: how many requests are hit; None for all from then on.
        probability: the chance of each to be hit, above 0 and up to 1; drawn from the sandbox's seeded generator.

    Raises:
        ValueError: for a rule that could never hit a request.
    """

    kind: FaultBehaviour
    operation: str | None = None
    nth: int = 1
    times: int | None = 1
    probability: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.kind, type) or not hasattr(self.kind, "play"):
            raise ValueError(f"kind is what goes wrong, as Reset() or Status(503), not {self.kind!r}")
        if not isinstance(self.nth, int) or self.nth < 1:
            raise ValueError(f"nth counts from 1, so it cannot be {self.nth!r}")
        if self.times is not None and (not isinstance(self.times, int) or self.times < 1):
            raise ValueError(f"times is at least 1, or None for all, not {self.times!r}")
        if not isinstance(self.probability, int | float) or not 0 < self.probability <= 1:
            raise ValueError(f"probability is above 0 and at most 1, not {self.probability!r}")


class Faults:
    """The rules in force, in the order of their addition; a request may be hit by several.

    Args:
        rng: decides about rules with a probability.
        operations: the operation ids that a rule may name.
    """

    def __init__(self, rng: random.Random, operations: Collection[str]) -> None:
        self._rng = rng
        self._operations = operations
        self._rules: list[_FaultCounter] = []

    def add(self, *faults: Fault) -> None:
        """Put rules in force, all or none.

        Raises:
            ValueError: for an operation that the system does not have.
        """
        for fault in faults:
            if fault.operation is not None:
                check_operation(fault.operation, self._operations)
        self._rules += [_FaultCounter(fault) for fault in faults]

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules = []

    @property
    def unhit(self) -> list[Fault]:
        """The rules that no request has met yet: a test that ends with one has not tested what it says."""
        return [rule.fault for rule in self._rules if not rule.hits]

    def choose_faults(self, operation: str) -> list[FaultBehaviour]:
        """Return what goes wrong with the request that has just come."""
        return [rule.fault.kind for rule in self._rules if rule.matches_next_request(operation, self._rng)]


@dataclass
class _FaultCounter:
    fault: Fault
    matches: int = 0
    hits: int = 0

    def matches_next_request(self, operation: str, rng: random.Random) -> bool:
        """Count a request, and say whether the rule hits it."""
        fault = self.fault
        if fault.operation not in (None, operation):
            return False
        self.matches += 1
        if self.matches < fault.nth or (fault.times is not None and self.hits >= fault.times):
            return False
        if fault.probability < 1 and rng.random() >= fault.probability:
            return False
        self.hits += 1
        return True
