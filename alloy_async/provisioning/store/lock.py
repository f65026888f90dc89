"""One worker at a time on a job, held by the operating system: it ends with the process, however that ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Self

from ..errors import JobError


class WorkerLock:
    """An exclusive lock on `PATH.lock`, which holds the worker's process id.

    A file of its own: SQLite's locks on the job file would go if that were opened and closed a second time.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, job: Path) -> Self:
        """Lock a job.

        Raises:
            JobError: another worker holds it; the message has its process id. Or the folder cannot be written.
        """
        path = job.with_name(f"{job.name}.lock")
        while True:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise JobError(f"cannot be locked: {error.strerror}", job) from None
            try:
                _lock(descriptor)
            except OSError:
                with os.fdopen(descriptor) as file:
                    pid = file.read(32) or "unknown"
                raise JobError(
                    f"process {pid} is working on this job; wait for it, or stop it", job
                ) from None
            if _still_is(path, descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, str(os.getpid()).encode())
                return cls(path, descriptor)
            os.close(descriptor)  # its last holder removed it in between

    def release(self) -> None:
        """Let others work on the job."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)


def find_worker(job: Path) -> int | None:
    """Find the process that works on a job: its id; None when nobody does, whatever the job file says."""
    try:
        descriptor = os.open(job.with_name(f"{job.name}.lock"), os.O_RDWR)
    except OSError:
        return None
    with os.fdopen(descriptor) as file:
        try:
            _lock(descriptor)
        except OSError:
            held = file.read(32)
            return int(held) if held.isdigit() else 0
    return None


def _still_is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 1024, os.SEEK_SET)  # beyond the process id, which others shall read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
