"""The budget that all processes of one host and user share: a few numbers in a file, changed under a lock.

Each request moves the one moment "spent up to", and a refusal that one process sees shuts the gate for all. A process that
dies, at whatever instant, leaves only unused time: the kernel releases its lock, and a record that was torn is recognised
by its checksum, and written anew with what its next reader knows. The file is not mapped into memory: whoever empties it
would kill all who have it so. Who removes it, as those do who tidy up, makes all begin another one together.
"""

from __future__ import annotations

import os
import stat
import struct
import tempfile
import time
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from ..errors import ConfigurationError
from .adaptive_budget import AdaptiveBudget
from .configured_rate import Rate

# The numbers of a budget, and when they were written; then the checksum, which no record of other numbers passes.
RECORD = struct.Struct(f"<{len(AdaptiveBudget().export_numbers()) + 1}d")
CHECKSUM = struct.Struct("<I")
SEED = zlib.crc32(",".join(name for _, name in AdaptiveBudget().list_number_attributes()).encode())
SIZE = RECORD.size + CHECKSUM.size
KEY_SIZE = 32
# Seconds for which the lock is tried. Its holders need microseconds; one that takes longer was stopped, and must not stop all.
LOCK_PATIENCE, LOCK_NAP = 0.05, 0.0005
# Seconds without a request or an answer after which no process is in a hurry.
QUIET = 0.25
# Seconds by which a record may be of later than now; of more, it is of the time before the host started.
LATER = 10.0
# Seconds after which is looked whether the file is still the one that others would open.
LOOK = 1.0


class SharedBudget(AdaptiveBudget):
    """A budget in a file.

    Args:
        path: of the file; it is made if it is not there.
        told: the rate that the user knows; infinite where it is to be learned together.
        now: the moment, by a monotonic clock that all processes of the host share.

    Raises:
        ConfigurationError: the system has no such locks.
        OSError: the file cannot be opened.
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
        self._initial = self._pack_record(now)
        self._now = self._written = self._looked = now
        # As this process wrote it last, of the numbers that it has: they are read again only where another has written.
        self._own_record = b""
        self._is_stuck = False
        self._close: Callable[[], object] = lambda: None
        self._reopen_file()

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
        self._reload_numbers(self._now)
        return self.opens

    def note_accepted(self, now: float, sent: float) -> None:
        with self._hold_record(now):
            super().note_accepted(now, sent)

    def note_refused(
        self, now: float, sent: float, asked: float | None, chance: float, crowded: bool
    ) -> bool:
        with self._hold_record(now):
            return super().note_refused(now, sent, asked, chance, crowded)

    def note_idle(self, now: float) -> None:
        with self._hold_record(now):
            if now - self._written > QUIET:  # else others are in a hurry
                super().note_idle(now)

    def _reopen_file(self) -> None:
        """Open the file; again in a forked child, whose locks would else be the parent's, and where it is another one."""
        how = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        file = os.open(self._path, how, 0o600)
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            os.close(file)
            raise FileExistsError(f"{self._path} is not a file")
        self._close()
        self._close = weakref.finalize(self, os.close, file)
        self._pid, self._file, self._identity = os.getpid(), file, (found.st_dev, found.st_ino)

    def _reopen_if_replaced(self, now: float) -> None:
        """Open the file that has the name now, where the one that is open was removed."""
        self._looked = now
        with suppress(OSError):  # the one that is open still serves those who have it
            try:
                found = os.lstat(self._path)
            except FileNotFoundError:
                self._path.parent.mkdir(mode=0o700, exist_ok=True)
            else:
                if (found.st_dev, found.st_ino) == self._identity:
                    return
            self._reopen_file()

    @contextmanager
    def _hold_record(self, now: float) -> Iterator[None]:
        """Hold the lock, with the numbers read before and written after."""
        if self._pid != os.getpid():
            self._reopen_file()
        elif not 0 <= now - self._looked < LOOK:
            self._reopen_if_replaced(now)
        self._lock_with_patience()
        try:
            self._now = max(self._now, now)
            self._reload_numbers(now)
            # Where what follows fails half-way, the numbers are not those of the record any more.
            self._own_record = b""
            yield
            packed = self._pack_record(now)
            record = packed + CHECKSUM.pack(zlib.crc32(packed, SEED))
            with suppress(OSError):  # the disk is full: this process keeps what it knows
                os.pwrite(self._file, record, 0)
                self._own_record, self._written = record, now
        finally:
            with suppress(OSError):
                self._flock(self._file, self._release)

    def _lock_with_patience(self) -> None:
        until = time.monotonic() + (0.0 if self._is_stuck else LOCK_PATIENCE)
        while True:
            try:
                self._flock(self._file, self._how)
            except OSError:
                if time.monotonic() >= until:
                    self._is_stuck = True  # its holder was stopped: not every call waits for it
                    return
                time.sleep(LOCK_NAP)
            else:
                self._is_stuck = False
                return

    def _reload_numbers(self, now: float) -> None:
        """Read the numbers; those that this process knows stay where the record is torn or being written."""
        try:
            raw = os.pread(self._file, SIZE, 0)
        except OSError:
            return
        if raw == self._own_record:
            return
        packed = raw[: RECORD.size]
        if len(raw) < SIZE or zlib.crc32(packed, SEED) != CHECKSUM.unpack_from(raw, RECORD.size)[0]:
            return
        numbers = RECORD.unpack(packed)
        if numbers[-1] > now + LATER:  # of the time before the host started
            numbers = RECORD.unpack(self._initial)
        self.import_numbers(numbers[:-1])
        self._written = numbers[-1]

    def _pack_record(self, now: float) -> bytes:
        return RECORD.pack(*self.export_numbers(), now)


def open_shared_budget(host: str, credential: str, rate: Rate, now: float) -> SharedBudget:
    """Open the budget that the processes of this host and user share for a server and credential.

    Args:
        host: host and port of the server.
        credential: what tells accounts apart; only a keyed hash of it becomes the name of a file.
        rate: as the user told it.
        now: by a monotonic clock that all processes of the host share.

    Raises:
        ConfigurationError: the folder of the budgets is another user's, or it or a file in it cannot be made or opened.
    """
    folder = _find_or_create_folder()
    name = rate.shared if isinstance(rate.shared, str) else credential
    try:
        digest = blake2b(f"{host.lower()}\0{name}".encode(), key=_read_or_create_key(folder), digest_size=16)
        return SharedBudget(folder / digest.hexdigest(), rate, now)
    except OSError as error:
        raise ConfigurationError(f"Rate(shared=): the budget cannot be opened: {error}") from None


def _find_or_create_folder() -> Path:
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
    if path.exists() and path.stat().st_size != KEY_SIZE:  # somebody has emptied it
        path.unlink(missing_ok=True)
    if not path.exists():
        own = folder / f"key-{os.getpid()}-{os.urandom(4).hex()}"
        own.write_bytes(os.urandom(KEY_SIZE))
        with suppress(FileExistsError):
            os.link(own, path)  # whoever comes first: the file is there with all its bytes, or not at all
        own.unlink()
    return path.read_bytes()
