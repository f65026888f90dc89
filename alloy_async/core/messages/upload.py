"""What can be uploaded, and how it is read: in pieces, and again only where it can be rewound."""

from __future__ import annotations

import asyncio
import io
import os
import re
import stat
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, TypeAlias

import attrs

from ..codec.conversion import Mismatch, create_type_mismatch
from ..errors import UploadSourceFailed

CHUNK = 256 * 1024
"""Most bytes of a file that are in memory at once."""


class BinaryFile(Protocol):
    """A file object opened in binary mode, or anything that reads like one."""

    def read(self, size: int, /) -> bytes: ...


Content: TypeAlias = str | os.PathLike[str] | bytes | BinaryFile | AsyncIterable[bytes]
"""What can be uploaded: a path, bytes, a file opened in binary mode, or an async iterator of bytes."""

_BYTES = bytes | bytearray | memoryview
_CONTENT_TYPE = r"(?a)[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:;[ -~]*)?"


@attrs.frozen
class Upload:
    """A file to upload, with what cannot be seen from it.

    Args:
        source: a path, bytes, a file opened in binary mode, or an async iterator of bytes. A file object is read from
            where it stands, and left there.
        filename: default the path's or file's own name, else the argument's.
        content_type: default what the filename's ending says, else application/octet-stream.
        size: in bytes; needed only where it cannot be found out and the server does not take a body of unknown length.
    """

    source: Content = attrs.field(
        repr=lambda source: repr(source) if _is_path(source) else type(source).__name__
    )
    filename: str | None = None
    content_type: str | None = None
    size: int | None = None


FileSource: TypeAlias = Content | Upload
"""The type of an argument that is a file."""


def parse_upload(value: object) -> Upload:
    """Return the upload that an argument means; raises Mismatch where it means none."""
    upload = value if isinstance(value, Upload) else Upload(value)  # type: ignore[arg-type]
    source = upload.source
    if not _is_path(source) and not isinstance(source, _BYTES | AsyncIterable):
        if not callable(getattr(source, "read", None)):
            raise create_type_mismatch(
                "a path, bytes, a binary file, an async iterator of bytes or an Upload", source
            )
        # Wrappers, as tempfile's, are told by their mode; members of a ZipFile are binary whatever theirs says ("r").
        mode = "b" if isinstance(source, io.BufferedIOBase | io.RawIOBase) else getattr(source, "mode", "b")
        if isinstance(source, io.TextIOBase) or (isinstance(mode, str) and "b" not in mode):
            raise Mismatch("expected a file opened in binary mode ('rb'), got one opened as text")
    for text in (upload.filename, upload.content_type):
        if text is not None and not isinstance(text, str):
            raise create_type_mismatch("text as filename and content_type", text)
    if upload.content_type is not None and not re.fullmatch(_CONTENT_TYPE, upload.content_type):
        raise Mismatch(f"expected a content_type such as 'image/png', got {upload.content_type[:40]!r}")
    if upload.size is not None and (not isinstance(upload.size, int) or upload.size < 0):
        raise Mismatch("expected a size in bytes, 0 or more")
    return upload


class UploadSource:
    """What one file part is read from; it outlives the attempts, each of which reads it anew."""

    def __init__(self, upload: Upload) -> None:
        source = upload.source
        self._content: Any = io.BytesIO(source) if isinstance(source, _BYTES) else source
        self._opens = _is_path(source)
        self._file: Any = None
        self._lock = Lock()
        self._start: int | None = 0 if self._opens else None
        self._begun = False
        self._over = False
        self.size: Any = upload.size
        self.filename: str | None = upload.filename or _find_name(source)
        self.label: str = repr(str(source)) if self._opens else f"the {type(source).__name__} given"

    @property
    def repeatable(self) -> bool:
        return self._start is not None or not self._begun

    def open_and_measure(self) -> None:
        """Open the file, and find out its size and whether it can be rewound; run in a thread, as disks may be slow."""
        with self._lock:
            if not self._over and not isinstance(self._content, AsyncIterable):
                self._prepare_to_read()

    def _prepare_to_read(self) -> None:
        if self._opens:
            path = Path(self._content)
            if not stat.S_ISREG(path.stat().st_mode):
                raise ValueError("it is not a regular file; open it yourself and give the file object")
            self._file = path.open("rb")
        else:
            _claim_file(self._content)
            self._file = self._content
        if not _is_seekable(self._file):
            return
        self._start = self._file.tell()
        found = self._file.seek(0, io.SEEK_END) - self._start
        if self.size is not None and self.size != found:
            raise ValueError(f"its size is {found} bytes, not the {self.size} given")
        self.size = found

    def close(self) -> None:
        """Close a file that was opened here, and put another one back to where it stood."""
        with self._lock:  # a thread may still be opening or reading for what was given up
            self._over = True
            file, self._file = self._file, None
            if file is None:
                return
            if self._opens:
                file.close()
                return
            _claimed.discard(id(file))
            if self._start is not None and not file.closed:
                file.seek(self._start)

    async def read_pieces(self) -> AsyncIterator[bytes]:
        self._begun = True
        given = 0
        try:
            async for piece in self._read_pieces():
                given += len(piece)
                if self.size is not None and given > self.size:
                    break
                yield piece
        except Exception as error:
            raise UploadSourceFailed(
                f"{self.label} could not be read on: {type(error).__name__}: {error}"
            ) from error
        if self.size is not None and given != self.size:
            found = "more" if given > self.size else f"{given}"
            raise UploadSourceFailed(f"{self.label} gave {found} bytes, and {self.size} were announced")

    async def _read_pieces(self) -> AsyncIterator[bytes]:
        if isinstance(self._content, AsyncIterable):
            async for piece in self._content:
                yield _require_bytes(piece)
            return
        position = self._start
        while piece := _require_bytes(await asyncio.to_thread(self._read_at, position)):
            yield piece
            position = None if position is None else position + len(piece)

    def _read_at(self, position: int | None) -> Any:
        """Read the next bytes; where the file can be sought, those at a position, whatever else was read meanwhile."""
        with self._lock:
            if self._file is None:
                raise ValueError("the call is over")
            if position is not None:
                self._file.seek(position)
            return self._file.read(CHUNK)


_claimed: set[int] = set()
"""Ids of the callers' files that are being uploaded: two calls at once would read each other's pieces."""


def _claim_file(file: object) -> None:
    if id(file) in _claimed:
        raise ValueError("another call is uploading it now; give its path instead, or bytes")
    _claimed.add(id(file))


def _is_path(source: object) -> bool:
    return isinstance(source, str | os.PathLike)


def _is_seekable(file: Any) -> bool:
    seekable = getattr(file, "seekable", None)
    return seekable is not None and bool(seekable())


def _require_bytes(piece: Any) -> bytes:
    if not isinstance(piece, _BYTES):
        raise TypeError(f"expected bytes, got {type(piece).__name__}")
    return bytes(piece)


def _find_name(source: object) -> str | None:
    """Find the file name that a path or a file object has."""
    name = source if _is_path(source) else getattr(source, "name", None)
    if not isinstance(name, str | os.PathLike):
        return None
    base = Path(os.fspath(name)).name
    return None if base.startswith("<") else base or None
