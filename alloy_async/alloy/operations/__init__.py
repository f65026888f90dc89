"""The 36 operations of Alloy Embedded, API version 2024-03.

Where an operation takes a `user_id`, the username does as well, unless its docstring says
otherwise. Every operation may raise any AlloyAsyncError; a docstring names those that mean
something of its own. A POST is not idempotent: it is not sent again by itself once its effect is
"unknown", and you should look before you repeat it.
"""

# The answers stand in quotes, as the models are not loaded before they are needed.

from __future__ import annotations

from .apps import ListApps, ListEvents
from .common import BAD_REQUEST, UNAUTHORIZED
from .credentials import (
    CreateACredential,
    CredentialMedataByApp,
    DeleteACredential,
    GenerateOauthLink,
    GetCredentialMetadata,
    ListUserCredentials,
)
from .installations import CompleteInstallation, GenerateAlloyLink, StartInstallation
from .integrations import GetAnIntegration, ListIntegrations
from .runs import MAX_LOGS, GetWorkflowErrors, GetWorkflowLogs, RerunWorkfow, RunEvent, RunWorkflow
from .users import (
    MAX_BATCH,
    BatchCreateUsers,
    CreateAUser,
    DeleteAUser,
    DeleteLogsForAUser,
    DisableAllWorkflowsForAUser,
    GenerateJwtToken,
    GetAUser,
    ListAllUsers,
    UpdateAUser,
)
from .workflows import (
    ActivateAWorkflow,
    DeactivateAWorkflow,
    DeleteWorkflow,
    FindAWorkflow,
    GetWorkflowAnalytics,
    ListUsersByWorkflowid,
    ListVersions,
    ListWorkflows,
    UpgradeWorkflow,
)

__all__ = [
    "BAD_REQUEST",
    "MAX_BATCH",
    "MAX_LOGS",
    "UNAUTHORIZED",
    "ActivateAWorkflow",
    "BatchCreateUsers",
    "CompleteInstallation",
    "CreateACredential",
    "CreateAUser",
    "CredentialMedataByApp",
    "DeactivateAWorkflow",
    "DeleteACredential",
    "DeleteAUser",
    "DeleteLogsForAUser",
    "DeleteWorkflow",
    "DisableAllWorkflowsForAUser",
    "FindAWorkflow",
    "GenerateAlloyLink",
    "GenerateJwtToken",
    "GenerateOauthLink",
    "GetAUser",
    "GetAnIntegration",
    "GetCredentialMetadata",
    "GetWorkflowAnalytics",
    "GetWorkflowErrors",
    "GetWorkflowLogs",
    "ListAllUsers",
    "ListApps",
    "ListEvents",
    "ListIntegrations",
    "ListUserCredentials",
    "ListUsersByWorkflowid",
    "ListVersions",
    "ListWorkflows",
    "RerunWorkfow",
    "RunEvent",
    "RunWorkflow",
    "StartInstallation",
    "UpdateAUser",
    "UpgradeWorkflow",
]
