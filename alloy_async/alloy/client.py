"""The two clients of Alloy Embedded, made from one table of methods."""

from __future__ import annotations

from ..core.auth import with_default_scheme
from ..core.client import AsyncClient
from ..core.operation.client_method import declare
from ..core.operation.probe import Probe
from ..core.options import Service
from ..core.sync import Client
from . import operations


class AlloyMethods:
    """Alloy's operations as methods of both clients."""

    # users
    @declare(lambda: operations.CreateAUser)
    def create_a_user(self) -> None: ...

    @declare(lambda: operations.BatchCreateUsers)
    def batch_create_users(self) -> None: ...

    @declare(lambda: operations.GetAUser)
    def get_a_user(self) -> None: ...

    @declare(lambda: operations.UpdateAUser)
    def update_a_user(self) -> None: ...

    @declare(lambda: operations.DeleteAUser)
    def delete_a_user(self) -> None: ...

    @declare(lambda: operations.ListAllUsers)
    def list_all_users(self) -> None: ...

    @declare(lambda: operations.GenerateJwtToken)
    def generate_jwt_token(self) -> None: ...

    @declare(lambda: operations.DeleteLogsForAUser)
    def delete_logs_for_a_user(self) -> None: ...

    @declare(lambda: operations.DisableAllWorkflowsForAUser)
    def disable_all_workflows_for_a_user(self) -> None: ...

    # credentials
    @declare(lambda: operations.CreateACredential)
    def create_a_credential(self) -> None: ...

    @declare(lambda: operations.ListUserCredentials)
    def list_user_credentials(self) -> None: ...

    @declare(lambda: operations.DeleteACredential)
    def delete_a_credential(self) -> None: ...

    @declare(lambda: operations.GetCredentialMetadata)
    def get_credential_metadata(self) -> None: ...

    @declare(lambda: operations.CredentialMedataByApp)
    def credential_medata_by_app(self) -> None: ...

    @declare(lambda: operations.CredentialMedataByApp)
    def credential_metadata_by_app(self) -> None: ...

    @declare(lambda: operations.GenerateOauthLink)
    def generate_oauth_link(self) -> None: ...

    # workflows
    @declare(lambda: operations.ListWorkflows)
    def list_workflows(self) -> None: ...

    @declare(lambda: operations.FindAWorkflow)
    def find_a_workflow(self) -> None: ...

    @declare(lambda: operations.ActivateAWorkflow)
    def activate_a_workflow(self) -> None: ...

    @declare(lambda: operations.DeactivateAWorkflow)
    def deactivate_a_workflow(self) -> None: ...

    @declare(lambda: operations.UpgradeWorkflow)
    def upgrade_workflow(self) -> None: ...

    @declare(lambda: operations.DeleteWorkflow)
    def delete_workflow(self) -> None: ...

    @declare(lambda: operations.ListVersions)
    def list_versions(self) -> None: ...

    @declare(lambda: operations.ListUsersByWorkflowid)
    def list_users_by_workflowid(self) -> None: ...

    @declare(lambda: operations.GetWorkflowAnalytics)
    def get_workflow_analytics(self) -> None: ...

    # running workflows, and what they did
    @declare(lambda: operations.RunEvent)
    def run_event(self) -> None: ...

    @declare(lambda: operations.RunWorkflow)
    def run_workflow(self) -> None: ...

    @declare(lambda: operations.RerunWorkfow)
    def rerun_workfow(self) -> None: ...

    @declare(lambda: operations.RerunWorkfow)
    def rerun_workflow(self) -> None: ...

    @declare(lambda: operations.GetWorkflowLogs)
    def get_workflow_logs(self) -> None: ...

    @declare(lambda: operations.GetWorkflowErrors)
    def get_workflow_errors(self) -> None: ...

    # apps, events, integrations and their installation
    @declare(lambda: operations.ListApps)
    def list_apps(self) -> None: ...

    @declare(lambda: operations.ListEvents)
    def list_events(self) -> None: ...

    @declare(lambda: operations.ListIntegrations)
    def list_integrations(self) -> None: ...

    @declare(lambda: operations.GetAnIntegration)
    def get_an_integration(self) -> None: ...

    @declare(lambda: operations.GenerateAlloyLink)
    def generate_alloy_link(self) -> None: ...

    @declare(lambda: operations.StartInstallation)
    def start_installation(self) -> None: ...

    @declare(lambda: operations.CompleteInstallation)
    def complete_installation(self) -> None: ...


ALLOY = Service(
    "alloy",
    "https://embedded.runalloy.com/2024-03",
    present=with_default_scheme("bearer"),
    probe=Probe(
        lambda _: operations.ListEvents(),
        lambda _, events: f"an account with {len(events.data or ())} custom events",
    ),
)


class AsyncAlloy(AlloyMethods, AsyncClient):
    """Alloy Embedded, API version 2024-03, with methods to await.

        async with AsyncAlloy() as alloy:
            user = await alloy.get_a_user("ada")

    The API key comes from the argument or from ALLOY_API_KEY, and may name its scheme; a bare one
    is sent as `bearer KEY`. The other arguments are those of `AsyncClient`.
    """

    system = ALLOY


class Alloy(AlloyMethods, Client):
    """Alloy Embedded, API version 2024-03, with direct methods.

        with Alloy() as alloy:
            user = alloy.get_a_user("ada")

    The arguments are those of `AsyncAlloy`.
    """

    system = ALLOY
