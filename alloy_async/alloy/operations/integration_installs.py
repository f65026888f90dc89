"""Installations of integrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Json, Path
from ...core.operation.operation import ErrorModels, Operation
from .. import models
from .common import BAD_REQUEST


@attrs.frozen(eq=False, repr=False)
class GenerateAlloyLink(Operation["models.AlloyLink"]):
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
class StartInstallation(Operation["models.Installation"]):
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
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    user_id: Annotated[str, Json("userId")]
    integration_id: Annotated[str, Json("integrationId")]
    credential_ids: Annotated[Sequence[str] | None, Json("credentialIds")] = None
    workflow_ids: Annotated[Sequence[str] | None, Json("workflowIds")] = None


@attrs.frozen(eq=False, repr=False)
class CompleteInstallation(Operation["models.Message"]):
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
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    installation_id: Annotated[str, Json("installationId")]
    data: Annotated[Sequence[models.BlockValues], Json("data")]
