"""Which workers `on` asks for: local:4, or dask://scheduler:8786."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...core.errors import ConfigurationError


class Workers(Protocol):
    """Workers that run a command, each until no shard of its job is left."""

    async def keep_running(self, *, progress: bool) -> None:
        """Start those that are missing; called again and again.

        Args:
            progress: whether any of them has got on since the last time: then failures before do not count.

        Raises:
            WorkersFailed: they cannot be started, or fail one after the other.
        """
        ...

    async def stop(self) -> None:
        """Let each finish what it is sending, and wait until all have ended."""
        ...


class WorkersFailed(Exception):
    """No worker can work; the message has the last one's own words."""


def create_workers(on: str, command: Sequence[str]) -> Workers:
    """Create the workers that `on` asks for; they start with `keep_running`.

    Args:
        on: local:N for processes of this machine, or dask://host:port, the scheduler of a cluster.
        command: what each runs: the arguments behind the name of the program, without anything secret.

    Raises:
        ConfigurationError: `on` is neither.
    """
    kind, _, rest = on.partition(":")
    if kind == "local" and rest.isdecimal() and int(rest) > 0:
        from .local_workers import LocalWorkers

        return LocalWorkers(int(rest), command)
    if kind == "dask" and rest.startswith("//") and len(rest) > 2:
        from .dask_workers import DaskWorkers

        return DaskWorkers(f"tcp:{rest}", command)
    raise ConfigurationError(f"on= is local:N, as local:4, or dask://host:port; got {on!r}")
