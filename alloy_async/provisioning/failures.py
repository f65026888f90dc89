"""The file of rows that did not go in: the original columns, and why; it can be fed back."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .errors import SourceError
from .sources import EXTRA_COLUMNS, CsvSource, Row, Source


class FailedRows:
    """Writes rows that did not go in: for CSV in the input's own delimiter and encoding, for others as JSON lines.

    The three extra columns stand first, so that a row with too many cells keeps them all; when the
    file is used as input, they are ignored. Passwords are left blank. A file from an earlier run is
    replaced, or removed when nothing failed; a file of anybody else is never touched.

    Args:
        path: where to write.
        source: the input.

    Raises:
        SourceError: on entering, when the path cannot be written or holds another kind of file.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self.path = path
        self.count = 0
        self._source = source

    @staticmethod
    def suffix(source: Source) -> str:
        """How the name of such a file ends."""
        return ".csv" if isinstance(source, CsvSource) else ".jsonl"

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
        self._write = rows_writer(self._file, self._source)
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

    def add(self, row: Row, status: str, reason: str) -> None:
        """One row that did not go in."""
        self.count += 1
        self._write(row, status, reason)

    def _refuse_foreign(self) -> None:
        try:
            with self._open("r") as file:
                head = file.readline(200)
        except OSError:
            return  # not there; or not readable, which opening for writing will tell
        if head and not head.startswith((EXTRA_COLUMNS[0], f'{{"{EXTRA_COLUMNS[0]}"')):
            raise SourceError(
                "holds something else than the rows that did not go in, so it is left alone;"
                " give another place with --failed",
                self.path,
            )

    def _open(self, mode: str) -> IO[str]:
        encoding = self._source.encoding if isinstance(self._source, CsvSource) else "utf-8"
        return self.path.open(mode, encoding=encoding, errors="replace", newline="")


def rows_writer(file: IO[str], source: Source) -> Callable[[Row, str, str], object]:
    """What writes a row with its status and reason, so that the file can be used as a source again."""
    if not isinstance(source, CsvSource):

        def write_object(row: Row, status: str, reason: str) -> object:
            extra = dict(zip(EXTRA_COLUMNS, (row.line, status, reason), strict=True))
            return file.write(json.dumps({**extra, **row.values}, ensure_ascii=False) + "\n")

        return write_object
    labels = [label for label in source.columns.labels if label]
    writer = csv.writer(file, delimiter=source.delimiter)
    writer.writerow([*EXTRA_COLUMNS, *labels])

    def write_cells(row: Row, status: str, reason: str) -> object:
        surplus = [value for label, value in row.values.items() if label not in labels]
        cells = [row.values[label] for label in labels if label in row.values] + surplus
        return writer.writerow([row.line, status, reason, *cells])

    return write_cells
