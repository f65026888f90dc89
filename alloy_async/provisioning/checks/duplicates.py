"""Repeated keys in a file of any length, found in eight bytes a row on disk, and in memory that does not grow."""

from __future__ import annotations

import sys
import tempfile
import unicodedata
import weakref
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TypeAlias

from ..sources import Finding

_TOGETHER = 1 << 17
_PARTS = 256

FindFirst: TypeAlias = Callable[[str, int, str], tuple[int, str] | None]
"""Takes a key folded, the line of its row and its spelling; gives line and spelling of the first row that has it."""


def _open_file() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0)


class KeyHashes:
    """Collects the hash of every key; tells which hashes came more than once.

    There are a million in memory at most; the others wait in a temporary file that has no name, eight bytes each.

    Args:
        most: how many are kept in memory.
        open_file: opens a file to write and to read, which is gone once it is closed.
    """

    def __init__(self, most: int = 1 << 20, open_file: Callable[[], IO[bytes]] = _open_file) -> None:
        self._most = most
        self._open_file = open_file
        self._hashes = array("q")
        self._file: IO[bytes] | None = None
        self._pieces: list[list[tuple[int, int]]] = []
        """Of each part, by the first byte of a hash: where its pieces are in the file, and their lengths; empty without one."""

    def remember_keys(self, keys: Iterable[str]) -> None:
        """Remember keys, folded."""
        self._hashes.fromlist([*map(hash, keys)])
        if len(self._hashes) > self._most:
            self._spill()

    def take_repeated(self) -> frozenset[int]:
        """Return the hashes that came more than once, and forget all.

        Raises:
            OSError: the file cannot be read.
        """
        hashes, self._hashes = self._hashes, array("q")
        if self._file is None:
            return frozenset(_find_repeated_hashes(hashes))
        file, self._file = self._file, None
        parts, pieces = _split_by_byte(hashes, 0), self._pieces
        repeated: set[int] = set()
        with file:
            while parts:  # one part at a time is read
                repeated.update(_find_repeated_hashes(_read_pieces(file, pieces.pop(), parts.pop()), 1))
        return frozenset(repeated)

    def _spill(self) -> None:
        """Write what is in memory to the file; where the disk does not take it, it stays."""
        if self._file is None:
            try:
                self._file = self._open_file()
            except OSError:
                self._most = sys.maxsize
                return
            self._pieces = [[] for _ in range(_PARTS)]
            weakref.finalize(self, self._file.close)
        parts, self._hashes = _split_by_byte(self._hashes, 0), array("q")
        for part, pieces in zip(parts, self._pieces, strict=True):
            data = part.tobytes()
            begin = _append_to_file(self._file, data) if self._most < sys.maxsize else None
            if begin is None:
                self._most = sys.maxsize
                self._hashes += part
            else:
                pieces.append((begin, len(data)))


def _append_to_file(file: IO[bytes], data: bytes) -> int | None:
    """Append data to a file, and return where they begin; None where the disk does not take them."""
    try:
        begin = file.seek(0, 2)
        return begin if file.write(data) == len(data) else None
    except OSError:
        return None


def _read_pieces(file: IO[bytes], pieces: Iterable[tuple[int, int]], more: array[int]) -> array[int]:
    for begin, size in pieces:
        file.seek(begin)
        more.frombytes(file.read(size))
    return more


def _split_by_byte(hashes: array[int], byte: int) -> list[array[int]]:
    """Split hashes by one of their bytes."""
    parts = [array("q") for _ in range(_PARTS)]
    appends = [part.append for part in parts]
    places = bytes(memoryview(hashes).cast("B")[byte :: hashes.itemsize])
    for place, value in zip(places, hashes, strict=True):
        appends[place](value)
    return parts


def _find_repeated_hashes(hashes: array[int], byte: int = 0) -> Iterator[int]:
    """Find what is in there more than once, in parts by a byte of each, so that only one of them is in memory as objects."""
    if len(hashes) > _TOGETHER and byte < hashes.itemsize:  # beyond its last byte all are the same one
        parts = _split_by_byte(hashes, byte)
        del hashes
        while parts:
            yield from _find_repeated_hashes(parts.pop(), byte + 1)
    elif len(set(hashes)) < len(hashes):
        yield from (value for value, times in Counter(hashes).items() if times > 1)


class FirstLines:
    """Tells, exactly, on which line a key came first.

    Args:
        suspects: the hashes worth remembering, from `KeyHashes.take_repeated`.
    """

    def __init__(self, suspects: frozenset[int]) -> None:
        self._suspects = suspects
        self._lines: dict[str, tuple[int, str]] = {}

    def may_repeat(self, keys: Iterable[str]) -> bool:
        """Tell whether one of some folded keys may be a repeated one."""
        return not self._suspects.isdisjoint(map(hash, keys))

    def find_earlier_or_add(self, folded: str, line: int, key: str) -> tuple[int, str] | None:
        """Return line and spelling of the first row with this key; None when this row is the first.

        Args:
            folded: the key as keys are compared.
            line: of this row.
            key: as this row spells it.
        """
        if hash(folded) not in self._suspects:
            return None
        first = self._lines.setdefault(folded, (line, key))
        return None if first[0] == line else first


def create_duplicate_finding(line: int, column: str, key: str, first: tuple[int, str]) -> Finding:
    """Create the finding that an earlier row has the key, with the reason why two spellings are one key.

    Args:
        line: of the row that repeats the key.
        column: what the source calls the column of the key.
        key: as this row spells it.
        first: line and spelling of the earlier row.
    """
    number, spelling = first
    same = ""
    if spelling != key:
        same = f" as {spelling!r} ({_explain_sameness(key, spelling)} no difference)"
    return Finding(
        line, column, "error", f"{key!r} is on line {number} already{same}; remove one of the two rows"
    )


def _explain_sameness(one: str, other: str) -> str:
    if one.casefold() == other.casefold():
        return "case makes"
    composed = (unicodedata.normalize("NFKC", key) for key in (one, other))
    return "Unicode form makes" if len(set(composed)) == 1 else "case and Unicode form make"
