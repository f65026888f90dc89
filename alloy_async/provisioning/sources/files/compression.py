"""Decompress gzip and zstd as a stream; each is recognized by its first bytes."""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from ....core.errors import ConfigurationError
from ...errors import SourceError

_CHUNK = 1 << 13  # compressed bytes at a time; one may unfold to a thousand
_MOST_LAYERS = 4


class _Decompressor(Protocol):
    """What zlib's and zstd's have in common: one member (frame) of a file."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def decompress_stream(stream: BinaryIO, name: str) -> BinaryIO:
    """Return the stream, or what it holds where it is compressed; by its first bytes, not by its name.

    What was compressed twice, as a download of a .gz file often is, is unpacked twice.

    Raises:
        ConfigurationError: it is zstd and the package for that is not installed.
        SourceError: it is compressed again and again.
    """
    try:
        for _ in range(_MOST_LAYERS):
            stream, packed = _detect_and_decompress(stream, name)
            if not packed:
                return stream
    except BaseException:
        stream.close()
        raise
    stream.close()
    raise SourceError(f"it is compressed more than {_MOST_LAYERS - 1} times over; unpack it first", name)


def _detect_and_decompress(stream: BinaryIO, name: str) -> tuple[BinaryIO, bool]:
    magic = stream.read(4)
    whole = _prepend_head(magic, stream)
    for start, kind, make in _KINDS:
        if magic.startswith(start):
            return io.BufferedReader(_MemberStream(whole, kind, make(name), name), 1 << 17), True
    return whole, False


def _prepend_head(head: bytes, stream: BinaryIO) -> BinaryIO:
    """Return a stream that begins with what was just read of this one."""
    if stream.seekable():  # a file: everything else would pass each of its bytes through Python
        stream.seek(-len(head), io.SEEK_CUR)
        return stream
    return io.BufferedReader(PrefixedStream(head, stream))


class PrefixedStream(io.RawIOBase):
    """Bytes that were read ahead, then the rest of their stream."""

    def __init__(self, prefix: bytes, rest: BinaryIO) -> None:
        self._prefix = memoryview(prefix)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        part = self._prefix[: len(buffer)] or self._rest.read(len(buffer))
        self._prefix = self._prefix[len(part) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._rest.close()
        super().close()


class _MemberStream(io.RawIOBase):
    """What a compressed stream of one or more members holds; one that is cut off is an error."""

    def __init__(self, stream: BinaryIO, kind: str, begin: Callable[[], _Decompressor], name: str) -> None:
        self._stream = stream
        self._kind = kind
        self._begin = begin
        self._member = begin()
        self._ready = b""
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        while not self._ready:
            if not (data := self._read_next_compressed()):
                return 0
            try:
                self._ready = self._member.decompress(data)
            except Exception as error:  # each library raises its own
                raise SourceError(f"its {self._kind} data is damaged: {error}", self._name) from None
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _read_next_compressed(self) -> bytes:
        if not self._member.eof:
            if data := self._stream.read(_CHUNK):
                return data
            raise SourceError(f"its {self._kind} data ends too early; was it copied whole?", self._name)
        data = self._member.unused_data or self._stream.read(_CHUNK)
        if data.strip(b"\0"):  # tapes and block devices pad with zeros
            self._member = self._begin()
            return data
        return b""

    def close(self) -> None:
        self._stream.close()
        super().close()


def _get_gzip_factory(name: str) -> Callable[[], _Decompressor]:
    return lambda: zlib.decompressobj(wbits=31)


def _get_zstd_factory(name: str) -> Callable[[], _Decompressor]:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdDecompressor
    try:
        import zstandard
    except ImportError:
        raise ConfigurationError(
            f"{name} is compressed with zstd, which needs a package that is not installed."
            " Install it with:  pip install 'alloy-async[zstd]'"
        ) from None
    return lambda: zstandard.ZstdDecompressor().decompressobj()


_KINDS: tuple[tuple[bytes, str, Callable[[str], Callable[[], _Decompressor]]], ...] = (
    (b"\x1f\x8b", "gzip", _get_gzip_factory),
    (b"\x28\xb5\x2f\xfd", "zstd", _get_zstd_factory),
)
