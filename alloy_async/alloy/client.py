"""The two clients of Alloy Embedded, made from one table of methods."""

from __future__ import annotations

from typing import Final

from ..core.auth import with_default_scheme
from ..core.client import AsyncClient
from ..core.operation.endpoint import endpoint
from ..core.options import Service
from ..core.sync import Client
from . import operations


class AlloyMethods:
    """Alloy's operations as methods of both clients."""

    # users
    create_a_user: Final = endpoint(operations.CreateAUser)
    batch_create_users: Final = endpoint(operations.BatchCreateUsers)
    get_a_user: Final = endpoint(operations.GetAUser)
    update_a_user: Final = endpoint(operations.UpdateAUser)
    delete_a_user: Final = endpoint(operations.DeleteAUser)
    list_all_users: Final = endpoint(operations.ListAllUsers)
    generate_jwt_token: Final = endpoint(operations.GenerateJwtToken)
    delete_logs_for_a_user: Final = endpoint(operations.DeleteLogsForAUser)
    disable_all_workflows_for_a_user: Final = endpoint(operations.DisableAllWorkflowsForAUser)

    # credentials
    create_a_credential: Final = endpoint(operations.CreateACredential)
    list_user_credentials: Final = endpoint(operations.ListUserCredentials)
    delete_a_credential: Final = endpoint(operations.DeleteACredential)
    get_credential_metadata: Final = endpoint(operations.GetCredentialMetadata)
    credential_medata_by_app: Final = endpoint(operations.CredentialMedataByApp)
    credential_metadata_by_app: Final = credential_medata_by_app
    generate_oauth_link: Final = endpoint(operations.GenerateOauthLink)

    # workflows
    list_workflows: Final = endpoint(operations.ListWorkflows)
    find_a_workflow: Final = endpoint(operations.FindAWorkflow)
    activate_a_workflow: Final = endpoint(operations.ActivateAWorkflow)
    deactivate_a_workflow: Final = endpoint(operations.DeactivateAWorkflow)
    upgrade_workflow: Final = endpoint(operations.UpgradeWorkflow)
    delete_workflow: Final = endpoint(operations.DeleteWorkflow)
    list_versions: Final = endpoint(operations.ListVersions)
    list_users_by_workflowid: Final = endpoint(operations.ListUsersByWorkflowid)
    get_workflow_analytics: Final = endpoint(operations.GetWorkflowAnalytics)

    # running workflows, and what they did
    run_event: Final = endpoint(operations.RunEvent)
    run_workflow: Final = endpoint(operations.RunWorkflow)
    rerun_workfow: Final = endpoint(operations.RerunWorkfow)
    rerun_workflow: Final = rerun_workfow
    get_workflow_logs: Final = endpoint(operations.GetWorkflowLogs)
    get_workflow_errors: Final = endpoint(operations.GetWorkflowErrors)

    # apps, events, integrations and their installation
    list_apps: Final = endpoint(operations.ListApps)
    list_events: Final = endpoint(operations.ListEvents)
    list_integrations: Final = endpoint(operations.ListIntegrations)
    get_an_integration: Final = endpoint(operations.GetAnIntegration)
    generate_alloy_link: Final = endpoint(operations.GenerateAlloyLink)
    start_installation: Final = endpoint(operations.StartInstallation)
    complete_installation: Final = endpoint(operations.CompleteInstallation)


ALLOY = Service("alloy", "https://embedded.runalloy.com/2024-03", present=with_default_scheme("bearer"))


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
