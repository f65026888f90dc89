"""Text files that people export: which encoding, and where a byte is wrong."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Generator, Iterator
from typing import BinaryIO

from ...errors import SourceError
from .input_bytes import InputBytes

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ": "xz-compressed",
    b"%PDF": "a PDF document",
}
_UNDECODED = re.compile("[\ud800-\udfff]")
_LONGEST_LINE = 1 << 20


def detect_encoding(origin: InputBytes, given: str | None) -> str:
    """The given encoding by its proper name; without one, that of the mark, and UTF-8 where there is none.

    Raises:
        SourceError: Python does not know it; or the origin is empty, or no text.
    """
    if not origin.head:
        raise SourceError("it is empty; expected one person a line", origin.name)
    for magic, kind in _NOT_TEXT.items():
        if origin.head.startswith(magic):
            raise SourceError(f"this is {kind}, not a text file; save it as 'CSV UTF-8'", origin.name)
    found = next((name for mark, name in _MARKS.items() if origin.head.startswith(mark)), "utf-8")
    if given is None:
        return found
    try:
        name = codecs.lookup(given).name
    except LookupError:
        hint = "try utf-8, utf-16 or cp1252"
        raise SourceError(f"unknown encoding {given!r}; {hint}", origin.name) from None
    return found if name == "utf-8" and found == "utf-8-sig" else name


def read_head_lines(origin: InputBytes, encoding: str) -> Iterator[str]:
    """The lines at the start that came whole."""
    lines = read_lines(io.BytesIO(origin.head), origin.name, encoding)
    if origin.whole:
        yield from lines
        return
    behind: str | None = None
    try:
        for line in lines:
            if behind is not None:
                yield behind
            behind = line
    except SourceError:
        if behind is None:
            raise
        yield behind  # what broke is behind it: the reading of the rows tells


def read_lines(stream: BinaryIO, name: str, encoding: str) -> Generator[str, None, None]:
    """The physical lines of a text stream with their line ends, in constant memory; closes the stream.

    Raises:
        SourceError: a byte that is not of the encoding, a NUL, or a line without end; with line
            and column.
    """
    # Undecodable bytes come through as lone surrogates, so that their line and column are known.
    with io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="") as file:
        number = 0
        while True:
            number += 1
            try:
                line = file.readline(_LONGEST_LINE)
            except UnicodeError as error:
                raise SourceError(f"not {encoding}: {error}", name, number) from None
            if not line:
                return
            if not line.isascii() and (bad := _UNDECODED.search(line)):
                raise _create_decode_error(name, encoding, number, bad)
            if "\0" in line:
                raise SourceError(
                    "a NUL character; a file full of them is UTF-16 without a mark:"
                    " try --encoding utf-16-le, or save it as 'CSV UTF-8'",
                    name,
                    number,
                    line.index("\0") + 1,
                )
            if len(line) >= _LONGEST_LINE:
                message = f"the line is longer than {_LONGEST_LINE:,} characters; is this a text file?"
                raise SourceError(message, name, number)
            yield line


def _create_decode_error(name: str, encoding: str, line: int, bad: re.Match[str]) -> SourceError:
    byte = ord(bad.group()) & 0xFF
    hint = "find out its encoding and give it with --encoding, or save it as 'CSV UTF-8'"
    if encoding.startswith("utf-8") and byte >= 0xA0:
        meant = bytes([byte]).decode("cp1252")
        hint = (
            f"if {meant!r} is meant there, the file is windows-1252: "
            "give --encoding cp1252, or save it as 'CSV UTF-8'"
        )
    return SourceError(f"byte 0x{byte:02X} is not {encoding.upper()}; {hint}", name, line, bad.start() + 1)
