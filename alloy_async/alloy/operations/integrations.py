"""Integrations."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Path, Query
from ...core.operation.operation import ErrorModels, Operation
from ...core.operation.paging import Listing, Unpaged
from .. import models  # noqa: F401 (the quoted answers name it)
from .common import BAD_REQUEST


@attrs.frozen(eq=False, repr=False)
class ListIntegrations(Listing["models.Integrations", "models.Integration"]):
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
    paging: ClassVar[Unpaged] = Unpaged("data")
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    user_id: Annotated[str, Query("userId")]


@attrs.frozen(eq=False, repr=False)
class GetAnIntegration(Operation["models.IntegrationAnswer"]):
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
    errors: ClassVar[ErrorModels] = BAD_REQUEST
    integration_id: Annotated[str, Path("integrationId")]
    user_id: Annotated[str, Query("userId")]
