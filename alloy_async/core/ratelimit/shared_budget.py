"""The budget that all processes of one host and user share: a few numbers in a memory-mapped file, changed under a lock.

Each request moves the one moment "spent up to", and a refusal that one process sees shuts the gate for all. A process that
dies, at whatever instant, leaves only unused time: the kernel releases its lock, and a record that was torn is recognised
by its checksum and begun anew.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
import tempfile
import time
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from ..errors import ConfigurationError
from .adaptive_budget import AdaptiveBudget
from .configured_rate import Rate

# The numbers of a budget, and when they were written; then the checksum.
RECORD = struct.Struct(f"<{len(AdaptiveBudget().export_numbers()) + 1}d")
CHECKSUM = struct.Struct("<I")
SIZE = RECORD.size + CHECKSUM.size
# Seconds for which the lock is tried. Its holders need microseconds; one that takes longer was stopped, and must not stop all.
LOCK_PATIENCE, LOCK_NAP = 0.05, 0.0005
# Seconds without a request or an answer after which no process is in a hurry.
QUIET = 0.25


class SharedBudget(AdaptiveBudget):
    """A budget in a file.

    Args:
        path: of the file; it is made if it is not there.
        told: the rate that the user knows; infinite where it is to be learned together.
        now: the moment, by a monotonic clock that all processes of the host share.

    Raises:
        ConfigurationError: the system has no such locks.
    """

    def __init__(self, path: Path, told: Rate, now: float) -> None:
        super().__init__(told, now)
        try:
            import fcntl
        except ImportError:
            raise ConfigurationError("Rate(shared=) needs file locks as Unix has them") from None
        self._path = path
        self._flock, self._how = fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB
        self._release = fcntl.LOCK_UN
        self._initial = self._pack(now)
        self._now = self._written = now
        self._open()

    def reserve(self, now: float) -> float:
        with self._hold_record(now):
            return super().reserve(now)

    def give_back(self) -> None:
        with self._hold_record(self._now):
            super().give_back()

    def rate(self) -> float:
        # As it was read last: told with every request that is taken, and with every answer.
        return super().rate()

    def opens_at(self) -> float:
        self._read(self._now)
        return self.opens

    def note_accepted(self, now: float, sent: float) -> None:
        with self._hold_record(now):
            super().note_accepted(now, sent)

    def note_refused(
        self, now: float, sent: float, asked: float | None, chance: float, crowded: bool
    ) -> bool:
        with self._hold_record(now):
            return super().note_refused(now, sent, asked, chance, crowded)

    def note_rest(self, now: float) -> None:
        with self._hold_record(now):
            if now - self._written > QUIET:  # else others are in a hurry
                super().note_rest(now)

    def _open(self) -> None:
        """Map the file; again in a forked child, whose locks would else be the parent's."""
        self._pid = os.getpid()
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        weakref.finalize(self, os.close, self._file)
        if os.fstat(self._file).st_size < SIZE:
            os.ftruncate(self._file, SIZE)
        self._map = mmap.mmap(self._file, SIZE)

    @contextmanager
    def _hold_record(self, now: float) -> Iterator[None]:
        """Hold the lock, with the numbers read before and written after."""
        if self._pid != os.getpid():
            self._open()
        self._try_lock()
        try:
            self._now = max(self._now, now)
            self._read(now)
            yield
            packed = self._pack(now)
            self._map[:SIZE] = packed + CHECKSUM.pack(zlib.crc32(packed))
        finally:
            self._flock(self._file, self._release)

    def _try_lock(self) -> None:
        until = time.monotonic() + LOCK_PATIENCE
        while True:
            try:
                return self._flock(self._file, self._how)
            except BlockingIOError:
                if time.monotonic() > until:
                    return None
                time.sleep(LOCK_NAP)

    def _read(self, now: float) -> None:
        """Read the numbers; those of a torn record, or of the time before the host started, are begun anew."""
        raw = self._map[:SIZE]
        packed = raw[: RECORD.size]
        torn = zlib.crc32(packed) != CHECKSUM.unpack_from(raw, RECORD.size)[0]
        numbers = RECORD.unpack(self._initial if torn else packed)
        if numbers[-1] > now + 3600:
            numbers = RECORD.unpack(self._initial)
        self.import_numbers(numbers[:-1])
        self._written = numbers[-1]

    def _pack(self, now: float) -> bytes:
        return RECORD.pack(*self.export_numbers(), now)


def open_shared_budget(host: str, credential: str, rate: Rate, now: float) -> SharedBudget:
    """Open the budget that the processes of this host and user share for a server and credential.

    Args:
        host: host and port of the server.
        credential: what tells accounts apart; only a keyed hash of it becomes the name of a file.
        rate: as the user told it.
        now: by a monotonic clock that all processes of the host share.

    Raises:
        ConfigurationError: the folder of the budgets is another user's, or cannot be made.
    """
    folder = _open_folder()
    name = rate.shared if isinstance(rate.shared, str) else credential
    digest = blake2b(f"{host.lower()}\0{name}".encode(), key=_read_or_create_key(folder), digest_size=16)
    return SharedBudget(folder / digest.hexdigest(), rate, now)


def _open_folder() -> Path:
    """Open the folder of this user's budgets, which nobody else may enter."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"alloy_async-budgets-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise ConfigurationError(f"Rate(shared=): no folder for the budgets: {error}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o077:
        raise ConfigurationError(f"Rate(shared=): {folder} is open to other users; remove it")
    return folder


def _read_or_create_key(folder: Path) -> bytes:
    """Read the key of the hashes, made once: who sees a file's name cannot guess a credential from it."""
    path = folder / "key"
    if not path.exists():
        own = folder / f"key-{os.getpid()}-{os.urandom(4).hex()}"
        own.write_bytes(os.urandom(32))
        with suppress(FileExistsError):
            os.link(own, path)  # whoever comes first: the file is there with all its bytes, or not at all
        own.unlink()
    return path.read_bytes()
