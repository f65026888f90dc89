"""Text files that people export: which encoding, and where a byte is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .errors import SourceError

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "gzip-compressed",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF document",
}
_UNDECODED = re.compile("[\ud800-\udfff]")
_LONGEST_LINE = 1 << 20


def detect_encoding(path: Path) -> str:
    """The encoding that the file's first bytes announce; UTF-8 where they announce none.

    Raises:
        SourceError: the file is empty, or holds no text.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise SourceError("the file is empty; expected a header line and one line a person", path)
    for magic, kind in _NOT_TEXT.items():
        if head.startswith(magic):
            raise SourceError(f"this is {kind}, not a text file; save it as 'CSV UTF-8'", path)
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """The physical lines of a text file with their line ends, in constant memory.

    Raises:
        SourceError: a byte that is not of the encoding, a NUL, or a line without end; with line
            and column.
    """
    # Undecodable bytes come through as lone surrogates, so that their line and column are known.
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        number = 0
        while True:
            number += 1
            try:
                line = file.readline(_LONGEST_LINE)
            except UnicodeError as error:
                raise SourceError(f"not {encoding}: {error}", path, number) from None
            if not line:
                return
            if not line.isascii() and (bad := _UNDECODED.search(line)):
                raise _undecodable(path, encoding, number, bad)
            if "\0" in line:
                raise SourceError(
                    "a NUL character; a file full of them is UTF-16 without a mark:"
                    " try --encoding utf-16-le, or save it as 'CSV UTF-8'",
                    path,
                    number,
                    line.index("\0") + 1,
                )
            if len(line) >= _LONGEST_LINE:
                raise SourceError(
                    f"the line is longer than {_LONGEST_LINE:,} characters; is this a CSV file?",
                    path,
                    number,
                )
            yield line


def _undecodable(path: Path, encoding: str, line: int, bad: re.Match[str]) -> SourceError:
    byte = ord(bad.group()) & 0xFF
    hint = "find out its encoding and give it with --encoding, or save it as 'CSV UTF-8'"
    if encoding.startswith("utf-8") and byte >= 0xA0:
        meant = bytes([byte]).decode("cp1252")
        hint = (
            f"if {meant!r} is meant there, the file is windows-1252: "
            "give --encoding cp1252, or save it as 'CSV UTF-8'"
        )
    return SourceError(f"byte 0x{byte:02X} is not {encoding.upper()}; {hint}", path, line, bad.start() + 1)


def fingerprint(path: Path) -> tuple[int, int]:
    """Size and time of change: differs when the file was changed between two passes."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns
