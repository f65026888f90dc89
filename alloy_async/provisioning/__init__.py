"""Bulk jobs: the users of a source into a directory, recorded so that none is lost or doubled."""

from __future__ import annotations

from .errors import JobError, JobInUse, JobUnavailable, NoSuchJob, SourceError
from .events import Checked, Checking, Counts, DoubtsFound, Event, Paused, Progress, Stopped, Waiting
from .jobs import Run, RunOptions, apply, plan, provision, resume, undo, work
from .results import Plan, Report
from .sources import CsvSource, DirectorySource, Finding, Row, Source, open_source
from .sources.field_map import FieldMap
from .store.header import Mode
from .tenants.jobs import apply_many, plan_many, provision_many, resume_many, undo_many
from .tenants.results import TenantResult, TenantsReport
from .tenants.tenant import Tenant, TenantsError

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
    "JobInUse",
    "JobUnavailable",
    "Mode",
    "NoSuchJob",
    "Paused",
    "Plan",
    "Progress",
    "Report",
    "Row",
    "Run",
    "RunOptions",
    "Source",
    "SourceError",
    "Stopped",
    "Tenant",
    "TenantResult",
    "TenantsError",
    "TenantsReport",
    "Waiting",
    "apply",
    "apply_many",
    "open_source",
    "plan",
    "plan_many",
    "provision",
    "provision_many",
    "resume",
    "resume_many",
    "undo",
    "undo_many",
    "work",
]
