"""What is going to be sent, encoded while it is planned, so that a job does not read and encode its source a second time."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Collection, Sequence
from typing import IO, Self

from ....directory import Directory, EncodingDirectory, RecordColumns
from ....directory.interface import get_directory_if_it_encodes
from ..rows import RowStretch

_HEAD = struct.Struct("<qqqq")
"""Of each body: the numbers of its first and last row, how many rows it has, and its bytes."""
_IN_MEMORY = 1 << 18
"""Bytes for which there need not be a file: to make one takes as long as to plan a hundred rows."""


def _open_file() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(_IN_MEMORY, buffering=0)


class BodySpool:
    """Bodies of requests, in a temporary file without a name as soon as they are many; a context manager.

    Nothing hangs on it: a body that is not found is made of the source. So a disk that is full ends the spool, not the job. It
    takes nothing where the system takes passwords, which are written nowhere, or no encoded users.

    Args:
        target: the directory.
        open_file: opens a file to write and to read, which is gone once it is closed.
    """

    def __init__(self, target: Directory, open_file: Callable[[], IO[bytes]] = _open_file) -> None:
        can = target.capabilities
        self._encoder: EncodingDirectory | None = (
            None if "password" in can.carries else get_directory_if_it_encodes(target)
        )
        self._size = can.batch_size
        self._open_file = open_file
        self._file: IO[bytes] | None = None
        self._end = 0
        self._next = 0
        self._head: tuple[int, ...] | None = None
        self._numbers: list[int] = []
        self._users: list[RecordColumns] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def abandon(self) -> None:
        """Throw all away, and take nothing any more: what is planned is not what was spooled."""
        self._encoder = None
        self._head, self._numbers, self._users = None, [], []
        if self._file is not None:
            self._file.close()
            self._file = None

    def add_planned_creations(self, first: int, users: RecordColumns, refused: Collection[int] = ()) -> None:
        """Take users whose creation is planned, in the order of their rows.

        Args:
            first: the number of the first row; the others follow it.
            users: of neighbouring rows.
            refused: the places among them of those who are not sent.
        """
        if self._encoder is None:
            return
        begin = 0
        for place in [*sorted(refused), users.rows]:
            if place > begin:
                self._numbers += range(first + begin, first + place)
                self._users.append(users.slice_rows(begin, place))
            begin = place + 1
        if len(self._numbers) >= self._size:
            self._write_bodies(self._encoder, self._size)

    def spool_last_partial_body(self) -> None:
        """Take the rest, which fills no body, for a body too."""
        if self._encoder is not None:
            self._write_bodies(self._encoder, 1)

    def find_body(self, rows: Sequence[RowStretch]) -> bytes | None:
        """Find the body of the users of planned rows, asked for in their order; None where there is none of just these."""
        if self._file is None:
            return None
        wanted = (rows[0].first, rows[-1].last, sum(stretch.rows for stretch in rows))
        while self._head is None or self._head[0] < wanted[0]:
            if self._next >= self._end:
                return None
            self._file.seek(self._next)
            self._head = _HEAD.unpack(self._file.read(_HEAD.size))
            self._next += _HEAD.size + self._head[-1]
        *found, size = self._head
        if tuple(found) != wanted:
            return None
        self._file.seek(self._next - size)
        return self._file.read(size)

    def _write_bodies(self, encoder: EncodingDirectory, least: int) -> None:
        """Write the bodies of the users that wait, as long as there are so many."""
        users, numbers, start = RecordColumns.join(self._users or [RecordColumns(0, {})]), self._numbers, 0
        while len(numbers) - start >= least:
            stop = min(start + self._size, len(numbers))
            body = encoder.encode_batch(users.slice_rows(start, stop))
            if body is not None and not self._write(body, (numbers[start], numbers[stop - 1], stop - start)):
                self.abandon()
                return
            start = stop
        self._numbers, self._users = numbers[start:], [users.slice_rows(start, users.rows)]

    def _write(self, body: bytes, key: tuple[int, int, int]) -> bool:
        """Write a body; False where the disk does not take it."""
        try:
            if self._file is None:
                self._file = self._open_file()
            data = _HEAD.pack(*key, len(body)) + body
            if self._file.write(data) < len(data):
                return False
        except OSError:
            return False
        self._end += len(data)
        return True
