"""The 36 operations of Alloy Embedded, API version 2024-03.

Where an operation takes a `user_id`, the username does as well, unless its docstring says
otherwise. Every operation may raise any AlloyAsyncError; a docstring names those that mean
something of its own. A POST is not idempotent: it is not sent again by itself once its effect is
"unknown", and you should look before you repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import attrs

from ..core.operation import ExtraQuery, Json, Listing, Operation, Path, Query
from ..core.paging import ByPage, Unpaged
from . import models

BAD_REQUEST = {400: models.ErrorMessage}
UNAUTHORIZED = {401: models.ErrorMessage}

MAX_BATCH = 1000
"""The most users that one `batch_create_users` takes."""

MAX_LOGS = 30
"""The most executions on one page of `get_workflow_logs`."""


def _need_workflow(workflow_id: str | None, workflow_name: str | None) -> None:
    if not workflow_id and not workflow_name:
        raise ValueError("give workflow_id or workflow_name: neither was given")


# users


@attrs.frozen(eq=False, repr=False)
class CreateAUser(Operation[models.CreatedUser]):
    """Create a user, who will hold credentials and installed workflows.

    POST /users/

    Args:
        username: your own name for the user, unique in the account.
        full_name: the name to show.

    Returns:
        The id of the new user.

    Raises:
        StatusError: the username is taken, among other refusals; no user was created (effect
            "none").
        TransportError, ServerError: with effect "unknown", the user may exist;
            `get_a_user(username)` tells.
    """

    verb = "POST"
    route = "/users/"
    errors = UNAUTHORIZED
    username: Annotated[str, Json("username")]
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.frozen(eq=False, repr=False)
class BatchCreateUsers(Operation[models.BatchResult]):
    """Create up to 1000 users in one call, keeping the good ones where some are refused.

    POST /users/batch

    Args:
        users: the users to create, at most 1000.

    Returns:
        The refused entries in `invalid_users`; all the others were created, and have no id here:
        `list_all_users` tells it.

    Raises:
        InvalidRequest: more than 1000 users; nothing was sent.
        TransportError, ServerError: with effect "unknown", any of the users may exist.
    """

    verb = "POST"
    route = "/users/batch"
    errors = BAD_REQUEST | UNAUTHORIZED
    users: Annotated[Sequence[models.NewUser], Json("users")]

    def check(self) -> None:
        if len(self.users) > MAX_BATCH:
            given = len(self.users)
            raise ValueError(f"users takes at most {MAX_BATCH} in one call, not {given}: split them")


@attrs.frozen(eq=False, repr=False)
class GetAUser(Operation[models.User]):
    """Retrieve one user.

    GET /users/{userId}

    Args:
        user_id: the user's id or username.

    Returns:
        The user; members that this version of the library does not know, such as workflows, are in
        its `extra`.
    """

    verb = "GET"
    route = "/users/{userId}"
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class UpdateAUser(Operation[models.User]):
    """Change the username or the full name of a user.

    PUT /users/{userId}

    Args:
        user_id: the user's id or present username.
        username: the new username; None leaves it as it is.
        full_name: the new full name; None leaves it as it is.

    Returns:
        The user after the change.
    """

    verb = "PUT"
    route = "/users/{userId}"
    errors = UNAUTHORIZED
    user_id: Annotated[str, Path("userId")]
    username: Annotated[str | None, Json("username")] = None
    full_name: Annotated[str | None, Json("fullName")] = None


@attrs.frozen(eq=False, repr=False)
class DeleteAUser(Operation[models.Success]):
    """Delete a user. The logs of the user's workflows stay; `delete_logs_for_a_user` removes them.

    DELETE /users/{userId}

    Args:
        user_id: the user's id or username.

    Returns:
        Whether it was done.
    """

    verb = "DELETE"
    route = "/users/{userId}"
    errors = UNAUTHORIZED
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class ListAllUsers(Listing[models.Users, models.User]):
    """List the users of the account, all in one answer.

    GET /users

    Args:
        parent_workflow_id: only the users of this workflow.

    Returns:
        The users, in `data`.
    """

    verb = "GET"
    route = "/users"
    paging = Unpaged("data")
    errors = UNAUTHORIZED
    parent_workflow_id: Annotated[str | None, Query("parentWorkflowId")] = None


@attrs.frozen(eq=False, repr=False)
class GenerateJwtToken(Operation[models.Token]):
    """Make the JSON Web Token with which your page shows the embedded modal to a user.

    GET /users/{userId}/token

    Args:
        user_id: the user's id or username.

    Returns:
        The token, a secret.
    """

    verb = "GET"
    route = "/users/{userId}/token"
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class DeleteLogsForAUser(Operation[models.Message]):
    """Delete every log of a user for good, as a request under a privacy law may demand.

    DELETE /users/{userId}/logs

    Args:
        user_id: the user's id; the username is not promised to work here.

    Returns:
        What was done, in words.
    """

    verb = "DELETE"
    route = "/users/{userId}/logs"
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class DisableAllWorkflowsForAUser(Operation[models.Message]):
    """Deactivate all the workflows of a user, to pause the account without deleting it.

    PUT /users/{userId}/deactivate-workflows

    Args:
        user_id: the user's id; the username is not promised to work here.

    Returns:
        What was done, in words.
    """

    verb = "PUT"
    route = "/users/{userId}/deactivate-workflows"
    user_id: Annotated[str, Path("userId")]


# credentials


@attrs.frozen(eq=False, repr=False)
class CreateACredential(Operation[models.CreatedCredential]):
    """Give a user a credential for a third-party app: an API key, or OAuth tokens that you hold
    already.

    POST /headless/credentials

    Args:
        credential: the app's name and the values that its credential metadata asks for; sent as a
            JSON object.
        user_id: the user's id or username.

    Returns:
        The id of the new credential.

    Raises:
        TransportError, ServerError: with effect "unknown", the credential may exist;
            `list_user_credentials` tells.
    """

    verb = "POST"
    route = "/headless/credentials"
    credential: Annotated[models.NewCredential, Json("credential")]
    user_id: Annotated[str, Json("userId")]


@attrs.frozen(eq=False, repr=False)
class ListUserCredentials(Listing[models.Credentials, models.Credential]):
    """List the credentials of a user, without their secret data.

    GET /users/{userId}/credentials

    Args:
        user_id: the user's id; the username is not promised to work here.

    Returns:
        The credentials, in `data`.
    """

    verb = "GET"
    route = "/users/{userId}/credentials"
    paging = Unpaged("data")
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class DeleteACredential(Operation[models.Success]):
    """Delete a credential of a user.

    DELETE /users/{userId}/credentials/{credentialId}

    Args:
        credential_id: the credential to delete, from `list_user_credentials`.
        user_id: its holder's id; the username is not promised to work here.

    Returns:
        Whether it was done.
    """

    verb = "DELETE"
    route = "/users/{userId}/credentials/{credentialId}"
    credential_id: Annotated[str, Path("credentialId")]
    user_id: Annotated[str, Path("userId")]


@attrs.frozen(eq=False, repr=False)
class GetCredentialMetadata(Listing[models.CredentialMetadataList, models.CredentialMetadata]):
    """List, for every app, what a credential consists of and whether the app uses OAuth.

    GET /metadata/credentials

    Returns:
        The metadata, in `data`.
    """

    verb = "GET"
    route = "/metadata/credentials"
    paging = Unpaged("data")


@attrs.frozen(eq=False, repr=False)
class CredentialMedataByApp(Operation[models.CredentialMetadataAnswer]):
    """Tell what a credential for one app consists of and whether the app uses OAuth.

    GET /metadata/credentials/{app}

    The service's own name of this operation is misspelt; `credential_metadata_by_app` is the same
    method.

    Args:
        app: the app's name in camelCase, as in `list_apps`.

    Returns:
        The metadata, in `data`.
    """

    verb = "GET"
    route = "/metadata/credentials/{app}"
    errors = BAD_REQUEST
    app: Annotated[str, Path("app")]


@attrs.frozen(eq=False, repr=False)
class GenerateOauthLink(Operation[models.OauthLink]):
    """Make the link on which a user authorizes an OAuth app, without the embedded modal.

    GET /headless/oauthUrl

    Args:
        user_id: the user's id or username.
        app: the app to authorize.
        credential_name: the credential type of the app, as in its credential metadata.
        properties: a value for each property that the app's credential metadata lists, by the
            property's name; sent as further query parameters.

    Returns:
        The link, a secret of the user's.
    """

    verb = "GET"
    route = "/headless/oauthUrl"
    user_id: Annotated[str, Query("userId")]
    app: Annotated[str | None, Query("app")] = None
    credential_name: Annotated[str | None, Query("credentialName")] = None
    properties: Annotated[Mapping[str, str] | None, ExtraQuery(secret=True)] = None


# workflows


@attrs.frozen(eq=False, repr=False)
class ListWorkflows(Listing[models.Workflows, models.Workflow]):
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
    paging = Unpaged("data")
    errors = BAD_REQUEST
    user_id: Annotated[str, Query("userId")]
    integration: Annotated[str | None, Query("integration")] = None


@attrs.frozen(eq=False, repr=False)
class FindAWorkflow(Operation[models.WorkflowAnswer]):
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
class ActivateAWorkflow(Operation[models.Activation]):
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
        _need_workflow(self.workflow_id, self.workflow_name)


@attrs.frozen(eq=False, repr=False)
class DeactivateAWorkflow(Operation[models.Activation]):
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
        _need_workflow(self.workflow_id, self.workflow_name)


@attrs.frozen(eq=False, repr=False)
class UpgradeWorkflow(Operation[models.Upgrade]):
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
    errors = BAD_REQUEST
    workflow_id: Annotated[str, Path("workflowId")]
    user_id: Annotated[str, Query("userId")]


@attrs.frozen(eq=False, repr=False)
class DeleteWorkflow(Operation[models.Deletion]):
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
class ListVersions(Listing[models.WorkflowVersions, models.WorkflowVersion]):
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
    paging = Unpaged("data")
    errors = BAD_REQUEST
    user_id: Annotated[str, Query("userId")]
    workflow_id: Annotated[str, Path("workflowId")]


@attrs.frozen(eq=False, repr=False)
class ListUsersByWorkflowid(Listing[models.WorkflowUsers, models.WorkflowUser]):
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
    paging = Unpaged("data")
    errors = BAD_REQUEST
    workflow_id: Annotated[str, Path("workflowId")]
    user_id: Annotated[str | None, Query("userId")] = None


@attrs.frozen(eq=False, repr=False)
class GetWorkflowAnalytics(Operation[models.WorkflowAnalytics]):
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


# running workflows, and what they did


@attrs.frozen(eq=False, repr=False)
class RunEvent(Operation[models.Message]):
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
class RunWorkflow(Operation[models.Message]):
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
        _need_workflow(self.workflow_id, self.workflow_name)


@attrs.frozen(eq=False, repr=False)
class RerunWorkfow(Operation[models.Rerun]):
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
class GetWorkflowLogs(Listing[models.WorkflowLogs, models.WorkflowLog]):
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
    paging = ByPage("data", key="execution_id")
    workflow_id: Annotated[str, Path("workflowId")]
    user_id: Annotated[str | None, Query("userId")] = None
    page: Annotated[int | None, Query("page")] = None
    limit: Annotated[int | None, Query("limit")] = None
    order: Annotated[Literal["asc", "desc"] | None, Query("order")] = None

    def check(self) -> None:
        if self.limit is not None and not 1 <= self.limit <= MAX_LOGS:
            raise ValueError(f"limit must be 1 to {MAX_LOGS}, not {self.limit}")


@attrs.frozen(eq=False, repr=False)
class GetWorkflowErrors(Listing[models.WorkflowErrors, models.WorkflowError]):
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
    paging = Unpaged("data")
    errors = BAD_REQUEST
    workflow_id: Annotated[str, Path("workflowId")]
    user_id: Annotated[str | None, Query("userId")] = None


# apps, events, integrations and their installation


@attrs.frozen(eq=False, repr=False)
class ListApps(Listing[models.Apps, models.App]):
    """List the third-party apps that Alloy supports.

    GET /metadata/apps

    Returns:
        The apps, in `data`.
    """

    verb = "GET"
    route = "/metadata/apps"
    paging = Unpaged("data")
    errors = BAD_REQUEST


@attrs.frozen(eq=False, repr=False)
class ListEvents(Listing[models.Events, models.Event]):
    """List the custom events of the account.

    GET /events

    Returns:
        The events, in `data`.
    """

    verb = "GET"
    route = "/events"
    paging = Unpaged("data")
    errors = BAD_REQUEST


@attrs.frozen(eq=False, repr=False)
class ListIntegrations(Listing[models.Integrations, models.Integration]):
    """List the integrations of the account with their workflows, telling which a user has
    installed.

    GET /integrations

    Args:
        user_id: the user's id or username.

    Returns:
        The integrations, in `data`.
    """

    verb = "GET"
    route = "/integrations"
    paging = Unpaged("data")
    errors = BAD_REQUEST
    user_id: Annotated[str, Query("userId")]


@attrs.frozen(eq=False, repr=False)
class GetAnIntegration(Operation[models.IntegrationAnswer]):
    """Retrieve one integration with its workflows, as a user sees it.

    GET /integrations/{integrationId}

    Args:
        integration_id: the integration's id, or its name (`app` in `list_integrations`).
        user_id: the user's id or username.

    Returns:
        The integration, in `data`.
    """

    verb = "GET"
    route = "/integrations/{integrationId}"
    errors = BAD_REQUEST
    integration_id: Annotated[str, Path("integrationId")]
    user_id: Annotated[str, Query("userId")]


@attrs.frozen(eq=False, repr=False)
class GenerateAlloyLink(Operation[models.AlloyLink]):
    """Make the link on which a user installs an integration.

    GET /users/{userId}/integrations/{integrationId}/install-url

    Args:
        user_id: the user's id; the username is not promised to work here.
        integration_id: the integration to install.

    Returns:
        The link, a secret of the user's.
    """

    verb = "GET"
    route = "/users/{userId}/integrations/{integrationId}/install-url"
    user_id: Annotated[str, Path("userId")]
    integration_id: Annotated[str, Path("integrationId")]


@attrs.frozen(eq=False, repr=False)
class StartInstallation(Operation[models.Installation]):
    """Begin to install an integration for a user, and learn which values the user must fill in.

    POST /headless/startInstallation

    Args:
        user_id: the user's id or username.
        integration_id: the integration to install.
        credential_ids: the credentials to use; needed where the user holds several for one of the
            integration's apps.
        workflow_ids: only these workflows of the integration.

    Returns:
        The id of the installation, and the blocks to fill in for `complete_installation`.

    Raises:
        TransportError, ServerError: with effect "unknown", the installation may have begun.
    """

    verb = "POST"
    route = "/headless/startInstallation"
    errors = BAD_REQUEST
    user_id: Annotated[str, Json("userId")]
    integration_id: Annotated[str, Json("integrationId")]
    credential_ids: Annotated[Sequence[str] | None, Json("credentialIds")] = None
    workflow_ids: Annotated[Sequence[str] | None, Json("workflowIds")] = None


@attrs.frozen(eq=False, repr=False)
class CompleteInstallation(Operation[models.Message]):
    """Finish an installation with the values that the user filled in.

    POST /headless/completeInstallation

    Args:
        installation_id: the installation, from `start_installation`.
        data: the values for each block.

    Returns:
        What was done, in words.

    Raises:
        TransportError, ServerError: with effect "unknown", the installation may be complete.
    """

    verb = "POST"
    route = "/headless/completeInstallation"
    errors = BAD_REQUEST
    installation_id: Annotated[str, Json("installationId")]
    data: Annotated[Sequence[models.BlockValues], Json("data")]
