"""Where a crash of a shared job takes place: the system, the database, the job and its users."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import attrs

from alloy_async.sandbox import Sandbox
from alloy_async.sandbox.smooch.service import APP_ID, KEY_ID, SECRET

from ..database_server import DatabaseServer
from ..sandbox_directories import place_of

ROWS, SHARD = 56, 14
LEASE = 3.0
CREDENTIALS = {
    "ALLOY_API_KEY": "key",
    "SMOOCH_KEY_ID": KEY_ID,
    "SMOOCH_SECRET": SECRET,
    "SMOOCH_APP_ID": APP_ID,
}
PATIENCE = 120.0
"""Seconds that a worker may take: machines are busy."""


# Children are forked from a process that has everything loaded, so that hundreds of runs are quick.
process_context = multiprocessing.get_context("forkserver")
process_context.set_forkserver_preload(["simulation.crashes.scene_workers"])


@attrs.frozen
class Scene:
    """Where one run takes place.

    Args:
        server: the database's.
        sandbox: the system.
        source: the users.
        job: the job's name.
    """

    server: DatabaseServer
    sandbox: Sandbox
    source: Path
    job: str = attrs.field(factory=lambda: str(uuid.uuid4()))

    @property
    def place(self) -> str:
        """The job, on the direct way."""
        return self.locate(self.server.url)

    def locate(self, url: str) -> str:
        """Address the job at a server."""
        return f"{url}{'&' if '?' in url else '?'}lease_seconds={LEASE}#{self.job}"

    @property
    def target(self) -> tuple[str, str, str]:
        """What `directory_of` takes."""
        return self.sandbox.system, self.sandbox.url, place_of(self.sandbox)


def write_source(path: Path, rows: int = ROWS) -> set[str]:
    """Write a file of users, with whatever a system wants of one; their names."""
    names = [f"user{n}" for n in range(rows)]
    lines = [f"{name},{name}@x.example,Given,Family{name}" for name in names]
    path.write_text("\n".join(["username,email,given_name,family_name", *lines, ""]), encoding="utf-8")
    return set(names)


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "it never came there"
        time.sleep(0.005)
