"""Where the rows of a job come from; one interface over all of them."""

from __future__ import annotations

from .column_layout import EXTRA_COLUMNS, ColumnLayout
from .directory_source import DirectorySource
from .formats.csv_file import CsvSource
from .formats.json_lines import JsonLinesSource
from .interface import Finding, Row, Severity, Source, read_rows
from .source_opener import Format, open_source

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
    "read_rows",
]
