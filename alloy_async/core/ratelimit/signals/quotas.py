"""The quotas of a server, and which of them apply to each operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .quota_headers import parse_quotas
from .quota_window import QuotaWindow

# Quotas at the most; a server that names a new one with each answer is not followed further.
MOST_QUOTAS = 64


class LimitedOperation(Protocol):
    """An operation, as its quotas are concerned."""

    quotas: tuple[QuotaWindow, ...] | None
    """Those that its answers tell; None before the first one."""


class Quotas:
    """The quotas that answers have told, by name. It is empty, and false, where there are none."""

    def __init__(self) -> None:
        self._windows: dict[str, QuotaWindow] = {}

    def __bool__(self) -> bool:
        return bool(self._windows)

    def find_windows_of_operation(self, keeper: LimitedOperation) -> tuple[QuotaWindow, ...]:
        """Find the quotas of an operation; of one that was not answered yet, all."""
        return tuple(self._windows.values()) if keeper.quotas is None else keeper.quotas

    def get_delay(self, keeper: LimitedOperation, now: float) -> float:
        """Count the seconds until one more request of an operation may be sent."""
        return (
            max((quota.get_delay(now) for quota in self.find_windows_of_operation(keeper)), default=0.0)
            if self._windows
            else 0.0
        )

    def get_hold(self, keeper: LimitedOperation, now: float) -> float:
        """Count the seconds for which the server surely holds the operation's requests, by its own word."""
        return (
            max((quota.get_hold(now) for quota in self.find_windows_of_operation(keeper)), default=0.0)
            if self._windows
            else 0.0
        )

    def note_answer(
        self,
        keeper: LimitedOperation,
        headers: Mapping[str, str],
        wall: float,
        now: float,
        sent: float,
        accepted: bool,
    ) -> None:
        """Take in what the answer to a request of an operation, sent then, tells."""
        windows = []
        for quota in parse_quotas(headers, wall):
            if quota.name not in self._windows and len(self._windows) >= MOST_QUOTAS:
                self.drop_lapsed(now)
                if len(self._windows) >= MOST_QUOTAS:
                    continue
            window = self._windows.setdefault(quota.name, QuotaWindow())
            window.update(quota, now, sent, accepted)
            windows.append(window)
        keeper.quotas = tuple(windows)

    def drop_lapsed(self, now: float) -> None:
        """Drop those that were reset since."""
        self._windows = {name: quota for name, quota in self._windows.items() if quota.reset_at > now}

    def forget_requests_under_way(self) -> None:
        """Forget, in a forked child, what was under way: it stayed with the parent."""
        for quota in self._windows.values():
            quota.under_way = 0
