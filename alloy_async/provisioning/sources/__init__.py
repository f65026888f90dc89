"""Where the rows of a job come from; one interface over all of them.

Each name is loaded on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import attach_lazy

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .column_layout import EXTRA_COLUMNS as EXTRA_COLUMNS, ColumnLayout as ColumnLayout
    from .directory_source import DirectorySource as DirectorySource
    from .formats.csv_file import CsvSource as CsvSource
    from .formats.json_lines import JsonLinesSource as JsonLinesSource
    from .interface import (
        Finding as Finding,
        Row as Row,
        Severity as Severity,
        Source as Source,
        read_rows as read_rows,
    )
    from .source_opener import Format as Format, open_source as open_source
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        "column_layout": (
            "EXTRA_COLUMNS",
            "ColumnLayout",
        ),
        "directory_source": ("DirectorySource",),
        "formats.csv_file": ("CsvSource",),
        "formats.json_lines": ("JsonLinesSource",),
        "interface": (
            "Finding",
            "Row",
            "Severity",
            "Source",
            "read_rows",
        ),
        "source_opener": (
            "Format",
            "open_source",
        ),
    }
    __getattr__, __dir__, __all__ = attach_lazy(__name__, _HOMES)
