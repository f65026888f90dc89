"""Where the bytes of a source come from: a file, or a stream that can be read only once."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from ...errors import SourceError
from .compression import PrefixedStream, decompress_stream
from .line_places import LineOffsetFinder, encodes_line_ends_as_ascii
from .pipes import open_pipe

_URL = re.compile(r"[a-z][a-z0-9+.-]+(?:::.*)?://", re.IGNORECASE)
"""An address of fsspec; it may name several drivers, as simplecache::s3://bucket/users.csv."""
_DESCRIPTORS = ("/proc/self/fd", "/dev/fd")
"""Where an operating system shows what a process has open."""
_HEAD = 1 << 18
_BUFFER = 1 << 17
_MAGIC = 16
"""Bytes by which what is compressed differs from what is in it."""


class InputBytes(Protocol):
    """Bytes, decompressed.

    Args:
        name: what to call it in messages.
        head: its first bytes, up to 256 KiB.
        whole: whether `head` is all of it.
    """

    name: str
    head: bytes
    whole: bool

    def open_stream(self) -> BinaryIO:
        """Open all of it, from the start.

        Raises:
            SourceError: it cannot be had again.
        """
        ...

    def try_open_seekable(self) -> BinaryIO | None:
        """Open the file as it lies there, to be read in any order; None where there is none, but a stream.

        Raises:
            SourceError: it was changed, or cannot be read.
        """
        ...

    def try_open_at_line(self, line: int, encoding: str) -> BinaryIO | None:
        """Open a text from a physical line on, from 1; None where that would take reading all that stands before it.

        Raises:
            SourceError: it was changed, or cannot be read.
        """
        ...

    def digest(self) -> str | None:
        """Return a hash of the content; see `Source.digest`."""
        ...


def open_input(path: Path) -> InputBytes:
    """Open a file; a pipe, a device or what a process has open (/dev/stdin, /dev/fd/63) is read once, as standard input is.

    Raises:
        SourceError: it cannot be read, or nobody writes into the pipe.
    """
    try:
        # What a descriptor stands for may be another thing the next time, or be used up.
        if stat.S_ISREG(path.stat().st_mode) and not _names_descriptor(path):
            return FileInput(path)
        return StreamInput(open_pipe(path), str(path))
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", path) from None


def _names_descriptor(path: Path) -> bool:
    """Tell whether a path, or a link that it leads through, stands among the open descriptors of a process."""
    folders = [Path(folder).stat().st_dev for folder in _DESCRIPTORS if os.path.exists(folder)]  # noqa: PTH110
    while True:
        # By the file system on which it stands: there are many ways to write /proc/self/fd.
        if path.parent.stat().st_dev in folders:
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()


class FileInput:
    """A file, which must stay as it is between two readings, and in them: what is sent is what was planned.

    A part of it that nobody keeps a hash of, as a password, could else be another one than was planned. A file that was only
    touched, as by a backup, is the same one.

    Raises:
        SourceError: it cannot be read.
    """

    head: bytes
    whole: bool

    def __init__(self, path: Path) -> None:
        self.name: str = str(path)
        self._file = path
        self._digest: str | None = None
        try:
            self._fingerprint = _read_size_and_mtime(path.stat())
            with self.open_stream() as stream:
                self.head, self.whole = read_head(stream)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}", path) from None
        self._begins = self.head[:_MAGIC]
        self._lines = LineOffsetFinder()

    def open_stream(self) -> BinaryIO:
        """Open all of it, from the start."""
        return decompress_stream(self.try_open_seekable(), self.name)

    def try_open_at_line(self, line: int, encoding: str) -> BinaryIO | None:
        """Open a text from a physical line on; None where that would take reading all that stands before it."""
        if not encodes_line_ends_as_ascii(encoding):
            return None
        file = self.try_open_seekable()
        try:
            if file.read(_MAGIC) != self._begins:  # it is compressed
                file.close()
                return None
            file.seek(self._lines.find_start_of_line(file, line))
        except BaseException:
            file.close()
            raise
        return file

    def try_open_seekable(self) -> BinaryIO:
        """Open the file as it lies there, to be read in any order."""
        file = _WatchedFile(self._file, self._check_is_unchanged)
        try:
            self._check_is_unchanged(os.fstat(file.fileno()))
        except BaseException:
            file.close()
            raise
        return io.BufferedReader(file, _BUFFER)

    def digest(self) -> str:
        """Return the SHA-256 of the file as it lies there."""
        digest = self._compute_digest()
        # Of a file that was changed since it was opened it would tell that the new content is the old one.
        if self._digest is None and _read_size_and_mtime(self._file.stat()) == self._fingerprint:
            self._digest = digest
        return digest

    def _check_is_unchanged(self, status: os.stat_result) -> None:
        found = _read_size_and_mtime(status)
        if found == self._fingerprint:
            return
        if self._digest is None or self._compute_digest() != self._digest:
            raise SourceError("the file was changed while it was being read", self._file)
        self._fingerprint = found

    def _compute_digest(self) -> str:
        with self._file.open("rb", buffering=0) as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


class _WatchedFile(io.FileIO):
    """A file whose every piece is followed by a look at whether the file is still the one that was opened."""

    def __init__(self, path: Path, check: Callable[[os.stat_result], None]) -> None:
        super().__init__(path, "rb")
        self._check = check
        self._is_at_end = False

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._is_at_end = False
        return super().seek(offset, whence)

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self._is_at_end:  # each of the layers above asks once more
            return 0
        size = super().readinto(buffer) or 0
        self._check(os.fstat(self.fileno()))
        self._is_at_end = size == 0 < len(buffer)
        return size

    def readall(self) -> bytes:
        data = super().readall()
        self._check(os.fstat(self.fileno()))
        return data or b""


class StreamInput:
    """A stream that can be read once, as standard input."""

    head: bytes
    whole: bool

    def __init__(self, stream: BinaryIO, name: str = "standard input") -> None:
        self.name = name
        self._rest: BinaryIO | None = decompress_stream(stream, name)
        try:
            self.head, self.whole = read_head(self._rest)
        except BaseException:
            self._rest.close()
            raise

    def open_stream(self) -> BinaryIO:
        """Open all of it; once."""
        if self._rest is None:
            raise SourceError("this can be read only once; give a file", self.name)
        rest, self._rest = self._rest, None
        return io.BufferedReader(PrefixedStream(self.head, rest))

    def try_open_seekable(self) -> None:
        """Return None: it is read from its start on."""

    def try_open_at_line(self, line: int, encoding: str) -> None:
        """Return None: it is read from its start on."""

    def digest(self) -> None:
        """Return None: it cannot be read again."""


def read_head(stream: BinaryIO) -> tuple[bytes, bool]:
    """Read the first 256 KiB, and tell whether that is all."""
    head = stream.read(_HEAD + 1)
    return head, len(head) <= _HEAD


def _read_size_and_mtime(status: os.stat_result) -> tuple[int, int]:
    """Read size and time of change: they differ when the file was changed."""
    return status.st_size, status.st_mtime_ns


def parse_source_place(place: str | Path) -> Path | str:
    """Tell a URL, which stays as it is, from a path."""
    return place if isinstance(place, str) and _URL.match(place) else Path(place)


def get_file_name(place: str | Path) -> Path:
    """Return a path's own, or for a URL the name of its file alone: what belongs to it goes into the current folder."""
    found = parse_source_place(place)
    if isinstance(found, Path):
        return found
    first = next(part for part in found.split("::") if "://" in part)
    return Path(urlsplit(first.partition("://")[2]).path.rpartition("/")[2] or "users")
