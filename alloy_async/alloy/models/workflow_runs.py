"""Runs of workflows, and what they did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json


@attrs.define(eq=False, repr=False)
class Rerun(Model):
    """A new execution of a workflow that ran before."""

    message: str | None = None
    execution_uuid: Annotated[str | None, Json("executionUuid")] = None


@attrs.define(eq=False, repr=False)
class LogItem(Model):
    """One item that a block put out: any JSON value, and an id."""

    json: Any = None
    id: str | None = None


@attrs.define(eq=False, repr=False)
class LogResult(Model):
    """What one block of an execution put out: its outputs, each a list of items."""

    block_id: Annotated[str | None, Json("blockId")] = None
    started_at: Annotated[datetime | str | None, Json("startedAt")] = None
    stopped_at: Annotated[datetime | str | None, Json("stoppedAt")] = None
    data: list[list[LogItem]] | None = None


@attrs.define(eq=False, repr=False)
class LogInput(Model):
    """What one block of an execution was given."""

    block_id: Annotated[str | None, Json("blockId")] = None
    data: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class WorkflowLog(Model):
    """One execution of a workflow; `execution_id` is what `rerun_workflow` takes."""

    execution_id: Annotated[str | None, Json("executionId")] = None
    started_at: Annotated[datetime | str | None, Json("startedAt")] = None
    stopped_at: Annotated[datetime | str | None, Json("stoppedAt")] = None
    finished: bool | None = None
    results: list[LogResult] | None = None
    inputs: list[LogInput] | None = None


@attrs.define(eq=False, repr=False)
class WorkflowLogs(Model):
    """One page of a workflow's executions."""

    data: list[WorkflowLog] | None = None


@attrs.define(eq=False, repr=False)
class WorkflowError(Model):
    """An error that stopped a workflow."""

    workflow_id: Annotated[str | None, Json("workflowId")] = None
    block: str | None = None
    error_occurred_at: Annotated[datetime | str | None, Json("errorOccurredAt")] = None
    message: str | None = None


@attrs.define(eq=False, repr=False)
class WorkflowErrors(Model):
    """The errors of a workflow."""

    _bare_list_as = "data"  # no source tells whether "no errors" is [] or {"data": []}
    data: list[WorkflowError] | None = None
