"""Read compressed bodies a piece at a time: bounded in size, and only whole ones.

aiohttp can do this too, but takes a gzip body that was cut short as complete, so its own is switched off.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from .failures import BodyTruncated, BodyUnreadable

PIECE = 1 << 18
"""Most bytes that one step gives, so that a small body which swells to gigabytes is noticed in time."""


class Decompressor(Protocol):
    """What reads one body."""

    def add_input(self, data: bytes) -> bool:
        """Take the next bytes, once `get_next_piece` has given all of those before; tell whether there were any."""
        ...

    def get_next_piece(self) -> bytes:
        """Return the next piece, or nothing where more has to be fed first.

        Raises:
            BodyUnreadable: see there.
        """
        ...

    def check_complete(self) -> None:
        """Check that the body was whole, once nothing is left to take.

        Raises:
            BodyTruncated: see there.
        """
        ...


class BufferedInput:
    """Keep what is fed until it is taken."""

    def __init__(self) -> None:
        self._input = b""
        self._begun = False

    def add_input(self, data: bytes) -> bool:
        self._input += data
        self._begun = self._begun or bool(data)
        return bool(data)


class IdentityDecompressor(BufferedInput):
    """Pass on what is not compressed."""

    def get_next_piece(self) -> bytes:
        data, self._input = self._input, b""
        return data

    def check_complete(self) -> None:
        """Check nothing: how long it is, HTTP says."""


class ZlibDecompressor(BufferedInput):
    """Read gzip (also several members, one after the other) and deflate (also without its header, as some servers send it)."""

    def __init__(self, gzip: bool) -> None:
        super().__init__()
        self._gzip = gzip
        self._step: Any = zlib.decompressobj(31) if gzip else None

    def get_next_piece(self) -> bytes:
        while self._begun:
            self._set_decompressor()
            if self._step.eof:  # padding after the last member, which nobody needs
                self._input = b""
                return b""
            try:
                # Also without input: zlib holds some output back where a piece was full.
                piece: bytes = self._step.decompress(self._input, PIECE)
            except zlib.error as error:
                raise BodyUnreadable(f"it is not {'gzip' if self._gzip else 'deflate'} ({error})") from None
            self._input = self._step.unused_data if self._step.eof else self._step.unconsumed_tail
            if piece or not self._input:
                return piece
        return b""

    def _set_decompressor(self) -> None:
        if self._step is None:
            # The low half of the first byte is 8 in the zlib header (RFC 1950); bare deflate begins otherwise.
            self._step = zlib.decompressobj(15 if self._input[0] & 15 == 8 else -15)
        elif self._gzip and self._step.eof and self._input.startswith(b"\x1f"):
            self._step = zlib.decompressobj(31)

    def check_complete(self) -> None:
        if self._begun and (self._step is None or not self._step.eof):
            raise BodyTruncated("the compressed body is cut short")


class BrotliDecompressor(BufferedInput):
    """Read br, by the package Brotli or brotlicffi."""

    def __init__(self) -> None:
        super().__init__()
        self._library: Any = import_module(BROTLI or "")
        self._step: Any = self._library.Decompressor()

    def get_next_piece(self) -> bytes:
        if self._step.is_finished():
            return b""
        data, self._input = self._input, b""
        try:
            # Also without input: it holds some output back where a piece was full.
            piece: bytes = self._step.process(data, output_buffer_limit=PIECE)
        except self._library.error as error:
            raise BodyUnreadable(f"it is not br ({error})") from None
        return piece

    def check_complete(self) -> None:
        if self._begun and not self._step.is_finished():
            raise BodyTruncated("the compressed body is cut short")


class ZstdDecompressor(BufferedInput):
    """Read zstd frames, by the standard library (3.14) or backports.zstd."""

    def __init__(self) -> None:
        super().__init__()
        self._library: Any = import_module(ZSTD or "")
        self._step: Any = self._library.ZstdDecompressor()

    def get_next_piece(self) -> bytes:
        while self._input or not (self._step.needs_input or self._step.eof):
            if self._step.eof:  # another frame
                self._step = self._library.ZstdDecompressor()
            data, self._input = self._input, b""
            try:
                piece: bytes = self._step.decompress(data, PIECE)
            except self._library.ZstdError as error:
                raise BodyUnreadable(f"it is not zstd ({error})") from None
            if self._step.eof:
                self._input = self._step.unused_data
            if piece:
                return piece
        return b""

    def check_complete(self) -> None:
        if self._begun and not self._step.eof:
            raise BodyTruncated("the compressed body is cut short")


def _find_installed_module(*names: str) -> str | None:
    for name in names:
        try:
            if find_spec(name) is not None:
                return name
        except ModuleNotFoundError:  # the package around it is not there
            continue
    return None


BROTLI = _find_installed_module("brotli", "brotlicffi")
ZSTD = _find_installed_module("compression.zstd", "backports.zstd")

DECOMPRESSORS: Mapping[str, Callable[[], Decompressor]] = {
    "gzip": lambda: ZlibDecompressor(gzip=True),
    "deflate": lambda: ZlibDecompressor(gzip=False),
    **({"br": BrotliDecompressor} if BROTLI else {}),
    **({"zstd": ZstdDecompressor} if ZSTD else {}),
}
"""What can be read here, by its name in Content-Encoding."""

ACCEPT_ENCODING = ", ".join(DECOMPRESSORS)
MISSING = {
    "br": "the package Brotli",
    "zstd": "the package backports.zstd",
    "compress": "a program of long ago",
}
"""What reads the encodings that can be missing here."""


def create_decompressor(content_encoding: str | None) -> Decompressor:
    """Return what reads a body.

    Args:
        content_encoding: the header's value. Names that are none of HTTP's (some servers say "utf-8") are passed over.

    Raises:
        BodyUnreadable: the encoding is not read here.
    """
    name = (content_encoding or "").strip().lower().removeprefix("x-")
    make = DECOMPRESSORS.get(name)
    if make is not None:
        return make()
    if name in MISSING:
        raise BodyUnreadable(f"it is compressed as {name!r}, unasked, and reading that needs {MISSING[name]}")
    if "," in name:
        raise BodyUnreadable("it is compressed more than once, which is not read here")
    return IdentityDecompressor()
