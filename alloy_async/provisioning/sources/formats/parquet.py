"""Parquet files, batch by batch; needs pyarrow."""

from __future__ import annotations

import datetime
import decimal
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

from ....core.errors import ConfigurationError
from ...errors import SourceError
from ..blocks import Block
from ..cell_values import Unreadable
from ..column_layout import ColumnLayout, LayoutError
from ..field_map import FieldMap
from ..files.input_bytes import InputBytes
from ..interface import Row
from ..object_rows import ObjectRows
from .file_source import FileSource

_BATCH = 2000


class ParquetSource(FileSource):
    """A Parquet file with one person a row. Dates and decimals become text; `line` is the row's number, from 1.

    Args:
        origin: a file, not a stream: Parquet has its directory at the end.
        mapping: which column is which field; by the usual names where it does not say.
        key: the field that tells two users apart in the system they go to; a column must fill it.

    Raises:
        SourceError: it cannot be read, or has no column for the key.
        ConfigurationError: pyarrow is not installed.
    """

    def __init__(self, origin: InputBytes, *, mapping: FieldMap, key: str) -> None:
        super().__init__(origin)
        self._mapping = mapping
        self._arrow, self._parquet = _import_pyarrow(self.name)
        with self._open_file() as file:
            header, kinds = file.schema_arrow.names, file.schema_arrow.types
        if twice := next((name for name in header if header.count(name) > 1), None):
            raise SourceError(f"two columns are called {twice!r}; rename one of them", self.name)
        try:
            columns = ColumnLayout.match_header(header, mapping, partial=True)
        except LayoutError as error:
            raise SourceError(str(error), self.name) from None
        is_nested = any(map(self._arrow.types.is_nested, kinds))  # what is within has names of its own
        self.holds_secrets: bool = columns.holds_secrets or is_nested
        if lack := columns.explain_missing_key_column(key):
            raise SourceError(lack, self.name)

    def rows(self) -> Iterator[Row]:
        """Yield the rows, a batch in memory at a time."""
        for block in self.blocks():
            yield from block.rows()

    def blocks(self) -> Iterator[Block]:
        """Yield the same rows in blocks, as columns."""
        objects = ObjectRows(self.name, self._mapping)
        yield from self._read_blocks(objects, 1)
        objects.refuse_mapping_of_missing_columns()

    def blocks_from(self, line: int) -> Iterator[Block]:
        """Yield the rows of the row group that holds a row, and of those behind it; see `Source`."""
        return self._read_blocks(ObjectRows(self.name, self._mapping), line)

    def _read_blocks(self, objects: ObjectRows, line: int) -> Iterator[Block]:
        with self._open_file() as file:
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            ends = [*accumulate(sizes)]
            first = bisect_left(ends, line)
            names, number = file.schema_arrow.names, ends[first - 1] if first else 0
            groups = [*range(first, len(sizes))]
            try:
                for batch in file.iter_batches(_BATCH, row_groups=groups, use_threads=False):
                    lines = range(number + 1, number + 1 + batch.num_rows)
                    block = objects.create_block_from_columns(
                        lines, names, [*map(self._convert_column, batch.columns)]
                    )
                    number = lines.stop - 1
                    yield block
            except (self._arrow.ArrowException, OSError) as error:
                raise SourceError(f"its Parquet data is damaged: {error}", self.name, number + 1) from None

    @contextmanager
    def _open_file(self) -> Iterator[Any]:
        stream = self._origin.try_open_seekable()
        if stream is None:
            raise SourceError("Parquet cannot be read from a stream; give a file", self.name)
        with stream:
            try:
                file = self._parquet.ParquetFile(stream, pre_buffer=False, buffer_size=1 << 16)
            except (self._arrow.ArrowException, OSError) as error:
                hint = "was it copied whole? A compressed one must be decompressed first"
                raise SourceError(f"cannot be read as Parquet ({error}); {hint}", self.name) from None
            yield file

    def _convert_column(self, column: Any) -> list[object]:
        """Convert the values of a column, without types that only Python has where there can be any."""
        if str(column.type) in _PLAIN_TYPES:
            values: list[object] = column.to_pylist()
            return values
        try:
            return [*map(_convert_or_mark_unreadable, self._cast_for_python(column).to_pylist())]
        except (ValueError, OverflowError):  # a date that Python's calendar does not reach
            return [
                None if value is None else str(value)
                for value in column.cast(self._arrow.string()).to_pylist()
            ]

    def _cast_for_python(self, column: Any) -> Any:
        """Make columns of types that Python has; a time of a zone that is not known here becomes one of UTC."""
        types, kind = self._arrow.types, column.type
        if types.is_float32(kind):  # as a double, 0.1 would become 0.10000000149011612
            return column.cast(self._arrow.string()).cast(self._arrow.float64())
        column = self._cast_to_microseconds(column)
        if types.is_timestamp(column.type) and column.type.tz is not None and len(column):
            try:
                self._arrow.scalar(0, column.type).as_py()
            except (KeyError, self._arrow.ArrowInvalid):  # of pytz, where it is installed; of zoneinfo
                return column.cast(self._arrow.timestamp(column.type.unit, "UTC"))
        return column

    def _cast_to_microseconds(self, column: Any) -> Any:
        """Nanoseconds become microseconds, which Python has, where they are whole; else text."""
        types, kind = self._arrow.types, column.type
        if getattr(kind, "unit", None) != "ns":
            return column
        if types.is_timestamp(kind):
            coarse = self._arrow.timestamp("us", kind.tz)
        else:
            coarse = self._arrow.time64("us") if types.is_time(kind) else self._arrow.duration("us")
        try:
            return column.cast(coarse)
        except self._arrow.ArrowInvalid:
            return column.cast(self._arrow.string())


def _import_pyarrow(name: str) -> tuple[Any, Any]:
    try:
        import pyarrow  # type: ignore[import-untyped, import-not-found, unused-ignore]
        import pyarrow.parquet  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise ConfigurationError(
            f"{name} is a Parquet file, which needs a package that is not installed."
            " Install it with:  pip install 'alloy-async[parquet]'"
        ) from None
    return pyarrow, pyarrow.parquet


_PLAIN_TYPES = ("string", "large_string", "bool", "int64", "int32")


def _convert_or_mark_unreadable(value: object) -> object:
    try:
        return convert_value(value)
    except _UnreadableValue as error:
        return Unreadable(str(error))


class _UnreadableValue(Exception):
    """A value has no form that JSON has."""


def convert_value(value: object) -> object:
    """Convert a value to one that JSON has: dates and decimals become text, what is not a number becomes nothing.

    Raises:
        _UnreadableValue: it holds bytes that are not text, or a map with a key twice.
    """
    match value:
        case datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal():
            return f"{value:f}"
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                raise _UnreadableValue("bytes that are not text in UTF-8") from None
        case float():
            return value if value == value else None
        case dict():
            return {str(name): convert_value(part) for name, part in value.items()}
        case list() if value and all(isinstance(part, tuple) for part in value):  # a map
            found = {str(name): convert_value(part) for name, part in value}
            if len(found) < len(value):
                raise _UnreadableValue("a map with a key twice")
            return found
        case list():
            return [convert_value(part) for part in value]
    return value if isinstance(value, str | int | None) else str(value)
