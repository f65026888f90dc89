"""The access that users have to applications and file shares."""

from __future__ import annotations

from typing import Annotated, ClassVar

import attrs

from ...core.operation.markers import Query
from ...core.operation.paging import Unpaged
from .. import models  # noqa: F401 (the quoted answers name it)
from .common import LimitedListing


@attrs.frozen(eq=False, repr=False)
class ListUserApplicationAccessInfo(
    LimitedListing["models.ListUserApplicationAccessInfoResponse", "models.UserApplicationAccessInfo"]
):
    """List applications and whether a user has access to them. Those beyond `limit` cannot be asked for.

    GET /v1/user_application_access_info

    Args:
        org_id: the organisation.
        user_id: the user's id.
        limit: the most to answer, 1 to 500; the service takes 500 where none is given.

    Returns:
        The applications, in `user_application_access_info`.
    """

    verb = "GET"
    route = "/v1/user_application_access_info"
    paging: ClassVar[Unpaged] = Unpaged("user_application_access_info")
    org_id: Annotated[str, Query("org_id")]
    user_id: Annotated[str, Query("user_id")]
    limit: Annotated[int | None, Query("limit")] = None


@attrs.frozen(eq=False, repr=False)
class ListUserFileShareAccessInfo(
    LimitedListing["models.ListUserFileShareAccessInfoResponse", "models.UserFileShareAccessInfo"]
):
    """List file shares and whether a user has access to them. Those beyond `limit` cannot be asked for.

    GET /v1/user_file_share_access_info

    Args:
        org_id: the organisation.
        user_id: the user's id.
        limit: the most to answer, 1 to 500; the service takes 500 where none is given.

    Returns:
        The file shares, in `user_file_share_access_info`.
    """

    verb = "GET"
    route = "/v1/user_file_share_access_info"
    paging: ClassVar[Unpaged] = Unpaged("user_file_share_access_info")
    org_id: Annotated[str, Query("org_id")]
    user_id: Annotated[str, Query("user_id")]
    limit: Annotated[int | None, Query("limit")] = None
