"""Bulk jobs: the users of a file into a directory."""

from __future__ import annotations

from .checks import Finding
from .csvfile import CsvSource
from .engine import provision
from .errors import SourceError
from .events import Checked, Checking, Counts, Event, Report, Settled, Stopped, Waiting

__all__ = [
    "Checked",
    "Checking",
    "Counts",
    "CsvSource",
    "Event",
    "Finding",
    "Report",
    "Settled",
    "SourceError",
    "Stopped",
    "Waiting",
    "provision",
]
