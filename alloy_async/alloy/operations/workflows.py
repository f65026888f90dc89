"""Workflows, and who has installed them."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Json, Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Listing, Unpaged
from .. import models  # noqa: F401 (the answers in quotes are looked up here)
from .common import BAD_REQUEST, need_workflow


@attrs.frozen(eq=False, repr=False)
class ListWorkflows(Listing["models.Workflows", "models.Workflow"]):
    """List the workflows that a user may install, telling which the user has installed.

    GET /workflows/

    Args:
        user_id: the user's id or username.
        integration: only the workflows of the integration with this name.

    Returns:
        The workflows, in `data`.
    """

    verb = "GET"
    route = "/workflows/"
    paging: ClassVar[Unpaged] = Unpaged("data")
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    user_id: Annotated[str, Query("userId")]
    integration: Annotated[str | None, Query("integration")] = None


@attrs.frozen(eq=False, repr=False)
class FindAWorkflow(Operation["models.WorkflowAnswer"]):
    """Retrieve one workflow, as a user sees it.

    GET /workflows/{workflowId}

    Args:
        user_id: the user's id or username.
        workflow_id: the workflow to retrieve.

    Returns:
        The workflow, in `data`.
    """

    verb = "GET"
    route = "/workflows/{workflowId}"
    user_id: Annotated[str, Query("userId")]
    workflow_id: Annotated[str, Path("workflowId")]


@attrs.frozen(eq=False, repr=False)
class ActivateAWorkflow(Operation["models.Activation"]):
    """Activate a workflow of a user that was deactivated before.

    PUT /workflows/activate

    Args:
        user_id: the user's id or username.
        workflow_name: the workflow, by its name; needed where `workflow_id` is not given.
        workflow_id: the workflow, by its id.

    Returns:
        `activated`, true on success.

    Raises:
        InvalidRequest: neither workflow_name nor workflow_id; nothing was sent.
    """

    verb = "PUT"
    route = "/workflows/activate"
    user_id: Annotated[str, Json("userId")]
    workflow_name: Annotated[str | None, Json("workflowName")] = None
    workflow_id: Annotated[str | None, Json("workflowId")] = None

    def check(self) -> None:
        need_workflow(self.workflow_id, self.workflow_name)


@attrs.frozen(eq=False, repr=False)
class DeactivateAWorkflow(Operation["models.Activation"]):
    """Stop a workflow of a user from running on any event or webhook, until it is activated again.

    PUT /workflows/deactivate

    Args:
        user_id: the user's id or username.
        workflow_id: the workflow, by its id; needed where `workflow_name` is not given.
        workflow_name: the workflow, by its name.

    Returns:
        `activated`, false on success.

    Raises:
        InvalidRequest: neither workflow_id nor workflow_name; nothing was sent.
    """

    verb = "PUT"
    route = "/workflows/deactivate"
    user_id: Annotated[str, Json("userId")]
    workflow_id: Annotated[str | None, Json("workflowId")] = None
    workflow_name: Annotated[str | None, Json("workflowName")] = None

    def check(self) -> None:
        need_workflow(self.workflow_id, self.workflow_name)


@attrs.frozen(eq=False, repr=False)
class UpgradeWorkflow(Operation["models.Upgrade"]):
    """Move a user to the newest version of a workflow; one whose configurable fields changed must
    be installed anew instead.

    PUT /workflows/{workflowId}/upgrade

    Args:
        workflow_id: the parent workflow.
        user_id: the user's id or username.

    Returns:
        `upgraded`, true on success.
    """

    verb = "PUT"
    route = "/workflows/{workflowId}/upgrade"
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    workflow_id: Annotated[str, Path("workflowId")]
    user_id: Annotated[str, Query("userId")]


@attrs.frozen(eq=False, repr=False)
class DeleteWorkflow(Operation["models.Deletion"]):
    """Delete a workflow for one user; others keep it.

    DELETE /workflows/{workflowId}

    Args:
        user_id: the user's id or username.
        workflow_id: the workflow to delete.

    Returns:
        `deleted`, true on success.
    """

    verb = "DELETE"
    route = "/workflows/{workflowId}"
    user_id: Annotated[str, Query("userId")]
    workflow_id: Annotated[str, Path("workflowId")]


@attrs.frozen(eq=False, repr=False)
class ListVersions(Listing["models.WorkflowVersions", "models.WorkflowVersion"]):
    """List the versions of a workflow.

    GET /workflows/{workflowId}/versions

    Args:
        user_id: the user's id or username.
        workflow_id: the workflow.

    Returns:
        The versions, in `data`.
    """

    verb = "GET"
    route = "/workflows/{workflowId}/versions"
    paging: ClassVar[Unpaged] = Unpaged("data")
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    user_id: Annotated[str, Query("userId")]
    workflow_id: Annotated[str, Path("workflowId")]


@attrs.frozen(eq=False, repr=False)
class ListUsersByWorkflowid(Listing["models.WorkflowUsers", "models.WorkflowUser"]):
    """List the users who have installed a workflow.

    GET /workflows/{workflowId}/users/

    Args:
        workflow_id: the parent workflow.
        user_id: only this user, by id or username.

    Returns:
        The users, in `data`.
    """

    verb = "GET"
    route = "/workflows/{workflowId}/users/"
    paging: ClassVar[Unpaged] = Unpaged("data")
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    workflow_id: Annotated[str, Path("workflowId")]
    user_id: Annotated[str | None, Query("userId")] = None


@attrs.frozen(eq=False, repr=False)
class GetWorkflowAnalytics(Operation["models.WorkflowAnalytics"]):
    """Count the runs, the executed blocks and the errors of a workflow over its lifetime.

    GET /workflows/{workflowId}/analytics

    Args:
        workflow_id: the workflow.

    Returns:
        The three totals.
    """

    verb = "GET"
    route = "/workflows/{workflowId}/analytics"
    workflow_id: Annotated[str, Path("workflowId")]
