"""Workers as tasks of a Dask cluster (extra: dask).

A task runs the command as a process of the host that it is placed on, so that whatever happens to it, or to Dask's own
worker, is one process lost, of which the store knows. Credentials are the host's: none travels.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

from .interface import WorkersFailed

try:
    from distributed import Client
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "Workers on a Dask cluster need dask.distributed, which is not installed."
        " Install it with: pip install 'alloy-async[dask]'",
        name=_missing.name,
    ) from _missing

_CONNECT_SECONDS = 30
_MOST_FAILURES = 3


def run_command(command: Sequence[str]) -> tuple[int, str]:
    """Run `alloy-async COMMAND` on the host of the task; its exit code, and the end of what it said of errors."""
    import subprocess
    import sys

    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "alloy_async", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stderr.decode(errors="replace")[-2000:]


class DaskWorkers:
    """One task for each worker of a cluster.

    Args:
        address: the scheduler's.
        command: the arguments.
    """

    def __init__(self, address: str, command: Sequence[str]) -> None:
        self._address = address
        self._command = list(command)
        self._client: Any = None
        self._futures: set[Any] = set()
        self._failures = 0

    async def keep_running(self, *, progress: bool) -> None:
        """Place a task on each worker of the cluster that has none; see `Workers`."""
        if progress:
            self._failures = 0
        if self._client is None:
            self._client = await self._connect()
        for future in [future for future in self._futures if future.done()]:
            self._futures.remove(future)
            await self._note_end(future)
        known = await self._client.scheduler.identity()
        for _ in range(len(self._futures), max(len(known["workers"]), 1)):
            # A name for each, as Dask takes equal calls for one; no retries of its own, as the store knows what is left.
            name = f"alloy-async-work-{uuid.uuid4()}"
            self._futures.add(
                self._client.submit(run_command, self._command, key=name, pure=False, retries=0)
            )

    async def _connect(self) -> Any:
        try:
            client: Any = Client  # has no types
            return await client(self._address, asynchronous=True, timeout=_CONNECT_SECONDS)
        except OSError as error:
            raise WorkersFailed(f"no Dask scheduler answers at {self._address}: {error}") from None

    async def _note_end(self, future: Any) -> None:
        try:
            code, said = await future
        except Exception as error:  # whatever Dask says of a worker that it lost: another one is asked
            code, said = -1, f"{type(error).__name__}: {error}"
        self._failures += code != 0
        if self._failures >= _MOST_FAILURES:
            raise WorkersFailed(f"{self._failures} workers failed one after the other, the last one: {said}")

    async def stop(self) -> None:
        """Take back the tasks that have not begun, and wait for the others; see `Workers`."""
        if self._client is None:
            return
        waiting = [future for future in self._futures if future.status == "pending"]
        await self._client.cancel(waiting)
        await asyncio.gather(*self._futures, return_exceptions=True)
        await self._client.close()
        self._client = None
