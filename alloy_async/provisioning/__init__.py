"""Bulk jobs: the users of a source into a directory, recorded so that none is lost or doubled.

Each name is loaded on first use (PEP 562): a job needs neither the formats of other sources nor the jobs of many tenants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_loading import attach_lazy

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .errors import (
        ForeignRowsError as ForeignRowsError,
        JobError as JobError,
        JobInUse as JobInUse,
        JobUnavailable as JobUnavailable,
        NoSuchJob as NoSuchJob,
        SourceError as SourceError,
    )
    from .events import (
        Checked as Checked,
        Checking as Checking,
        Counts as Counts,
        DoubtsFound as DoubtsFound,
        Event as Event,
        Paused as Paused,
        Progress as Progress,
        Sending as Sending,
        Stopped as Stopped,
        Waiting as Waiting,
    )
    from .jobs import (
        apply as apply,
        plan as plan,
        provision as provision,
        resume as resume,
        undo as undo,
        work as work,
    )
    from .reports.failed_rows_writer import write_correction_file as write_correction_file
    from .results import Plan as Plan, Report as Report
    from .run_options import Run as Run, RunOptions as RunOptions
    from .sources.directory_source import DirectorySource as DirectorySource
    from .sources.field_map import FieldMap as FieldMap
    from .sources.formats.csv_file import CsvSource as CsvSource
    from .sources.interface import Finding as Finding, Row as Row, Source as Source
    from .sources.source_opener import open_source as open_source
    from .store.header import Mode as Mode
    from .tenants.jobs import (
        apply_many as apply_many,
        plan_many as plan_many,
        provision_many as provision_many,
        resume_many as resume_many,
        undo_many as undo_many,
    )
    from .tenants.results import TenantResult as TenantResult, TenantsReport as TenantsReport
    from .tenants.tenant import Tenant as Tenant, TenantsError as TenantsError
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        "errors": (
            "ForeignRowsError",
            "JobError",
            "JobInUse",
            "JobUnavailable",
            "NoSuchJob",
            "SourceError",
        ),
        "events": (
            "Checked",
            "Checking",
            "Counts",
            "DoubtsFound",
            "Event",
            "Paused",
            "Progress",
            "Sending",
            "Stopped",
            "Waiting",
        ),
        "run_options": ("Run", "RunOptions"),
        "jobs": (
            "apply",
            "plan",
            "provision",
            "resume",
            "undo",
            "work",
        ),
        "reports.failed_rows_writer": ("write_correction_file",),
        "results": (
            "Plan",
            "Report",
        ),
        "sources.directory_source": ("DirectorySource",),
        "sources.formats.csv_file": ("CsvSource",),
        "sources.interface": ("Finding", "Row", "Source"),
        "sources.source_opener": ("open_source",),
        "sources.field_map": ("FieldMap",),
        "store.header": ("Mode",),
        "tenants.jobs": (
            "apply_many",
            "plan_many",
            "provision_many",
            "resume_many",
            "undo_many",
        ),
        "tenants.results": (
            "TenantResult",
            "TenantsReport",
        ),
        "tenants.tenant": (
            "Tenant",
            "TenantsError",
        ),
    }
    __getattr__, __dir__, __all__ = attach_lazy(__name__, _HOMES)
