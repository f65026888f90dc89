"""What workers can do, wherever they run."""

from __future__ import annotations

from typing import Protocol

MOST_FAILURES: int = 3
"""Workers that may fail one after the other, with none making progress in between."""
MOST_SAID: int = 2000
"""Bytes that are kept of what a worker says of errors, from their end."""


class Workers(Protocol):
    """Workers that run a command, each until no shard of its job is left."""

    async def start_missing(self, *, progress: bool) -> None:
        """Start those that are missing; called again and again.

        Args:
            progress: whether any of them made progress since the last call: then earlier failures do not count.

        Raises:
            WorkersFailed: they cannot be started, or fail one after the other.
        """
        ...

    async def stop(self) -> None:
        """Let each finish what it is sending, and wait until all have ended."""
        ...

    async def cut_off(self) -> None:
        """Have each that was asked to stop end at once, within seconds; what it is sending is in doubt then."""
        ...


class WorkersFailed(Exception):
    """No worker can work; the message has the last one's own words."""
