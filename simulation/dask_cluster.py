"""A Dask cluster of one's own: a scheduler and its workers, as processes of this host."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from types import TracebackType
from typing import Self

_PORTS = range(20_000, 32_000)
"""None that a system gives to whoever asks for any: between two schedulers nobody else takes it."""


def _find_port() -> int:
    for port in random.sample(_PORTS, 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("a hundred ports are all in use")


class DaskCluster:
    """A scheduler and so many workers; a context manager, which ends all of them.

    Args:
        count: of workers, each under a nanny.
        environment: variables of the workers' hosts.
    """

    def __init__(self, count: int, environment: Mapping[str, str]) -> None:
        self._port = _find_port()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._environment = {**os.environ, **environment}
        self.scheduler = self._start_scheduler()
        self.workers: list[subprocess.Popen[bytes]] = []
        for _ in range(count):
            self.start_worker()

    @property
    def address(self) -> str:
        """What `on` takes."""
        return f"dask://127.0.0.1:{self._port}"

    def start_worker(self) -> None:
        """Start one more."""
        options = ("--nthreads", "1", "--no-dashboard", "--local-directory", self._folder.name)
        self.workers.append(self._start("worker", f"tcp://127.0.0.1:{self._port}", *options))

    def restart_scheduler(self) -> None:
        """Kill the scheduler, and start another one at its address."""
        self.scheduler.kill()
        self.scheduler.wait()
        self.scheduler = self._start_scheduler()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (*self.workers, self.scheduler):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._folder.cleanup()

    def _start_scheduler(self) -> subprocess.Popen[bytes]:
        return self._start("scheduler", "--port", str(self._port), "--no-dashboard", "--no-show")

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
