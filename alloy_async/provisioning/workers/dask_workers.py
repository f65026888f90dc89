"""Workers as tasks of a Dask cluster (extra: dask).

A task runs the command as a process of the host that it is placed on, so that whatever happens to it, or to Dask's own
worker, is one process lost, of which the store knows. Credentials are the host's: none travels. Dask only places tasks: it
gives up a task whose worker died a few times, never ends one that no worker takes, and forgets all with its scheduler. So
tasks are submitted again for as long as the store has open shards.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Sequence
from typing import Any

from .interface import MOST_FAILURES, MOST_SAID, WorkersFailed

try:
    from distributed import Client, Event
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "Workers on a Dask cluster need dask.distributed, which is not installed."
        " Install it with: pip install 'alloy-async[dask]'",
        name=_missing.name,
    ) from _missing

_CONNECT_SECONDS = 10
_PATIENCE = 120.0
"""Seconds for which a scheduler may be away, or a cluster be without workers."""


def run_command_on_host_of_task(command: Sequence[str], stop: str) -> tuple[int, str]:
    """Run `alloy-async COMMAND` on the host of the task; its exit code, and the end of what it said of errors.

    Args:
        command: the arguments.
        stop: the name of the event that asks it to finish what it is sending, and end; `_name_cut_off` gives that of the one
            which asks it to end at once.
    """
    import subprocess
    import sys
    import tempfile

    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-m", "alloy_async", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            event: Any = Event  # has no types
            asked = event(stop)
            while process.poll() is None:
                if asked.wait(timeout=1):
                    process.terminate()
                    break
            asked = event(_name_cut_off(stop))
            while process.poll() is None:
                if asked.wait(timeout=1):
                    process.terminate()
                    time.sleep(1)
        except Exception:  # noqa: S110 -- the scheduler is gone, in one of many ways: the process knows itself when to end
            pass
        code = process.wait()
        said.seek(max(0, said.seek(0, 2) - MOST_SAID))
        return code, said.read().decode(errors="replace")


def _name_cut_off(stop: str) -> str:
    return f"{stop}-at-once"


class DaskWorkers:
    """One task for each worker of a cluster.

    Args:
        address: the scheduler's.
        command: the arguments.
    """

    def __init__(self, address: str, command: Sequence[str]) -> None:
        self._address = address
        self._command = list(command)
        self._stop = f"alloy-async-stop-{uuid.uuid4()}"
        self._client: Any = None
        self._was_there = False
        self._futures: set[Any] = set()
        self._failures = 0
        self._last_seen = time.monotonic()

    async def start_missing(self, *, progress: bool) -> None:
        """Place a task on each worker of the cluster that has none; see `Workers`."""
        if progress:
            self._failures = 0
        try:
            if self._client is None:
                self._client = await self._connect()
            known = await asyncio.wait_for(self._client.scheduler.identity(), _CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            await self._drop_lost_scheduler(f"no Dask scheduler answers at {self._address}: {error}")
            return
        ended = [future for future in self._futures if future.done()]
        self._futures.difference_update(ended)
        for future in ended:
            await self._note_task_end(future)
        count = len(known["workers"])
        if count:
            self._last_seen = time.monotonic()
        elif time.monotonic() - self._last_seen > _PATIENCE:
            raise WorkersFailed(
                f"the Dask cluster at {self._address} has no workers; start some, and resume the job"
            )
        for _ in range(len(self._futures), count):
            # A name for each, as Dask takes equal calls for one; no retries of its own, as the store knows what is left.
            name = f"alloy-async-work-{uuid.uuid4()}"
            self._futures.add(
                self._client.submit(
                    run_command_on_host_of_task, self._command, self._stop, key=name, pure=False, retries=0
                )
            )

    async def _connect(self) -> Any:
        client: Any = Client  # has no types
        connected = await client(self._address, asynchronous=True, timeout=_CONNECT_SECONDS)
        self._was_there = True
        self._last_seen = time.monotonic()
        return connected

    async def _drop_lost_scheduler(self, why: str) -> None:
        """Give up a scheduler that does not answer, with what was placed through it, unless it is away for too long."""
        if not self._was_there or time.monotonic() - self._last_seen > _PATIENCE:
            raise WorkersFailed(why)
        self._futures.clear()
        client, self._client = self._client, None
        if client is not None:
            await self._close(client)

    async def _note_task_end(self, future: Any) -> None:
        try:
            code, said = await future
        except (Exception, asyncio.CancelledError) as error:  # whatever Dask says of a worker that it lost
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            code, said = -1, f"{type(error).__name__}: {error}"
        self._failures += code != 0
        if self._failures >= MOST_FAILURES:
            raise WorkersFailed(f"{self._failures} workers failed one after the other, the last one: {said}")

    async def stop(self) -> None:
        """Ask the tasks to end, and wait for those that have begun or still can; see `Workers`."""
        if self._client is None:
            return
        try:
            await self._set_event(self._stop)
            await self._wait_for_tasks()
            await self._client.cancel([*self._futures])
        except (OSError, TimeoutError):  # the scheduler is gone: its workers end by themselves
            pass
        client, self._client = self._client, None
        await self._close(client)

    async def cut_off(self) -> None:
        """Have the tasks end at once, and leave alone those that have not begun; see `Workers`."""
        if self._client is None:
            return
        with contextlib.suppress(OSError, TimeoutError):
            await self._set_event(self._stop)
            await self._set_event(_name_cut_off(self._stop))
            await asyncio.wait([self._gather_tasks()], timeout=_CONNECT_SECONDS)
            await self._client.cancel([*self._futures])

    async def _set_event(self, name: str) -> None:
        event: Any = Event
        await event(name, client=self._client).set()

    async def _wait_for_tasks(self) -> None:
        """Wait until all tasks have ended, or none can any more, as the cluster has no workers."""
        ended = self._gather_tasks()
        try:
            while not ended.done():
                known = await asyncio.wait_for(self._client.scheduler.identity(), _CONNECT_SECONDS)
                if not known["workers"]:
                    break
                await asyncio.wait([ended], timeout=1)
        finally:
            ended.cancel()

    def _gather_tasks(self) -> asyncio.Future[list[Any]]:
        return asyncio.gather(*self._futures, return_exceptions=True)

    async def _close(self, client: Any) -> None:
        with contextlib.suppress(OSError, TimeoutError):  # of a scheduler that is gone
            await asyncio.wait_for(client.close(), _CONNECT_SECONDS)
