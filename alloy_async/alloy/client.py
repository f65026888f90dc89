"""The two clients of Alloy Embedded, made from one table of methods."""

from __future__ import annotations

from ..core.auth import create_scheme_presenter
from ..core.client import AsyncClient
from ..core.operation.client_method import declare_endpoint
from ..core.operation.probe import Probe
from ..core.options import Service
from ..core.sync import Client
from . import operations


class AlloyMethods:
    """Alloy's operations as methods of both clients."""

    # users
    @declare_endpoint(lambda: operations.CreateAUser)
    def create_a_user(self) -> None: ...

    @declare_endpoint(lambda: operations.BatchCreateUsers)
    def batch_create_users(self) -> None: ...

    @declare_endpoint(lambda: operations.GetAUser)
    def get_a_user(self) -> None: ...

    @declare_endpoint(lambda: operations.UpdateAUser)
    def update_a_user(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteAUser)
    def delete_a_user(self) -> None: ...

    @declare_endpoint(lambda: operations.ListAllUsers)
    def list_all_users(self) -> None: ...

    @declare_endpoint(lambda: operations.GenerateJwtToken)
    def generate_jwt_token(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteLogsForAUser)
    def delete_logs_for_a_user(self) -> None: ...

    @declare_endpoint(lambda: operations.DisableAllWorkflowsForAUser)
    def disable_all_workflows_for_a_user(self) -> None: ...

    # credentials
    @declare_endpoint(lambda: operations.CreateACredential)
    def create_a_credential(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUserCredentials)
    def list_user_credentials(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteACredential)
    def delete_a_credential(self) -> None: ...

    @declare_endpoint(lambda: operations.GetCredentialMetadata)
    def get_credential_metadata(self) -> None: ...

    @declare_endpoint(lambda: operations.CredentialMedataByApp)
    def credential_medata_by_app(self) -> None: ...

    @declare_endpoint(lambda: operations.CredentialMedataByApp)
    def credential_metadata_by_app(self) -> None: ...

    @declare_endpoint(lambda: operations.GenerateOauthLink)
    def generate_oauth_link(self) -> None: ...

    # workflows
    @declare_endpoint(lambda: operations.ListWorkflows)
    def list_workflows(self) -> None: ...

    @declare_endpoint(lambda: operations.FindAWorkflow)
    def find_a_workflow(self) -> None: ...

    @declare_endpoint(lambda: operations.ActivateAWorkflow)
    def activate_a_workflow(self) -> None: ...

    @declare_endpoint(lambda: operations.DeactivateAWorkflow)
    def deactivate_a_workflow(self) -> None: ...

    @declare_endpoint(lambda: operations.UpgradeWorkflow)
    def upgrade_workflow(self) -> None: ...

    @declare_endpoint(lambda: operations.DeleteWorkflow)
    def delete_workflow(self) -> None: ...

    @declare_endpoint(lambda: operations.ListVersions)
    def list_versions(self) -> None: ...

    @declare_endpoint(lambda: operations.ListUsersByWorkflowid)
    def list_users_by_workflowid(self) -> None: ...

    @declare_endpoint(lambda: operations.GetWorkflowAnalytics)
    def get_workflow_analytics(self) -> None: ...

    # running workflows, and what they did
    @declare_endpoint(lambda: operations.RunEvent)
    def run_event(self) -> None: ...

    @declare_endpoint(lambda: operations.RunWorkflow)
    def run_workflow(self) -> None: ...

    @declare_endpoint(lambda: operations.RerunWorkfow)
    def rerun_workfow(self) -> None: ...

    @declare_endpoint(lambda: operations.RerunWorkfow)
    def rerun_workflow(self) -> None: ...

    @declare_endpoint(lambda: operations.GetWorkflowLogs)
    def get_workflow_logs(self) -> None: ...

    @declare_endpoint(lambda: operations.GetWorkflowErrors)
    def get_workflow_errors(self) -> None: ...

    # apps, events, integrations and their installation
    @declare_endpoint(lambda: operations.ListApps)
    def list_apps(self) -> None: ...

    @declare_endpoint(lambda: operations.ListEvents)
    def list_events(self) -> None: ...

    @declare_endpoint(lambda: operations.ListIntegrations)
    def list_integrations(self) -> None: ...

    @declare_endpoint(lambda: operations.GetAnIntegration)
    def get_an_integration(self) -> None: ...

    @declare_endpoint(lambda: operations.GenerateAlloyLink)
    def generate_alloy_link(self) -> None: ...

    @declare_endpoint(lambda: operations.StartInstallation)
    def start_installation(self) -> None: ...

    @declare_endpoint(lambda: operations.CompleteInstallation)
    def complete_installation(self) -> None: ...


ALLOY = Service(
    "alloy",
    "https://embedded.runalloy.com/2024-03",
    present=create_scheme_presenter("bearer"),
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
