"""Open a file of users, whatever its format is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO, Literal, get_args

import orjson

from ...core.argument_errors import format_argument_name
from ...core.errors import ConfigurationError
from ..errors import SourceError
from .field_map import FieldMap, format_suggestion
from .files.encoding import detect_encoding
from .files.input_bytes import (
    FileInput,
    InputBytes,
    StreamInput,
    get_file_name,
    open_input,
    parse_source_place,
)
from .files.pipes import make_cancellable
from .formats.file_source import FileSource
from .interface import Source

Format = Literal["csv", "tsv", "jsonl", "json", "parquet", "excel"]
_SUFFIXES: dict[str, Format] = {".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}
_OLE = b"\xd0\xcf\x11\xe0"
_WORKBOOK_PARTS = (b"xl/", b"opendocument.spreadsheet")
"""What the first bytes of a zip archive hold that is a workbook."""


def open_source(
    path: str | Path,
    *,
    format: Format | None = None,  # noqa: A002
    mapping: FieldMap | None = None,
    key: str = "username",
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    skip_rows: int = 0,
    allow_empty: bool = False,
    stdin: BinaryIO | None = None,
) -> Source:
    """Open a file of users, or standard input; reads its head only.

    gzip, zstd, Parquet and workbooks are told by their first bytes; JSON by the name (`.jsonl`, `.ndjson`,
    `.json`) or an opening bracket; all else is CSV. A pipe or a device is read once, as standard input is.

    Args:
        path: a file; the URL of one, as s3://bucket/users.csv, for whatever fsspec has a driver for (extra `remote`); `-` for
            standard input, whose rows can be walked once.
        format: where it must not be found out.
        mapping: which column is which field; what it does not name goes by the usual names.
        key: the field that tells two users apart in the system they go to (`Capabilities.key`).
        delimiter: between the cells of a CSV file; None finds it.
        encoding: of a text file, a name that Python knows; None finds it.
        sheet: of a workbook, the name of the sheet; None for the one that has a header with the key.
        skip_rows: lines at the start of a CSV file or sheet to leave out, above the header, which is searched; default 0.
        allow_empty: whether the source may have no rows at all; by default that is refused in every mode.
        stdin: what `-` means; None for the process's own.

    Raises:
        SourceError: it cannot be read as rows of users, with the place where it breaks.
        ConfigurationError: it needs a package that is not installed, there is no such format, or the URL holds a secret.
    """
    if format is not None and format not in get_args(Format):
        raise ConfigurationError(f"unknown format {format!r}{format_suggestion(format, get_args(Format))}")
    if skip_rows < 0:
        raise ConfigurationError(f"skip_rows must be 0 or more; got {skip_rows}")
    given = _open_input_bytes(path, stdin)
    if format is None:
        format = _detect_format(given, encoding)  # noqa: A001
    source = _create_source(given, format, mapping or FieldMap(), key, delimiter, encoding, sheet, skip_rows)
    source.allow_empty = allow_empty
    if isinstance(given, FileInput):
        given.head = b""  # 256 KiB, for as long as the job; nobody reads it again
    return source


def _open_input_bytes(path: str | Path, stdin: BinaryIO | None) -> InputBytes:
    place = parse_source_place(path)
    if isinstance(place, str):
        from .files.remote_input import RemoteInput

        return RemoteInput(place)
    return StreamInput(make_cancellable(stdin or sys.stdin.buffer)) if str(path) == "-" else open_input(place)


def _create_source(
    given: InputBytes,
    format: Format,  # noqa: A002
    mapping: FieldMap,
    key: str,
    delimiter: str | None,
    encoding: str | None,
    sheet: str | None,
    skip_rows: int,
) -> FileSource:
    if sheet is not None and format != "excel":
        raise SourceError(
            f"only workbooks have sheets; leave out {format_argument_name('sheet')}", given.name
        )
    if skip_rows and format not in ("csv", "tsv", "excel"):
        raise SourceError(
            f"rows can be skipped in CSV files and workbooks only; leave out {format_argument_name('skip_rows')}",
            given.name,
        )
    match format:  # each is loaded where it is read: most take a while
        case "parquet":
            from .formats.parquet import ParquetSource

            return ParquetSource(given, mapping=mapping, key=key)
        case "excel":
            from .formats.excel import ExcelSource

            return ExcelSource(given, mapping=mapping, key=key, sheet=sheet, skip_rows=skip_rows)
        case "jsonl":
            from .formats.json_lines import JsonLinesSource

            return JsonLinesSource(given, mapping=mapping, key=key, encoding=encoding)
        case "json":
            from .formats.json_documents import JsonDocumentSource

            return JsonDocumentSource(given, mapping=mapping, key=key, encoding=encoding)
    from .formats.csv_file import CsvSource

    delimiter = delimiter or ("\t" if format == "tsv" else None)
    return CsvSource(
        given, mapping=mapping, key=key, delimiter=delimiter, encoding=encoding, skip_rows=skip_rows
    )


def _detect_format(given: InputBytes, encoding: str | None) -> Format:
    if given.head.startswith(b"PAR1"):
        return "parquet"
    if given.head.startswith(_OLE) or (
        given.head.startswith(b"PK") and any(part in given.head for part in _WORKBOOK_PARTS)
    ):
        return "excel"
    for suffix in reversed(get_file_name(given.name).suffixes):
        if suffix.lower() in _SUFFIXES:
            found = _SUFFIXES[suffix.lower()]
            return found if found == "tsv" else _choose_json_format(given, encoding)
    if given.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return _choose_json_format(given, encoding)
    return "csv"


def _choose_json_format(given: InputBytes, encoding: str | None) -> Format:
    """Tell JSON lines from an array, or from objects over several lines, by the first line."""
    from .formats.json_documents import is_list_of_objects
    from .formats.json_lines import read_first_filled_line

    first = read_first_filled_line(given, detect_encoding(given, encoding))
    try:
        match orjson.loads(first):
            case dict() as data:
                # An API's answer on one line: an object around the people.
                return "json" if any(map(is_list_of_objects, data.values())) else "jsonl"
        return "json"
    except orjson.JSONDecodeError:
        return "json" if first.startswith("[") or first == "{" or not first.endswith("}") else "jsonl"
