"""Workflows, and who has installed them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import attrs

from ...core.codec.model import Model
from ...core.operation.markers import Json


@attrs.define(eq=False, repr=False)
class Block(Model):
    """One step of a workflow."""

    name: str | None = None
    id: str | None = None
    type: str | None = None
    icon: str | None = None


@attrs.define(eq=False, repr=False)
class Workflow(Model):
    """A workflow, and how far a user has installed it.

    `integration_id` and the two dates are absent where the workflow is listed inside its
    integration; `installed` and `installed_version` are absent for a user who has not installed it.
    """

    workflow_id: Annotated[str | None, Json("workflowId")] = None
    integration_id: Annotated[str | None, Json("integrationId")] = None
    name: str | None = None
    created_at: Annotated[datetime | str | None, Json("createdAt")] = None
    updated_at: Annotated[datetime | str | None, Json("updatedAt")] = None
    installed: bool | None = None
    active: bool | None = None
    version: int | None = None
    installed_version: Annotated[int | None, Json("installedVersion")] = None
    blocks: list[Block] | None = None


@attrs.define(eq=False, repr=False)
class WorkflowAnswer(Model):
    """One workflow."""

    data: Workflow | None = None


@attrs.define(eq=False, repr=False)
class Workflows(Model):
    """The workflows that a user may install."""

    data: list[Workflow] | None = None


@attrs.define(eq=False, repr=False)
class Activation(Model):
    """Whether the workflow is active now: true after activating, false after deactivating."""

    activated: bool | None = None


@attrs.define(eq=False, repr=False)
class Deletion(Model):
    """Whether the workflow was deleted."""

    deleted: bool | None = None


@attrs.define(eq=False, repr=False)
class Upgrade(Model):
    """Whether the workflow was upgraded."""

    upgraded: bool | None = None


@attrs.define(eq=False, repr=False)
class WorkflowAnalytics(Model):
    """How much a workflow was used over its lifetime."""

    total_app_actions: Annotated[int | None, Json("totalAppActions")] = None
    total_workflow_runs: Annotated[int | None, Json("totalWorkflowRuns")] = None
    total_errors: Annotated[int | None, Json("totalErrors")] = None


@attrs.define(eq=False, repr=False)
class WorkflowUser(Model):
    """A user who has installed a workflow."""

    user_id: Annotated[str | None, Json("userId")] = None
    username: str | None = None
    full_name: Annotated[str | None, Json("fullName")] = None
    workflow_active: Annotated[bool | None, Json("workflowActive")] = None
    installed_version: Annotated[int | None, Json("installedVersion")] = None
    installed_at: Annotated[datetime | str | None, Json("installedAt")] = None


@attrs.define(eq=False, repr=False)
class WorkflowUsers(Model):
    """The users who have installed a workflow."""

    data: list[WorkflowUser] | None = None


@attrs.define(eq=False, repr=False)
class WorkflowVersion(Model):
    """A version of a workflow."""

    version_id: Annotated[str | None, Json("versionId")] = None
    version_name: Annotated[str | None, Json("versionName")] = None
    last_modified: Annotated[datetime | str | None, Json("lastModified")] = None
    status: Literal["active", "inactive"] | str | None = None


@attrs.define(eq=False, repr=False)
class WorkflowVersions(Model):
    """The versions of a workflow."""

    data: list[WorkflowVersion] | None = None
