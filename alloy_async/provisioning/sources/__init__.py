"""Where the rows of a job come from; one interface over all of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from ...core.errors import ConfigurationError
from .column_layout import EXTRA_COLUMNS, ColumnLayout
from .directory_source import DirectorySource
from .field_map import FieldMap, suggest_nearest
from .files.input_bytes import FileInput, InputBytes, StreamInput
from .formats.csv_file import CsvSource
from .formats.json_lines import JsonLinesSource
from .interface import Finding, Row, Severity, Source

__all__ = [
    "EXTRA_COLUMNS",
    "ColumnLayout",
    "CsvSource",
    "DirectorySource",
    "Finding",
    "Format",
    "JsonLinesSource",
    "Row",
    "Severity",
    "Source",
    "open_source",
]

Format = Literal["csv", "tsv", "jsonl", "parquet"]
_SUFFIXES: dict[str, Format] = {
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}


def open_source(
    path: str | Path,
    *,
    format: Format | None = None,  # noqa: A002
    mapping: FieldMap | None = None,
    key: str = "username",
    delimiter: str | None = None,
    encoding: str | None = None,
    stdin: BinaryIO | None = None,
) -> Source:
    """Open a file of users, or standard input; reads its head only.

    gzip, zstd and Parquet are told by their first bytes; JSON lines by the name (`.jsonl`, `.ndjson`,
    `.json`) or an opening brace; all else is CSV.

    Args:
        path: a file; `-` for standard input, whose rows can be walked once.
        format: where it must not be found out.
        mapping: which column is which field; what it does not name goes by the usual names.
        key: the field that tells two users apart in the system they go to (`Capabilities.key`).
        delimiter: between the cells of a CSV file; None finds it.
        encoding: of a text file, a name that Python knows; None finds it.
        stdin: what `-` means; None for the process's own.

    Raises:
        SourceError: it cannot be read as rows of users, with the place where it breaks.
        ConfigurationError: it needs a package that is not installed, or `format` is none.
    """
    if format is not None and format not in get_args(Format):
        raise ConfigurationError(f"unknown format {format!r}{suggest_nearest(format, get_args(Format))}")
    origin: InputBytes = StreamInput(stdin or sys.stdin.buffer) if str(path) == "-" else FileInput(Path(path))
    if format is None:
        format = _detect_format(origin)  # noqa: A001
    mapping = mapping or FieldMap()
    match format:
        case "parquet":
            from .formats.parquet import ParquetSource

            return ParquetSource(origin, mapping=mapping, key=key)
        case "jsonl":
            return JsonLinesSource(origin, mapping=mapping, key=key, encoding=encoding)
        case "tsv":
            delimiter = delimiter or "\t"
    return CsvSource(origin, mapping=mapping, key=key, delimiter=delimiter, encoding=encoding)


def _detect_format(origin: InputBytes) -> Format:
    if origin.head.startswith(b"PAR1"):
        return "parquet"
    for suffix in reversed(Path(origin.name).suffixes):
        if suffix.lower() in _SUFFIXES:
            return _SUFFIXES[suffix.lower()]
    return "jsonl" if origin.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"
