"""What became of many tenants: a report each, and how they fared together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import attrs

from ..events import Counts
from ..results import Plan, Report

Result = TypeVar("Result", Report, Plan)


@attrs.frozen(kw_only=True)
class TenantResult(Generic[Result]):
    """What became of one tenant.

    Args:
        name: of the tenant.
        result: its report or plan; None where there is none.
        error: why there is none; None where the run was stopped before the tenant's turn.
    """

    name: str
    result: Result | None = None
    error: Exception | None = None

    @property
    def complete(self) -> bool:
        """Whether every row is as the source says; of a plan, whether there is one."""
        if isinstance(self.result, Report):
            return self.result.complete
        return self.result is not None

    @property
    def is_begun(self) -> bool:
        """Whether it was the tenant's turn."""
        return self.result is not None or self.error is not None


def combine_reports_of_tenant(reports: Sequence[Report], counts: Counts) -> Report:
    """Make one report of those of a tenant's jobs, in the order in which they had their turn.

    Args:
        reports: of each; the last one that is not complete, or else the last, says where more is to be done.
        counts: of all.
    """
    return attrs.evolve(
        next((report for report in reversed(reports) if not report.complete), reports[-1]),
        counts=counts,
        retries=sum(report.retries for report in reports),
        waited=sum(report.waited for report in reports),
        elapsed=sum(report.elapsed for report in reports),
    )


@attrs.frozen(kw_only=True)
class TenantsReport(Generic[Result]):
    """What became of all tenants.

    Args:
        tenants: by name, in the order in which they were given.
        elapsed: seconds, from start to end.
        stopped: why the run ended early; None when it did not.
    """

    tenants: Mapping[str, TenantResult[Result]]
    elapsed: float
    stopped: str | None = None

    @property
    def complete(self) -> bool:
        """Whether all are."""
        return all(one.complete for one in self.tenants.values())

    @property
    def errors(self) -> Mapping[str, Exception]:
        """Why some tenants have neither report nor plan."""
        return {name: one.error for name, one in self.tenants.items() if one.error is not None}
