"""Organisations of users."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Path, Query
from ...core.operation.operation import ErrorModels
from ...core.operation.paging import Listing, Unpaged
from .. import models
from .common import NOT_FOUND


@attrs.frozen(eq=False, repr=False)
class ListAllUserOrgs(Listing["models.ListOrgsResponse", "models.Organisation"]):
    """List the organisations that a user belongs to, in one answer.

    GET /users/{user_id}/orgs

    Args:
        user_id: the user's id.
        issuer: only organisations with this issuer.

    Returns:
        The organisations, in `orgs`.
    """

    verb = "GET"
    route = "/users/{user_id}/orgs"
    paging: ClassVar[Unpaged] = Unpaged("orgs", key="id")
    errors: ClassVar[ErrorModels] = NOT_FOUND | {400: models.ErrorMessage}
    user_id: Annotated[str, Path("user_id")]
    issuer: Annotated[str | None, Query("issuer")] = None
