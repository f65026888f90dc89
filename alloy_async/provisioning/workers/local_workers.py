"""Workers as processes of this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence

from .interface import MOST_FAILURES, MOST_SAID, WorkersFailed

_SIGNALS = 5
"""Signals, a second apart, after which a worker that is cut off and does not end is killed."""


class LocalWorkers:
    """Processes that run `alloy-async COMMAND`, with this process's environment.

    Args:
        count: how many at a time.
        command: the arguments.
        secrets: further variables of their environment, which nobody else can read.
    """

    def __init__(self, count: int, command: Sequence[str], secrets: Mapping[str, str]) -> None:
        self._count = count
        self._secrets = secrets
        self._command = [sys.executable, "-m", "alloy_async", *command]
        self._running: dict[Process, asyncio.Task[bytes]] = {}
        self._failures = 0

    async def start_missing(self, *, progress: bool) -> None:
        """Start those that are missing; see `Workers`."""
        if progress:
            self._failures = 0
        for process in [process for process in self._running if process.returncode is not None]:
            self._note_failure_or_give_up(process, await self._running.pop(process))
        while len(self._running) < self._count:
            # A session of its own: Ctrl-C goes to this process only, which tells the workers in its own time.
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=PIPE,
                start_new_session=True,
                env={**os.environ, **self._secrets},
            )
            self._running[process] = asyncio.create_task(_read_last_errors(process))

    def _note_failure_or_give_up(self, process: Process, said: bytes) -> None:
        code = process.returncode
        if code == 0:
            return
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            words = said.decode(errors="replace").strip()
            raise WorkersFailed(
                f"{self._failures} workers failed one after the other, the last with {how}: {words}"
            )

    async def stop(self) -> None:
        """Let each finish what it is sending; see `Workers`."""
        for process in self._list_running():
            process.send_signal(signal.SIGTERM)
        for process, reading in [*self._running.items()]:
            await reading
            await process.wait()
        self._running.clear()

    async def cut_off(self) -> None:
        """Have each end at once; see `Workers`."""
        for _ in range(_SIGNALS):  # again, as two that come at once are handled as one
            for process in (running := self._list_running()):
                process.send_signal(signal.SIGTERM)
            if not running:
                return
            await asyncio.wait([asyncio.create_task(process.wait()) for process in running], timeout=1)
        for process in self._list_running():  # no crash loses anybody
            process.kill()

    def _list_running(self) -> list[Process]:
        return [process for process in self._running if process.returncode is None]


async def _read_last_errors(process: Process) -> bytes:
    """Read what a worker says of errors, and keep the end of it."""
    assert process.stderr is not None
    said = b""
    while piece := await process.stderr.read(4096):
        said = (said + piece)[-MOST_SAID:]
    return said
