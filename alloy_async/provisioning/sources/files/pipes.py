"""Pipes, devices and standard input: read as their writer gives, never waiting for one that does not come."""

from __future__ import annotations

import io
import os
import select
import stat
import sys
import time
from pathlib import Path
from typing import BinaryIO

from ...async_helpers import raise_if_cancelled
from ...errors import SourceError
from .compression import PrefixedStream

_PATIENCE = 5.0
"""Seconds for a writer to appear at the other end of a named pipe."""
_LOOK = 0.1
_PIECE = 1 << 16


def open_pipe(path: Path, patience: float = _PATIENCE) -> BinaryIO:
    """Open a named pipe, the end of a process substitution or a character device, to be read once.

    Args:
        path: where it is.
        patience: seconds to wait for somebody to write into a pipe.

    Raises:
        SourceError: it is something else, or nobody writes into the pipe.
        OSError: it cannot be opened.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISREG(mode)):
        raise SourceError("this is not a file; give a file or a pipe", path)
    if not stat.S_ISFIFO(mode) or sys.platform == "win32":
        return make_cancellable(path.open("rb"))
    # A plain open waits for a writer for ever, and meanwhile no signal handler of an event loop gets to run.
    pipe = _NonblockingPipe(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    try:
        first = _await_writer(pipe, path, time.monotonic() + patience)
        return io.BufferedReader(PrefixedStream(first, io.BufferedReader(pipe, _PIECE)))
    except BaseException:
        pipe.close()
        raise


def _await_writer(pipe: _NonblockingPipe, path: Path, end: float) -> bytes:
    """Wait until the pipe has a writer; returns what it has written already."""
    while True:
        raise_if_cancelled()
        first = pipe.read_now(_PIECE)
        if first is None:  # there is a writer who is silent so far; without one, a pipe reads as ended
            return b""
        if first:
            return first
        if time.monotonic() >= end:
            break
        time.sleep(_LOOK)
    raise SourceError("nothing comes out of this pipe: nobody writes into it; start its writer first", path)


def make_cancellable(stream: BinaryIO) -> BinaryIO:
    """Return a stream whose reads end when the work that reads is cancelled; the same one where reads cannot block."""
    if sys.platform == "win32" or not isinstance(stream, io.BufferedReader | io.FileIO):
        return stream
    try:
        waits = not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return stream
    return io.BufferedReader(_BlockingStream(stream), _PIECE) if waits else stream


class _WaitingReader(io.RawIOBase):
    """Waits for bytes in short steps, and looks in between whether anybody still wants them."""

    def __init__(self, descriptor: int) -> None:
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN | select.POLLHUP)

    def readable(self) -> bool:
        return True

    def wait_briefly_for_bytes(self) -> bool:
        """Wait for a moment; tells whether something came."""
        raise_if_cancelled()
        return bool(self._poll.poll(1000 * _LOOK))


class _BlockingStream(_WaitingReader):
    """A stream whose reads block; they must, as others may share it."""

    def __init__(self, stream: io.BufferedReader | io.FileIO) -> None:
        super().__init__(stream.fileno())
        self._stream = stream
        self._read = stream.read1 if isinstance(stream, io.BufferedReader) else stream.read

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        while not self.wait_briefly_for_bytes():
            pass
        part = self._read(len(buffer)) or b""
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _NonblockingPipe(_WaitingReader):
    """A pipe whose reads do not block."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._descriptor = descriptor

    def read_now(self, size: int) -> bytes | None:
        """Read what is there; None where nothing is, and empty at the end: when there is no writer."""
        try:
            return os.read(self._descriptor, size)
        except BlockingIOError:
            return None

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        # Reading comes first: of a writer who went before the pipe was opened, no event ever tells.
        while (part := self.read_now(len(buffer))) is None:
            self.wait_briefly_for_bytes()
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()
