"""Decode exported text files: find their encoding, and the line of a wrong byte."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Generator, Iterator
from typing import BinaryIO, TypeAlias

from ....core.argument_errors import format_argument_name
from ...errors import SourceError
from .input_bytes import InputBytes

_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Byte order marks; UTF-32's begins as UTF-16's does, so it stands first."""
_WIDE = (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1))
"""Encodings, bytes of a character, and which of them holds a Latin letter."""
_SAMPLE = 1 << 10
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ": "xz-compressed",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
    b"{\\rtf": "a rich text document",
}
_MARKUP = re.compile(rb"\s*<(?:!doctype|\?xml|html|head|body|table|meta|style|div|workbook)\b", re.IGNORECASE)
_LDIF = re.compile(rb"(?:version:\s*\d+\s+|#[^\r\n]*\s+)*dn::? *\S+", re.IGNORECASE)
"""How a dump of a directory begins: an entry of several lines a person."""
_UNDECODED = re.compile("[\ud800-\udfff]")
_LONGEST_LINE = 1 << 20
_BLOCK = 1 << 16
_END_MARKS = "\x1a\0"
"""What DOS programs and some devices write behind the end of a text."""


def detect_encoding(source: InputBytes, given: str | None) -> str:
    """Find the encoding: the given one by its proper name; without one, that of the mark, and UTF-8 where there is none.

    Raises:
        SourceError: Python does not know it; or the source is empty, or is not text.
    """
    if not source.head:
        raise SourceError("it is empty; expected one person a line", source.name)
    for magic, kind in _NOT_TEXT.items():
        if source.head.startswith(magic):
            raise SourceError(f"this is {kind}, not a text file; save it as 'CSV UTF-8'", source.name)
    found = next((name for mark, name in _MARKS.items() if source.head.startswith(mark)), None)
    found = found or _detect_wide(source.head[:_SAMPLE]) or "utf-8"
    if found != "utf-32" and _MARKUP.match(source.head.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")):
        hint = "web applications call it .xls; open it in a spreadsheet and save it as .xlsx or 'CSV UTF-8'"
        raise SourceError(f"this is HTML or XML, not a table; {hint}", source.name)
    if _LDIF.match(source.head.lstrip(b"\xef\xbb\xbf\r\n ")):
        hint = "export the same as CSV (csvde, Get-ADUser | Export-Csv), or convert it"
        raise SourceError(f"this is LDIF, with a person over many lines, not a table; {hint}", source.name)
    if given is None:
        return found
    try:
        name = codecs.lookup(given).name
        "".encode(name)  # some codecs of Python make bytes of bytes
    except (LookupError, UnicodeError):
        hint = "try utf-8, utf-16 or cp1252"
        raise SourceError(f"unknown encoding {given!r}; {hint}", source.name) from None
    return found if name == "utf-8" and found == "utf-8-sig" else name


def _detect_wide(sample: bytes) -> str | None:
    """Detect UTF-16 and UTF-32 without a mark, by where the NULs of Latin letters stand."""
    for encoding, width, letter in _WIDE:
        size = len(sample) // width
        nuls = [sample[place::width].count(0) for place in range(width)]
        others = [count for place, count in enumerate(nuls) if place != letter]
        if size and nuls[letter] < size / 10 and min(others) > size / 2:
            return encoding
    return None


def read_head_lines(source: InputBytes, encoding: str) -> Iterator[str]:
    """Read the lines at the start that came whole."""
    # Cut off where it is, four bytes hold whole characters of each wide encoding.
    head = source.head if source.whole else source.head[: len(source.head) // 4 * 4]
    lines = read_lines(io.BytesIO(head), source.name, encoding)
    if source.whole:
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
    """Read the physical lines of a text stream with their line ends; see `iterate_decoded_blocks`."""
    for _, text in iterate_decoded_blocks(stream, name, encoding):
        yield from io.StringIO(text, newline="")


def count_lines(text: str) -> int:
    """Count the line ends of a text, which may be of several kinds."""
    returns = text.count("\r")
    return text.count("\n") + (returns - text.count("\r\n") if returns else 0)


def iterate_decoded_blocks(
    stream: BinaryIO, name: str, encoding: str, *, skip: int = 0, first: int = 1, by_line: bool = True
) -> Generator[tuple[int, str], None, None]:
    """Read a text stream in pieces of about 64 KiB that end with a line, in constant memory; closes the stream.

    Ctrl-Z and NULs at the end of the text are left out.

    Args:
        stream: the bytes.
        name: of the source, for messages.
        encoding: a name that Python knows.
        skip: physical lines at the start to leave out.
        first: the number of the line at which the stream begins.
        by_line: whether each piece ends with a line; where not, a line may have any length.

    Yields:
        The number of its first line and the text, with the line ends as they are.

    Raises:
        SourceError: a byte that is not of the encoding, a NUL, or a line without end; with line
            and column; what stands above it was yielded before.
    """
    # Undecodable bytes come through as lone surrogates, so that their line and column are known.
    with io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="") as file:
        line = first + skip
        try:
            for _ in range(skip):
                file.readline(_LONGEST_LINE)
            while text := file.read(_BLOCK) + (file.readline(_LONGEST_LINE) if by_line else ""):
                fault = _find_fault(text, name, encoding, line)
                if not fault and ("\x1a" in text or "\0" in text):
                    text, fault = _strip_end_marks_and_find_nul(text, file, name, line)
                if fault:
                    above = text[: fault[0]]
                    if above:
                        yield line, above
                    raise fault[1]
                if text:
                    yield line, text
                line += count_lines(text)
        except UnicodeError as error:
            raise SourceError(f"not {encoding}: {error}", name) from None


_Fault: TypeAlias = tuple[int, SourceError]
"""Where the line begins that cannot be read, and why it cannot."""


def _find_fault(text: str, name: str, encoding: str, line: int) -> _Fault | None:
    bad = None if text.isascii() else _UNDECODED.search(text)
    if bad and "\0" not in text[: bad.start()]:  # NULs before it tell more
        start, number = _find_line(text, bad.start(), line)
        return start, _create_decode_error(name, encoding, number, bad.start() - start, bad)
    if len(text) >= _LONGEST_LINE:
        start, number = _find_line(text, len(text) - 1, line)
        if len(text) - start >= _LONGEST_LINE and text[start:].strip(_END_MARKS):
            message = f"the line is longer than {_LONGEST_LINE:,} characters; is this a text file?"
            return start, SourceError(message, name, number)
    return None


def _find_line(text: str, position: int, line: int) -> tuple[int, int]:
    """Find where the line of a position begins, and its number."""
    start = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    return start, line + count_lines(text[:start])


def _strip_end_marks_and_find_nul(
    text: str, file: io.TextIOWrapper, name: str, line: int
) -> tuple[str, _Fault | None]:
    """Cut the marks of the end off; one in the middle is part of the text, but for a NUL."""
    end = len(text.rstrip(_END_MARKS + "\r\n"))
    tail = text[end:]
    if tail.strip("\r\n") and _is_padding(file):
        text = text[: end + len(tail) - len(tail.lstrip("\r\n"))]
    if (at := text.find("\0")) < 0:
        return text, None
    start, number = _find_line(text, at, line)
    return text, (start, _create_nul_error(name, number, text[start:], at - start))


def _is_padding(file: io.TextIOWrapper) -> bool:
    """Tell whether nothing follows but marks of the end."""
    while rest := file.readline(_LONGEST_LINE):
        if rest.strip(_END_MARKS + "\r\n"):
            return False
    return True


def _create_nul_error(name: str, number: int, text: str, at: int) -> SourceError:
    wide = "utf-32-le" if text[at : at + 3] == "\0\0\0" else "utf-16-be" if at == 0 else "utf-16-le"
    given = format_argument_name("encoding", wide)
    hint = f"a file full of them is UTF-16 without a mark: try {given}, or save it as 'CSV UTF-8'"
    return SourceError(f"a NUL character; {hint}", name, number, at + 1)


def _create_decode_error(name: str, encoding: str, line: int, column: int, bad: re.Match[str]) -> SourceError:
    byte = ord(bad.group()) & 0xFF
    hint = f"find out its encoding and give it with {format_argument_name('encoding')}, or save it as 'CSV UTF-8'"
    meant = bytes([byte]).decode("cp1252", "ignore")
    if encoding.startswith("utf-8") and meant:
        hint = (
            f"if {meant!r} is meant there, the file is windows-1252: "
            f"give {format_argument_name('encoding', 'cp1252')}, or save it as 'CSV UTF-8'"
        )
    return SourceError(f"byte 0x{byte:02X} is not {encoding.upper()}; {hint}", name, line, column + 1)
