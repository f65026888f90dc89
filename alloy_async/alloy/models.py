"""What goes into and comes out of Alloy's operations.

A member that the service left out is None, and one that it added is kept in `extra`. Members of
answers are all optional, because the service promises none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import attrs

from ..core.model import Model
from ..core.operation import Json

# short answers


@attrs.define(eq=False, repr=False)
class ErrorMessage(Model):
    """The body of a refusal; some operations document an empty object, so `message` may be None."""

    message: str | None = None


@attrs.define(eq=False, repr=False)
class Message(Model):
    """A sentence on what the service did."""

    message: str | None = None


@attrs.define(eq=False, repr=False)
class Success(Model):
    """Whether the service did as asked."""

    success: bool | None = None


# users


@attrs.define(eq=False, repr=False)
class NewUser(Model):
    """One entry of `batch_create_users`."""

    username: str
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.define(eq=False, repr=False)
class CreatedUser(Model):
    """The id that `create_a_user` gave to the new user."""

    user_id: Annotated[str | None, Json("userId")] = None


@attrs.define(eq=False, repr=False)
class User(Model):
    """A user of the Alloy account, holder of credentials and installed workflows."""

    user_id: Annotated[str | None, Json("userId")] = None
    username: str | None = None
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.define(eq=False, repr=False)
class Users(Model):
    """The users of the account."""

    data: list[User] | None = None


@attrs.define(eq=False, repr=False)
class InvalidUser(Model):
    """An entry of a batch that was refused, most often because its username is taken."""

    username: str | None = None
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.define(eq=False, repr=False)
class BatchResult(Model):
    """The outcome of `batch_create_users`: all but the entries in `invalid_users` were created."""

    message: str | None = None
    invalid_users: Annotated[list[InvalidUser] | None, Json("invalidUsers")] = None


@attrs.define(eq=False, repr=False)
class Token(Model):
    """A JSON Web Token for one user, to be handed to the embedding page."""

    token: Annotated[str | None, Json("token", secret=True)] = None


# credentials


@attrs.define(eq=False, repr=False)
class NewCredential(Model):
    """A credential for an app: the app's name, and the values that its metadata asks for."""

    type: str
    data: Annotated[Mapping[str, Any], Json("data", secret=True)]


@attrs.define(eq=False, repr=False)
class CreatedCredential(Model):
    """The id that `create_a_credential` gave to the new credential."""

    success: bool | None = None
    credential_id: Annotated[str | None, Json("credentialId")] = None


@attrs.define(eq=False, repr=False)
class Credential(Model):
    """A credential that a user holds, without its secret data."""

    credential_id: Annotated[str | None, Json("credentialId")] = None
    type: str | None = None
    created_at: Annotated[datetime | str | None, Json("createdAt")] = None
    updated_at: Annotated[datetime | str | None, Json("updatedAt")] = None


@attrs.define(eq=False, repr=False)
class Credentials(Model):
    """The credentials of a user."""

    data: list[Credential] | None = None


@attrs.define(eq=False, repr=False)
class CredentialProperty(Model):
    """One value that a credential for an app consists of."""

    name: str | None = None
    display_name: Annotated[str | None, Json("displayName")] = None
    description: str | None = None


@attrs.define(eq=False, repr=False)
class CredentialMetadata(Model):
    """What a credential for an app consists of, and whether the app uses OAuth."""

    name: str | None = None
    icon: str | None = None
    is_oauth: Annotated[bool | None, Json("isOauth")] = None
    properties: list[CredentialProperty] | None = None


@attrs.define(eq=False, repr=False)
class CredentialMetadataAnswer(Model):
    """The credential metadata of one app."""

    data: CredentialMetadata | None = None


@attrs.define(eq=False, repr=False)
class CredentialMetadataList(Model):
    """The credential metadata of every app."""

    data: list[CredentialMetadata] | None = None


@attrs.define(eq=False, repr=False)
class OauthLink(Model):
    """Where a user authorizes an app; whoever has the link can act for that user."""

    oauth_url: Annotated[str | None, Json("oauthUrl", secret=True)] = None


# workflows


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
class Rerun(Model):
    """A new execution of a workflow that ran before."""

    message: str | None = None
    execution_uuid: Annotated[str | None, Json("executionUuid")] = None


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


# what workflows did


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

    bare_list_as = "data"  # no source tells whether "no errors" is [] or {"data": []}
    data: list[WorkflowError] | None = None


# apps, events, integrations and their installation


@attrs.define(eq=False, repr=False)
class App(Model):
    """A third-party app that workflows can use, as a trigger, for actions, or both."""

    name: str | None = None
    icon: str | None = None
    type: list[Literal["action", "trigger"] | str] | None = None


@attrs.define(eq=False, repr=False)
class Apps(Model):
    """The apps that Alloy supports."""

    data: list[App] | None = None


@attrs.define(eq=False, repr=False)
class Event(Model):
    """A custom event of the account; the keys of `body` are those of the event's own schema."""

    name: str | None = None
    description: str | None = None
    body: Mapping[str, Any] | None = None


@attrs.define(eq=False, repr=False)
class Events(Model):
    """The custom events of the account."""

    data: list[Event] | None = None


@attrs.define(eq=False, repr=False)
class Integration(Model):
    """An integration of the account with its workflows, and whether a user has installed it."""

    integration_id: Annotated[str | None, Json("integrationId")] = None
    app: str | None = None
    installed: bool | None = None
    icon: str | None = None
    workflows: list[Workflow] | None = None


@attrs.define(eq=False, repr=False)
class IntegrationAnswer(Model):
    """One integration."""

    data: Integration | None = None


@attrs.define(eq=False, repr=False)
class Integrations(Model):
    """The integrations of the account."""

    data: list[Integration] | None = None


@attrs.define(eq=False, repr=False)
class AlloyLink(Model):
    """Where a user can install an integration; whoever has the link can act for that user."""

    url: Annotated[str | None, Json("url", secret=True)] = None


@attrs.define(eq=False, repr=False)
class InstallationField(Model):
    """One value to ask the user for."""

    name: str | None = None
    display_name: Annotated[str | None, Json("displayName")] = None
    type: str | None = None
    required: bool | None = None


@attrs.define(eq=False, repr=False)
class InstallationBlock(Model):
    """A block that needs values from the user before its workflow can run."""

    workflow_id: Annotated[str | None, Json("workflowId")] = None
    app: str | None = None
    block_id: Annotated[str | None, Json("blockId")] = None
    fields: list[InstallationField] | None = None


@attrs.define(eq=False, repr=False)
class Installation(Model):
    """An installation that has begun: its id, and the blocks to fill in to complete it."""

    data: list[InstallationBlock] | None = None
    installation_id: Annotated[str | None, Json("installationId")] = None


@attrs.define(eq=False, repr=False)
class FieldValue(Model):
    """The user's value for one field of a block."""

    name: str
    value: str


@attrs.define(eq=False, repr=False)
class BlockValues(Model):
    """The user's values for one block; `fields` may be left out where the block asks for none."""

    workflow_id: Annotated[str, Json("workflowId")]
    block_id: Annotated[str, Json("blockId")]
    fields: Sequence[FieldValue] | None = None
