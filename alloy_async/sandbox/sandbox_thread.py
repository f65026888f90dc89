"""A sandbox on a thread of its own, for tests and scripts without an event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import Sandbox


class SandboxThread:
    """A sandbox running on an event loop of its own, in a thread of its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._started: Future[None] = Future()
        self._sandbox = sandbox
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run_sandbox()), name=f"sandbox-{sandbox.system}", daemon=True
        )
        self._thread.start()
        try:
            self._started.result()
        except OSError:
            self._thread.join()
            raise

    async def _run_sandbox(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._leaving = asyncio.Event()
        try:
            await self._sandbox.start()
        except OSError as error:
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._leaving.wait()
        await self._sandbox.stop()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join()
