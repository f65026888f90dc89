"""The file of rows that did not go in: the original columns, and why; it can be fed back."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .csvfile import EXTRA_COLUMNS, CsvSource
from .errors import SourceError


class FailedRows:
    """Writes rows that did not go in, in the input's own delimiter and encoding.

    The three extra columns stand first, so that a row with too many cells keeps them all; when the
    file is used as input, they are ignored. Passwords are left blank. A file from an earlier run is
    replaced, or removed when nothing failed; a file of anybody else is never touched.

    Args:
        path: where to write.
        source: the input.

    Raises:
        SourceError: on entering, when the path cannot be written or holds another kind of file.
    """

    def __init__(self, path: Path, source: CsvSource) -> None:
        self.path = path
        self.count = 0
        self._source = source
        header = source.columns.header
        self._old = {index for index, name in enumerate(header) if name in EXTRA_COLUMNS}

    def __enter__(self) -> Self:
        self._refuse_foreign()
        try:
            self._file = self._open("w")
        except OSError as error:
            raise SourceError(
                f"cannot write the rows that do not go in: {error.strerror};"
                " give another place with --failed",
                self.path,
            ) from None
        self._writer = csv.writer(self._file, delimiter=self._source.delimiter)
        self._writer.writerow([*EXTRA_COLUMNS, *self._original(self._source.columns.header)])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if not self.count:
            self.path.unlink()

    def discard(self) -> None:
        """Forget the rows so far: the job never began."""
        self.count = 0

    def add(self, line: int, cells: Sequence[str], status: str, reason: str) -> None:
        """One row that did not go in."""
        self.count += 1
        secret = self._source.columns.fields.get("password")
        shown = ["" if index == secret else cell for index, cell in enumerate(cells)]
        self._writer.writerow([line, status, reason, *self._original(shown)])

    def _original(self, cells: Sequence[str]) -> list[str]:
        return [cell for index, cell in enumerate(cells) if index not in self._old]

    def _refuse_foreign(self) -> None:
        try:
            with self._open("r") as file:
                head = file.readline(200)
        except OSError:
            return  # not there; or not readable, which opening for writing will tell
        if head and not head.startswith(EXTRA_COLUMNS[0]):
            raise SourceError(
                "holds something else than the rows that did not go in, so it is left alone;"
                " give another place with --failed",
                self.path,
            )

    def _open(self, mode: str) -> IO[str]:
        return self.path.open(mode, encoding=self._source.encoding, errors="replace", newline="")
