"""Bulk jobs: the users of a source into a directory, recorded so that none is lost or doubled."""

from __future__ import annotations

from .errors import JobError, SourceError
from .events import Checked, Checking, Counts, DoubtsFound, Event, Progress, Stopped, Waiting
from .jobs import Run, RunOptions, apply, plan, provision, resume, undo, work
from .results import Plan, Report
from .sources import CsvSource, DirectorySource, Finding, Row, Source, open_source
from .sources.field_map import FieldMap
from .store.header import Mode

__all__ = [
    "Checked",
    "Checking",
    "Counts",
    "CsvSource",
    "DirectorySource",
    "DoubtsFound",
    "Event",
    "FieldMap",
    "Finding",
    "JobError",
    "Mode",
    "Plan",
    "Progress",
    "Report",
    "Row",
    "Run",
    "RunOptions",
    "Source",
    "SourceError",
    "Stopped",
    "Waiting",
    "apply",
    "open_source",
    "plan",
    "provision",
    "resume",
    "undo",
    "work",
]
