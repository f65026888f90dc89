"""The two clients of Alloy Embedded, made from one table of methods."""

from __future__ import annotations

from ..core.auth import with_default_scheme
from ..core.client import AsyncClient
from ..core.operation.endpoint import endpoint
from ..core.options import Service
from ..core.sync import Client
from . import operations


class AlloyMethods:
    """Alloy's operations as methods of both clients."""

    # users
    create_a_user = endpoint(operations.CreateAUser)
    batch_create_users = endpoint(operations.BatchCreateUsers)
    get_a_user = endpoint(operations.GetAUser)
    update_a_user = endpoint(operations.UpdateAUser)
    delete_a_user = endpoint(operations.DeleteAUser)
    list_all_users = endpoint(operations.ListAllUsers)
    generate_jwt_token = endpoint(operations.GenerateJwtToken)
    delete_logs_for_a_user = endpoint(operations.DeleteLogsForAUser)
    disable_all_workflows_for_a_user = endpoint(operations.DisableAllWorkflowsForAUser)

    # credentials
    create_a_credential = endpoint(operations.CreateACredential)
    list_user_credentials = endpoint(operations.ListUserCredentials)
    delete_a_credential = endpoint(operations.DeleteACredential)
    get_credential_metadata = endpoint(operations.GetCredentialMetadata)
    credential_medata_by_app = endpoint(operations.CredentialMedataByApp)
    credential_metadata_by_app = credential_medata_by_app
    generate_oauth_link = endpoint(operations.GenerateOauthLink)

    # workflows
    list_workflows = endpoint(operations.ListWorkflows)
    find_a_workflow = endpoint(operations.FindAWorkflow)
    activate_a_workflow = endpoint(operations.ActivateAWorkflow)
    deactivate_a_workflow = endpoint(operations.DeactivateAWorkflow)
    upgrade_workflow = endpoint(operations.UpgradeWorkflow)
    delete_workflow = endpoint(operations.DeleteWorkflow)
    list_versions = endpoint(operations.ListVersions)
    list_users_by_workflowid = endpoint(operations.ListUsersByWorkflowid)
    get_workflow_analytics = endpoint(operations.GetWorkflowAnalytics)

    # running workflows, and what they did
    run_event = endpoint(operations.RunEvent)
    run_workflow = endpoint(operations.RunWorkflow)
    rerun_workfow = endpoint(operations.RerunWorkfow)
    rerun_workflow = rerun_workfow
    get_workflow_logs = endpoint(operations.GetWorkflowLogs)
    get_workflow_errors = endpoint(operations.GetWorkflowErrors)

    # apps, events, integrations and their installation
    list_apps = endpoint(operations.ListApps)
    list_events = endpoint(operations.ListEvents)
    list_integrations = endpoint(operations.ListIntegrations)
    get_an_integration = endpoint(operations.GetAnIntegration)
    generate_alloy_link = endpoint(operations.GenerateAlloyLink)
    start_installation = endpoint(operations.StartInstallation)
    complete_installation = endpoint(operations.CompleteInstallation)


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
