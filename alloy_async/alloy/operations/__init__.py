"""The 36 operations of Alloy Embedded, API version 2024-03.

Where an operation takes a `user_id`, the username does as well, unless its docstring says
otherwise. Every operation may raise any AlloyAsyncError; a docstring names those that mean
something of its own. A POST is not idempotent: it is not sent again by itself once its effect is
"unknown", and you should look before you repeat it.
"""

# The answers stand in quotes, as the models are not loaded before they are needed.

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_loading import attach_lazy

if TYPE_CHECKING:  # "as" makes each name public to the checkers
    from .apps_and_events import (
        ListApps as ListApps,
        ListEvents as ListEvents,
    )
    from .common import (
        BAD_REQUEST as BAD_REQUEST,
        UNAUTHORIZED as UNAUTHORIZED,
    )
    from .credentials import (
        CreateACredential as CreateACredential,
        CredentialMedataByApp as CredentialMedataByApp,
        DeleteACredential as DeleteACredential,
        GenerateOauthLink as GenerateOauthLink,
        GetCredentialMetadata as GetCredentialMetadata,
        ListUserCredentials as ListUserCredentials,
    )
    from .integration_installs import (
        CompleteInstallation as CompleteInstallation,
        GenerateAlloyLink as GenerateAlloyLink,
        StartInstallation as StartInstallation,
    )
    from .integrations import (
        GetAnIntegration as GetAnIntegration,
        ListIntegrations as ListIntegrations,
    )
    from .users import (
        MAX_BATCH as MAX_BATCH,
        BatchCreateUsers as BatchCreateUsers,
        CreateAUser as CreateAUser,
        DeleteAUser as DeleteAUser,
        DeleteLogsForAUser as DeleteLogsForAUser,
        DisableAllWorkflowsForAUser as DisableAllWorkflowsForAUser,
        GenerateJwtToken as GenerateJwtToken,
        GetAUser as GetAUser,
        ListAllUsers as ListAllUsers,
        UpdateAUser as UpdateAUser,
    )
    from .workflow_runs import (
        MAX_LOGS as MAX_LOGS,
        GetWorkflowErrors as GetWorkflowErrors,
        GetWorkflowLogs as GetWorkflowLogs,
        RerunWorkfow as RerunWorkfow,
        RunEvent as RunEvent,
        RunWorkflow as RunWorkflow,
    )
    from .workflows import (
        ActivateAWorkflow as ActivateAWorkflow,
        DeactivateAWorkflow as DeactivateAWorkflow,
        DeleteWorkflow as DeleteWorkflow,
        FindAWorkflow as FindAWorkflow,
        GetWorkflowAnalytics as GetWorkflowAnalytics,
        ListUsersByWorkflowid as ListUsersByWorkflowid,
        ListVersions as ListVersions,
        ListWorkflows as ListWorkflows,
        UpgradeWorkflow as UpgradeWorkflow,
    )
else:  # hidden from the checkers, which would take any name for one of the package
    _HOMES = {
        "apps_and_events": (
            "ListApps",
            "ListEvents",
        ),
        "common": (
            "BAD_REQUEST",
            "UNAUTHORIZED",
        ),
        "credentials": (
            "CreateACredential",
            "CredentialMedataByApp",
            "DeleteACredential",
            "GenerateOauthLink",
            "GetCredentialMetadata",
            "ListUserCredentials",
        ),
        "integration_installs": (
            "CompleteInstallation",
            "GenerateAlloyLink",
            "StartInstallation",
        ),
        "integrations": (
            "GetAnIntegration",
            "ListIntegrations",
        ),
        "workflow_runs": (
            "MAX_LOGS",
            "GetWorkflowErrors",
            "GetWorkflowLogs",
            "RerunWorkfow",
            "RunEvent",
            "RunWorkflow",
        ),
        "users": (
            "MAX_BATCH",
            "BatchCreateUsers",
            "CreateAUser",
            "DeleteAUser",
            "DeleteLogsForAUser",
            "DisableAllWorkflowsForAUser",
            "GenerateJwtToken",
            "GetAUser",
            "ListAllUsers",
            "UpdateAUser",
        ),
        "workflows": (
            "ActivateAWorkflow",
            "DeactivateAWorkflow",
            "DeleteWorkflow",
            "FindAWorkflow",
            "GetWorkflowAnalytics",
            "ListUsersByWorkflowid",
            "ListVersions",
            "ListWorkflows",
            "UpgradeWorkflow",
        ),
    }
    __getattr__, __dir__, __all__ = attach_lazy(__name__, _HOMES)
