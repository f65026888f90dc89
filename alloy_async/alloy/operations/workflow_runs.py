"""Running workflows, and what they did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import attrs

from ...core.operation.markers import Json, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import ByPage, Listing, Unpaged
from .. import models  # noqa: F401 (the answers in quotes are looked up here)
from .common import BAD_REQUEST, need_workflow

MAX_LOGS = 30
"""The most executions on one page of `get_workflow_logs`."""


@attrs.frozen(eq=False, repr=False)
class RunEvent(Operation["models.Message"]):
    """Trigger a custom event for a user, which starts the workflows that listen to it.

    POST /run/event

    Args:
        event: the event's name, from `list_events`.
        user_id: the user's id or username.
        data: the event's body, with the keys of its schema; sent as a JSON object, in which None is
            null.

    Returns:
        What was done, in words.

    Raises:
        TransportError, ServerError: with effect "unknown", the workflows may have run.
    """

    verb = "POST"
    route = "/run/event"
    event: Annotated[str, Json("event")]
    user_id: Annotated[str, Json("userId")]
    data: Annotated[Mapping[str, Any], Json("data")]


@attrs.frozen(eq=False, repr=False)
class RunWorkflow(Operation["models.Message"]):
    """Run a workflow that starts on a webhook; those that start on a custom event are run by
    `run_event`.

    POST /run/workflow

    Args:
        user_id: the user's id or username.
        data: what the webhook would have brought; sent as a JSON object, in which None is null.
        workflow_name: the workflow, by its name; needed where `workflow_id` is not given.
        workflow_id: the workflow, by its id.

    Returns:
        What was done, in words.

    Raises:
        InvalidRequest: neither workflow_name nor workflow_id; nothing was sent.
        TransportError, ServerError: with effect "unknown", the workflow may have run.
    """

    verb = "POST"
    route = "/run/workflow"
    user_id: Annotated[str, Json("userId")]
    data: Annotated[Mapping[str, Any], Json("data")]
    workflow_name: Annotated[str | None, Json("workflowName")] = None
    workflow_id: Annotated[str | None, Json("workflowId")] = None

    def check(self) -> None:
        need_workflow(self.workflow_id, self.workflow_name)


@attrs.frozen(eq=False, repr=False)
class RerunWorkfow(Operation["models.Rerun"]):
    """Run a workflow again, with the input of a former execution.

    POST /workflows/{workflowId}/rerun/{executionId}

    The service's own name of this operation is misspelt; `rerun_workflow` is the same method.

    Args:
        workflow_id: the workflow.
        execution_id: the execution to repeat, from `get_workflow_logs`.
        user_id: the user's id or username.

    Returns:
        The id of the new execution.

    Raises:
        TransportError, ServerError: with effect "unknown", the workflow may have run again.
    """

    verb = "POST"
    route = "/workflows/{workflowId}/rerun/{executionId}"
    workflow_id: Annotated[str, Path("workflowId")]
    execution_id: Annotated[str, Path("executionId")]
    user_id: Annotated[str, Query("userId")]


@attrs.frozen(eq=False, repr=False)
class GetWorkflowLogs(Listing["models.WorkflowLogs", "models.WorkflowLog"]):
    """List the executions of a workflow during the last 60 days, page by page.

    GET /workflows/{workflowId}/logs

    Args:
        workflow_id: the workflow.
        user_id: only the executions for this user, by id or username.
        page: the page to retrieve; the service does not say whether the first is 0 or 1, and None
            is the first.
        limit: executions on a page, 1 to 30; the service's default is 10.
        order: by time, "desc" (the service's default) or "asc".

    Returns:
        The executions of the page, in `data`; empty after the last page.

    Raises:
        InvalidRequest: a limit outside 1 to 30; nothing was sent.
    """

    verb = "GET"
    route = "/workflows/{workflowId}/logs"
    paging: ClassVar[Unpaged] = ByPage("data", key="execution_id")
    workflow_id: Annotated[str, Path("workflowId")]
    user_id: Annotated[str | None, Query("userId")] = None
    page: Annotated[int | None, Query("page")] = None
    limit: Annotated[int | None, Query("limit")] = None
    order: Annotated[Literal["asc", "desc"] | None, Query("order")] = None

    def check(self) -> None:
        if self.limit is not None and not 1 <= self.limit <= MAX_LOGS:
            raise ValueError(f"limit must be 1 to {MAX_LOGS}, not {self.limit}")


@attrs.frozen(eq=False, repr=False)
class GetWorkflowErrors(Listing["models.WorkflowErrors", "models.WorkflowError"]):
    """List the errors of a workflow, with the block and the time of each.

    GET /workflows/{workflowId}/errors

    Args:
        workflow_id: the workflow.
        user_id: only the errors for this user, by id or username.

    Returns:
        The errors, in `data`; empty if there are none.
    """

    verb = "GET"
    route = "/workflows/{workflowId}/errors"
    paging: ClassVar[Unpaged] = Unpaged("data")
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    workflow_id: Annotated[str, Path("workflowId")]
    user_id: Annotated[str | None, Query("userId")] = None
